//! What becomes of a start: its output, its error, or that it goes on; for `start` and `retry`.
//!
//! Invariants:
//!
//! * An instance is started before its end is waited for, so that whoever ends the wait by a signal
//!   is told which one goes on.

use std::cell::RefCell;
use std::time::Duration;

use lockstep_api::words::failure;
use lockstep_api::{Instance, Started, State};

use super::words::pretty;
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::length::length;
use crate::request::Request;
use crate::session::{self, EngineArgs, Session};
use crate::status::Status;
use crate::target::TargetArgs;

/// Where an instance is started, and how long its end is waited for.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct StartingArgs {
    /// How long to wait for its end
    #[arg(long, value_name = "DURATION", value_parser = length)]
    wait: Option<Duration>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    engine: EngineArgs,
    /// How the result is written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

impl StartingArgs {
    /// Starts an instance by a request, and tells what becomes of it.
    pub(super) fn run(
        &self,
        request: impl AsyncFnOnce(&Session) -> Result<Request, CommandError>,
    ) -> Result<Status, CommandError> {
        let begun = RefCell::new(None);
        let status = session::run(&self.target, &self.engine, async |session| {
            let started = start(session, request(session).await?).await?;
            begun.replace(Some((started.id.clone(), how_it_goes_on(session))));
            let ended = match (started.state, self.wait) {
                (State::Running, None) => None,
                (state, wait) => {
                    if state == State::Running && self.format == Format::Human {
                        console::tell(&format!("instance {} is running\n", started.id));
                    }
                    Some(session.instance(&started.id, wait.unwrap_or_default()).await?)
                }
            };
            tell(&started, ended, session, self.format)
        })?;
        if let (Status::Interrupted | Status::Terminated, Some((id, how))) = (status, begun.take())
        {
            console::tell(&format!("instance {id} goes on{}\n", how.replace("ID", &id)));
        }
        Ok(status)
    }
}

/// Returns what was started.
async fn start(session: &Session, request: Request) -> Result<Started, CommandError> {
    let answer = session.ask(request).await?;
    let path = answer.problem().and_then(|problem| problem.instance);
    match path.as_deref().and_then(|path| path.rsplit('/').next()) {
        Some(id) => Ok(Started { id: id.to_owned(), state: State::Failed, output: None }),
        None => answer.form(),
    }
}

fn tell(
    started: &Started,
    ended: Option<Instance>,
    session: &Session,
    format: Format,
) -> Result<Status, CommandError> {
    let id = &started.id;
    let (state, output, error) = match ended {
        Some(Instance { state, output, error, .. }) => (state, output, error),
        None => (started.state, None, None),
    };
    if let Some(error) = error {
        match format {
            Format::Json => {
                let line = serde_json::json!({ "id": id, "state": "failed", "error": error });
                console::print(&format!("{line}\n"))?;
            }
            Format::Human => {
                console::tell(&format!("instance {id} failed\n{}", failure::human(&error)));
            }
        }
        return Ok(Status::Failed);
    }
    let told = Started { id: id.clone(), state, output };
    if format == Format::Human && state == State::Done {
        console::tell(&format!("instance {id} is done\n"));
    }
    match (format, &told.output) {
        (Format::Json, _) => console::print(&console::json_line(&told))?,
        (Format::Human, Some(output)) => console::print(&format!("{}\n", pretty(output)))?,
        (Format::Human, None) => console::print(&format!("{id}\n"))?,
    }
    if state == State::Running && matches!(session, Session::Own(_)) {
        console::tell(&format!("it goes on{}\n", how_it_goes_on(session)));
    }
    Ok(Status::Done)
}

/// Returns how an instance goes on whose end is not waited for any more.
fn how_it_goes_on(session: &Session) -> &'static str {
    match session {
        Session::Daemon(_) => "; `lockstep get ID --wait 60s` waits for its end",
        Session::Own(_) => {
            " with the next engine on this store: `lockstep serve`, or `lockstep run` with --count 0"
        }
    }
}
