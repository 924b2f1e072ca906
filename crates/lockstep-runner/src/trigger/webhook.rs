//! Webhooks: signed requests that start instances.
//!
//! Invariants:
//!
//! * Nothing of a request is looked at before its signature is right; who has none is told nothing,
//!   not even whether there is such a webhook.
//! * A delivery that comes again starts nothing: it is the same by the identity that its sender has
//!   given it, or else by its body.
//! * Headers that carry secrets are not handed on.

use std::sync::Arc;

use lockstep_core::transition::StartKey;
use lockstep_core::trigger::{Cause, input};
use lockstep_definition::{Definitions, TriggerSource, Workflow};
use lockstep_expr::{Map, Value, json};

use super::signature::{Headers, digest, verified};
use crate::clock::Clock;
use crate::error::StartError;
use crate::runner::Runner;
use crate::start::Once;

/// What the names of headers contain that are not handed on.
const SECRET_HEADERS: &[&str] =
    &["authorization", "cookie", "signature", "token", "secret", "password", "api-key", "apikey"];

/// A request to a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The name of the webhook.
    pub webhook: &'a str,
    /// Its headers in the order in which they came: name and text.
    pub headers: &'a [(String, String)],
    /// Its body, as it came.
    pub body: &'a [u8],
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// It is not signed as it must be, or there is no such webhook.
    #[error("the request is not signed as it must be")]
    Unsigned,
    /// Its body is not of the kind that its headers say.
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
    /// The instance was not started.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Runner {
    /// Tells the log of webhooks that take nothing because their secret is not set.
    ///
    /// It is told when they are published, and not at each delivery: nobody who has no secret fills
    /// the log.
    pub(crate) fn tell_of_webhooks(&self, definitions: &Definitions) {
        let triggers = definitions.workflows.values().flat_map(|workflow| &workflow.triggers);
        for trigger in triggers {
            let TriggerSource::Webhook { name, secret } = &trigger.source else { continue };
            if self.webhook_secret(secret).is_none() {
                let told = "until the secret of a webhook is set, its deliveries are refused";
                tracing::error!(webhook = %name, %secret, "{told}");
            }
        }
    }

    fn webhook_secret(&self, name: &str) -> Option<String> {
        self.secrets.value(name).filter(|value| !value.is_empty())
    }

    /// Takes a delivery. When it returns, its instance is durable.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`]; nothing was started then, unless the runner has stopped.
    pub async fn deliver(&self, delivery: Delivery<'_>) -> Result<Once, DeliveryError> {
        let definitions = self.triggers.definitions().unwrap_or_default();
        let found = webhook(&definitions, delivery.webhook);
        let secret = found.as_ref().and_then(|(_, _, secret)| self.webhook_secret(secret));
        let headers = grouped(delivery.headers);
        let now = Clock::wall().0.div_euclid(1_000_000);
        // Who asks for a webhook that is not there waits as long as others.
        let id = verified(secret.as_deref().unwrap_or("none"), &headers, delivery.body, now);
        let (Some((workflow, index, _)), Some(_), Some(id)) = (found, secret, id) else {
            return Err(DeliveryError::Unsigned);
        };
        let key = format!("/webhook/{}/{}", delivery.webhook, digest(id.as_bytes()));
        let key = StartKey { key: key.into(), request: digest(delivery.body).into() };
        // First: what comes again costs no evaluation, and has its instance whatever its input would
        // be by now.
        if let Some(known) = self.starter().find(&key).await? {
            return Ok(known);
        }
        let body = body(&headers, delivery.body)?;
        let cause = Cause::Request { headers: shown(&headers), body };
        let trigger = workflow.triggers.get(index).ok_or(DeliveryError::Unsigned)?;
        let input = input(trigger, &definitions, cause).map_err(StartError::Rejected)?;
        let by = format!("webhook/{}", delivery.webhook).into();
        Ok(self.start_once(key, Arc::clone(&workflow.name), input, by).await?)
    }
}

/// Returns a webhook: its workflow, which of its triggers it is, and the name of its secret.
fn webhook(definitions: &Definitions, wanted: &str) -> Option<(Arc<Workflow>, usize, Arc<str>)> {
    definitions.workflows.values().find_map(|workflow| {
        workflow.triggers.iter().enumerate().find_map(|(index, trigger)| match &trigger.source {
            TriggerSource::Webhook { name, secret } if **name == *wanted => {
                Some((Arc::clone(workflow), index, Arc::clone(secret)))
            }
            TriggerSource::Webhook { .. }
            | TriggerSource::Schedule { .. }
            | TriggerSource::Change { .. } => None,
        })
    })
}

fn grouped(headers: &[(String, String)]) -> Headers {
    let mut grouped = Headers::new();
    for (name, value) in headers {
        grouped.entry(name.to_ascii_lowercase()).or_default().push(value.clone());
    }
    grouped
}

/// Returns `request.headers`: without secrets, several of one name joined with commas.
fn shown(headers: &Headers) -> Value {
    let mut shown = Map::new();
    for (name, values) in headers {
        if SECRET_HEADERS.iter().all(|secret| !name.contains(secret)) {
            shown.insert(name.as_str(), Value::from(values.join(", ")));
        }
    }
    Value::Map(Arc::new(shown))
}

/// Returns `request.body`: JSON as a value, unless the headers say that it is something else; then as
/// a text. Nothing is null.
fn body(headers: &Headers, bytes: &[u8]) -> Result<Value, DeliveryError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let unreadable = |why: String| DeliveryError::Unreadable(why);
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".into()))?;
    let kind = headers.get("content-type").and_then(|kinds| kinds.first());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let kind = kind.map(str::to_ascii_lowercase);
    if kind.is_some_and(|kind| kind != "application/json" && !kind.ends_with("+json")) {
        return Ok(Value::from(text));
    }
    json::from_json(text).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_secrets_are_not_handed_on() {
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = grouped(&[
            of("Authorization", "Bearer 1"),
            of("Cookie", "2"),
            of("X-Hub-Signature-256", "3"),
            of("Webhook-Signature", "4"),
            of("X-Gitlab-Token", "5"),
            of("X-Event", "push"),
            of("x-event", "again"),
        ]);
        assert_eq!(shown(&headers).to_string(), r#"{"x-event": "push, again"}"#);
    }

    #[test]
    fn body_is_read_as_its_headers_say() {
        let read = |kind: Option<&str>, bytes: &[u8]| {
            let kind = kind.map(|kind| ("Content-Type".to_owned(), kind.to_owned()));
            let headers = grouped(&kind.into_iter().collect::<Vec<_>>());
            body(&headers, bytes).map(|value| value.to_string()).map_err(|_| ())
        };
        assert_eq!(read(None, b"{\"a\":1}"), Ok("{\"a\": 1}".to_owned()));
        assert_eq!(read(Some("application/json; charset=utf-8"), b"[1]"), Ok("[1]".to_owned()));
        assert_eq!(read(Some("application/cloudevents+json"), b"7"), Ok("7".to_owned()));
        assert_eq!(read(Some("Application/JSON"), b"7"), Ok("7".to_owned()));
        assert_eq!(
            read(Some("application/x-www-form-urlencoded"), b"a=1"),
            Ok("\"a=1\"".to_owned())
        );
        assert_eq!(read(Some("application/json"), b""), Ok("null".to_owned()));
        assert_eq!(read(None, b"a=1"), Err(()));
        assert_eq!(read(Some("text/plain"), b"\xff"), Err(()));
    }
}
