//! `lockstep data put`, `patch` and `delete`.

use lockstep_api::Object;
use lockstep_expr::{Value, json};

use super::{path_of, print};
use crate::command_error::CommandError;
use crate::console;
use crate::given;
use crate::request::Request;
use crate::session::{self, DefinitionArgs};
use crate::status::Status;
use crate::target::TargetArgs;

/// An object.
#[derive(Debug, clap::Args)]
struct Which {
    /// The entity
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// The id of the object
    #[arg(value_name = "ID")]
    id: String,
}

/// Where.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    definitions: DefinitionArgs,
}

/// Which version is meant.
#[derive(Debug, clap::Args)]
struct Seen {
    /// The version that you have seen: another one is a conflict, and nothing is changed
    #[arg(long, value_name = "N", conflicts_with = "force", value_parser = clap::value_parser!(u64).range(1..))]
    version: Option<u64>,
    /// Whatever version there is
    #[arg(long)]
    force: bool,
}

/// Arguments of `lockstep data put`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep data put Contact c1 '{\"name\": \"Carol\"}' --version 3\n  \
    lockstep data get Contact c1 > c1.json; $EDITOR c1.json; lockstep data put Contact c1 @c1.json\n  \
    lockstep data put Contact c2 '{\"name\": \"Dan\"}' --create\n\n\
    An attribute that is left out gets its default. The version that was seen is given by --version, \
    or stands in the object as `metadata.version`.\n\n\
    Exit status 1 if the object has another version by now; the error tells which, who made it and \
    when.")]
pub(super) struct PutArgs {
    #[command(flatten)]
    which: Which,
    /// Its attributes, or @FILE that holds them
    #[arg(value_name = "JSON|@FILE")]
    attributes: String,
    #[command(flatten)]
    seen: Seen,
    /// Only if there is none
    #[arg(long, conflicts_with_all = ["version", "force"])]
    create: bool,
    #[command(flatten)]
    place: Place,
}

/// Arguments of `lockstep data patch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep data patch Contact c1 '{\"phone\": null}' --daemon http://localhost:7070\n\n\
    It changes the attributes that it names; null takes one away (RFC 7396). Without --version it is \
    applied to the object as it is.")]
pub(super) struct PatchArgs {
    #[command(flatten)]
    which: Which,
    /// What changes, or @FILE that holds it
    #[arg(value_name = "JSON|@FILE")]
    attributes: String,
    #[command(flatten)]
    seen: Seen,
    #[command(flatten)]
    place: Place,
}

/// Arguments of `lockstep data delete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep data delete Contact c1 --version 3 --daemon http://localhost:7070")]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    seen: Seen,
    #[command(flatten)]
    place: Place,
}

impl Seen {
    fn apply(&self, request: Request) -> Request {
        match self.version {
            Some(version) => request.header("if-match", format!("\"{version}\"")),
            None if self.force => request.header("if-match", "*"),
            None => request,
        }
    }
}

/// Replaces or creates an object.
pub(super) fn put(args: &PutArgs) -> Result<Status, CommandError> {
    let request = args.seen.apply(asked("PUT", &args.which, Some(&args.attributes))?);
    let request = if args.create { request.header("if-none-match", "*") } else { request };
    send(request, &args.place)
}

/// Changes an object.
pub(super) fn patch(args: &PatchArgs) -> Result<Status, CommandError> {
    send(args.seen.apply(asked("PATCH", &args.which, Some(&args.attributes))?), &args.place)
}

/// Deletes an object.
pub(super) fn delete(args: &DeleteArgs) -> Result<Status, CommandError> {
    send(args.seen.apply(asked("DELETE", &args.which, None)?), &args.place)
}

fn asked(
    method: &'static str,
    which: &Which,
    attributes: Option<&str>,
) -> Result<Request, CommandError> {
    let request = Request::new(method, path_of(&which.entity, &which.id));
    let Some(text) = attributes else { return Ok(request) };
    let attributes = Value::from(given::object("JSON", text)?);
    Ok(request.body(json::to_json(&attributes)))
}

fn send(request: Request, place: &Place) -> Result<Status, CommandError> {
    session::run(&place.target, &place.definitions, async |session| {
        let answer = session.ask(request).await?;
        answer.success()?;
        if answer.body.is_empty() {
            console::tell("deleted\n");
        } else {
            print(&answer.form::<Object>()?)?;
        }
        Ok(Status::Done)
    })
}
