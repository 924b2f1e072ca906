//! Values that are given on the command line: `NAME=VALUE`, `JSON`, `@FILE`.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use lockstep_expr::{Map, Value, json};

use crate::command_error::CommandError;

/// Largest file or text that is read as JSON, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// Splits `NAME=VALUE`.
pub(crate) fn pair<'a>(option: &str, text: &'a str) -> Result<(&'a str, &'a str), CommandError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        _ => Err(CommandError::usage_with(
            format!("`{option} {text}` does not give a value"),
            format!("write `{option} NAME=VALUE`"),
        )),
    }
}

/// Reads a value that may be JSON and is a text otherwise.
pub(crate) fn json_or_text(text: &str) -> Value {
    json::from_json(text).unwrap_or_else(|_| Value::from(text))
}

/// Reads a JSON object from an argument that holds it or names a file that does: `@FILE`.
pub(crate) fn object(option: &str, text: &str) -> Result<Map, CommandError> {
    let value = json_argument(option, text)?;
    if let Value::Map(map) = &value {
        return Ok((**map).clone());
    }
    Err(CommandError::usage_with(
        format!("`{option}` is of type {}, not an object", value.type_name()),
        format!("write `{option} '{{\"name\": \"value\"}}'`"),
    ))
}

/// Reads JSON from an argument that holds it or names a file that does: `@FILE`.
pub(crate) fn json_argument(option: &str, text: &str) -> Result<Value, CommandError> {
    let (name, text) = match text.strip_prefix('@') {
        Some(path) => (path, file(Path::new(path), MAX_BYTES)?),
        None => (option, text.to_owned()),
    };
    json::from_json(&text).map_err(|error| {
        let (line, column) = place(&text, error.offset);
        let message = format!("{name}:{line}:{column}: {}", error.message);
        CommandError::usage_with(message, "JSON is expected: {\"name\": \"value\"}")
    })
}

/// Line and column of a byte offset, both from 1, in characters.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let last = before.rsplit('\n').next().unwrap_or(before);
    (line, last.chars().count().saturating_add(1))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn file(path: &Path, limit: u64) -> Result<String, CommandError> {
    let bytes = beginning(path, limit.saturating_add(1))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        let message = format!("{} is larger than {limit} bytes", path.display());
        return Err(CommandError::usage_with(message, "split it into several files"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("{} is not a text in UTF-8: byte {at} is wrong", path.display());
        CommandError::usage_with(message, "save it as UTF-8")
    })
}

/// Reads the first bytes of a file, at most `limit`.
pub(crate) fn beginning(path: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    let wrong = |error: std::io::Error| {
        const HELP: &[(ErrorKind, &str)] = &[
            (ErrorKind::NotFound, "check the path"),
            (ErrorKind::PermissionDenied, "give yourself the right to read it"),
            (ErrorKind::IsADirectory, "name a file, not a folder"),
        ];
        let help = HELP
            .iter()
            .find(|(kind, _)| *kind == error.kind())
            .map_or("check that the path names a readable file", |(_, help)| help);
        CommandError::usage_with(format!("cannot read {}: {error}", path.display()), help)
    };
    let mut bytes = Vec::new();
    let reader = File::open(path).map_err(wrong)?;
    reader.take(limit).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pair_is_split_at_its_first_equals_sign() {
        assert_eq!(pair("--input", "a=b=c").unwrap(), ("a", "b=c"));
        assert_eq!(pair("--input", "a=").unwrap(), ("a", ""));
        for text in ["", "a", "=b"] {
            assert!(pair("--input", text).is_err(), "{text}");
        }
    }

    #[test]
    fn wrong_json_is_told_with_its_place() {
        let error = object("--vars", "{\n \"a\": x}").unwrap_err().to_string();
        assert!(error.starts_with("--vars:2:7: "), "{error}");
        assert!(object("--vars", "[1]").unwrap_err().to_string().contains("not an object"));
    }

    #[test]
    fn file_that_is_no_text_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"ab\xffc").unwrap();
        assert!(file(&path, 100).unwrap_err().to_string().contains("byte 2 is wrong"));
        assert!(file(&path, 3).unwrap_err().to_string().contains("larger than 3 bytes"));
        assert!(file(folder.path(), 3).is_err());
        assert!(file(&folder.path().join("absent"), 3).is_err());
    }
}
