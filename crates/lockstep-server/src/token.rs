//! Tokens: who may ask, told by 256 bits that nobody can guess.
//!
//! A token is written `lks_ID_SECRET`: the id finds it, the secret proves it. Only the hash of the
//! secret is kept; one round of SHA-256 is enough, because a secret is drawn and not thought of.
//!
//! Invariants:
//!
//! * The secret is told once, when the token is drawn, and stands nowhere else.
//! * A hash is compared in a time that does not depend on what differs, and one is made for an id
//!   that is not known, too: how long a refusal takes tells nothing.
//!
//! Absent by design: the reason of a refusal, except that a token was right and has expired.

mod file;
mod term;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lockstep_core::Time;
use lockstep_expr::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::access::Role;
pub use file::{TokenFile, TokenFileError};
use term::Keeper;
pub(crate) use term::Term;

/// What every token begins with, so that it is known for one wherever it is found.
const PREFIX: &str = "lks_";

/// Random bytes of an id, of a secret.
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// Longest name, in bytes.
const MAX_NAME: usize = 100;

/// Why a token cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The name has another form.
    #[error("a name has 1 to {MAX_NAME} letters, digits and `.`, `_`, `-`, `@`, not `{0}`")]
    Name(String),
    /// The role is not one that a token can have.
    #[error("a token has the role viewer, starter, worker, operator or admin")]
    Role,
    /// The system gave no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What finds it: 16 hexadecimal digits.
    pub id: String,
    /// Who has it, as it stands in journals and beside what it has changed.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was drawn.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    sha256: [u8; 32],
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It has another form, or is not known, or its secret is another one.
    Unknown,
    /// It was right, and its time is over.
    Expired,
}

impl Token {
    /// Draws a token; returns it with its text, which nothing can tell again.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for a name of another form, the role of nobody, and without randomness.
    pub fn draw(
        name: &str,
        role: Role,
        created: Timestamp,
        expires: Option<Timestamp>,
    ) -> Result<(Self, String), TokenError> {
        if !is_name(name) {
            return Err(TokenError::Name(name.chars().take(MAX_NAME).collect()));
        }
        if role == Role::Anyone {
            return Err(TokenError::Role);
        }
        let (mut id, mut secret) = ([0_u8; ID_BYTES], [0_u8; SECRET_BYTES]);
        getrandom::fill(&mut id).map_err(TokenError::Random)?;
        getrandom::fill(&mut secret).map_err(TokenError::Random)?;
        let (id, secret) = (hexadecimal(&id), hexadecimal(&secret));
        let text = format!("{PREFIX}{id}_{secret}");
        let sha256 = hash(&secret);
        Ok((Self { id, name: name.to_owned(), role, created, expires, sha256 }, text))
    }

    /// Returns whether its time is over.
    pub fn has_expired(&self, now: Time) -> bool {
        self.expires.is_some_and(|expires| expires <= now.timestamp())
    }
}

/// Returns whether something is the name of a token. There is no `/` in it, which parts it from the
/// keys that it chooses.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(fits)
}

/// The tokens that are known.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_id: BTreeMap<String, (Token, Keeper)>,
}

impl Tokens {
    pub(crate) fn new(tokens: impl IntoIterator<Item = Token>) -> Self {
        Self::default().followed_by(tokens)
    }

    /// Returns the tokens that are known from here on. The terms of those that are not among them
    /// end, or are there as another one.
    pub(crate) fn followed_by(&self, tokens: impl IntoIterator<Item = Token>) -> Self {
        let known = |token: &Token| {
            let (known, keeper) = self.by_id.get(&token.id)?;
            (known == token).then(|| keeper.clone())
        };
        let kept = |token: Token| {
            let keeper = known(&token).unwrap_or_else(Keeper::new);
            (token.id.clone(), (token, keeper))
        };
        let next = Self { by_id: tokens.into_iter().map(kept).collect() };
        for (id, (token, keeper)) in &self.by_id {
            if next.by_id.get(id).is_none_or(|(next, _)| next != token) {
                keeper.end(Refused::Unknown);
            }
        }
        next
    }

    /// Ends the terms of those whose time is over.
    pub(crate) fn expire(&self, now: Time) {
        for (token, keeper) in self.by_id.values() {
            if token.has_expired(now) {
                keeper.end(Refused::Expired);
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.len()
    }

    /// Returns the token of a text, and its term.
    pub(crate) fn find(&self, text: &str, now: Time) -> Result<(&Token, Term), Refused> {
        let (id, secret) = parts(text).unwrap_or_default();
        let found = self.by_id.get(id);
        let known = found.map_or([0; 32], |(token, _)| token.sha256);
        let is_right = bool::from(known.ct_eq(&hash(secret)));
        match found.filter(|_| is_right) {
            None => Err(Refused::Unknown),
            Some((token, _)) if token.has_expired(now) => Err(Refused::Expired),
            Some((token, keeper)) => Ok((token, keeper.term())),
        }
    }
}

/// Returns the id and the secret in a text.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    (id.len() == 2 * ID_BYTES && secret.len() == 2 * SECRET_BYTES).then_some((id, secret))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every write");
        text
    })
}

/// Reads hexadecimal digits, two for each byte.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (mut bytes, digits) = ([0_u8; N], text.as_bytes());
    if digits.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (to, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// A token as it stands in a file: one line of JSON.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    name: String,
    role: String,
    sha256: String,
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

impl From<&Token> for Line {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            role: token.role.name().to_owned(),
            sha256: hexadecimal(&token.sha256),
            created: token.created.to_string(),
            expires: token.expires.map(|expires| expires.to_string()),
        }
    }
}

impl TryFrom<Line> for Token {
    /// What is wrong; nothing of a hash.
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        let moment = |text: &str, what| {
            Timestamp::parse(text).map_err(|_| format!("`{what}` is not a moment in RFC 3339"))
        };
        if bytes::<ID_BYTES>(&line.id).is_none() {
            return Err(format!("`id` has {} hexadecimal digits", 2 * ID_BYTES));
        }
        if !is_name(&line.name) {
            return Err(TokenError::Name(line.name.chars().take(MAX_NAME).collect()).to_string());
        }
        let role = Role::named(&line.role).filter(|role| *role != Role::Anyone);
        Ok(Self {
            role: role.ok_or_else(|| TokenError::Role.to_string())?,
            sha256: bytes(&line.sha256).ok_or("`sha256` has 64 hexadecimal digits")?,
            created: moment(&line.created, "created")?,
            expires: line.expires.map(|text| moment(&text, "expires")).transpose()?,
            id: line.id,
            name: line.name,
        })
    }
}

#[cfg(test)]
mod tests;
