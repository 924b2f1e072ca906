//! Steps that read and write objects: `load`, `find`, `create`, `update`, `delete`.

use std::sync::Arc;

use lockstep_expr::{Span, Type, Value};

use crate::catalog::attribute;
use crate::code::Code;
use crate::diagnostic::{Finding, listed};
use crate::entity::fitting;
use crate::fields::{Field, Fields, Keys, entries, wrong_kind};
use crate::flow::{Bound, Op};
use crate::part::Part;
use crate::payload::payload_for;
use crate::reader::{Candidate, Reader};
use crate::typing::{Declared, Expected};
use crate::values::{boolean, choice, integer, text};
use crate::workflow::{Entity, Operation, Payload};
use crate::yaml::node::{self, Node};

const LOAD: Keys = Keys { what: "`load`", known: &["entity", "id", "for", "optional"] };
const FIND: Keys =
    Keys { what: "`find`", known: &["entity", "where", "order_by", "descending", "limit"] };
const EXPECT: Keys = Keys { what: "`expect`", known: &["version"] };

/// Most objects that one `find` reads.
const MAX_FOUND: u32 = 10_000;
/// How many objects a `find` reads unless it says otherwise.
const FOUND: u32 = 1_000;

type Read = Option<(Operation, Bound)>;

fn object(reader: &Reader<'_, '_>, entity: &str) -> Bound {
    reader
        .catalog
        .entities
        .get(entity)
        .map_or(Bound::Unknown, |entity| Bound::Object(Arc::clone(entity)))
}

pub(super) fn load(reader: &mut Reader<'_, '_>, field: Field<'_>, _: &Fields<'_>) -> Read {
    reader.flow.push(Op::Write);
    let fields = Fields::read(reader.report, field.value, LOAD)?;
    let entity = fields
        .required(reader.report, "entity", "entity: NAME")
        .and_then(|node| reader.entity(node));
    let id = fields
        .required(reader.report, "id", "id: \"${input.id}\"")
        .and_then(|node| object_id(reader, node, entity.as_ref()));
    let report = &mut *reader.report;
    let for_update =
        Part::read(fields.value("for"), |node| choice(report, node, "for", &[("update", true)]));
    let optional = Part::read(fields.value("optional"), |node| boolean(report, node, "optional"));
    let (entity, optional) = (entity?, optional.or(false)?);
    let mut bound = object(reader, &entity);
    if let Bound::Object(entity) = &bound
        && optional
    {
        bound = Bound::Optional(Arc::clone(entity));
    }
    let for_update = for_update.or(false)?;
    let operation = Operation::Load { entity, id: id?, for_update, optional };
    Some((operation, bound))
}

/// An id is a text that is not empty.
fn object_id(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    entity: Option<&Arc<str>>,
) -> Option<Payload> {
    let id = payload_for(reader, node, Expected::Id(entity.cloned()))?;
    let span = node.span;
    let fits = match &id {
        Payload::Literal(Value::String(text)) => !text.is_empty(),
        Payload::Literal(_) | Payload::List(_) | Payload::Map(_) => false,
        Payload::Template(_) => true,
    };
    if fits {
        return Some(id);
    }
    reader.add(
        Finding::new(Code::TypeMismatch, span, "an id is a text that is not empty")
            .help("write an expression such as `\"${input.id}\"`, or a text in quotes"),
    );
    None
}

pub(super) fn find(reader: &mut Reader<'_, '_>, field: Field<'_>, _: &Fields<'_>) -> Read {
    let fields = Fields::read(reader.report, field.value, FIND)?;
    let entity = fields
        .required(reader.report, "entity", "entity: NAME")
        .and_then(|node| reader.entity(node));
    let known = entity.as_ref().and_then(|name| reader.catalog.entities.get(name)).cloned();
    let object = known.clone().map_or(Candidate::Unknown, Candidate::Of);
    let outer = reader.around.clone();
    reader.around.object = object;
    let filter = Part::read(fields.value("where"), |node| reader.expression(node, "where"));
    reader.around = outer;
    let report = &mut *reader.report;
    let order_by = Part::read(fields.value("order_by"), |node| {
        let name = text(report, node, "`order_by` is the name of an attribute")?;
        match &known {
            Some(entity) if name != "id" => attribute(report, entity, name, node.span)
                .map(|attribute| Arc::clone(&attribute.name)),
            Some(_) | None => Some(Arc::from(name)),
        }
    });
    let descending =
        Part::read(fields.value("descending"), |node| boolean(report, node, "descending"));
    let limit =
        Part::read(fields.value("limit"), |node| integer(report, node, "limit", 1, MAX_FOUND));
    let operation = Operation::Find {
        entity: entity?,
        filter: filter.known().ok()?,
        order_by: order_by.known().ok()?.filter(|name| &**name != "id"),
        descending: descending.or(false)?,
        limit: limit.or(FOUND)?,
    };
    Some((operation, known.map_or(Bound::Unknown, Bound::Objects)))
}

pub(super) fn create(reader: &mut Reader<'_, '_>, field: Field<'_>, beside: &Fields<'_>) -> Read {
    if matches!(field.value.value, node::Value::Map(_)) {
        let finding = wrong_kind(field.value, "`create` takes the name of an entity");
        reader.add(finding.help("write `create: NAME`, and `set: {...}` beside it"));
        return None;
    }
    let entity = reader.entity(field.value);
    reader.flow.push(Op::Write);
    let known = entity.as_ref().and_then(|name| reader.catalog.entities.get(name)).cloned();
    let id = Part::read(beside.value("id"), |node| object_id(reader, node, entity.as_ref()));
    let set = match beside.value("set") {
        Some(node) => attributes(reader, node, known.as_deref()),
        None => Some(Vec::new()),
    };
    if let (Some(entity), Some(set)) = (&known, &set) {
        complete(reader, entity, set, field.value.span);
    }
    let entity = entity?;
    let bound = object(reader, &entity);
    Some((Operation::Create { entity, id: id.known().ok()?, set: set? }, bound))
}

/// Tells attributes that must be set but are not.
fn complete(reader: &mut Reader<'_, '_>, entity: &Entity, set: &[(Arc<str>, Payload)], span: Span) {
    let absent: Vec<&str> = entity
        .attributes
        .iter()
        .filter(|a| !a.optional && a.default.is_none() && a.ty != Type::Any)
        .filter(|attribute| !set.iter().any(|(name, _)| *name == attribute.name))
        .map(|attribute| &*attribute.name)
        .collect();
    if !absent.is_empty() {
        reader.add(
            Finding::new(
                Code::MissingAttribute,
                span,
                format!("a new `{}` needs {}", entity.name, listed(&absent)),
            )
            .help("set them, or give them a default or `optional: true` in the entity"),
        );
    }
}

/// Reads `set` of attributes; literals become what the attributes store.
fn attributes(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    entity: Option<&Entity>,
) -> Option<Vec<(Arc<str>, Payload)>> {
    let fields = entries(reader.report, node, "`set`")?;
    let all: Vec<Option<(Arc<str>, Payload)>> = fields
        .into_iter()
        .map(|field| {
            let value = payload_for(reader, field.value, declared(entity, field.key));
            let Some(entity) = entity else { return Some((Arc::from(field.key), value?)) };
            let attribute = attribute(reader.report, entity, field.key, field.key_span)?;
            let value = match value? {
                Payload::Literal(value) => {
                    Payload::Literal(fitting(reader.report, attribute, value, field.value.span)?)
                }
                tree @ (Payload::Template(_) | Payload::List(_) | Payload::Map(_)) => tree,
            };
            Some((Arc::clone(&attribute.name), value))
        })
        .collect();
    all.into_iter().collect()
}

/// What the value of an attribute is for.
fn declared(entity: Option<&Entity>, name: &str) -> Expected {
    let found = entity.and_then(|entity| {
        let attribute = entity.attributes.iter().find(|attribute| *attribute.name == *name)?;
        let what = format!("`{}.{name}`", entity.name);
        let (ty, optional) = (attribute.ty.clone(), attribute.optional);
        Some(Expected::Declared(Arc::new(Declared {
            what,
            name: Arc::clone(&attribute.name),
            ty,
            optional,
        })))
    });
    found.unwrap_or(Expected::Any)
}

/// The name of the object that is written, as a use of it.
fn target(reader: &mut Reader<'_, '_>, node: &Node, what: &str) -> Option<Arc<str>> {
    if matches!(node.value, node::Value::Map(_)) {
        let help = "write the name that a `load` has bound, and `set: {...}` beside it";
        reader.add(wrong_kind(node, what).help(help));
        return None;
    }
    let name = text(reader.report, node, what)?;
    if name.contains("${") || !crate::name::NameKind::Identifier.fits(name) {
        reader.add(
            Finding::new(Code::InvalidName, node.span, what.to_owned())
                .help("write the name that a step before has given the object with `as:`"),
        );
        return None;
    }
    reader.flow.push(Op::Write);
    reader.target(node, name);
    Some(Arc::from(name))
}

pub(super) fn update(reader: &mut Reader<'_, '_>, field: Field<'_>, beside: &Fields<'_>) -> Read {
    let name = target(reader, field.value, "`update` takes the name of a bound object");
    let entity = name.as_ref().and_then(|name| reader.flow.object(name));
    let set = beside
        .required(reader.report, "set", "set: { attribute: value }")
        .and_then(|node| attributes(reader, node, entity.as_deref()));
    let expect = Part::read(beside.value("expect"), |node| expected_version(reader, node));
    if let Some(name) = &name {
        reader.flow.push(Op::Rebind(Arc::clone(name), field.value.span));
    }
    let bound = entity.map_or(Bound::Value, Bound::Object);
    let expect = expect.known().ok()?;
    Some((Operation::Update { name: name?, set: set?, expect }, bound))
}

pub(super) fn delete(reader: &mut Reader<'_, '_>, field: Field<'_>, beside: &Fields<'_>) -> Read {
    let name = target(reader, field.value, "`delete` takes the name of a bound object");
    let expect = Part::read(beside.value("expect"), |node| expected_version(reader, node));
    let expect = expect.known().ok()?;
    Some((Operation::Delete { name: name?, expect }, Bound::Unknown))
}

fn expected_version(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Payload> {
    let fields = Fields::read(reader.report, node, EXPECT)?;
    let node = fields.required(reader.report, "version", "version: \"${input.version}\"")?;
    let version = payload_for(reader, node, Expected::Version)?;
    let fits = match &version {
        Payload::Literal(Value::Int(version)) => *version >= 1,
        Payload::Template(_) => true,
        Payload::Literal(_) | Payload::List(_) | Payload::Map(_) => false,
    };
    if !fits {
        reader.add(
            Finding::new(Code::TypeMismatch, node.span, "a version is an integer from 1")
                .help("write the version that was seen: `\"${input.version}\"`"),
        );
        return None;
    }
    Some(version)
}
