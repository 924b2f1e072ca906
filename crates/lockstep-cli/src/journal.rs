//! `lockstep journal`: the history of an instance, or of a client's lock.

use lockstep_api::words::journal::lines;
use lockstep_api::{Activities, Entry, Instance};
use lockstep_core::Time;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::look::{self, Look, Prefix};
use crate::request::{Request, path};
use crate::session::{Session, block_on};
use crate::status::Status;
use crate::survey::Survey;
use crate::target::{Target, TargetArgs};

/// Arguments of `lockstep journal`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep journal 0198c6f2-8d --store sqlite://shop.db\n  \
    lockstep journal 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 --daemon http://localhost:7070\n\n\
    It tells what the instance did, in order: locks that it waited for, got and lost, calls, commits, \
    errors; why a lock was broken, and by whom. A client's lock has a journal under its id, too.\n\n\
    Exit status 1 if there is no such instance, 3 if there is no store or no daemon.")]
pub(crate) struct Args {
    /// An instance, or a client's lock: its id, or at least the first 4 digits
    #[arg(value_name = "INSTANCE")]
    instance: String,
    #[command(flatten)]
    target: TargetArgs,
    /// How it is written; json: one entry in each line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Writes the journal.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let wanted = Prefix::parse(&args.instance)?;
    let (entries, began) = match args.target.target()? {
        Target::Daemon(client) => block_on(ask(&Session::Daemon(client), &wanted))?,
        Target::File(url) => look::look(url, async |look| read(look, &wanted).await)?,
    };
    let text = match args.format {
        Format::Human => lines(&entries, began),
        Format::Json => entries.iter().map(console::json_line).collect(),
    };
    console::print(&text)?;
    Ok(Status::Done)
}

/// The entries, and when it began.
type Journal = (Vec<Entry>, Option<Time>);

/// Asks a daemon.
async fn ask(session: &Session, wanted: &Prefix) -> Result<Journal, CommandError> {
    let id = &wanted.ask(session).await?;
    let mut entries: Vec<Entry> = Vec::new();
    let place = path(&["instances", id, "journal"]);
    let keep = |entry| {
        entries.push(entry);
        Ok(())
    };
    session.each(&place, &[], usize::MAX, keep).await?;
    // A client's lock is no instance.
    let instance = session.ask(Request::get(path(&["instances", id]))).await?;
    let instance: Option<Instance> = instance.form().ok();
    let first = entries.first().map(|entry| entry.at.0);
    Ok((entries, instance.map(|instance| instance.started_at.0).or(first)))
}

async fn read(mut look: Look, wanted: &Prefix) -> Result<Journal, CommandError> {
    let id = look.find(wanted).await?;
    let stored = look.snapshot.instance(id).await?;
    let entries = look.snapshot.journal(id).await?;
    if entries.is_empty() && stored.is_none() {
        return Err(look.absent(wanted));
    }
    let row = stored.and_then(|stored| stored.row.ok());
    let activities = match &row {
        Some(row) => {
            let definitions = Survey::definitions(&mut look.snapshot, &row.definitions).await?;
            Activities::of(definitions.as_deref(), &row.workflow)
        }
        None => Activities::default(),
    };
    let began = row.map(|row| row.started_at).or(entries.first().map(|entry| Time(entry.at)));
    Ok((Entry::all(&entries, &activities), began))
}
