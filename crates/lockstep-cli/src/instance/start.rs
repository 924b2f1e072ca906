//! `lockstep start`: starts an instance, and perhaps waits for its end.

use lockstep_api::{Definitions, Field};
use lockstep_expr::{Map, Value, json};

use super::outcome::StartingArgs;
use crate::command_error::CommandError;
use crate::given;
use crate::request::{Request, path};
use crate::session::Session;
use crate::status::Status;

/// Arguments of `lockstep start`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep start last-place --input timeslot=monday-9 --input customer=ann --wait 10s \\\n      \
    --daemon http://localhost:7070\n  \
    lockstep start report --key report-2026-03 --store sqlite://shop.db --workflows workflows\n\n\
    It writes the output if the instance ends within --wait and has one, else its id. Who \
    starts again under the same key gets the same instance. Ctrl-C ends the wait, not the instance, \
    and tells its id. On a store an engine of its own works until the command ends; what is \
    unfinished then goes on with the next one.\n\n\
    Exit status 1 if the start is refused, or the instance fails within --wait.")]
pub(crate) struct Args {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// An input; the value is JSON or a text
    #[arg(long, value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// All inputs as a JSON object, or @FILE that holds one; --input adds to it
    #[arg(long, value_name = "JSON|@FILE")]
    input_json: Option<String>,
    /// A key of your choice, under which the start can be sent again: 1 to 200 characters
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    starting: StartingArgs,
}

/// Starts the instance.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let fixed = match &args.input_json {
        Some(text) => given::object("--input-json", text)?,
        None => Map::new(),
    };
    let mut named = Vec::new();
    for text in &args.input {
        let (name, value) = given::pair("--input", text)?;
        if named.iter().any(|(known, _)| *known == name) {
            return Err(CommandError::usage(format!("input `{name}` is given twice")));
        }
        named.push((name, value));
    }
    args.starting.run(async |session| {
        let mut input = fixed;
        let declared =
            if named.is_empty() { Vec::new() } else { declared(session, &args.workflow).await? };
        for (name, text) in named {
            let field = declared.iter().find(|field| field.name == name);
            input.insert(name, chosen(field, text));
        }
        let place = path(&["workflows", &args.workflow, "instances"]);
        let request = Request::new("POST", place).body(json::to_json(&Value::from(input)));
        Ok(match &args.key {
            Some(key) => request.header("idempotency-key", key.as_str()),
            None => request,
        })
    })
}

/// Returns the inputs that a workflow declares; none if there is no such workflow.
async fn declared(session: &Session, workflow: &str) -> Result<Vec<Field>, CommandError> {
    let published: Definitions = session.form(Request::get(path(&["definitions"]))).await?;
    let found = published.workflows.into_iter().find(|known| known.name == workflow);
    Ok(found.map(|found| found.input).unwrap_or_default())
}

/// Takes a value as JSON, unless the input is a text and the value is none.
fn chosen(declared: Option<&Field>, text: &str) -> Value {
    let Ok(value) = json::from_json(text) else { return Value::from(text) };
    let Some(declared) = declared else { return value };
    let is_null = matches!(value, Value::Null) && declared.optional;
    let is_text = declared.ty == "string" && !matches!(value, Value::String(_));
    if is_text && !is_null { Value::from(text) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_unless_a_text_is_wanted() {
        let field = |ty: &str, optional| Field {
            name: "x".to_owned(),
            ty: ty.to_owned(),
            optional,
            default: None,
        };
        for (declared, text, expected) in [
            (None, "42", "42"),
            (None, "m1", "\"m1\""),
            (Some(field("string", false)), "42", "\"42\""),
            (Some(field("string", false)), "\"42\"", "\"42\""),
            (Some(field("string", true)), "null", "null"),
            (Some(field("string", false)), "null", "\"null\""),
            (Some(field("int", false)), "42", "42"),
            (Some(field("list(int)", false)), "[1]", "[1]"),
        ] {
            assert_eq!(json::to_json(&chosen(declared.as_ref(), text)), expected, "{text}");
        }
    }
}
