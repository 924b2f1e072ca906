//! Objects that are there before the first instance: files of `--seed`.
//!
//! JSON lines, or one JSON array; each object has `entity`, `id` and the values of its attributes:
//! `{"entity": "Message", "id": "m1", "text": "hello"}`.
//!
//! Invariants:
//!
//! * All objects of all files are checked before anything is opened or written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::{ObjectKey, conformity};
use lockstep_definition::Definitions;
use lockstep_expr::{Map, Value, json};

use crate::command_error::CommandError;
use crate::given;
use crate::meant::{self, Kind};

/// An object that is to be: its name and its attributes.
pub(crate) type Seed = (ObjectKey, Map);

/// Reads files.
pub(crate) fn read(
    paths: &[PathBuf],
    definitions: &Definitions,
) -> Result<Vec<Seed>, CommandError> {
    let mut seeds = Vec::new();
    for path in paths {
        let text = given::file(path, given::MAX_BYTES)?;
        seeds.append(&mut objects(path, &text, definitions)?);
    }
    Ok(seeds)
}

fn objects(path: &Path, text: &str, definitions: &Definitions) -> Result<Vec<Seed>, CommandError> {
    const HELP: &str = "each line is an object, or the whole file one array of them: \
        {\"entity\": \"Message\", \"id\": \"m1\", \"text\": \"hello\"}";
    let at = |line: usize, column: usize, message: &str| {
        let message = format!("{}:{line}:{column}: {message}", path.display());
        CommandError::usage_with(message, HELP)
    };
    if text.trim_start().starts_with('[') {
        let value = json::from_json(text).map_err(|error| {
            let (line, column) = given::place(text, error.offset);
            at(line, column, error.message)
        })?;
        let Value::List(items) = value else { return Err(at(1, 1, "this is no array")) };
        let read = items.iter().enumerate().map(|(number, item)| {
            object(item, definitions).map_err(|message| {
                let path = path.display();
                let message = format!("{path}: object {}: {message}", number.saturating_add(1));
                CommandError::usage_with(message, HELP)
            })
        });
        return read.collect();
    }
    let mut seeds = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number.saturating_add(1);
        if line.trim().is_empty() {
            continue;
        }
        let value = json::from_json(line).map_err(|error| {
            let (_, column) = given::place(line, error.offset);
            at(number, column, error.message)
        })?;
        seeds.push(object(&value, definitions).map_err(|message| at(number, 1, &message))?);
    }
    Ok(seeds)
}

fn object(value: &Value, definitions: &Definitions) -> Result<Seed, String> {
    let Value::Map(given) = value else { return Err("this is no object".to_owned()) };
    let mut attributes = (**given).clone();
    // What `--show` prints can be given back.
    attributes.remove("metadata");
    let mut text = |name: &str| match attributes.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(format!("`{name}` is a text that is not empty")),
        None => Err(format!("`{name}` is missing")),
    };
    let (entity, id) = (text("entity")?, text("id")?);
    let Some(declared) = definitions.entities.get(&entity) else {
        let names = definitions.entities.keys();
        let help = meant::help(Kind::Entity, &entity, names).unwrap_or_default();
        return Err(format!("no entity is called `{entity}`; {help}"));
    };
    conformity::attributes(declared, &attributes).map_err(|failure| failure.message)?;
    Ok((ObjectKey { entity: Arc::clone(&declared.name), id }, attributes))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use lockstep_definition::{Source, check};

    use super::*;

    #[track_caller]
    fn told(text: &str, expected: Expect) {
        let entity = "entity: Message\nattributes: { reads: { type: int, default: 0, min: 0 } }\n";
        let definitions = check(&[Source::new("e.yaml", entity)]).definitions.unwrap();
        let told = match objects(Path::new("s.jsonl"), text, &definitions) {
            Ok(seeds) => seeds
                .into_iter()
                .map(|(key, attributes)| format!("{key} {}", Value::from(attributes)))
                .collect::<Vec<_>>()
                .join("\n"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn objects_come_in_lines_or_in_an_array() {
        let one = r#"{"entity": "Message", "id": "m1", "reads": 2}"#;
        let two = r#"{"id": "m2", "entity": "Message", "metadata": {"version": 1}}"#;
        told(
            &format!("{one}\n\n{two}\n"),
            expect![[r#"
                Message/m1 {"reads": 2}
                Message/m2 {}"#]],
        );
        told(
            &format!(" [{one},\n{two}]"),
            expect![[r#"
                Message/m1 {"reads": 2}
                Message/m2 {}"#]],
        );
        told("", expect![[""]]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        told("\n{\"entity\": }", expect!["s.jsonl:2:12: a value is missing"]);
        told("{\"id\": \"a\"}", expect!["s.jsonl:1:1: `entity` is missing"]);
        told(
            "{\"entity\": \"Message\", \"id\": 1}",
            expect!["s.jsonl:1:1: `id` is a text that is not empty"],
        );
        told(
            "{\"entity\": \"Mesage\", \"id\": \"a\"}",
            expect!["s.jsonl:1:1: no entity is called `Mesage`; is `Message` meant?"],
        );
        told(
            "{\"entity\": \"Message\", \"id\": \"a\", \"reads\": -1}",
            expect!["s.jsonl:1:1: Message.reads must be at least 0, it is -1"],
        );
        told(
            "{\"entity\": \"Message\", \"id\": \"a\", \"raeds\": 1}",
            expect![[r#"s.jsonl:1:1: entity Message has no attribute "raeds""#]],
        );
        told("[1]", expect!["s.jsonl: object 1: this is no object"]);
        told("[\n{]", expect!["s.jsonl:2:2: a key in quotes is missing"]);
        told("3", expect!["s.jsonl:1:1: this is no object"]);
    }
}
