//! Settings: what `lockstep serve` is told by the environment and a file, beneath the command line.
//!
//! A flag counts more than the environment, that more than the file, and that more than the default.
//! What counts becomes the default of its flag before the command line is read, so that there is one
//! list of settings, the flags, and one place that says what is right, the flag.
//!
//! Invariants:
//!
//! * Every flag has a key and a variable: `--allow-host` is `allow_host` and `LOCKSTEP_ALLOW_HOST`.
//! * A key that is no flag's is an error.
//! * What is wrong is told with the place where it stands: the flag, the variable, the line.
//! * A variable that is probably a slip for another one is told.
//! * What is shown holds no password of an address.

mod file;
mod shown;
mod slip;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _};

use crate::arguments::{Cli, Command};
use crate::command_error::CommandError;

pub(crate) use slip::misspelt_variables;

/// The command that takes settings.
const COMMAND: &str = "serve";

/// Flags that are no settings.
const NOT_SETTINGS: [&str; 4] = ["settings", "print-settings", "help", "version"];

/// What the variables of this program begin with.
const VARIABLE: &str = "LOCKSTEP_";

/// Where a setting comes from, unless it is the command line or the default.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Environment,
    /// The file, and the line in it.
    File(String),
}

/// What is said of flags beneath the command line, by their ids.
type Beneath = BTreeMap<String, (Vec<String>, Origin)>;

/// Why there is no command line.
pub(crate) enum Unread {
    /// It is wrong, or asks for help.
    Arguments(clap::Error),
    /// The settings are wrong.
    Settings(CommandError),
}

/// A flag that is a setting.
#[derive(Clone, Debug)]
struct Flag {
    /// What clap calls it.
    id: String,
    /// As in a file.
    key: String,
    takes_many: bool,
}

impl Flag {
    /// Its variable of the environment.
    fn variable(&self) -> String {
        format!("{VARIABLE}{}", self.key.to_ascii_uppercase())
    }
}

/// Reads the command line, and for `lockstep serve` what stands beneath it.
pub(crate) fn command_line(words: Vec<OsString>) -> Result<Cli, Unread> {
    let looked = Cli::command().ignore_errors(true).try_get_matches_from(&words);
    let asked = looked.as_ref().ok().and_then(|found| found.subcommand_matches(COMMAND));
    let Some(asked) = asked else {
        let read = <Cli as clap::Parser>::try_parse_from(&words);
        return read.map_err(|error| slip::with_origin(error, &words, &flags(), &Beneath::new()));
    };
    let file = asked.try_get_one::<PathBuf>("settings").ok().flatten();
    let flags = flags();
    let beneath = beneath(&flags, file).map_err(Unread::Settings)?;
    let command = with_defaults(Cli::command(), &beneath);
    let found = command.try_get_matches_from(&words);
    let found = found.map_err(|error| slip::with_origin(error, &words, &flags, &beneath))?;
    let mut cli = Cli::from_arg_matches(&found).map_err(Unread::Arguments)?;
    if let (Command::Serve(args), Some(found)) =
        (&mut cli.command, found.subcommand_matches(COMMAND))
    {
        args.settings.shown = shown::text(&flags, found, &beneath);
    }
    Ok(cli)
}

/// Returns the flags that are settings.
fn flags() -> Vec<Flag> {
    let cli = Cli::command();
    let serve = cli.find_subcommand(COMMAND).expect("there is such a command");
    let all = serve.get_arguments().chain(cli.get_arguments().filter(|arg| arg.is_global_set()));
    all.filter_map(|arg| {
        let long = arg.get_long().filter(|long| !NOT_SETTINGS.contains(long))?;
        Some(Flag {
            id: arg.get_id().to_string(),
            key: long.replace('-', "_"),
            takes_many: matches!(arg.get_action(), ArgAction::Append),
        })
    })
    .collect()
}

/// Collects what the environment and the file say.
fn beneath(flags: &[Flag], file: Option<&PathBuf>) -> Result<Beneath, CommandError> {
    let mut said = match file {
        Some(path) => file::read(path, flags)?,
        None => BTreeMap::new(),
    };
    let mut beneath = Beneath::new();
    for flag in flags {
        let of_file = said.remove(&flag.key);
        let of_file = of_file.map(|(values, place)| (values, Origin::File(place)));
        let of_environment = variable(flag)?.map(|values| (values, Origin::Environment));
        if let Some(setting) = of_environment.or(of_file) {
            beneath.insert(flag.id.clone(), setting);
        }
    }
    Ok(beneath)
}

/// Reads the environment variable of a flag; an empty one says nothing.
#[expect(clippy::disallowed_methods, reason = "this is where configuration enters")]
fn variable(flag: &Flag) -> Result<Option<Vec<String>>, CommandError> {
    let name = flag.variable();
    let text = match std::env::var(&name) {
        Ok(text) if !text.is_empty() => text,
        Ok(_) | Err(std::env::VarError::NotPresent) => return Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(CommandError::usage(format!("{name} is not UTF-8")));
        }
    };
    if !flag.takes_many {
        return Ok(Some(vec![text]));
    }
    if text.trim_start().starts_with('[') {
        let read: Result<Vec<String>, _> = serde_json::from_str(&text);
        return read.map(Some).map_err(|_| {
            let help = "write it as [\"one\", \"two\"], or as one,two";
            CommandError::usage_with(format!("{name} is not a list of texts"), help)
        });
    }
    Ok(Some(text.split(',').map(|part| part.trim().to_owned()).collect()))
}

/// Makes what was said the defaults of the flags.
fn with_defaults(command: clap::Command, beneath: &Beneath) -> clap::Command {
    let defaults = |arg: clap::Arg| match beneath.get(arg.get_id().as_str()) {
        None => arg,
        Some((values, _)) => {
            let values: Vec<clap::builder::OsStr> = values.iter().map(Into::into).collect();
            arg.required(false).default_values(values)
        }
    };
    let global = |arg: clap::Arg| if arg.is_global_set() { defaults(arg) } else { arg };
    command.mut_args(global).mut_subcommand(COMMAND, |serve| serve.mut_args(defaults))
}

/// What is said about settings on the command line.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SettingsArgs {
    /// A file with settings: TOML, `listen = "127.0.0.1:7070"` for --listen
    #[arg(long, value_name = "FILE", env = "LOCKSTEP_SETTINGS", hide_env_values = true)]
    settings: Option<PathBuf>,
    /// Shows all settings, and where each comes from; serves nothing
    #[arg(long)]
    print_settings: bool,
    #[arg(skip)]
    shown: String,
}

impl SettingsArgs {
    /// Returns the settings as a file of them, if they are to be shown.
    pub(crate) fn to_show(&self) -> Option<&str> {
        self.print_settings.then_some(&self.shown)
    }
}

#[cfg(test)]
mod tests;
