//! All settings, as a file of them that says where each comes from.

use std::fmt::Write as _;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::{Beneath, Flag, Origin};

/// What stands in the place of a password.
const HIDDEN: &str = "***";

/// Returns the settings that count.
pub(super) fn text(flags: &[Flag], found: &ArgMatches, beneath: &Beneath) -> String {
    let mut out = String::new();
    for flag in flags {
        let source = found.value_source(&flag.id);
        let values: Vec<String> = found
            .try_get_raw(&flag.id)
            .ok()
            .flatten()
            .into_iter()
            .flatten()
            .map(|value| written(&without_password(&value.to_string_lossy())))
            .collect();
        let origin = match (source, beneath.get(&flag.id)) {
            (Some(ValueSource::CommandLine), _) => "flag",
            (Some(ValueSource::EnvVariable), _) | (_, Some((_, Origin::Environment))) => {
                "environment"
            }
            (_, Some((_, Origin::File(_)))) => "file",
            (_, None) => "default",
        };
        let line = match &*values {
            [] => format!("# {} is not set", flag.key),
            [value] if !flag.takes_many => format!("{} = {value} # {origin}", flag.key),
            values => format!("{} = [{}] # {origin}", flag.key, values.join(", ")),
        };
        writeln!(out, "{line}").expect("a string takes every write");
    }
    out
}

/// Returns a word as TOML.
fn written(word: &str) -> String {
    let is_plain = matches!(word, "true" | "false")
        || word.parse::<i64>().is_ok_and(|number| number.to_string() == word);
    if is_plain { word.to_owned() } else { serde_json::Value::from(word).to_string() }
}

/// Returns an address without the password in it: what stands between `:` and `@` before its host.
fn without_password(word: &str) -> String {
    let hidden = || {
        let (scheme, rest) = word.split_once("://")?;
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(end) => rest.split_at_checked(end)?,
            None => (rest, ""),
        };
        let (user, host) = authority.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:{HIDDEN}@{host}{path}"))
    };
    hidden().unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_an_address_is_not_shown() {
        for (word, expected) in [
            ("postgres://me:s3c:ret@db/shop", "postgres://me:***@db/shop"),
            ("postgres://me:s@cret@db", "postgres://me:***@db"),
            ("postgres://me@db/shop", "postgres://me@db/shop"),
            ("http://127.0.0.1:4318/a@b:c", "http://127.0.0.1:4318/a@b:c"),
            ("calendar=http://me:secret@cal/?a=b", "calendar=http://me:***@cal/?a=b"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(without_password(word), expected);
        }
    }
}
