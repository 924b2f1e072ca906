//! Credentials: who has sent a request.
//!
//! Invariants:
//!
//! * Where there are tokens, everybody needs one, on this machine too. Where there are none, whoever
//!   reaches the server is on this machine, and is its administrator.
//! * A request goes on no longer than the token counts that it was made with.
//! * A file of tokens that cannot be read changes nothing: those read last go on to count, and the
//!   log tells it once.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::{HeaderMap, header};
use lockstep_runner::Clock;

use crate::access::{Caller, Role};
use crate::token::{Refused, Term, TokenFile, TokenFileError, Tokens};

/// Who may ask.
#[derive(Debug)]
pub(crate) enum Callers {
    /// Whoever reaches the server.
    Local,
    /// Who has a token.
    Tokens(Box<Known>),
}

/// A token that a request was made with.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) term: Term,
}

/// The tokens of a file, as it was read last.
#[derive(Debug)]
pub(crate) struct Known {
    file: TokenFile,
    tokens: RwLock<Arc<Tokens>>,
    /// What was read last, or why it could not be read.
    last: Mutex<Result<String, String>>,
}

impl Callers {
    /// Reads the tokens, if there is a file of them.
    pub(crate) fn read(file: Option<&TokenFile>) -> Result<Self, TokenFileError> {
        let Some(file) = file else { return Ok(Self::Local) };
        let text = file.text()?;
        let tokens = Tokens::new(file.parse(&text)?);
        if file.is_open_to_others()? {
            let file = file.path().display();
            tracing::warn!(%file, "others can read the file of tokens: chmod o-rwx");
        }
        tracing::info!(count = tokens.count(), "tokens are read");
        if tokens.count() == 0 {
            let file = file.path().display();
            tracing::warn!(
                %file,
                "the file of tokens holds none, and nobody is served: `lockstep token new` makes one"
            );
        }
        let tokens = RwLock::new(Arc::new(tokens));
        let last = Mutex::new(Ok(text));
        Ok(Self::Tokens(Box::new(Known { file: file.clone(), tokens, last })))
    }

    /// Returns who has sent a request with these headers, and with which token; who is not known is
    /// nobody.
    pub(crate) fn of(&self, headers: &HeaderMap) -> (Caller, Option<Shown>) {
        let Self::Tokens(known) = self else {
            return (Caller { name: "local".into(), role: Role::Admin, refused: None }, None);
        };
        let tokens = Arc::clone(&known.tokens.read().unwrap_or_else(PoisonError::into_inner));
        // A clock that has just been started has not missed that the machine slept.
        let found = bearer(headers).ok_or(Refused::Unknown);
        match found.and_then(|text| tokens.find(text, Clock::start().now())) {
            Ok((token, term)) => {
                let name = token.name.as_str().into();
                let shown = Shown { id: token.id.clone(), term };
                (Caller { name, role: token.role, refused: None }, Some(shown))
            }
            Err(refused) => {
                let refused = Some(refused);
                (Caller { name: "nobody".into(), role: Role::Anyone, refused }, None)
            }
        }
    }

    /// Reads the file again, if it is another one than before, and ends the requests of those whose
    /// token does not count any more.
    pub(crate) async fn refresh(self: &Arc<Self>) {
        let callers = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            if let Self::Tokens(known) = &*callers {
                known.refresh();
            }
        });
        drop(read.await);
    }
}

impl Known {
    fn refresh(&self) {
        let known = Arc::clone(&self.tokens.read().unwrap_or_else(PoisonError::into_inner));
        // Also when the file cannot be read.
        known.expire(Clock::start().now());
        // The text itself is compared: no time or size of a file tells of every change.
        let read = self.file.text().map_err(|error| told(&error));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if read == *last {
            return;
        }
        let text = match &read {
            Ok(text) => self.file.parse(text).map_err(|error| told(&error)),
            Err(why) => Err(why.clone()),
        };
        match text {
            Ok(tokens) => {
                let tokens = known.followed_by(tokens);
                tracing::info!(count = tokens.count(), "tokens are read again");
                *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
            }
            Err(error) => tracing::error!(error, "the tokens stay as they were"),
        }
        *last = read;
    }
}

fn told(error: &TokenFileError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Returns what stands behind `Authorization: Bearer`, if that stands there once.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use lockstep_expr::Timestamp;

    use super::*;
    use crate::token::Token;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).expect("text"));
        }
        headers
    }

    #[test]
    fn a_bearer_is_named_once() {
        for (values, expected) in [
            (&["Bearer a"][..], Some("a")),
            (&["bearer a"], Some("a")),
            (&["Bearer  a"], Some(" a")),
            (&["Bearer"], None),
            (&["Basic a"], None),
            (&["a"], None),
            (&["Bearer a", "Bearer a"], None),
            (&[], None),
        ] {
            assert_eq!(bearer(&headers(values)), expected, "{values:?}");
        }
    }

    #[tokio::test]
    async fn a_changed_file_counts_and_a_broken_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::new(folder.path().join("tokens"));
        let draw = |name| Token::draw(name, Role::Viewer, Timestamp::EPOCH, None).expect("a token");
        let ((one, one_text), (two, two_text)) = (draw("one"), draw("two"));
        file.add(&one).expect("written");
        let callers = Arc::new(Callers::read(Some(&file)).expect("tokens"));
        let name = |text: &str| callers.of(&headers(&[&format!("Bearer {text}")])).0.name;
        assert_eq!((&*name(&one_text), &*name(&two_text)), ("one", "nobody"));

        file.add(&two).expect("written");
        assert_eq!(&*name(&two_text), "nobody", "it was not read yet");
        callers.refresh().await;
        assert_eq!((&*name(&one_text), &*name(&two_text)), ("one", "two"));

        std::fs::write(file.path(), "what is this").expect("written");
        callers.refresh().await;
        assert_eq!((&*name(&one_text), &*name(&two_text)), ("one", "two"));
        std::fs::remove_file(file.path()).expect("removed");
        callers.refresh().await;
        assert_eq!((&*name(&one_text), &*name(&two_text)), ("one", "two"));

        file.add(&two).expect("written");
        callers.refresh().await;
        assert_eq!((&*name(&one_text), &*name(&two_text)), ("nobody", "two"), "one is revoked");
    }

    #[test]
    fn without_a_file_whoever_is_there_does_everything() {
        let callers = Callers::read(None).expect("no file");
        for headers in [headers(&[]), headers(&["Bearer what"])] {
            let (caller, shown) = callers.of(&headers);
            assert_eq!((&*caller.name, caller.role), ("local", Role::Admin));
            assert!(shown.is_none());
        }
    }
}
