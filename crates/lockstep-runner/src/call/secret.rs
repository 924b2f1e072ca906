//! Secrets: names become values at the moment of a call, and nowhere else.
//!
//! Invariants:
//!
//! * No value of a secret is shown: not when something is formatted for debugging, not in the error
//!   or the answer of a call, where it may have been repeated by whoever was called.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::{Failure, TextPart};
use lockstep_expr::{Map, Value};

/// What stands in place of a secret that was repeated.
const HIDDEN: &str = "[secret]";

/// Shortest value that is looked for in what comes back, in bytes: a shorter one would be found by
/// chance.
const SHORTEST: usize = 4;

/// Largest file of a secret, in bytes.
const MAX_SECRET: u64 = 64 << 10;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where the values of secrets come from.
#[derive(Clone)]
pub struct Secrets(Arc<Lookup>);

impl Secrets {
    /// Returns secrets whose values a function knows, by their names.
    pub fn new(of: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    /// Returns secrets that are files of a folder, each with the name of its file, without the end of
    /// its last line; the environment has those that are not there. A file is read at every call, so
    /// that a secret can be changed.
    pub fn of_folder(folder: PathBuf) -> Self {
        let environment = Self::default();
        Self::new(move |name| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if !name.bytes().all(fits) {
                return None;
            }
            match text(&folder.join(name)) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => (environment.0)(name),
                Err(error) => {
                    tracing::warn!(secret = name, %error, "the file of a secret cannot be read");
                    None
                }
            }
        })
    }

    /// Returns the value of a secret, if it is set.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

/// Reads the file of a secret.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(path)?.take(MAX_SECRET + 1).read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_SECRET) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is no secret"));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// The environment: the secret `token` is the variable `LOCKSTEP_SECRET_TOKEN`.
impl Default for Secrets {
    #[expect(clippy::disallowed_methods, reason = "secrets enter here and are never kept")]
    fn default() -> Self {
        Self::new(|name| std::env::var(variable(name)).ok())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// Returns the environment variable that holds a secret.
fn variable(name: &str) -> String {
    format!("LOCKSTEP_SECRET_{}", name.to_ascii_uppercase())
}

/// Texts with secrets put in, and the values that must not be shown.
#[derive(Default)]
pub(super) struct Redacted {
    pub(super) texts: Vec<(String, String)>,
    /// Indexes of texts that hold a secret.
    pub(super) secret: Vec<bool>,
    values: Vec<String>,
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.texts.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "Redacted({names:?})")
    }
}

impl Redacted {
    /// Puts the values of secrets into texts.
    ///
    /// # Errors
    ///
    /// `secret.missing`, which names the variable.
    pub(super) fn new(
        texts: &[(String, Vec<TextPart>)],
        secrets: &Secrets,
    ) -> Result<Self, Failure> {
        let mut redacted = Self::default();
        for (name, parts) in texts {
            let mut text = String::new();
            let mut secret = false;
            for part in parts {
                match part {
                    TextPart::Text(part) => text.push_str(part),
                    TextPart::Secret(name) => {
                        let value = (secrets.0)(name).ok_or_else(|| missing(name))?;
                        text.push_str(&value);
                        redacted.values.push(value);
                        secret = true;
                    }
                }
            }
            redacted.texts.push((name.clone(), text));
            redacted.secret.push(secret);
        }
        Ok(redacted)
    }

    /// Removes the values of secrets from what a call gave.
    pub(super) fn hide(&self, result: Result<Value, Failure>) -> Result<Value, Failure> {
        if self.values.is_empty() {
            return result;
        }
        match result {
            Ok(value) => Ok(self.hidden(&value)),
            Err(mut failure) => {
                failure.message = self.hidden_text(&failure.message);
                failure.details = self.hidden(&failure.details);
                Err(failure)
            }
        }
    }

    fn hidden_text(&self, text: &str) -> String {
        let values = self.values.iter().filter(|value| value.len() >= SHORTEST);
        values.fold(text.to_owned(), |text, value| text.replace(value, HIDDEN))
    }

    /// Answers are plain JSON, as deep as texts that are taken, which has a limit.
    fn hidden(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.hidden_text(text)),
            Value::List(values) => {
                let values: Vec<Value> = values.iter().map(|value| self.hidden(value)).collect();
                Value::List(values.into())
            }
            Value::Map(map) => {
                let mut to = Map::with_capacity(map.len());
                for (key, value) in map.iter() {
                    match key.as_str() {
                        Some(key) => to.insert(self.hidden_text(key), self.hidden(value)),
                        None => to.insert(key.clone(), self.hidden(value)),
                    };
                }
                Value::Map(to.into())
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::Bytes(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Type(_)
            | Value::Reference(_)
            | Value::Optional(_)
            | Value::Ip(_)
            | Value::Cidr(_)
            | Value::Record(_) => value.clone(),
        }
    }
}

fn missing(name: &str) -> Failure {
    let variable = variable(name);
    let message = format!("the secret `{name}` is not there: set {variable}");
    Failure::new("secret.missing", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<(String, Vec<TextPart>)> {
        let parts = vec![TextPart::Text("Bearer ".to_owned()), TextPart::Secret("token".into())];
        let plain = vec![TextPart::Text("${secret.token}".to_owned())];
        vec![("a".to_owned(), parts), ("b".to_owned(), plain)]
    }

    #[test]
    fn only_parts_that_are_secrets_are_replaced_and_none_is_shown() {
        let secrets = Secrets::new(|name| (name == "token").then(|| "s3cr3t".to_owned()));
        let redacted = Redacted::new(&texts(), &secrets).expect("it is there");
        assert_eq!(redacted.texts[0].1, "Bearer s3cr3t");
        assert_eq!(redacted.texts[1].1, "${secret.token}");
        assert_eq!(redacted.secret, [true, false]);
        assert_eq!(format!("{redacted:?} {secrets:?}"), r#"Redacted(["a", "b"]) Secrets"#);
    }

    #[test]
    fn a_folder_has_a_file_for_each_secret_and_nothing_outside_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("secrets");
        std::fs::create_dir(&inside).expect("made");
        std::fs::write(folder.path().join("outside"), "x").expect("written");
        std::fs::write(inside.join("token"), "s3c\nr3t\r\n").expect("written");
        std::fs::write(inside.join("large"), "x".repeat(65_537)).expect("written");
        let secrets = Secrets::of_folder(inside.clone());
        let value = |name: &str| (secrets.0)(name);
        assert_eq!(value("token").as_deref(), Some("s3c\nr3t"));
        for name in ["large", "missing", "../outside", "..", ".", "/etc/hostname"] {
            assert_eq!(value(name), None, "{name}");
        }
        std::fs::write(inside.join("token"), "changed").expect("written");
        assert_eq!(value("token").as_deref(), Some("changed"));
    }

    #[test]
    fn a_secret_that_is_missing_is_told_with_its_variable() {
        let error = Redacted::new(&texts(), &Secrets::new(|_| None)).expect_err("none is there");
        assert_eq!(&*error.code, "secret.missing");
        assert_eq!(error.message, "the secret `token` is not there: set LOCKSTEP_SECRET_TOKEN");
    }

    #[test]
    fn a_secret_that_is_repeated_is_hidden() {
        let secrets = Secrets::new(|_| Some("s3cr3t".to_owned()));
        let redacted = Redacted::new(&texts(), &secrets).expect("it is there");
        let echo = Map::from_iter([("said s3cr3t", Value::List(vec!["a s3cr3t b".into()].into()))]);
        let details = Value::from(echo);
        let failure = Failure::new("http.status", "it said s3cr3t").with_details(details.clone());
        for result in [Ok(details), Err(failure)] {
            let hidden = format!("{:?}", redacted.hide(result));
            assert!(!hidden.contains("s3cr3t") && hidden.contains(HIDDEN), "{hidden}");
        }
    }
}
