//! HTTP calls.
//!
//! Invariants:
//!
//! * Whatever is connected to was permitted as an address, after name resolution: a name that
//!   resolves to an address that is not public is refused unless it is listed.
//! * A redirect is followed only where the call itself could have gone.
//! * A secret is sent to the server that the author named, and not on to another one.
//! * Each call carries its idempotency key, its attempt and the token of its lock.

mod guard;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lockstep_core::{CallRequest, Failure};
use lockstep_expr::{Map, Value, json};
use reqwest::header::HeaderValue;
use reqwest::{Method, Response, Url};

use super::secret::Redacted;
use guard::Guard;

/// Longest body that is taken, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Longest part of a body that is told in an error, in bytes.
const MAX_TOLD: usize = 2048;

/// Longest time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is asked of a server.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a Redacted,
    pub(super) body: Option<&'a Value>,
}

/// Makes HTTP calls.
#[derive(Debug)]
pub(super) struct Client {
    guard: Arc<Guard>,
    /// Made for the first call: many engines never make one.
    pools: OnceLock<Result<Pools, String>>,
    /// For calls that carry a secret.
    secret_pools: OnceLock<Result<Pools, String>>,
}

/// Connections to servers.
#[derive(Debug)]
struct Pools {
    /// For hosts that are listed: resolves names to any address.
    listed: reqwest::Client,
    /// For all others: resolves names to public addresses only.
    public: reqwest::Client,
}

impl Pools {
    fn new(guard: &Arc<Guard>, carries_secret: bool) -> Result<Self, String> {
        // A second installation of the same provider is refused, which changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = || {
            reqwest::Client::builder()
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
                .redirect(guard::redirects(Arc::clone(guard), carries_secret))
        };
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| format!("the HTTP client cannot be set up: {error}"))
        };
        Ok(Self {
            listed: build(client())?,
            public: build(client().dns_resolver(Arc::new(guard::PublicOnly)))?,
        })
    }
}

/// Returns a client for what the operator has named: it connects to any address.
pub(crate) fn plain_client(timeout: Duration) -> Result<reqwest::Client, String> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().timeout(timeout);
    let client =
        client.connect_timeout(CONNECT_TIMEOUT).redirect(reqwest::redirect::Policy::none());
    client.build().map_err(|error| format!("the HTTP client cannot be set up: {error}"))
}

impl Client {
    pub(super) fn new(allowed: Vec<String>) -> Self {
        Self {
            guard: Arc::new(Guard::new(allowed)),
            pools: OnceLock::new(),
            secret_pools: OnceLock::new(),
        }
    }

    /// Permits further hosts that are not public.
    pub(super) fn allow(&self, hosts: &[String]) {
        self.guard.allow(hosts);
    }

    pub(super) async fn call(
        &self,
        call: &CallRequest,
        request: &Request<'_>,
    ) -> Result<Value, Failure> {
        let refused = |why: String| Failure::new("http.refused", why);
        let url = Url::parse(request.url)
            .map_err(|error| refused(format!("{:?} is not a URL: {error}", request.url)))?;
        self.guard.check(&url).map_err(refused)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| refused(format!("{:?} is not an HTTP method", request.method)))?;
        let carries_secret = request.headers.secret.contains(&true);
        let pools = if carries_secret { &self.secret_pools } else { &self.pools };
        let pools = pools.get_or_init(|| Pools::new(&self.guard, carries_secret));
        let pools = pools.as_ref().map_err(|why| refused(why.clone()))?;
        let client = if self.guard.is_listed(&url) { &pools.listed } else { &pools.public };
        let mut builder = client
            .request(method, url.clone())
            .timeout(call.timeout)
            .header("Idempotency-Key", &call.idempotency_key)
            .header("Lockstep-Attempt", call.attempt);
        if let Some(token) = call.fencing_token {
            builder = builder.header("Lockstep-Fencing-Token", token);
        }
        for ((name, value), secret) in request.headers.texts.iter().zip(&request.headers.secret) {
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                refused(format!("the header `{name}` has characters that no header may have"))
            })?;
            value.set_sensitive(*secret);
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.header("Content-Type", "application/json").body(json::to_json(body));
        }
        let failed = |error: reqwest::Error| transport_failure(&error, &url, call.timeout);
        let response = builder.send().await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), headers(&response));
        let is_json = headers
            .get("content-type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.contains("json"));
        let body = body(response).await.map_err(|error| match error {
            BodyError::TooLong => refused(format!("{url} sent more than {MAX_BODY} bytes")),
            BodyError::Transport(error) => failed(error),
        })?;
        answer(&url, status, headers, body, is_json)
    }
}

enum BodyError {
    TooLong,
    Transport(reqwest::Error),
}

async fn body(mut response: Response) -> Result<String, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Transport)? {
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(BodyError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn headers(response: &Response) -> Map {
    let mut headers = Map::new();
    for (name, value) in response.headers() {
        if let Ok(value) = value.to_str() {
            headers.insert(name.as_str(), Value::from(value));
        }
    }
    headers
}

fn answer(
    url: &Url,
    status: u16,
    headers: Map,
    body: String,
    is_json: bool,
) -> Result<Value, Failure> {
    let parsed = if is_json { json::from_json(&body).ok() } else { None };
    let value = parsed.unwrap_or_else(|| Value::from(body.as_str()));
    let mut result = Map::new();
    result.insert("status", Value::Int(i64::from(status)));
    result.insert("headers", Value::Map(headers.into()));
    result.insert("body", value);
    let result = Value::Map(result.into());
    if (200..300).contains(&status) {
        return Ok(result);
    }
    let told: String = body.chars().take(MAX_TOLD).collect();
    let message = format!("{url} answered {status}: {told}");
    Err(Failure::new("http.status", message).with_details(result))
}

fn transport_failure(error: &reqwest::Error, url: &Url, timeout: Duration) -> Failure {
    if error.is_timeout() {
        return Failure::new("http.timeout", format!("{url} has not answered within {timeout:?}"));
    }
    let mut message = format!("cannot call {url}");
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        message.push_str(": ");
        message.push_str(&inner.to_string());
        cause = inner.source();
    }
    Failure::new("http.refused", message)
}
