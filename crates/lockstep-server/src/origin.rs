//! Where a request comes from: browsers carry requests of any page to this machine, and these are
//! refused.
//!
//! Invariants:
//!
//! * The host that is named is this machine: a name that an attacker has made point here (DNS
//!   rebinding) is another one.
//! * What a browser says to have been caused by another site is refused, whatever it asks for.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::access;
use crate::problem::Problem;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request through that comes from this machine and from no page but its own.
pub(crate) async fn guard(mut request: Request, next: Next) -> Result<Response, Problem> {
    let headers = request.headers();
    let Some(host) = host(headers).filter(|host| is_local(host)) else {
        let told = "the Host header does not name this machine: use localhost or 127.0.0.1";
        return Err(Problem::new(421, "request.host", told));
    };
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_own = |origin: &str| origin.split_once("://").is_some_and(|(_, rest)| rest == host);
    let site = text(FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    if !site || !text(header::ORIGIN).is_none_or(is_own) {
        let told = "it comes from a page of another site";
        return Err(Problem::new(403, "request.cross_site", told));
    }
    request.extensions_mut().insert(access::caller());
    Ok(next.run(request).await)
}

/// Returns the host that a request names, if it names one.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Returns whether a host, with or without port, is this machine.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name.to_ascii_lowercase().as_str(), "localhost" | "127.0.0.1" | "[::1]")
}
