//! `lockstep data import` and `export`: all objects of a file, or of an entity.

use std::path::PathBuf;

use lockstep_api::Object;
use lockstep_expr::{Map, Value, json};

use super::read;
use crate::command_error::CommandError;
use crate::console;
use crate::given;
use crate::request::{Request, path};
use crate::session::{self, DefinitionArgs, Session};
use crate::sources::number;
use crate::status::Status;
use crate::target::TargetArgs;

/// Arguments of `lockstep data import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep data import contacts.jsonl --daemon http://localhost:7070\n\n\
    Each line is an object: {\"entity\": \"Contact\", \"id\": \"c1\", \"name\": \"Carol\"}; `metadata` in \
    it says nothing. An object that is there stays as it is. They are created one after another: \
    what comes before a line that is refused is there, and the same import goes on from there.\n\n\
    Exit status 1 if an object is refused.")]
pub(super) struct ImportArgs {
    /// JSON lines
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    definitions: DefinitionArgs,
}

/// Arguments of `lockstep data export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep data export Contact > contacts.jsonl\n\n\
    On a store all of it is of one moment; at a daemon others may change objects meanwhile.")]
pub(super) struct ExportArgs {
    /// The entity
    #[arg(value_name = "ENTITY")]
    entity: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Writes all objects of an entity.
pub(super) fn export(args: &ExportArgs) -> Result<Status, CommandError> {
    let count = read::all(&args.target, &args.entity, usize::MAX)?;
    console::tell(&format!("{}\n", number(count, "object")));
    Ok(Status::Done)
}

/// Creates objects.
pub(super) fn import(args: &ImportArgs) -> Result<Status, CommandError> {
    let text = given::file(&args.file, given::MAX_BYTES)?;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{}:{}", args.file.display(), index.saturating_add(1));
        let (entity, object) = object(line)
            .map_err(|why| CommandError::usage_with(format!("{place}: {why}"), HELP))?;
        lines.push((place, entity, object));
    }
    session::run(&args.target, &args.definitions, async |session| {
        let (mut created, mut existing): (usize, usize) = (0, 0);
        for (place, entity, object) in lines {
            match create(session, &entity, object).await {
                Ok(true) => created = created.saturating_add(1),
                Ok(false) => existing = existing.saturating_add(1),
                Err(error) => {
                    console::tell(&format!("{place}: this one is refused, {created} created\n"));
                    return Err(error);
                }
            }
        }
        console::tell(&format!(
            "{} created, {existing} were there already\n",
            number(created, "object")
        ));
        Ok(Status::Done)
    })
}

const HELP: &str =
    "each line is an object: {\"entity\": \"Contact\", \"id\": \"c1\", \"name\": \"Carol\"}";

/// Reads a line: the entity, and the object without its metadata.
fn object(line: &str) -> Result<(String, Map), String> {
    let value = json::from_json(line).map_err(|error| error.message.to_owned())?;
    let Value::Map(given) = value else { return Err("this is no object".to_owned()) };
    let mut object = (*given).clone();
    object.remove("metadata");
    if !matches!(object.get("id"), Some(Value::String(_))) {
        return Err("`id` is missing, or no text".to_owned());
    }
    match object.remove("entity") {
        Some(Value::String(entity)) => Ok((entity.to_string(), object)),
        Some(_) | None => Err("`entity` is missing, or no text".to_owned()),
    }
}

/// Creates an object; returns whether it was not there.
async fn create(session: &Session, entity: &str, object: Map) -> Result<bool, CommandError> {
    let id = object.get("id").and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
    let place = path(&["entities", entity, "objects"]);
    let body = json::to_json(&Value::from(object));
    let answer = session.ask(Request::new("POST", place).body(body)).await?;
    let is_there = async || {
        let found = session.ask(Request::get(super::path_of(entity, &id))).await?;
        Ok::<_, CommandError>(found.form::<Object>().is_ok())
    };
    // A value that another object has is refused by the same code.
    let is_taken = answer.problem().is_some_and(|problem| problem.code == "data.unique");
    if is_taken && is_there().await? {
        return Ok(false);
    }
    answer.success()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_object_with_its_names() {
        let (entity, read) =
            object(r#"{"entity": "A", "id": "a", "x": 1, "metadata": {"version": 2}}"#).unwrap();
        assert_eq!(
            (entity.as_str(), json::to_json(&Value::from(read)).as_str()),
            ("A", r#"{"id":"a","x":1}"#)
        );
        for line in
            ["1", "{", r#"{"id": "a"}"#, r#"{"entity": "A"}"#, r#"{"entity": "A", "id": 1}"#]
        {
            assert!(object(line).is_err(), "{line}");
        }
    }
}
