//! What lock a command wants: the expression for its key, the mode, who wants it, for how long.

use std::time::Duration;

use lockstep_definition::LockMode;
use lockstep_expr::Value;
use lockstep_runner::Wanted;

use crate::caller::who;
use crate::command_error::CommandError;
use crate::length::length;
use crate::{console, eval};

/// What lock is wanted.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct WantedArgs {
    /// What to lock: an expression without names, such as 'ref("Contact", "c1")', '"text"', 7, or a
    /// list of several, which are taken together
    #[arg(value_name = "EXPR", allow_negative_numbers = true)]
    expression: String,
    /// Others may hold it at the same time if they take it so, too
    #[arg(long)]
    shared: bool,
    /// Who wants it, for people [default: user, host and process]
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// What for, for people
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    /// How long to wait if it is not free, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = length)]
    pub(super) wait: Duration,
}

impl WantedArgs {
    /// Returns the request; tells what is wrong with the expression.
    pub(super) fn request(
        &self,
        time_to_live: Duration,
        process: u32,
    ) -> Result<Wanted, CommandError> {
        let context = context(&self.expression).map_err(|shown| {
            console::tell(&shown);
            CommandError::usage("the lock has no key")
        })?;
        Ok(Wanted {
            context,
            mode: if self.shared { LockMode::Shared } else { LockMode::Exclusive },
            owner: self.owner.clone().unwrap_or_else(|| myself(process)).into(),
            note: self.note.as_str().into(),
            taker: None,
            waiting_timeout: Duration::ZERO,
            time_to_live,
        })
    }
}

/// Returns what an expression without names comes to; else what is wrong with it.
fn context(expression: &str) -> Result<Value, String> {
    const HELP: &str = "there are no names here: write an object as 'ref(\"Contact\", \"c1\")', a \
                        text with quotes within those of the shell: '\"deploy\"'";
    eval::without_names(expression, HELP)
}

fn myself(process: u32) -> String {
    format!("{}, process {process}", who())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expression_without_names_is_the_context() {
        for (expression, expected) in [
            ("\"a\" + \"b\"", "\"ab\""),
            ("-7", "-7"),
            ("[1, 2]", "[1, 2]"),
            ("ref(\"Contact\", \"c1\")", "ref(\"Contact\", \"c1\")"),
        ] {
            assert_eq!(context(expression).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_has_no_value_is_told_with_its_place() {
        for expression in ["", "1 / 0", "size(1, 2)", "(1"] {
            assert!(context(expression).unwrap_err().contains('^'), "{expression}");
        }
        for expression in ["deploy", "Contact/c1"] {
            assert!(context(expression).unwrap_err().contains("there are no names here"));
        }
    }

    #[test]
    fn owner_is_the_caller_unless_it_is_named() {
        let mut args = WantedArgs {
            expression: "1".to_owned(),
            shared: true,
            owner: None,
            note: String::new(),
            wait: Duration::ZERO,
        };
        let wanted = args.request(Duration::from_secs(1), 7).unwrap();
        assert!(wanted.owner.ends_with(", process 7"), "{}", wanted.owner);
        assert_eq!(wanted.mode, LockMode::Shared);
        args.owner = Some("ann".to_owned());
        assert_eq!(&*args.request(Duration::from_secs(1), 7).unwrap().owner, "ann");
    }
}
