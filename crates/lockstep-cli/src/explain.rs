//! `lockstep explain`: what an instance does and waits for, or what a code of a diagnostic means.

mod code;
mod instance;

use lockstep_api::words::explanation::{self, Source};

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::look::{self, Prefix, may_be_an_id};
use crate::request::{Request, path};
use crate::session::{Session, block_on};
use crate::status::Status;
use crate::target::{Target, TargetArgs};

/// Arguments of `lockstep explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep explain 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 --daemon http://localhost:7070\n  \
    lockstep explain 0198c6f2-8d --store sqlite://shop.db\n  \
    lockstep explain lock-without-context\n\n\
    Of an instance it tells where it is, what it waits for, who holds that since when, how many are \
    ahead, and what ends the wait; of one that has ended, how. A store is read as it was flushed \
    last, also while `lockstep run` is at work on it; nothing is changed.\n\n\
    Exit status 1 if there is no such instance, 2 if there is no such code, 3 if there is no store \
    or no daemon.")]
pub(crate) struct Args {
    /// An instance, or a client's lock: its id, or at least the first 4 digits; or the code of a
    /// finding of `validate`, as it stands in brackets behind `error` or `warning`. Without it, all
    /// codes are listed
    #[arg(value_name = "INSTANCE|CODE")]
    what: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    /// How it is written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Writes the explanation, the page, or the list of codes.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let text = match &args.what {
        None => code::list(args.format),
        Some(written) if is_instance(written) => {
            let wanted = Prefix::parse(written)?;
            let (explained, source) = match args.target.target()? {
                Target::Daemon(client) => {
                    let session = Session::Daemon(client);
                    let asked = async {
                        let id = wanted.ask(&session).await?;
                        session.form(Request::get(path(&["instances", &id, "explain"]))).await
                    };
                    (block_on(asked)?, Source::Engine)
                }
                Target::File(url) => {
                    let look = async |look| instance::explain(look, &wanted).await;
                    (look::look(url, look)?, Source::Store)
                }
            };
            match args.format {
                Format::Human => explanation::human(&explained, source),
                Format::Json => console::json_line(&explained),
            }
        }
        Some(written) => code::page(written, args.format)?,
    };
    console::print(&text)?;
    Ok(Status::Done)
}

/// Codes are words; what begins with a digit was meant as an id.
fn is_instance(written: &str) -> bool {
    let begins_with_a_digit = written.trim().starts_with(|c: char| c.is_ascii_digit());
    !code::is_known(written) && (may_be_an_id(written) || begins_with_a_digit)
}
