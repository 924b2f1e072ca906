//! Answers in place of outside calls.
//!
//! ```json
//! [
//!   {"url": "http://calendar/*", "method": "POST", "status": 503, "times": 1},
//!   {"url": "http://calendar/*", "body": {"id": "c1"}, "takes": "200ms"},
//!   {"program": "charge", "output": {"paid": true}, "exit_code": 0},
//!   {"task": "send-email", "output": {"sent": true}},
//!   {"signal": "approved", "payload": {"by": "ann"}, "takes": "2h"}
//! ]
//! ```
//!
//! Invariants:
//!
//! * The first mock that fits and is not used up answers; every call gets an answer.
//! * A signal, or a form's answers, come when the mock's `takes` is over, counted from the moment at
//!   which they are waited for; without a mock they come at once and are made up.
//! * An answer looks as the real call's would: a status outside 200 to 299 is the error
//!   `http.status`, an exit code but 0 the error `exec.exit`, one that takes longer than the call
//!   may is a timeout.

use std::time::Duration;

use lockstep_core::{CallRequest, CallTarget, Failure};
use lockstep_expr::{Map, Value};

/// One answer.
#[derive(Clone, Debug)]
pub struct Mock {
    fits: Fits,
    gives: Gives,
    takes: Duration,
    /// How often it still answers; `None` for always.
    left: Option<u32>,
}

#[derive(Clone, Debug)]
enum Fits {
    Url { pattern: String, method: Option<String> },
    Program(String),
    Task(String),
    Signal(String),
}

#[derive(Clone, Debug)]
enum Gives {
    Response { status: i64, headers: Map, body: Value },
    Exit { code: i64, output: Value },
    Output(Value),
    Error { code: String, message: String },
}

/// Why a value is not a mock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MockError(String);

/// Answers in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub struct Mocks(Vec<Mock>);

/// What a call is answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) result: Result<Value, Failure>,
    pub(crate) takes: Duration,
    pub(crate) assumed: bool,
}

impl Mocks {
    /// Adds the mocks that a value describes: one object, or a list of them.
    ///
    /// # Errors
    ///
    /// What is wrong with the first that cannot be read; nothing is added then.
    pub fn add(&mut self, value: &Value) -> Result<(), MockError> {
        let mocks: Result<Vec<Mock>, MockError> = if let Value::List(items) = value {
            let items = items.iter().enumerate();
            items
                .map(|(number, item)| {
                    mock(item).map_err(|MockError(why)| {
                        MockError(format!("mock {}: {why}", number.saturating_add(1)))
                    })
                })
                .collect()
        } else {
            mock(value).map(|mock| vec![mock])
        };
        self.0.append(&mut mocks?);
        Ok(())
    }

    /// Returns what a call is answered with.
    pub(crate) fn answer(&mut self, request: &CallRequest) -> Answer {
        let found = self.0.iter_mut().find(|mock| mock.left != Some(0) && mock.fits(request));
        let Some(mock) = found else {
            let result = Ok(assumption(&request.target));
            return Answer { result, takes: Duration::ZERO, assumed: true };
        };
        mock.left = mock.left.map(|left| left.saturating_sub(1));
        if mock.takes >= request.timeout {
            let (code, what) = match &request.target {
                CallTarget::Http { url, .. } => ("http.timeout", url.clone()),
                CallTarget::Exec { program, .. } => ("exec.timeout", program.to_string()),
                CallTarget::Task { kind, .. } => ("task.timeout", kind.to_string()),
            };
            let message = format!("{what} has not answered within {:?}", request.timeout);
            let result = Err(Failure::new(code, message));
            return Answer { result, takes: request.timeout, assumed: false };
        }
        Answer { result: mock.gives.result(&request.target), takes: mock.takes, assumed: false }
    }
}

impl Mocks {
    /// Returns what a signal says, and after how long; `None` if there is no mock for it.
    pub(crate) fn signal(&mut self, name: &str) -> Option<(Value, Duration)> {
        let fits = |mock: &&mut Mock| match &mock.fits {
            Fits::Signal(pattern) => mock.left != Some(0) && matches(pattern, name),
            Fits::Url { .. } | Fits::Program(_) | Fits::Task(_) => false,
        };
        let mock = self.0.iter_mut().find(fits)?;
        mock.left = mock.left.map(|left| left.saturating_sub(1));
        let Gives::Output(payload) = &mock.gives else { return None };
        Some((payload.clone(), mock.takes))
    }
}

impl Mock {
    fn fits(&self, request: &CallRequest) -> bool {
        match (&self.fits, &request.target) {
            (Fits::Url { pattern, method: wanted }, CallTarget::Http { method, url, .. }) => {
                wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                    && matches(pattern, url)
            }
            (Fits::Program(pattern), CallTarget::Exec { program, .. }) => matches(pattern, program),
            (Fits::Task(pattern), CallTarget::Task { kind, .. }) => matches(pattern, kind),
            (Fits::Url { .. } | Fits::Program(_) | Fits::Task(_) | Fits::Signal(_), _) => false,
        }
    }
}

impl Gives {
    fn result(&self, target: &CallTarget) -> Result<Value, Failure> {
        let name = match target {
            CallTarget::Http { url, .. } => url.as_str(),
            CallTarget::Exec { program, .. } => program,
            CallTarget::Task { kind, .. } => kind,
        };
        match self {
            Self::Response { status, headers, body } => {
                let result = response(*status, headers.clone(), body.clone());
                if (200..300).contains(status) {
                    return Ok(result);
                }
                let message = format!("{name} answered {status}: {body}");
                Err(Failure::new("http.status", message).with_details(result))
            }
            Self::Exit { code: 0, output } => Ok(exit(0, output.clone())),
            Self::Exit { code, output } => {
                let message = format!("`{name}` ended with exit status: {code}");
                let details = exit(*code, output.clone());
                Err(Failure::new("exec.exit", message).with_details(details))
            }
            Self::Output(output) => Ok(output.clone()),
            Self::Error { code, message } => Err(Failure::new(code, message.clone())),
        }
    }
}

fn assumption(target: &CallTarget) -> Value {
    match target {
        CallTarget::Http { .. } => response(200, Map::new(), Value::from(Map::new())),
        CallTarget::Exec { .. } => exit(0, Value::from(Map::new())),
        CallTarget::Task { .. } => Value::from(Map::new()),
    }
}

fn response(status: i64, headers: Map, body: Value) -> Value {
    let headers = Value::from(headers);
    Value::from(Map::from_iter([
        ("status", Value::Int(status)),
        ("headers", headers),
        ("body", body),
    ]))
}

fn exit(code: i64, output: Value) -> Value {
    Value::from(Map::from_iter([("exit_code", Value::Int(code)), ("output", output)]))
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    true
}

fn mock(value: &Value) -> Result<Mock, MockError> {
    const HTTP: &[&str] = &["url", "method", "status", "headers", "body"];
    const EXEC: &[&str] = &["program", "exit_code", "output"];
    const TASK: &[&str] = &["task", "output"];
    const SIGNAL: &[&str] = &["signal", "payload"];
    const ALWAYS: &[&str] = &["takes", "times", "error", "message"];
    const WHEN: &[&str] = &["takes", "times"];
    let Value::Map(given) = value else {
        return Err(MockError(format!("a mock is an object, not of type {}", value.type_name())));
    };
    let text = |name: &str| match given.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string())),
        Some(_) => Err(MockError(format!("`{name}` is a text"))),
    };
    let whole = |name: &str| match given.get(name) {
        None => Ok(None),
        Some(Value::Int(number)) => Ok(Some(*number)),
        Some(_) => Err(MockError(format!("`{name}` is a whole number"))),
    };
    let mut kinds = Vec::new();
    if let Some(pattern) = text("url")? {
        kinds.push((Fits::Url { pattern, method: text("method")? }, HTTP));
    }
    kinds.extend(text("program")?.map(|program| (Fits::Program(program), EXEC)));
    kinds.extend(text("task")?.map(|kind| (Fits::Task(kind), TASK)));
    kinds.extend(text("signal")?.map(|name| (Fits::Signal(name), SIGNAL)));
    let (Some((fits, known)), true) = (kinds.pop(), kinds.is_empty()) else {
        let message = "a mock has one of `url`, `program`, `task` and `signal`";
        return Err(MockError(message.to_owned()));
    };
    for (name, _) in given.iter() {
        let name = name.as_str().unwrap_or_default();
        let always = if matches!(fits, Fits::Signal(_)) { WHEN } else { ALWAYS };
        if !known.contains(&name) && !always.contains(&name) {
            let all: Vec<&str> = known.iter().chain(always).copied().collect();
            let message = format!("`{name}` is not known here; a mock has: {}", all.join(", "));
            return Err(MockError(message));
        }
    }
    let gives = match (text("error")?, &fits) {
        (Some(code), _) => Gives::Error { code, message: text("message")?.unwrap_or_default() },
        (None, Fits::Url { .. }) => Gives::Response {
            status: whole("status")?.unwrap_or(200),
            headers: headers(given.get("headers"))?,
            body: given.get("body").cloned().unwrap_or_else(|| Value::from(Map::new())),
        },
        (None, Fits::Program(_)) => Gives::Exit {
            code: whole("exit_code")?.unwrap_or(0),
            output: given.get("output").cloned().unwrap_or_else(|| Value::from(Map::new())),
        },
        (None, Fits::Task(_)) => {
            let output = given.get("output").cloned();
            Gives::Output(output.unwrap_or_else(|| Value::from(Map::new())))
        }
        (None, Fits::Signal(_)) => {
            Gives::Output(given.get("payload").cloned().unwrap_or(Value::Null))
        }
    };
    let takes = match text("takes")? {
        None => Duration::ZERO,
        Some(text) => lockstep_definition::duration(&text)
            .map_err(|_| MockError("`takes` is a duration such as `200ms`".to_owned()))?,
    };
    let left = whole("times")?
        .map(|times| u32::try_from(times).map_err(|_| MockError("`times` is a count".to_owned())));
    Ok(Mock { fits, gives, takes, left: left.transpose()? })
}

fn headers(given: Option<&Value>) -> Result<Map, MockError> {
    match given {
        None => Ok(Map::new()),
        Some(Value::Map(headers)) => Ok((**headers).clone()),
        Some(_) => Err(MockError("`headers` is an object".to_owned())),
    }
}

#[cfg(test)]
mod tests;
