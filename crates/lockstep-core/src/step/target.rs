//! What the steps `http`, `exec` and `task` call, made of their payloads.
//!
//! Invariants:
//!
//! * Only what an author wrote as `${secret.NAME}` becomes a secret. No value of an expression does:
//!   a text that came from outside is never looked at again.

use std::sync::Arc;

use lockstep_definition::{Operation, Payload};
use lockstep_expr::{Expression, Part, Scope, Template, Value};

use crate::failure::Failure;
use crate::instance::Instance;
use crate::outside::{CallTarget, TextPart};
use crate::payload;
use crate::world::World;

impl Instance {
    /// Returns what an operation calls.
    pub(super) fn target(
        &self,
        operation: &Operation,
        world: &World,
    ) -> Result<CallTarget, Failure> {
        let scope = self.scope(world.now);
        let texts = |payloads: &[(Arc<str>, Payload)]| -> Result<Vec<_>, Failure> {
            let text = |(name, value): &(Arc<str>, Payload)| {
                Ok((name.to_string(), parts(value, name, &scope)?))
            };
            payloads.iter().map(text).collect()
        };
        let value = |payload: &Option<Payload>| {
            payload.as_ref().map(|payload| payload::evaluate(payload, &scope)).transpose()
        };
        match operation {
            Operation::Http { method, url, headers, body } => Ok(CallTarget::Http {
                method: Arc::clone(method),
                url: payload::text(url, "the url", &scope)?.to_string(),
                headers: texts(headers)?,
                body: value(body)?,
            }),
            Operation::Exec { program, args, input, env } => {
                let args: Result<Vec<String>, Failure> = args
                    .iter()
                    .map(|arg| Ok(payload::text(arg, "an argument", &scope)?.to_string()))
                    .collect();
                let (input, env) = (value(input)?, texts(env)?);
                Ok(CallTarget::Exec { program: Arc::clone(program), args: args?, input, env })
            }
            Operation::Task { kind, input } => Ok(CallTarget::Task {
                kind: Arc::clone(kind),
                input: value(input)?.unwrap_or(Value::Null),
            }),
            Operation::Load { .. }
            | Operation::Find { .. }
            | Operation::Create { .. }
            | Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::Set(_)
            | Operation::Require { .. }
            | Operation::Raise(_)
            | Operation::Commit
            | Operation::Log(_)
            | Operation::Wait(_)
            | Operation::Workflow { .. }
            | Operation::ForEach(_)
            | Operation::Parallel(_)
            | Operation::Stop(_) => unreachable!("only outside calls have a target"),
        }
    }
}

/// Returns the parts of a text: secrets by name, everything else evaluated.
fn parts(payload: &Payload, what: &str, scope: &dyn Scope) -> Result<Vec<TextPart>, Failure> {
    let Payload::Template(template) = payload else { return plain(payload, what, scope) };
    let of: &[Part] = match template {
        Template::Literal(_) => &[],
        Template::Expression(expression) => {
            return match secret(expression) {
                Some(name) => Ok(vec![TextPart::Secret(name)]),
                None => plain(payload, what, scope),
            };
        }
        Template::Parts(parts) => parts,
    };
    let is_secret = |part: &Part| match part {
        Part::Expression(expression) => secret(expression),
        Part::Text(_) => None,
    };
    if !of.iter().any(|part| is_secret(part).is_some()) {
        return plain(payload, what, scope);
    }
    let mut parts = Vec::new();
    for run in of.chunk_by(|left, right| is_secret(left).is_none() && is_secret(right).is_none()) {
        if let [part] = run
            && let Some(name) = is_secret(part)
        {
            parts.push(TextPart::Secret(name));
            continue;
        }
        // The empty text keeps a single expression a part of a text.
        let run = [Part::Text("".into())].into_iter().chain(run.iter().cloned()).collect();
        let text = Template::Parts(Arc::new(run)).evaluate(scope)?;
        parts.push(TextPart::Text(text.as_str().unwrap_or_default().to_owned()));
    }
    Ok(parts)
}

fn plain(payload: &Payload, what: &str, scope: &dyn Scope) -> Result<Vec<TextPart>, Failure> {
    Ok(vec![TextPart::Text(payload::text(payload, what, scope)?.to_string())])
}

/// Returns the secret that an expression names, if it is nothing else.
fn secret(expression: &Expression) -> Option<Arc<str>> {
    let rest = expression.text().trim().strip_prefix("secret")?;
    let name = rest.trim_start().strip_prefix('.')?.trim();
    lockstep_expr::is_name(name).then(|| name.into())
}
