//! The types of what every workflow can see: objects, `config`, `workflow`, answers.
//!
//! Invariants:
//!
//! * An attribute of an entity that could not be read is `dyn`, and so is `config` without a project.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Key, Shape, ShapeField, StaticType, Type, Value};

use crate::catalog::Catalog;
use crate::flow::DeclaredInput;
use crate::workflow::Entity;

/// Deepest nesting of a literal whose parts have types of their own.
const MAX_LITERAL_DEPTH: usize = 8;
/// Most entries of a literal that have types of their own.
pub(super) const MAX_LITERAL_FIELDS: usize = 200;

/// Types that do not depend on the place in a workflow.
#[derive(Debug)]
pub(crate) struct Known {
    /// Objects by the name of their entity.
    pub(crate) objects: BTreeMap<Arc<str>, StaticType>,
    pub(crate) config: StaticType,
    pub(crate) workflow: StaticType,
    pub(crate) lock: StaticType,
    pub(crate) error: StaticType,
    pub(crate) http_answer: StaticType,
    pub(crate) exec_result: StaticType,
    pub(crate) started: StaticType,
    /// What each workflow answers at its end, as far as it was checked.
    pub(crate) outputs: BTreeMap<Arc<str>, StaticType>,
}

impl Known {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let objects = catalog
            .entities
            .iter()
            .map(|(name, entity)| (Arc::clone(name), object(entity)))
            .collect();
        let config = catalog.project.as_ref().map_or(StaticType::Dyn, |project| {
            // Null stands for a value that is still to be given.
            let of = |value: &Value| {
                if matches!(value, Value::Null) { StaticType::Dyn } else { literal(value) }
            };
            let fields = project.config.iter();
            record("config", fields.map(|(name, value)| (Arc::clone(name), of(value), None)), true)
        });
        let text_map = StaticType::map(StaticType::String, StaticType::String);
        Self {
            objects,
            config,
            workflow: built_in(
                "workflow",
                &[
                    ("name", StaticType::String, "the name of the workflow"),
                    ("instance_id", StaticType::String, "the id of this instance"),
                    ("started_at", StaticType::Timestamp, "when the instance was started"),
                    ("started_by", StaticType::String, "who started it"),
                ],
            ),
            lock: built_in(
                "lock",
                &[
                    ("token", StaticType::Int, "grows with each holder: a fencing token"),
                    ("keys", StaticType::String.list(), "the keys that are held"),
                    ("waited", StaticType::Duration, "how long the activity waited for it"),
                ],
            ),
            error: built_in(
                "error",
                &[
                    ("code", StaticType::String, "words with dots, such as `data.conflict`"),
                    ("message", StaticType::String, "what people read"),
                    ("details", StaticType::Dyn, "depends on the code"),
                    ("activity", StaticType::String, "the activity that failed"),
                ],
            ),
            http_answer: built_in(
                "the answer of an `http` step",
                &[
                    ("status", StaticType::Int, "such as 200"),
                    ("headers", text_map, "by name in lower case"),
                    ("body", StaticType::Dyn, "parsed if it is JSON, else the text"),
                ],
            ),
            exec_result: built_in(
                "the result of an `exec` step",
                &[
                    ("exit_code", StaticType::Int, "0 if all went well"),
                    ("output", StaticType::Dyn, "parsed if it is JSON, else the text"),
                ],
            ),
            started: built_in(
                "the answer of a `workflow` step",
                &[("instance_id", StaticType::String, "the id of the instance")],
            ),
            outputs: BTreeMap::new(),
        }
    }

    /// The type of objects of an entity.
    pub(crate) fn object(&self, entity: &Entity) -> StaticType {
        self.objects.get(&entity.name).cloned().unwrap_or(StaticType::Dyn)
    }
}

/// The type of values that were declared one by one, such as `input`.
pub(crate) fn declared(name: &str, declared: &[DeclaredInput]) -> StaticType {
    let fields = declared.iter().map(|input| {
        let ty = match &input.ty {
            Some((ty, optional)) => declared_type(ty, *optional),
            None => StaticType::Dyn,
        };
        (Arc::clone(&input.name), ty, None)
    });
    record(name, fields, true)
}

/// The static type of a declared one.
pub(crate) fn declared_type(ty: &Type, optional: bool) -> StaticType {
    let ty = StaticType::from(ty);
    if optional && ty != StaticType::Dyn { ty.nullable() } else { ty }
}

fn object(entity: &Entity) -> StaticType {
    let attributes = entity.attributes.iter().map(|attribute| {
        let ty = declared_type(&attribute.ty, attribute.optional);
        (Arc::clone(&attribute.name), ty, None)
    });
    let metadata = built_in(
        "metadata",
        &[
            ("version", StaticType::Int, "1 at creation, then one more with each change"),
            ("created_at", StaticType::Timestamp, "when the object was created"),
            ("created_by", StaticType::String, "who created it"),
            ("modified_at", StaticType::Timestamp, "when it was changed last"),
            ("modified_by", StaticType::String, "who changed it last"),
        ],
    );
    let given = [
        (Arc::from("id"), StaticType::String, Some("the id of the object")),
        (Arc::from("metadata"), metadata, Some("version, and who changed the object when")),
    ];
    record(&entity.name, attributes.chain(given), false)
}

fn built_in(name: &str, fields: &[(&str, StaticType, &'static str)]) -> StaticType {
    let fields = fields.iter().map(|(name, ty, doc)| (Arc::from(*name), ty.clone(), Some(*doc)));
    record(name, fields, true)
}

/// A type with these fields and no others; `keyed` if it is a map when it is evaluated.
pub(crate) fn record(
    name: &str,
    fields: impl Iterator<Item = (Arc<str>, StaticType, Option<&'static str>)>,
    keyed: bool,
) -> StaticType {
    let fields =
        fields.map(|(name, ty, doc)| ShapeField { name, ty, doc: doc.map(Arc::from) }).collect();
    StaticType::Record(Arc::new(Shape { name: name.into(), fields, open: false, keyed }))
}

/// A map whose fields are known, under another name; other types as they are.
pub(crate) fn renamed(ty: StaticType, name: &str) -> StaticType {
    if let StaticType::Record(shape) = &ty
        && shape.keyed
    {
        return StaticType::Record(Arc::new(Shape { name: name.into(), ..(**shape).clone() }));
    }
    ty
}

/// The type of a literal; a map with texts as keys has a field for each.
pub(crate) fn literal(value: &Value) -> StaticType {
    literal_at(value, 0)
}

fn literal_at(value: &Value, depth: usize) -> StaticType {
    let Value::Map(map) = value else { return StaticType::of_value(value) };
    let texts = map.iter().all(|(key, _)| matches!(key, Key::String(_)));
    if !texts || depth >= MAX_LITERAL_DEPTH || map.len() > MAX_LITERAL_FIELDS {
        return StaticType::of_value(value);
    }
    let fields = map.iter().filter_map(|(key, value)| {
        Some((Arc::from(key.as_str()?), literal_at(value, depth + 1), None))
    });
    record("map", fields, true)
}
