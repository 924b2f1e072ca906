//! Slips in what stands beneath the command line: values that are wrong, variables that are none.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use lockstep_expr::nearest;

use super::{Beneath, Flag, Origin, Unread, VARIABLE, flags};
use crate::command_error::CommandError;

/// Variables that are no settings: what clients read, and what commands under a lock and the programs
/// of `exec` steps are told.
const OTHERS: [&str; 8] = [
    "SETTINGS",
    "DAEMON",
    "TOKEN",
    "LOCK",
    "FENCING_TOKEN",
    "INSTANCE",
    "IDEMPOTENCY_KEY",
    "ATTEMPT",
];

/// What the variables of secrets begin with.
const SECRET: &str = "SECRET_";

/// Names what a wrong value came from, unless that is the command line.
pub(super) fn with_origin(
    error: clap::Error,
    words: &[OsString],
    flags: &[Flag],
    beneath: &Beneath,
) -> Unread {
    let named = |flag: &&Flag| {
        let long = format!("--{}", flag.key.replace('_', "-"));
        let is_wrong = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(arg)) => arg.split(' ').next() == Some(&long),
            Some(_) | None => false,
        };
        let with_value = format!("{long}=");
        let is_given = words.iter().any(|word| {
            word.to_str().is_some_and(|word| word == long || word.starts_with(&with_value))
        });
        is_wrong && !is_given
    };
    let Some(flag) = flags.iter().find(named) else { return Unread::Arguments(error) };
    let origin = match beneath.get(&flag.id) {
        Some((_, Origin::File(place))) => place.clone(),
        Some((_, Origin::Environment)) | None => flag.variable(),
    };
    let told = error.render().to_string();
    let told = told.split("\n\nFor more").next().unwrap_or_default();
    let told = told.strip_prefix("error: ").unwrap_or(told);
    let help = "`lockstep serve --print-settings` shows what counts, and where it comes from";
    Unread::Settings(CommandError::usage_with(format!("{origin}: {told}"), help))
}

/// Returns what is to be told of variables that are none of this program's: in a daemon all of them,
/// else those that are probably slips.
pub(crate) fn misspelt_variables(is_daemon: bool) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    warnings(names, is_daemon)
}

fn warnings(names: impl Iterator<Item = String>, is_daemon: bool) -> Vec<String> {
    let known: Vec<String> = flags()
        .iter()
        .map(|flag| flag.key.to_ascii_uppercase())
        .chain(OTHERS.map(str::to_owned))
        .collect();
    let told = |name: String| {
        let rest = name.strip_prefix(VARIABLE)?;
        if rest.starts_with(SECRET) || known.iter().any(|known| known == rest) {
            return None;
        }
        let unknown = format!("warning: {name} is no variable of lockstep");
        match nearest(rest, known.iter().map(String::as_str)) {
            Some(meant) => Some(format!("{unknown}; is {VARIABLE}{meant} meant?\n")),
            None if is_daemon => Some(format!("{unknown}\n")),
            None => None,
        }
    };
    names.filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_nobody_reads_is_told_with_the_one_that_was_meant() {
        for (name, of_daemon, of_others) in [
            ("LOCKSTEP_WORKFLOW", Some("; is LOCKSTEP_WORKFLOWS meant?\n"), true),
            ("LOCKSTEP_DEAMON", Some("; is LOCKSTEP_DAEMON meant?\n"), true),
            ("LOCKSTEP_PORT", Some("LOCKSTEP_PORT is no variable of lockstep\n"), false),
            ("LOCKSTEP_ALLOW_HOST", None, false),
            ("LOCKSTEP_LOG_FORMAT", None, false),
            ("LOCKSTEP_FENCING_TOKEN", None, false),
            ("LOCKSTEP_SECRET_STOER", None, false),
            ("WORKFLOW", None, false),
        ] {
            let warned = |is_daemon| warnings(std::iter::once(name.to_owned()), is_daemon);
            assert_eq!(warned(true).len(), usize::from(of_daemon.is_some()), "{name}");
            assert!(of_daemon.is_none_or(|told| warned(true)[0].ends_with(told)), "{name}");
            assert_eq!(warned(false).len(), usize::from(of_others), "{name}");
        }
    }
}
