//! What became of a start: its output, its error, or that it goes on.

use lockstep_api::words::failure;
use lockstep_api::{Failure, Plain, Problem, Started, State};

use super::words::pretty;
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::request::Answer;
use crate::session::Session;
use crate::status::Status;

/// Writes what a start was answered with.
pub(super) fn tell(
    answer: &Answer,
    session: &Session,
    format: Format,
) -> Result<Status, CommandError> {
    if let Some(problem) = answer.problem()
        && let Some(path) = &problem.instance
    {
        let id = path.rsplit('/').next().unwrap_or_default();
        tell_error(id, &problem, format)?;
        return Ok(Status::Failed);
    }
    let started: Started = answer.form()?;
    match (format, started.state, &started.output) {
        (Format::Json, ..) => console::print(&console::json_line(&started))?,
        (Format::Human, State::Done, Some(output)) => {
            console::tell(&format!("instance {} is done\n", started.id));
            console::print(&format!("{}\n", pretty(output)))?;
        }
        (Format::Human, ..) => console::print(&format!("{}\n", started.id))?,
    }
    if started.state == State::Running && matches!(session, Session::Own(_)) {
        console::tell(
            "it goes on with the next engine on this store: `lockstep serve`, or `lockstep run` \
             with --count 0\n",
        );
    }
    Ok(Status::Done)
}

fn tell_error(id: &str, problem: &Problem, format: Format) -> Result<(), CommandError> {
    if format == Format::Json {
        let Problem { code, detail, details, .. } = problem;
        let error = serde_json::json!({ "code": code, "message": detail, "details": details });
        let line = serde_json::json!({ "id": id, "state": "failed", "error": error });
        return console::print(&format!("{line}\n"));
    }
    let none = || Plain::from(&lockstep_expr::Value::Null);
    let failed = Failure {
        code: problem.code.clone(),
        message: problem.detail.clone(),
        details: problem.details.clone().unwrap_or_else(none),
        activity: String::new(),
        file: None,
        line: None,
        column: None,
    };
    console::tell(&format!("instance {id} failed\n"));
    console::tell(&failure::human(&failed));
    Ok(())
}
