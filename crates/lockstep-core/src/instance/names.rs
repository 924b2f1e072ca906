//! Name resolution: what an expression of an instance can see.
//!
//! Invariants:
//!
//! * `now` is fixed while a step runs, also across waiting and restarts.

use std::sync::Arc;

use lockstep_expr::{Map, Scope, Value};

use super::Instance;
use crate::failure::Failure;
use crate::time::Time;

/// The names that are in scope for an instance.
pub(crate) struct InScope<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) now: Time,
    /// The candidate of a `find`.
    pub(crate) object: Option<Value>,
}

impl Instance {
    /// Returns the names that expressions of the instance can see. `now` is the time that they see
    /// unless the present step has seen one already.
    pub(crate) fn scope(&self, now: Time) -> InScope<'_> {
        InScope { instance: self, now: self.strand.now.unwrap_or(now), object: None }
    }
}

impl Scope for InScope<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.instance.strand.names.get(name) {
            return Some(value.clone());
        }
        match name {
            "input" => Some(self.instance.input.clone()),
            "config" => Some(self.instance.published.config.clone()),
            "now" => Some(Value::Timestamp(self.now.timestamp())),
            "object" => self.object.clone(),
            "workflow" => Some(workflow(self.instance)),
            "lock" => lock(self.instance),
            "error" => self.instance.error.as_deref().map(error),
            _ => None,
        }
    }
}

fn workflow(instance: &Instance) -> Value {
    map([
        ("name", Value::String(Arc::clone(&instance.workflow.name))),
        ("instance_id", Value::from(instance.id.to_string())),
        ("started_at", Value::Timestamp(instance.started_at.timestamp())),
        ("started_by", Value::String(Arc::clone(&instance.started_by))),
    ])
}

fn lock(instance: &Instance) -> Option<Value> {
    let last = instance.held.last()?;
    let keys = instance.held.iter().flat_map(|held| held.keys.iter());
    let keys = keys.map(|key| Value::String(Arc::clone(key)));
    Some(map([
        ("token", Value::Int(last.token)),
        ("keys", Value::List(Arc::new(keys.collect()))),
        ("waited", Value::Duration(lockstep_expr::Duration::from_micros(instance.waited))),
    ]))
}

/// Returns an error as catch steps see it.
pub(crate) fn error(failure: &Failure) -> Value {
    map([
        ("code", Value::String(Arc::clone(&failure.code))),
        ("message", Value::from(failure.message.clone())),
        ("details", failure.details.clone()),
        ("activity", Value::String(Arc::clone(&failure.activity))),
    ])
}

/// Returns a map of the language.
pub(crate) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    Value::Map(Arc::new(map))
}

/// Returns whether a condition holds; anything but a bool is an error of the expression.
pub(crate) fn condition(
    expression: &lockstep_expr::Expression,
    scope: &dyn Scope,
) -> Result<bool, Failure> {
    let value = expression.evaluate(scope)?;
    if let Value::Bool(value) = value {
        return Ok(value);
    }
    let message = format!("`{}` must be true or false, it is {value}", expression.text());
    Err(Failure::new("expr.type", message))
}
