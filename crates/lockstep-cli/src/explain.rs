//! `lockstep explain`: the page about a code of a diagnostic.

use lockstep_definition::Code;

use crate::command_error::CommandError;
use crate::status::Status;
use crate::{console, pages};

/// Arguments of `lockstep explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep explain lock-without-context\n\n\
    It explains codes; what an instance does, and why, comes in a later version.\n\n\
    Exit status 2 if there is no such code.")]
pub(crate) struct Args {
    /// The code of a finding of `validate`, as it stands in brackets behind `error` or `warning`;
    /// without one, all are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Writes the page, or the list of codes.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let text = match &args.code {
        Some(written) => page(written)?,
        None => list(),
    };
    console::print(&text)?;
    Ok(Status::Done)
}

fn page(written: &str) -> Result<String, CommandError> {
    // `error[unknown-key]` is how people see it.
    let inner = written.trim().trim_end_matches(']');
    let name = inner.rsplit('[').next().unwrap_or(inner);
    let Some(code) = Code::ALL.iter().find(|code| code.as_str() == name) else {
        if name.contains('.') {
            let message = format!("`{name}` is an error of a running workflow, not a finding");
            let help = "docs/workflows.md lists the errors of the engine, docs/expressions.md those \
                        of expressions";
            return Err(CommandError::usage_with(message, help));
        }
        let message = format!("there is no code `{name}`");
        return Err(match nearest(name) {
            Some(code) => CommandError::usage_with(message, format!("did you mean `{code}`?")),
            None => CommandError::usage_with(message, "`lockstep explain` lists all codes"),
        });
    };
    Ok(format!("{}\n", code.page().trim_end()))
}

fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: &Code| {
        let summary = pages::summary(code.page());
        let line = format!("{:width$}  {:7}  {summary}", code.as_str(), code.severity().as_str());
        format!("{}\n", line.trim_end())
    };
    Code::ALL.iter().map(line).collect()
}

/// The code that a misspelt one probably means.
fn nearest(name: &str) -> Option<&'static str> {
    lockstep_expr::nearest(name, Code::ALL.iter().map(|code| code.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_as_people_see_it() {
        for written in ["unknown-key", "error[unknown-key]", " [unknown-key] "] {
            assert!(page(written).unwrap().contains("unknown-key"), "{written}");
        }
    }

    #[test]
    fn unknown_code_is_a_usage_error_with_the_nearest_one() {
        for (written, help) in [
            ("unknow-key", "did you mean `unknown-key`?"),
            ("nothing", "lists all codes"),
            ("lock.lost", "docs/workflows.md"),
        ] {
            let error = page(written).unwrap_err();
            assert_eq!(error.status(), Status::Usage);
            assert!(error.report().contains(help), "{}", error.report());
        }
        assert_eq!(page("").unwrap_err().status(), Status::Usage);
    }

    #[test]
    fn list_holds_every_code_once() {
        let list = list();
        let first = list.lines().map(|line| line.split(' ').next().unwrap());
        assert!(first.eq(Code::ALL.iter().map(|code| code.as_str())));
    }
}
