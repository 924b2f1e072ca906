//! Spans as OTLP takes them over HTTP: the JSON form of the protocol.
//!
//! Source: OpenTelemetry Protocol 1.x, "JSON Protobuf Encoding": ids are hexadecimal, 64-bit numbers
//! are texts, enumerations are numbers.

use lockstep_core::{InstanceId, Time};
use serde_json::{Value as Json, json};

use super::Span;

/// Kinds of a span, as the protocol numbers them.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;

/// The status of a span that has failed, as the protocol numbers it.
const ERROR: u8 = 2;

/// Returns traces as the body of a request.
pub(super) fn request(service: &str, traces: &[(u128, Vec<Span>)]) -> Json {
    let spans: Vec<Json> = traces
        .iter()
        .flat_map(|(trace, spans)| spans.iter().map(|each| span(*trace, each)))
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "resourceSpans": [{
            "resource": {
                "attributes": [
                    attribute("service.name", service),
                    attribute("service.version", version),
                ],
            },
            "scopeSpans": [{
                "scope": { "name": "lockstep", "version": version },
                "spans": spans,
            }],
        }],
    })
}

fn span(trace: u128, span: &Span) -> Json {
    let attributes: Vec<Json> =
        span.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let events: Vec<Json> = span
        .events
        .iter()
        .map(|(at, name, text)| {
            let told = (!text.is_empty()).then(|| attribute("lockstep.detail", text));
            json!({ "timeUnixNano": nanos(*at), "name": name, "attributes": told.as_slice() })
        })
        .collect();
    let link = |child: &InstanceId| json!({ "traceId": trace_id(child.0.as_u128()), "spanId": hex(super::id(*child, 0)) });
    let links: Vec<Json> = span.child.iter().map(link).collect();
    let mut told = json!({
        "traceId": trace_id(trace),
        "spanId": hex(span.id),
        "name": span.name,
        "kind": if span.is_call { CLIENT } else { INTERNAL },
        "startTimeUnixNano": nanos(span.from),
        "endTimeUnixNano": nanos(span.to),
        "attributes": attributes,
        "events": events,
        "links": links,
        "status": {},
    });
    if let Json::Object(told) = &mut told {
        told.extend(span.parent.map(|id| ("parentSpanId".to_owned(), hex(id).into())));
        let status = |error| json!({ "code": ERROR, "message": error });
        told.extend(span.error.as_ref().map(|error| ("status".to_owned(), status(error))));
    }
    told
}

fn attribute(name: &str, value: &str) -> Json {
    json!({ "key": name, "value": { "stringValue": value } })
}

fn trace_id(id: u128) -> String {
    format!("{id:032x}")
}

fn hex(id: u64) -> String {
    format!("{id:016x}")
}

fn nanos(time: Time) -> String {
    i128::from(time.0).saturating_mul(1000).max(0).to_string()
}
