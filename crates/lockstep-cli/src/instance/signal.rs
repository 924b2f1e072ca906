//! `lockstep signal`: sends a signal, or a person's answers to a form.

use crate::command_error::CommandError;
use crate::console;
use crate::given;
use crate::look::Prefix;
use crate::request::{Request, path};
use crate::session::{self, EngineArgs};
use crate::status::Status;
use crate::target::TargetArgs;

/// Arguments of `lockstep signal`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep signal 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 paid '{\"amount\": 12}'\n  \
    lockstep signal 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 approval @answers.json \\\n      \
    --daemon http://localhost:7070\n\n\
    When it ends well the signal is kept durably until the instance takes it. On a store an engine of \
    its own takes up what is unfinished until the command ends.\n\n\
    Exit status 1 if there is no such instance, or it has ended, or does not take the answers.")]
pub(crate) struct Args {
    /// The instance: its id, or at least the first 4 digits
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// Name of the signal or the form
    #[arg(value_name = "NAME")]
    name: String,
    /// What it says, or @FILE that holds it; nothing without
    #[arg(value_name = "JSON|@FILE")]
    payload: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Sends the signal.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let wanted = Prefix::parse(&args.instance)?;
    let payload = match &args.payload {
        Some(text) => lockstep_expr::json::to_json(&given::json_argument("JSON", text)?),
        None => "null".to_owned(),
    };
    session::run(&args.target, &args.engine, async |session| {
        let id = wanted.ask(session).await?;
        let place = path(&["instances", &id, "signals", &args.name]);
        session.ask(Request::new("POST", place).body(payload)).await?.success()?;
        console::tell("sent; it is kept until the instance takes it\n");
        Ok(Status::Done)
    })
}
