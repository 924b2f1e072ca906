//! `lockstep journal`: the history of an instance, or of a client's lock.

use lockstep_api::words::journal::lines;
use lockstep_api::{Activities, Entry};
use lockstep_core::Time;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::look::{self, Look, Prefix};
use crate::status::Status;
use crate::store::StoreArgs;
use crate::survey::Survey;

/// Arguments of `lockstep journal`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep journal 0198c6f2-8d\n\n\
    It tells what the instance did, in order: locks that it waited for, got and lost, calls, commits, \
    errors; why a lock was broken, and by whom. A client's lock has a journal under its id, too.\n\n\
    Exit status 1 if the store has no such instance, 3 if there is no store.")]
pub(crate) struct Args {
    /// An instance, or a client's lock: its id, or at least the first 4 digits
    #[arg(value_name = "INSTANCE")]
    instance: String,
    #[command(flatten)]
    store: StoreArgs,
    /// How it is written; json: one entry in each line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Writes the journal.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let wanted = Prefix::parse(&args.instance)?;
    let text = look::look(&args.store, async |look| read(look, &wanted, args.format).await)?;
    console::print(&text)?;
    Ok(Status::Done)
}

async fn read(mut look: Look, wanted: &Prefix, format: Format) -> Result<String, CommandError> {
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
    let entries = Entry::all(&entries, &activities);
    Ok(match format {
        Format::Human => lines(&entries, began),
        Format::Json => entries.iter().map(console::json_line).collect(),
    })
}
