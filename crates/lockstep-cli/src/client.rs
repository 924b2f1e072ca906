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

/// The status for who has no right token.
const UNAUTHENTICATED: u16 = 401;

/// A client of a daemon.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// Without a slash at its end, and without what all paths begin with.
    base: String,
    token: Option<Token>,
}

/// A token, and where it comes from.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// In words.
    pub(crate) from: String,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    pub(crate) fn new(daemon: &str, token: Option<Token>) -> Result<Self, CommandError> {
        let base = daemon.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let scheme = if daemon.contains("://") || base.is_empty() { "" } else { "http://" };
        let base = format!("{scheme}{base}");
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
        let is_one = |token: &Token| token.text.bytes().all(|byte| byte.is_ascii_graphic());
        if let Some(Token { from, .. }) = token.as_ref().filter(|token| !is_one(token)) {
            let told = format!("what {from} holds is no token: it has spaces or other signs");
            return Err(CommandError::usage(told));
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
            sent = sent.bearer_auth(&token.text);
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
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let help = self.token.as_ref().filter(|_| status == UNAUTHENTICATED).map(|token| {
            format!(
                "the token is that of {}, and not one of this daemon, or not any more; `lockstep \
                 token new`, beside the daemon, makes one",
                token.from
            )
        });
        Ok(Answer { status, body, help })
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
        let help = if base.starts_with("https:") {
            "a daemon speaks http, and https is a proxy's before it: is one running there, and does \
             this machine trust its certificate?"
                .to_owned()
        } else {
            format!("is `lockstep serve` running at {base}? --daemon names another one")
        };
        CommandError::Daemon { message: format!("no daemon can be reached at {base}: {why}"), help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_what_is_none() {
        for (address, expected) in [
            ("http://localhost:7070", "http://localhost:7070"),
            ("https://shop.example/lockstep/", "https://shop.example/lockstep"),
            ("http://localhost:7070/v1/", "http://localhost:7070"),
            ("http://[::1]:1", "http://[::1]:1"),
            ("localhost:7070", "http://localhost:7070"),
            ("127.0.0.1:7070/v1", "http://127.0.0.1:7070"),
        ] {
            assert_eq!(Client::new(address, None).unwrap().address(), expected);
        }
        for address in ["", "ftp://a", "http://", "http://a?b", "http://u:p@a", "u:p@a", "a#b"] {
            assert!(Client::new(address, None).is_err(), "{address}");
        }
        let token = Token { text: "a\nb".to_owned(), from: "LOCKSTEP_TOKEN".to_owned() };
        let told = Client::new("http://a", Some(token)).unwrap_err().to_string();
        assert!(told.contains("what LOCKSTEP_TOKEN holds"), "{told}");
    }
}
