//! `lockstep token`: makes, lists and revokes the tokens of a daemon.
//!
//! Invariants:
//!
//! * A token is written once, to the standard output, and nothing else is.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use lockstep_api::words::moment;
use lockstep_core::Time;
use lockstep_expr::Timestamp;
use lockstep_runner::Clock;
use lockstep_server::{Role, Token, TokenFile, TokenFileError};
use serde_json::json;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;

/// Longest time that a token may be given: ten years.
const MAX_DAYS: u64 = 3650;

/// Arguments of `lockstep token`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep token new --name shop --role starter --expires 90d --file tokens > shop.token\n  \
    lockstep serve --tokens tokens --workflows workflows\n  \
    curl -H \"Authorization: Bearer $(cat shop.token)\" http://localhost:7070/v1/instances\n\n\
    The file holds a hash of each token, one in each line; the token itself is told once. A daemon \
    reads the file again within a second after it has changed.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Makes a token, writes it to the standard output and its hash to the file
    New(New),
    /// Lists the tokens of a file
    List {
        #[command(flatten)]
        file: FileArgs,
        /// How it is written; json: one token in each line
        #[arg(long, value_enum, default_value = "human")]
        format: Format,
    },
    /// Revokes a token
    Revoke {
        /// Its id, as `list` tells it: what stands behind the first `_` of the token
        id: String,
        #[command(flatten)]
        file: FileArgs,
    },
}

#[derive(Debug, clap::Args)]
struct New {
    /// Who has it: stands in journals, and beside what it changes
    #[arg(long)]
    name: String,
    /// What it may do; all but admin may look, too
    #[arg(
        long,
        value_parser = PossibleValuesParser::new(["viewer", "starter", "worker", "operator", "admin"])
    )]
    role: String,
    /// How long it counts: 90d, 12h; for ever if nothing is said
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The file of tokens, as `lockstep serve --tokens` takes it
    #[arg(long, value_name = "FILE", env = "LOCKSTEP_TOKENS", hide_env_values = true)]
    file: PathBuf,
}

impl FileArgs {
    fn file(&self) -> TokenFile {
        TokenFile::new(&self.file)
    }
}

/// Makes, lists or revokes.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let now = Clock::start().now();
    match &args.what {
        What::New(new) => add(new, now),
        What::List { file, format } => list(&file.file(), *format, now),
        What::Revoke { id, file } => revoke(id, &file.file()),
    }
}

fn add(new: &New, now: Time) -> Result<Status, CommandError> {
    let expires = new.expires.as_deref().map(|text| end(text, now)).transpose()?;
    let role = Role::named(&new.role).expect("the command line takes no other");
    let (token, text) = Token::draw(&new.name, role, now.timestamp(), expires)
        .map_err(|error| CommandError::usage(error.to_string()))?;
    let file = new.file.file();
    file.add(&token)?;
    console::print(&format!("{text}\n"))?;
    if file.is_open_to_others()? {
        let file = file.path().display();
        console::tell(&format!("warning: others can read {file}: chmod o-rwx {file}\n"));
    }
    Ok(Status::Done)
}

/// Returns when a token ends that counts for so long.
fn end(text: &str, now: Time) -> Result<Timestamp, CommandError> {
    let wrong = || {
        CommandError::usage_with(
            format!("`{text}` is not a time for which a token counts"),
            format!("write it as 90d or 12h, {MAX_DAYS} days at most"),
        )
    };
    let days = text.strip_suffix('d').map(str::parse::<u64>);
    let length = match days {
        Some(Ok(days)) if days <= MAX_DAYS => std::time::Duration::from_hours(24 * days),
        Some(_) => return Err(wrong()),
        None => lockstep_definition::duration(text).map_err(|_| wrong())?,
    };
    Ok(now.after(length).timestamp())
}

fn list(file: &TokenFile, format: Format, now: Time) -> Result<Status, CommandError> {
    let tokens = file.read()?;
    let lines: String = match format {
        Format::Json => tokens.iter().map(|token| program(token, now)).collect(),
        Format::Human => {
            let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or(0);
            tokens.iter().map(|token| human(token, width, now)).collect()
        }
    };
    if tokens.is_empty() {
        console::tell(&format!("{} holds no token\n", file.path().display()));
    }
    console::print(&lines)?;
    Ok(Status::Done)
}

fn program(token: &Token, now: Time) -> String {
    let mut line = json!({
        "id": token.id,
        "name": token.name,
        "role": token.role.name(),
        "created": token.created.to_string(),
        "expired": token.has_expired(now),
    });
    if let (Some(line), Some(expires)) = (line.as_object_mut(), token.expires) {
        line.insert("expires".to_owned(), expires.to_string().into());
    }
    line.to_string() + "\n"
}

fn human(token: &Token, width: usize, now: Time) -> String {
    let end = match token.expires {
        None => "for ever".to_owned(),
        Some(_) if token.has_expired(now) => "expired".to_owned(),
        Some(expires) => format!("until {}", moment::plain(Time(expires.as_micros()))),
    };
    format!("{}  {:width$}  {:8}  {end}\n", token.id, token.name, token.role.name())
}

fn revoke(id: &str, file: &TokenFile) -> Result<Status, CommandError> {
    if file.remove(id)? {
        console::tell(&format!("{id} is revoked\n"));
        return Ok(Status::Done);
    }
    // Somebody may have pasted the token itself; it is not repeated.
    Err(CommandError::failed_with(
        "no token of the file has this id",
        format!("`lockstep token list --file {}` tells them", file.path().display()),
    ))
}

impl From<TokenFileError> for CommandError {
    fn from(error: TokenFileError) -> Self {
        Self::Server(error.into())
    }
}
