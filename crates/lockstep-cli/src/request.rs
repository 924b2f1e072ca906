//! A request of the API, and what it was answered with.
//!
//! Invariants:
//!
//! * What is part of a path is escaped: no name leads to another route.

use std::fmt::Write as _;
use std::time::Duration;

use lockstep_api::Problem;
use lockstep_core::Failure;
use lockstep_runner::StartError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::command_error::CommandError;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// How long the answer may be waited for, beside the time that any answer takes.
    pub(crate) wait: Duration,
}

impl Request {
    pub(crate) fn new(method: &'static str, target: impl Into<String>) -> Self {
        let (target, headers, body) = (target.into(), Vec::new(), String::new());
        Self { method, target, headers, body, wait: Duration::ZERO }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A POST of a form.
    pub(crate) fn post(target: impl Into<String>, form: &impl Serialize) -> Self {
        Self::new("POST", target).body(serde_json::to_string(form).unwrap_or_default())
    }

    pub(crate) fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Lets the answer wait.
    pub(crate) fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// What to do about it, where more is known than its code.
    pub(crate) help: Option<String>,
}

impl Answer {
    /// Returns the form that it is.
    pub(crate) fn form<T: DeserializeOwned>(&self) -> Result<T, CommandError> {
        self.success()?;
        serde_json::from_str(&self.body).map_err(|error| CommandError::Daemon {
            message: format!("the answer cannot be understood: {error}"),
            help: "are daemon and command of the same version? `lockstep --version` tells".into(),
        })
    }

    /// Tells what went wrong, if something did.
    pub(crate) fn success(&self) -> Result<(), CommandError> {
        if self.status < 400 { Ok(()) } else { Err(self.error()) }
    }

    /// Returns what the engine has refused, apart from all that went wrong otherwise.
    pub(crate) fn refusal(&self) -> Result<Result<(), StartError>, CommandError> {
        match self.problem() {
            None => Ok(self.success().map(Ok)?),
            Some(problem) if (400..500).contains(&self.status) && !is_about_access(&problem) => {
                let failure = Failure::new(problem.code.as_str(), problem.detail);
                Ok(Err(StartError::Rejected(failure)))
            }
            Some(_) => Err(self.error()),
        }
    }

    /// Returns what went wrong, if it was told.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let problem = || serde_json::from_str(&self.body).ok();
        if self.status < 400 { None } else { problem() }
    }

    fn error(&self) -> CommandError {
        let status = self.status;
        let Some(problem) = self.problem() else {
            return CommandError::Daemon {
                message: format!("what answered with the status {status} is no daemon of lockstep"),
                help: "check the address; `lockstep serve` tells where it listens".to_owned(),
            };
        };
        let message = format!("{}: {}", problem.code, problem.detail);
        let help = self.help.clone().or_else(|| help(&problem.code).map(str::to_owned));
        match (status, help) {
            (500.., help) => {
                let help = help.unwrap_or_else(|| "the log of the daemon tells more".to_owned());
                CommandError::Daemon { message, help }
            }
            (_, Some(help)) => CommandError::Failed { message, help },
            (_, None) => CommandError::Refused(message),
        }
    }
}

fn is_about_access(problem: &Problem) -> bool {
    problem.code.starts_with("access.") || problem.code == "request.host"
}

/// Returns what to do about a refusal, by its code.
pub(crate) fn help(code: &str) -> Option<&'static str> {
    const HELP: &[(&str, &str)] = &[
        (
            "access.unauthenticated",
            "put the token into LOCKSTEP_TOKEN, or name its file with --token-file; `lockstep \
             token new` makes one, beside the daemon",
        ),
        ("access.expired", "`lockstep token new` makes another one, beside the daemon"),
        (
            "access.forbidden",
            "use a token with that role: `lockstep token new --role ROLE` makes one, beside the \
             daemon",
        ),
        ("access.rate", "`lockstep serve --rate N` lets more requests in"),
        ("request.host", "`lockstep serve --host NAME` lets the daemon know that name"),
        ("lock.busy", "`--wait 30s` waits for it; `lockstep locks` tells who holds what"),
        (
            "lock.lost",
            "it has ended with its time to live, or was broken or released; `lockstep journal ID` \
             tells",
        ),
        ("lock.context", "a text, a number, a bool, a ref, or a list of these can be locked"),
        ("data.conflict", "look at it again: `lockstep data get`; then decide"),
        (
            "data.version_required",
            "--version N names the version that you have seen, --force takes any; --create makes a new one",
        ),
        ("instance.ended", "`lockstep get ID` tells how"),
        ("instance.running", "`lockstep explain ID` tells what it does"),
    ];
    HELP.iter().find(|(known, _)| *known == code).map(|(_, help)| *help)
}

/// Returns a path of segments, each escaped.
pub(crate) fn path(segments: &[&str]) -> String {
    let mut path = "/v1".to_owned();
    for segment in segments {
        path.push('/');
        path.push_str(&escaped(segment));
    }
    path
}

/// Returns a target with those parameters of its query that are given.
pub(crate) fn with_query(path: String, parameters: &[(&str, Option<String>)]) -> String {
    let mut target = path;
    let mut mark = '?';
    for (name, value) in parameters {
        if let Some(value) = value {
            write!(target, "{mark}{name}={}", escaped(value)).expect("a string takes every write");
            mark = '&';
        }
    }
    target
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes every write");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_to_another_route() {
        for (name, expected) in [
            ("a-1_b.~", "/v1/x/a-1_b.~"),
            ("Contact/c1", "/v1/x/Contact%2Fc1"),
            ("a:break?b#c", "/v1/x/a%3Abreak%3Fb%23c"),
            ("\"ä\"", "/v1/x/%22%C3%A4%22"),
        ] {
            assert_eq!(path(&["x", name]), expected);
        }
        let query = [("a", None), ("b", Some("1 2".to_owned())), ("c", Some("&".to_owned()))];
        assert_eq!(with_query("/p".to_owned(), &query), "/p?b=1%202&c=%26");
    }

    #[test]
    fn what_is_no_problem_is_no_daemon() {
        let answer = Answer { status: 404, body: "<html>".to_owned(), help: None };
        let error = answer.success().unwrap_err();
        assert!(error.to_string().contains("no daemon"), "{error}");
        assert!(answer.refusal().is_err());
        let answer = Answer { status: 204, body: String::new(), help: None };
        assert!(answer.success().is_ok() && matches!(answer.refusal(), Ok(Ok(()))));
    }
}
