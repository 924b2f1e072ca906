//! A text with embedded expressions.
//!
//! Invariants:
//! - *Types survive*: a text that is exactly one `${ ... }` has the value of that expression.
//! - *Bounded*: all expressions of one text share the work and memory of one evaluation.
//! - *No silent text*: null, lists, maps, records and optionals never become a part of a text by themselves.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::check::{self, TypeScope, Typing};
use crate::error::{EvalError, ParseError, code};
use crate::expression::{self, Expression};
use crate::fault::{Fault, Outcome};
use crate::function::double_text;
use crate::meter::Meter;
use crate::scope::Scope;
use crate::span::Span;
use crate::value::Value;

/// Longest text with embedded expressions, in bytes.
pub(crate) const MAX_TEXT: usize = 256 * 1024;

/// A text in which `${ ... }` marks expressions. `$${` stands for the characters `${`.
#[derive(Clone, Debug)]
pub enum Template {
    /// A text without expressions.
    Literal(Arc<str>),
    /// Exactly one expression, whose value keeps its type.
    Expression(Expression),
    /// Text and expressions, joined to a string.
    Parts(Arc<Vec<Part>>),
}

/// A part of a [`Template::Parts`].
#[derive(Clone, Debug)]
pub enum Part {
    /// Characters as they are.
    Text(Arc<str>),
    /// An expression, whose value is written as a text.
    Expression(Expression),
}

impl Template {
    /// Reads a text with embedded expressions.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with its place in `text`; also if `text` is longer than 256 KiB.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_TEXT {
            let message = format!("a text with expressions has at most {MAX_TEXT} bytes");
            return Err(ParseError::new(Span::new(0, text.len()), message));
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            rest = after;
            if let Some(before) = before.strip_suffix('$') {
                literal.push_str(before);
                literal.push_str("${");
                continue;
            }
            literal.push_str(before);
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal).into()));
            }
            let (expression, end) = embedded(rest, text.len() - rest.len())?;
            parts.push(Part::Expression(expression));
            rest = rest.get(end..).unwrap_or("");
        }
        literal.push_str(rest);
        if parts.is_empty() {
            return Ok(Self::Literal(literal.into()));
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal.into()));
        }
        if let [Part::Expression(expression)] = parts.as_slice() {
            return Ok(Self::Expression(expression.clone()));
        }
        Ok(Self::Parts(Arc::new(parts)))
    }

    /// Computes the value: of exactly one expression, its value; otherwise a string.
    ///
    /// # Errors
    ///
    /// [`EvalError`] of the first expression that has no value, or whose value is not a text's part.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        match self {
            Self::Literal(text) => Ok(Value::String(Arc::clone(text))),
            Self::Expression(expression) => expression.evaluate(scope),
            Self::Parts(parts) => join(parts, scope).map(Value::from),
        }
    }

    /// Finds the type of the value, and what is wrong, without a value. Places are those of the whole
    /// template.
    pub fn check(&self, scope: &dyn TypeScope) -> Typing {
        check::check_template(self, scope)
    }

    /// Returns the expressions, each with the byte of the template at which its text begins.
    pub fn expressions(&self) -> Vec<(usize, &Expression)> {
        let parts = match self {
            Self::Literal(_) => &[],
            Self::Expression(expression) => return vec![(expression.offset(), expression)],
            Self::Parts(parts) => parts.as_slice(),
        };
        let expressions = parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some((expression.offset(), expression)),
            Part::Text(_) => None,
        });
        expressions.collect()
    }
}

/// Reads the expression at the beginning of `rest`, which begins at `offset` of the whole text.
/// Returns it, and where the text goes on in `rest`.
fn embedded(rest: &str, offset: usize) -> Result<(Expression, usize), ParseError> {
    let shift = |offset: usize| {
        move |error: ParseError| ParseError { span: error.span.shifted(offset), ..error }
    };
    let end = expression::embedded_end(rest).map_err(shift(offset))?;
    let whole = rest.get(..end).unwrap_or("");
    let trimmed = whole.trim_start();
    let start = offset + (whole.len() - trimmed.len());
    let text = trimmed.trim_end();
    if text.is_empty() {
        let place = Span::new(offset.saturating_sub(2), offset + end + 1);
        return Err(ParseError::new(place, "`${}` holds no expression")
            .with_help("write `$${` for the characters `${`"));
    }
    let expression = Expression::parse(text).map_err(shift(start))?;
    Ok((expression.at_offset(start), end + 1))
}

fn join(parts: &[Part], scope: &dyn Scope) -> Result<String, EvalError> {
    let mut meter = Meter::new();
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Expression(expression) => {
                let value = expression.evaluate_within(scope, &mut meter)?;
                push(&mut out, &value, &mut meter).map_err(|fault| expression.error(fault))?;
            }
        }
    }
    Ok(out)
}

fn push(out: &mut String, value: &Value, meter: &mut Meter) -> Outcome<()> {
    match value {
        Value::String(text) | Value::Type(text) => {
            meter.make(text.len())?;
            out.push_str(text);
        }
        Value::Bytes(bytes) => {
            meter.make(bytes.len())?;
            out.push_str(std::str::from_utf8(bytes).map_err(|_| {
                let message = "bytes that are not UTF-8 cannot be a part of a text";
                Fault::new(code::CONVERSION, message)
            })?);
        }
        Value::Reference(reference) => out.push_str(&reference.id),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(int) => out.push_str(&int.to_string()),
        Value::Uint(uint) => out.push_str(&uint.to_string()),
        Value::Double(double) => out.push_str(&double_text(*double)),
        Value::Timestamp(timestamp) => out.push_str(&timestamp.to_string()),
        Value::Duration(duration) => out.push_str(&duration.to_string()),
        Value::Ip(ip) => out.push_str(&ip.to_string()),
        Value::Cidr(cidr) => out.push_str(&cidr.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Optional(_) => {
            let message = format!("{} cannot be a part of a text", value.type_name());
            return Err(Fault::new(code::TYPE, message));
        }
    }
    Ok(())
}
