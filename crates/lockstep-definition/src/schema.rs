//! The JSON Schema (draft 7) of the documents, for editors and other tools.
//!
//! It accepts whatever the checker accepts. It refuses unknown keys, values of the wrong kind and
//! words that are not known; what follows from several places together is for the checker.
//!
//! Invariants:
//!
//! * It is made from the grammar alone, so it has every key with its text.

use serde_json::{Map, Value, json};

use crate::code::{Code, Severity};
use crate::grammar::{Choosing, DOCUMENTS, Key, Mapping, Names, Referent, STEPS, Shape};
use crate::name::MAX_NAME;

/// An identifier: what [`crate::name`] says, as a regular expression.
const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// A name that may hold `-`.
const LABEL: &str = "^[A-Za-z][A-Za-z0-9_-]*$";
const DURATION: &str = "^\\s*\\+?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(h|ms|us|ns|m|s))+\\s*$";
const TYPE: &str = "^\\s*(bool|int|uint|double|string|bytes|timestamp|duration|null|any|\
                    (list|map|ref)\\s*<.+>)\\s*$";
const ERROR_CODE: &str = "^[A-Za-z][A-Za-z0-9_-]*(\\.[A-Za-z][A-Za-z0-9_-]*)*$";
const ERROR_PATTERN: &str = "^([A-Za-z][A-Za-z0-9_-]*(\\.[A-Za-z][A-Za-z0-9_-]*)*\\.?\\*?|\\*)$";

/// The schema as a JSON value. It is the same in every call.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for document in DOCUMENTS {
        define(document, &mut definitions);
    }
    let mut kinds: Vec<Value> = DOCUMENTS.iter().map(|document| reference(document)).collect();
    // Two `---` with nothing between them.
    kinds.push(json!({ "type": "null", "description": "An empty document." }));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Lockstep definitions",
        "description": "A document is a workflow, an entity or a project; its first key says which.",
        "oneOf": kinds,
        "definitions": definitions,
    })
}

fn reference(mapping: &Mapping) -> Value {
    json!({ "$ref": format!("#/definitions/{}", mapping.name) })
}

/// Adds the definition of a mapping and of all that it refers to. Mappings refer to each other in
/// circles, so each is entered before its parts.
fn define(mapping: &'static Mapping, definitions: &mut Map<String, Value>) {
    if definitions.contains_key(mapping.name) {
        return;
    }
    definitions.insert(mapping.name.to_owned(), Value::Null);
    let mut properties = Map::new();
    for key in mapping.keys {
        properties.insert(key.name.to_owned(), property(key, definitions));
    }
    let required: Vec<&str> =
        mapping.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": mapping.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if let Some(schema) = schema.as_object_mut() {
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !mapping.one_of.is_empty() {
            schema.insert("oneOf".to_owned(), choices(mapping.one_of));
            schema.insert("dependencies".to_owned(), dependencies(mapping.one_of));
        }
    }
    definitions.insert(mapping.name.to_owned(), schema);
}

/// Exactly one of the choosing keys; one that also stands beside another does not choose there.
fn choices(one_of: &[Choosing]) -> Value {
    let alternatives = one_of.iter().map(|choosing| {
        let others: Vec<Value> = one_of
            .iter()
            .filter(|other| other.beside.contains(&choosing.key))
            .map(|other| json!({ "required": [other.key] }))
            .collect();
        let mut needed = vec![choosing.key];
        needed.extend(choosing.needs);
        if others.is_empty() {
            return json!({ "required": needed });
        }
        json!({ "required": needed, "not": { "anyOf": others } })
    });
    Value::Array(alternatives.collect())
}

/// For each key that stands beside choosing keys: one of these must be there.
fn dependencies(one_of: &[Choosing]) -> Value {
    let mut dependencies = Map::new();
    for key in one_of.iter().flat_map(|choosing| choosing.beside) {
        if dependencies.contains_key(*key) {
            continue;
        }
        let chosen: Vec<Value> = one_of
            .iter()
            .filter(|choosing| choosing.beside.contains(key) || choosing.key == *key)
            .map(|choosing| json!({ "required": [choosing.key] }))
            .collect();
        dependencies.insert((*key).to_owned(), json!({ "anyOf": chosen }));
    }
    Value::Object(dependencies)
}

fn property(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = shape(&key.shape, definitions);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), json!(key.doc));
        if let Some(default) = key.default {
            let default = serde_json::from_str(default).unwrap_or(Value::Null);
            schema.insert("default".to_owned(), default);
        }
    }
    schema
}

fn shape(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Pattern(pattern, _) => text(pattern.trim_start_matches("(?s)")),
        Shape::Identifier => name(IDENTIFIER),
        Shape::Label => name(LABEL),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Number(least, most) => {
            json!({ "type": "number", "minimum": least, "maximum": most })
        }
        Shape::Duration => text(DURATION),
        Shape::Choice(words) => choice(words),
        Shape::Expression => json!({
            "type": ["string", "boolean", "integer"],
            "not": { "type": "string", "pattern": "^\\s*\\$\\{.*\\}\\s*$" },
        }),
        Shape::Payload | Shape::Literal => json!({}),
        Shape::Template => text("\\$\\{"),
        Shape::Type => text(TYPE),
        Shape::ErrorCode => name(ERROR_CODE),
        Shape::ErrorPattern => text(ERROR_PATTERN),
        Shape::Refer(referent) => refer(*referent),
        Shape::Nothing => json!({ "type": "null" }),
        Shape::Allow => allow(),
        Shape::Mapping(mapping) => {
            define(mapping, definitions);
            reference(mapping)
        }
        Shape::Map(names, of) => free(*names, of, definitions),
        Shape::Steps => self::shape(&STEPS, definitions),
        Shape::List(least, of) => {
            let mut schema = json!({ "type": "array", "items": self::shape(of, definitions) });
            if let (Some(schema), true) = (schema.as_object_mut(), *least > 0) {
                schema.insert("minItems".to_owned(), json!(least));
            }
            schema
        }
        Shape::Either(shapes) => {
            let shapes: Vec<Value> =
                shapes.iter().map(|shape| self::shape(shape, definitions)).collect();
            json!({ "anyOf": shapes })
        }
    }
}

fn text(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn name(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "maxLength": MAX_NAME })
}

/// Words; `true` and `false` may be written as the bools that YAML takes them for.
fn choice(words: &[(&str, &str)]) -> Value {
    let mut values: Vec<Value> = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    for (word, text) in words {
        if let Ok(value) = word.parse::<bool>() {
            values.push(json!(value));
            texts.push(text);
        }
        values.push(json!(word));
        texts.push(text);
    }
    json!({ "enum": values, "enumDescriptions": texts })
}

fn refer(referent: Referent) -> Value {
    match referent {
        Referent::Activity | Referent::Workflow => name(LABEL),
        Referent::Attribute | Referent::Bound | Referent::Entity | Referent::Secret => {
            name(IDENTIFIER)
        }
    }
}

fn free(names: Names, of: &Shape, definitions: &mut Map<String, Value>) -> Value {
    let values = shape(of, definitions);
    let mut schema = json!({ "type": "object", "additionalProperties": values });
    let pattern = match names {
        Names::Identifiers | Names::Attributes | Names::Inputs => Some(IDENTIFIER),
        Names::Labels => Some(LABEL),
        Names::Texts => None,
    };
    if let (Some(schema), Some(pattern)) = (schema.as_object_mut(), pattern) {
        let names = json!({ "pattern": pattern, "maxLength": MAX_NAME });
        schema.insert("propertyNames".to_owned(), names);
    }
    schema
}

fn allow() -> Value {
    let warnings = Code::ALL.iter().filter(|code| code.severity() == Severity::Warning);
    let properties: Map<String, Value> = warnings
        .map(|code| {
            let reason = json!({
                "type": "string",
                "pattern": "\\S",
                "description": "Why this warning is not told here.",
            });
            (code.as_str().to_owned(), reason)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

#[cfg(test)]
mod tests;
