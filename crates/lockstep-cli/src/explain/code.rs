//! `lockstep explain CODE`: the page about a code of a diagnostic.

use lockstep_definition::Code;
use serde_json::json;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::pages;

/// Returns whether a text is a code, written as people see it.
pub(super) fn is_known(written: &str) -> bool {
    Code::ALL.iter().any(|code| code.as_str() == name(written))
}

/// Returns the page about a code.
pub(super) fn page(written: &str, format: Format) -> Result<String, CommandError> {
    let name = name(written);
    let Some(code) = Code::ALL.iter().find(|code| code.as_str() == name) else {
        return Err(unknown(name));
    };
    Ok(match format {
        Format::Human => format!("{}\n", code.page().trim_end()),
        Format::Json => {
            let severity = code.severity().as_str();
            let page = code.page();
            format!("{}\n", json!({ "code": code.as_str(), "severity": severity, "page": page }))
        }
    })
}

/// `error[unknown-key]` is how people see it.
fn name(written: &str) -> &str {
    let inner = written.trim().trim_end_matches(']');
    inner.rsplit('[').next().unwrap_or(inner)
}

fn unknown(name: &str) -> CommandError {
    if name.contains('.') {
        let message = format!("`{name}` is an error of a running workflow, not a finding");
        let help = "docs/workflows.md lists the errors of the engine, docs/expressions.md those of \
                    expressions";
        return CommandError::usage_with(message, help);
    }
    let message = format!("`{name}` is no code, and no id of an instance");
    match nearest(name) {
        Some(code) => CommandError::usage_with(message, format!("did you mean `{code}`?")),
        None => CommandError::usage_with(
            message,
            "`lockstep explain` lists all codes; an id is a UUID or at least its first 4 digits",
        ),
    }
}

/// Returns all codes, one in each line.
pub(super) fn list(format: Format) -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: &Code| {
        let (name, severity) = (code.as_str(), code.severity().as_str());
        let summary = pages::summary(code.page());
        match format {
            Format::Human => {
                let line = format!("{name:width$}  {severity:7}  {summary}");
                format!("{}\n", line.trim_end())
            }
            Format::Json => {
                let line = json!({ "code": name, "severity": severity, "summary": summary });
                format!("{line}\n")
            }
        }
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
    use crate::look;
    use crate::status::Status;

    #[test]
    fn code_is_found_as_people_see_it() {
        for written in ["unknown-key", "error[unknown-key]", " [unknown-key] "] {
            assert!(page(written, Format::Human).unwrap().contains("unknown-key"), "{written}");
            assert!(is_known(written), "{written}");
        }
    }

    #[test]
    fn unknown_code_is_a_usage_error_with_the_nearest_one() {
        for (written, help) in [
            ("unknow-key", "did you mean `unknown-key`?"),
            ("nothing", "lists all codes"),
            ("lock.lost", "docs/workflows.md"),
        ] {
            let error = page(written, Format::Human).unwrap_err();
            assert_eq!(error.status(), Status::Usage);
            assert!(error.report().contains(help), "{}", error.report());
        }
        assert_eq!(page("", Format::Human).unwrap_err().status(), Status::Usage);
    }

    #[test]
    fn list_holds_every_code_once() {
        let list = list(Format::Human);
        let first = list.lines().map(|line| line.split(' ').next().unwrap());
        assert!(first.eq(Code::ALL.iter().map(|code| code.as_str())));
    }

    #[test]
    fn no_code_looks_like_an_id() {
        for code in Code::ALL {
            assert!(!look::may_be_an_id(code.as_str()), "{}", code.as_str());
        }
    }
}
