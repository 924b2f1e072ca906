//! Entities: their attributes, and which values fit them.
//!
//! Invariants:
//!
//! * An entity with errors is read as far as possible, so that one mistake gives one finding.

use std::cmp::Ordering;
use std::sync::Arc;

use lockstep_expr::{Span, Type, Value};

use crate::allow::allow;
use crate::catalog::{Catalog, attribute, named_entity};
use crate::code::Code;
use crate::conform::conform;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::fields::{Field, Fields, Keys, at_most, entries, missing};
use crate::flow::Flow;
use crate::invariant::invariants;
use crate::name::NameKind;
use crate::payload::literal;
use crate::remedy::remedied;
use crate::report::Report;
use crate::values::{boolean, checked_name, description, list, name, text};
use crate::workflow::{Attribute, Entity};
use crate::yaml::Places;
use crate::yaml::node::{self, Node};

const ENTITY: Keys = Keys {
    what: "an entity",
    known: &["entity", "description", "allow", "attributes", "unique", "invariants"],
};
const ATTRIBUTE: Keys = Keys {
    what: "an attribute",
    known: &["type", "optional", "default", "min", "max", "description"],
};
/// Attributes that every object has.
const GIVEN: &[&str] = &["id", "metadata"];
/// Most attributes of an entity.
const MAX_ATTRIBUTES: usize = 1_000;
/// What to do about a type that there is not.
const TYPES: &str = "types are `bool`, `int`, `double`, `string`, `bytes`, `timestamp`, `duration`, \
                     `list<T>`, `map<string, T>`, `ref<Entity>` and `any`";
/// What to do about a type that is cut at its comma.
const QUOTES: &str = "within braces a `,` ends a value: put the type into quotes, such as \
                      `\"map<string, int>\"`";
/// Longest text of a type.
const MAX_TYPE: usize = 500;

/// Reads an `entity:` document, and what its invariants do with values.
pub(crate) fn entity(
    report: &mut Report<'_>,
    node: &Node,
    catalog: &Catalog,
) -> Option<(Entity, Flow)> {
    let fields = Fields::read(report, node, ENTITY)?;
    allow(report, &fields, node, None);
    description(report, fields.value("description"));
    let head = fields.get("entity")?;
    let name = name(report, head.value, "the name of an entity", NameKind::Identifier);
    let named = name.is_some();
    let mut flow = Flow::default();
    let mut entity = Entity {
        name: name.unwrap_or_default(),
        attributes: Vec::new(),
        unique: Vec::new(),
        invariants: Vec::new(),
        place: report.place(head.key_span),
    };
    if let Some(node) = fields.required(report, "attributes", "attributes: { name: string }")
        && !matches!(node.value, node::Value::Null)
    {
        let fields = entries(report, node, "attributes").unwrap_or_default();
        for field in at_most(report, fields, MAX_ATTRIBUTES, "an entity", "attributes") {
            entity.attributes.extend(attribute_of(report, field, catalog));
        }
    }
    if let Some(node) = fields.value("unique") {
        entity.unique = unique(report, node, &entity);
    }
    if let Some(node) = fields.value("invariants") {
        (entity.invariants, flow) = invariants(report, node, &entity, catalog);
    }
    named.then_some((entity, flow))
}

fn attribute_of(report: &mut Report<'_>, field: Field<'_>, catalog: &Catalog) -> Option<Attribute> {
    if displaced(report, field, ENTITY, "attributes", "an entity") {
        return None;
    }
    let name = checked_name(
        report,
        field.key,
        field.key_span,
        "the name of an attribute",
        NameKind::Identifier,
    )?;
    if GIVEN.contains(&&*name) {
        report.add(
            Finding::new(
                Code::ReservedName,
                field.key_span,
                format!("every object has `{name}` without being told"),
            )
            .help("remove the attribute, or choose another name"),
        );
        return None;
    }
    let mut declared = declared(report, field, ATTRIBUTE, catalog)?;
    let (min, max) = bounds(report, &declared);
    let mut attribute =
        Attribute { name, ty: declared.ty, optional: declared.optional, default: None, min, max };
    if let Some((value, span)) = declared.default.take() {
        attribute.default = fitting(report, &attribute, value, span);
    }
    Some(attribute)
}

/// Tells a key of the document that stands among declarations: it is indented too far.
pub(crate) fn displaced(
    report: &mut Report<'_>,
    field: Field<'_>,
    document: Keys,
    among: &str,
    owner: &str,
) -> bool {
    let displaced =
        document.known.contains(&field.key) && matches!(field.value.value, node::Value::List(_));
    if displaced {
        let message = format!("`{}` stands within `{among}`", field.key);
        report.add(
            Finding::new(Code::MisplacedKey, field.key_span, message)
                .help(format!("it is a key of {owner}: begin it in the column of `{among}`")),
        );
    }
    displaced
}

/// What is written about an attribute or an input.
pub(crate) struct Declared<'n> {
    pub(crate) ty: Type,
    pub(crate) optional: bool,
    /// The default as it is written, and its place.
    pub(crate) default: Option<(Value, Span)>,
    fields: Option<Fields<'n>>,
}

/// Reads `name: TYPE` or `name: { type: TYPE, ... }`.
pub(crate) fn declared<'n>(
    report: &mut Report<'_>,
    field: Field<'n>,
    keys: Keys,
    catalog: &Catalog,
) -> Option<Declared<'n>> {
    if !matches!(field.value.value, node::Value::Map(_)) {
        let ty = type_of(report, field.value, catalog).unwrap_or(Type::Any);
        return Some(Declared { ty, optional: false, default: None, fields: None });
    }
    let fields = Fields::read(report, field.value, keys)?;
    description(report, fields.value("description"));
    let ty = if let Some(node) = fields.value("type") {
        type_of(report, node, catalog).unwrap_or(Type::Any)
    } else {
        report.add(missing(field.key_span, keys.what, "type", "type: string"));
        Type::Any
    };
    let optional = fields
        .value("optional")
        .and_then(|node| boolean(report, node, "optional"))
        .unwrap_or(false);
    let default =
        fields.value("default").and_then(|node| Some((literal(report, node)?, node.span)));
    Some(Declared { ty, optional, default, fields: Some(fields) })
}

fn type_of(report: &mut Report<'_>, node: &Node, catalog: &Catalog) -> Option<Type> {
    // `null` is a type and a YAML word.
    let written = match &node.value {
        node::Value::Null => "null",
        node::Value::Bool(_)
        | node::Value::Int(_)
        | node::Value::LargeInt
        | node::Value::Double(_)
        | node::Value::Text(_)
        | node::Value::List(_)
        | node::Value::Map(_)
        | node::Value::Tagged(_) => text(report, node, "a type is a text such as `string`")?,
    };
    let words = || Type::WORDS.iter().map(|(word, _)| *word);
    let parsed = if written.len() > MAX_TYPE { None } else { Type::parse(written).ok() };
    let Some(ty) = parsed.filter(|_| !matches!(node.value, node::Value::Null)) else {
        report.add(
            Finding::new(
                Code::InvalidType,
                node.span,
                format!("`{}` is not a type", shown(written)),
            )
            .mean(
                nearest(written, words()).or_else(|| other_word(written)),
                if written.starts_with("map<") && !written.contains('>') { QUOTES } else { TYPES },
            ),
        );
        return None;
    };
    if let Some(entity) = named_entity(&ty) {
        let at = written.find(&**entity).unwrap_or(0);
        let places = Places::new(&report.source.text, node, written);
        catalog.check_entity(report, entity, places.span(Span::new(at, at + entity.len())));
    }
    Some(ty)
}

/// What other languages call the types.
fn other_word(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "integer" | "long" | "number" | "i64" => Some("int"),
        "float" | "decimal" | "real" | "f64" => Some("double"),
        "boolean" => Some("bool"),
        "str" | "text" | "varchar" | "uuid" => Some("string"),
        "date" | "datetime" | "time" => Some("timestamp"),
        "array" => Some("list<any>"),
        "object" | "dict" | "map" => Some("map<string, any>"),
        _ => None,
    }
}

fn bounds(report: &mut Report<'_>, declared: &Declared<'_>) -> (Option<Value>, Option<Value>) {
    let Some(fields) = &declared.fields else { return (None, None) };
    let mut bound = |key: &str| -> Option<Value> {
        let field = fields.get(key)?;
        if !matches!(declared.ty, Type::Int | Type::Double) {
            report.add(
                Finding::new(
                    Code::MisplacedKey,
                    field.key_span,
                    format!("`{key}` has no meaning for the type {}", declared.ty),
                )
                .help("bounds are for `int` and `double`"),
            );
            return None;
        }
        let value = literal(report, field.value)?;
        told(
            report,
            &declared.ty,
            conform(&declared.ty, value).map_err(|e| e.message),
            field.value.span,
        )
    };
    let (min, max) = (bound("min"), bound("max"));
    if let (Some(least), Some(most), Some(field)) = (&min, &max, fields.get("max"))
        && compare(least, most) == Some(Ordering::Greater)
    {
        report.add(
            Finding::new(Code::OutOfRange, field.value.span, "`max` is below `min`")
                .help("no value could be stored: swap or change them"),
        );
    }
    (min, max)
}

fn told(
    report: &mut Report<'_>,
    ty: &Type,
    value: Result<Value, String>,
    span: Span,
) -> Option<Value> {
    value
        .map_err(|message| {
            report.add(remedied(
                Finding::new(Code::TypeMismatch, span, message),
                ty,
                &report.source.text,
            ));
        })
        .ok()
}

/// The value as the attribute stores it, or findings.
pub(crate) fn fitting(
    report: &mut Report<'_>,
    attribute: &Attribute,
    value: Value,
    span: Span,
) -> Option<Value> {
    if matches!(value, Value::Null) && (attribute.optional || attribute.ty == Type::Any) {
        return Some(value);
    }
    if matches!(value, Value::Null) {
        report.add(
            Finding::new(Code::TypeMismatch, span, format!("`{}` cannot be null", attribute.name))
                .help("write a value, or declare the attribute `optional: true`"),
        );
        return None;
    }
    let conformed = conform(&attribute.ty, value)
        .map_err(|error| format!("`{}`: {}", attribute.name, error.message));
    let value = told(report, &attribute.ty, conformed, span)?;
    let range = [
        (&attribute.min, Ordering::Less, "below its minimum"),
        (&attribute.max, Ordering::Greater, "above its maximum"),
    ];
    for (bound, wrong, words) in range {
        if let Some(bound) = bound
            && compare(&value, bound) == Some(wrong)
        {
            let message = format!("`{}` is {value}, {words} {bound}", attribute.name);
            report.add(
                Finding::new(Code::OutOfRange, span, message)
                    .help("change the value, or the bound in the entity"),
            );
            return None;
        }
    }
    Some(value)
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        _ => None,
    }
}

fn unique(report: &mut Report<'_>, node: &Node, entity: &Entity) -> Vec<Vec<Arc<str>>> {
    let mut out = Vec::new();
    for group in list(report, node, "`unique`", false).unwrap_or_default() {
        if matches!(group.value, node::Value::Text(_)) {
            let finding = crate::fields::wrong_kind(group, "each entry of `unique` is a list");
            report.add(finding.help("write a list of lists: `unique: [[a, b], [c]]`"));
            continue;
        }
        let names = list(report, group, "each entry of `unique`", false).unwrap_or_default();
        if names.is_empty() {
            let all = listed(entity.attributes.iter().map(|attribute| &attribute.name));
            report.add(
                Finding::new(Code::InvalidValue, group.span, "`unique` names no attribute")
                    .help(format!("name some of {all}")),
            );
        }
        let names: Vec<Option<Arc<str>>> =
            names.iter().map(|name| unique_name(report, name, entity)).collect();
        out.extend(names.into_iter().collect::<Option<Vec<_>>>());
    }
    out
}

fn unique_name(report: &mut Report<'_>, node: &Node, entity: &Entity) -> Option<Arc<str>> {
    let name = text(report, node, "the name of an attribute is a text")?;
    attribute(report, entity, name, node.span).map(|attribute| Arc::clone(&attribute.name))
}
