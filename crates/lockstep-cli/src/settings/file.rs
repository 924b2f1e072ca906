//! A file of settings: TOML, one key for each flag.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use lockstep_expr::nearest;
use toml::de::DeTable;
use toml::{Table, Value};

use super::Flag;
use crate::command_error::CommandError;
use crate::given::place;

/// Largest file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Reads a file: for each of its keys the values, as the command line would have them, and where
/// they stand.
pub(super) fn read(
    path: &Path,
    flags: &[Flag],
) -> Result<BTreeMap<String, (Vec<String>, String)>, CommandError> {
    let at = |told: &str| format!("the settings in {} {told}", path.display());
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    read.map_err(|error| {
        let help = "check the path that --settings or LOCKSTEP_SETTINGS names";
        CommandError::usage_with(at(&format!("cannot be read: {error}")), help)
    })?;
    let not_toml = |error| CommandError::usage(at(&format!("are not TOML: {error}")));
    let table: Table = text.parse().map_err(not_toml)?;
    let keys = DeTable::parse(&text).map_err(not_toml)?.into_inner();
    table
        .into_iter()
        .map(|(key, value)| {
            let start =
                keys.keys().find(|known| *known.get_ref() == key).map(|key| key.span().start);
            let (line, _) = place(&text, start.unwrap_or_default());
            let at = |told: &str| format!("{}:{line}: {told}", path.display());
            let flag = flags.iter().find(|flag| flag.key == key).ok_or_else(|| {
                let message = at(&format!("`{key}` is no setting"));
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
                    "`{key}` is a text, a number, true or false{many}"
                )))
            })?;
            Ok((key, (values, format!("{}:{line}", path.display()))))
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
