//! A file of settings: TOML, one key for each flag.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use lockstep_expr::nearest;
use toml::{Table, Value};

use super::Flag;
use crate::command_error::CommandError;

/// Largest file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Reads a file: for each of its keys the values, as the command line would have them.
pub(super) fn read(
    path: &Path,
    flags: &[Flag],
) -> Result<BTreeMap<String, Vec<String>>, CommandError> {
    let at = |told: &str| format!("the settings in {} {told}", path.display());
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    read.map_err(|error| CommandError::usage(at(&format!("cannot be read: {error}"))))?;
    let table: Table =
        text.parse().map_err(|error| CommandError::usage(at(&format!("are not TOML: {error}"))))?;
    table
        .into_iter()
        .map(|(key, value)| {
            let flag = flags.iter().find(|flag| flag.key == key).ok_or_else(|| {
                let message = at(&format!("name `{key}`, which is no setting"));
                match nearest(&key, flags.iter().map(|flag| &*flag.key)) {
                    Some(meant) => CommandError::usage_with(message, format!("write `{meant}`")),
                    None => CommandError::usage_with(
                        message,
                        "`lockstep serve --print-settings` shows all of them",
                    ),
                }
            })?;
            let values = values(value, flag.takes_many).ok_or_else(|| {
                let many = if flag.takes_many { ", or a list of them" } else { "" };
                CommandError::usage(at(&format!(
                    "are wrong: `{key}` is a text, a number, true or false{many}"
                )))
            })?;
            Ok((key, values))
        })
        .collect()
}

/// Returns the words of a setting. A table says `NAME=VALUE` for each of its keys.
fn values(value: Value, takes_many: bool) -> Option<Vec<String>> {
    if !takes_many {
        return Some(vec![word(&value)?]);
    }
    if let Value::Array(values) = &value {
        return values.iter().map(word).collect();
    }
    let Value::Table(table) = &value else { return Some(vec![word(&value)?]) };
    let pair = |(name, value): (&String, &Value)| {
        let text = match value.as_str() {
            Some(text) => text.to_owned(),
            None => serde_json::to_string(value).ok()?,
        };
        Some(format!("{name}={text}"))
    };
    table.iter().map(pair).collect()
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
