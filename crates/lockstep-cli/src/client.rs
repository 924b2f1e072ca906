//! A client of a daemon.
//!
//! Invariants:
//!
//! * A token goes to the address that was named, and nowhere else: no proxy, no redirect.
//! * An answer is waited for as long as it was asked to wait, and a while longer, never for ever.

use std::error::Error as _;
use std::time::Duration;

use reqwest::{Method, Url};

use crate::command_error::CommandError;
use crate::request::{Answer, Request};

/// Longest time to reach a daemon.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time for an answer, beside what it was asked to wait.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// Largest answer, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// A client of a daemon.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    token: Option<String>,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    pub(crate) fn new(daemon: &str, token: Option<String>) -> Result<Self, CommandError> {
        let base = daemon.trim_end_matches('/').to_owned();
        let wrong = |why: &str| {
            let message = format!("`{daemon}` is not the address of a daemon: {why}");
            CommandError::usage_with(message, "write --daemon http://localhost:7070")
        };
        let url = Url::parse(&base).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it begins with http:// or https://"));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(wrong("it has a host, a port and perhaps a path"));
        }
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(CommandError::usage("the token is none: it has spaces or other signs"));
        }
        // A second installation of the same provider is refused, which changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .build();
        let http = http.map_err(|error| CommandError::Daemon {
            message: format!("the HTTP client cannot be set up: {error}"),
            help: "http:// instead of https:// needs no certificates of the system".to_owned(),
        })?;
        Ok(Self { http, base, token })
    }

    /// Where the daemon is.
    pub(crate) fn address(&self) -> &str {
        &self.base
    }

    /// Asks the daemon.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, CommandError> {
        let Request { method, target, headers, body, wait } = request;
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        let mut sent = self.http.request(method, format!("{}{target}", self.base));
        for (name, value) in headers {
            sent = sent.header(name, value);
        }
        if let Some(token) = &self.token {
            sent = sent.bearer_auth(token);
        }
        let sent = sent.timeout(wait.saturating_add(ANSWER_TIMEOUT)).body(body).send();
        let mut answer = sent.await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unreachable(&error))? {
            if bytes.len().saturating_add(chunk.len()) > MAX_ANSWER {
                let message = format!("the answer is larger than {MAX_ANSWER} bytes");
                return Err(CommandError::Refused(message));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes).into_owned(), help: None })
    }

    fn unreachable(&self, error: &reqwest::Error) -> CommandError {
        let mut cause = error.source();
        let mut why = error.to_string();
        while let Some(error) = cause {
            why = error.to_string();
            cause = error.source();
        }
        let base = &self.base;
        if error.is_timeout() && !error.is_connect() {
            return CommandError::Daemon {
                message: format!("the daemon at {base} has not answered in time"),
                help: "whether it has done what was asked is unknown: look, or ask again with the \
                       same --key"
                    .to_owned(),
            };
        }
        CommandError::Daemon {
            message: format!("no daemon can be reached at {base}: {why}"),
            help: format!("is `lockstep serve` running at {base}? --daemon names another one"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_what_is_none() {
        for address in ["http://localhost:7070", "https://shop.example/lockstep/", "http://[::1]:1"]
        {
            assert!(Client::new(address, None).is_ok(), "{address}");
        }
        for address in
            ["", "localhost:7070", "ftp://a", "http://", "http://a?b", "http://u:p@a", "http://a#b"]
        {
            assert!(Client::new(address, None).is_err(), "{address}");
        }
        assert!(Client::new("http://a", Some("a\nb".to_owned())).is_err());
    }
}
