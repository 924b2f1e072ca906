//! An evaluation error on its way up, before it knows the expression's text.

use std::sync::Arc;

use crate::error::{EvalError, code};
use crate::span::Span;
use crate::value::Value;

/// Longest text of a value that a message repeats, in characters.
const MAX_SHOWN: usize = 40;

/// What the parts of an evaluation return.
pub(crate) type Outcome<T = Value> = Result<T, Fault>;

/// Why a part of an expression has no value. Boxed, so that values travel in few bytes.
#[derive(Clone, Debug)]
pub(crate) struct Fault(Box<Cause>);

#[derive(Clone, Debug)]
struct Cause {
    code: &'static str,
    message: String,
    /// Set by the innermost node that the fault passes.
    span: Option<Span>,
}

impl Fault {
    /// Returns a fault without a place.
    #[cold]
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Cause { code, message: message.into(), span: None }))
    }

    /// Returns the fault of a function or operator that is not defined for such values.
    #[cold]
    pub(crate) fn no_overload(name: &str, arguments: &[Value]) -> Self {
        let types: Vec<&str> = arguments.iter().map(Value::type_name).collect();
        Self::new(code::TYPE, format!("`{name}` is not defined for {}", types.join(" and ")))
    }

    /// Sets the place, unless one is known already.
    #[cold]
    #[must_use]
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// Returns whether a limit ended the evaluation, which no operator may hide.
    pub(crate) fn is_limit(&self) -> bool {
        self.0.code == code::LIMIT
    }

    /// Returns the error for the caller.
    pub(crate) fn into_error(self, text: &Arc<str>) -> EvalError {
        let Cause { code, message, span } = *self.0;
        let span = span.unwrap_or(Span::new(0, text.len()));
        EvalError { code, message, span, text: Arc::clone(text) }
    }
}

/// Returns a text in quotes, cut if it is long.
pub(crate) fn shown_text(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    format!("{shown:?}")
}

/// Returns a value as a message shows it. A large value is not written out, since a list may hold
/// another one so often that the text has no end.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => shown_text(text),
        Value::List(_)
        | Value::Map(_)
        | Value::Record(_)
        | Value::Optional(_)
        | Value::Bytes(_)
        | Value::Reference(_) => {
            format!("of type {}", value.type_name())
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Ip(_)
        | Value::Cidr(_)
        | Value::Type(_) => value.to_string(),
    }
}
