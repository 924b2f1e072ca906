//! Where a request comes from: browsers carry requests of any page to this machine, and these are
//! refused; and what a browser may do with the answers.
//!
//! Invariants:
//!
//! * The host that is named is this machine, or one that its people have named: a name that an
//!   attacker has made point here (DNS rebinding) is another one.
//! * What a browser says to have been caused by another site is refused, whatever it asks for; but
//!   who follows a link to the page is let in, for that shows the page and does nothing.
//! * Every answer tells browsers to run nothing that stands in a page, to load nothing from
//!   elsewhere, and to show no page inside another one.
//!
//! Absent by design: permission for pages of other sites (CORS).

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::problem::Problem;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What browsers are told with every answer.
const FOR_BROWSERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: then a browser would tell no origin with forms of the page's own.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The hosts that a request may name.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// In lower case.
    named: Vec<String>,
    listens: IpAddr,
}

impl Hosts {
    /// Returns the hosts of a server that listens there, and has these names besides; or a name that
    /// is none.
    pub(crate) fn new(listens: SocketAddr, named: &[String]) -> Result<Self, String> {
        let is_name = |name: &&String| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[:]".contains(&byte);
            !name.is_empty() && name.bytes().all(fits) && name_of(name) == name.as_str()
        };
        if let Some(wrong) = named.iter().find(|name| !is_name(name)) {
            return Err(wrong.clone());
        }
        let named = named.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Self { named, listens: listens.ip() })
    }

    /// Refuses what does not come from one of these hosts, and from no page but its own.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let Some(host) = host(headers).filter(|host| self.know(name_of(host))) else {
            let told = "the Host header does not name this machine: use localhost or 127.0.0.1, or \
                        start the daemon with `--host NAME`";
            return Err(Problem::new(421, "request.host", told));
        };
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let is_own = |origin: &str| {
            origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host))
        };
        let site = text(FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
        let is_visit = *request.method() == Method::GET
            && request.uri().path() == "/"
            && text(FETCH_MODE) == Some("navigate")
            && text(FETCH_DEST) == Some("document");
        if !(site || is_visit) || !text(header::ORIGIN).is_none_or(is_own) {
            let told = "it comes from a page of another site";
            return Err(Problem::new(403, "request.cross_site", told));
        }
        Ok(())
    }

    fn know(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let is_local = matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        is_local || self.named.contains(&name) || address(&name).is_some_and(|at| self.is_at(at))
    }

    /// Returns whether it is reached at an address. Nobody can make an address point elsewhere.
    fn is_at(&self, address: IpAddr) -> bool {
        !address.is_unspecified() && (self.listens == address || self.listens.is_unspecified())
    }
}

/// Returns the host that a request names, if it names one.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Returns a host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Reads the address that a host is written as.
fn address(name: &str) -> Option<IpAddr> {
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inside {
        Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
        None => name.parse().ok().filter(IpAddr::is_ipv4),
    }
}

/// Adds what browsers are told; what a room has said itself about keeping an answer stays.
pub(crate) fn tell_browsers(headers: &mut HeaderMap) {
    for (name, value) in FOR_BROWSERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn knows(listens: &str, named: &[&str], host: &str) -> bool {
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        let hosts = Hosts::new(listens.parse().expect("an address"), &named).expect("names");
        let request = Request::builder().header(header::HOST, host);
        hosts.check(&request.body(Body::empty()).expect("a request")).is_ok()
    }

    #[test]
    fn who_follows_a_link_of_another_site_comes_to_the_page_and_to_nothing_else() {
        let hosts = Hosts::new("127.0.0.1:7070".parse().expect("an address"), &[]).expect("none");
        for (method, path, mode, dest, expected) in [
            ("GET", "/", "navigate", "document", true),
            ("GET", "/", "navigate", "iframe", false),
            ("GET", "/", "no-cors", "script", false),
            ("GET", "/", "cors", "empty", false),
            ("POST", "/", "navigate", "document", false),
            ("GET", "/v1/instances", "navigate", "document", false),
            ("GET", "/assets/main.js", "no-cors", "script", false),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, "localhost")
                .header(FETCH_SITE, "cross-site")
                .header(FETCH_MODE, mode)
                .header(FETCH_DEST, dest);
            let request = request.body(Body::empty()).expect("a request");
            assert_eq!(hosts.check(&request).is_ok(), expected, "{method} {path} {mode} {dest}");
        }
    }

    #[test]
    fn a_host_is_this_machine_or_one_that_was_named() {
        let (here, all, one) = ("127.0.0.1:7070", "0.0.0.0:7070", "10.0.0.5:7070");
        for (listens, named, host, expected) in [
            (here, &[][..], "localhost:7070", true),
            (here, &[], "LOCALHOST", true),
            (here, &[], "[::1]:7070", true),
            (here, &[], "localhost.", false),
            (here, &[], "localhost.evil.example", false),
            (here, &[], "evil.example:7070", false),
            (here, &[], "10.0.0.5", false),
            (here, &[], "", false),
            (here, &[], ":7070", false),
            (here, &["shop.example"], "shop.example", true),
            (here, &["shop.example"], "Shop.Example:443", true),
            (here, &["shop.example"], "a.shop.example", false),
            (all, &[], "10.0.0.5:7070", true),
            (all, &[], "[2001:db8::1]:7070", true),
            (all, &[], "0.0.0.0:7070", false),
            (all, &[], "evil.example", false),
            (one, &[], "10.0.0.5:7070", true),
            (one, &[], "10.0.0.6:7070", false),
        ] {
            assert_eq!(knows(listens, named, host), expected, "{listens} {named:?} {host}");
        }
    }

    #[test]
    fn a_name_is_no_address_of_a_page() {
        let listens = "127.0.0.1:7070".parse().expect("an address");
        for wrong in ["", "https://shop.example", "shop.example:443", "a b", "*", "shop/x"] {
            assert_eq!(Hosts::new(listens, &[wrong.to_owned()]).err().as_deref(), Some(wrong));
        }
    }
}
