//! What people and programs see: data on the standard output, messages on the standard error.
//!
//! Invariants:
//!
//! * No colour reaches what is not a terminal, nor a terminal whose user set `NO_COLOR`.
//! * A reader that goes away (`| head`) ends the output, not the work.

use std::io::{self, Write as _};
use std::sync::OnceLock;

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::arguments::Format;
use crate::command_error::CommandError;

/// Writes data.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(CommandError::Machine { what: "cannot write the output", source }),
    }
}

/// Returns data as JSON, in one line.
pub(crate) fn json_line(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default() + "\n"
}

/// Writes a message. If even that is not possible, nobody can be told.
pub(crate) fn tell(text: &str) {
    drop(anstream::stderr().lock().write_all(text.as_bytes()));
}

/// How a daemon writes its messages: as its log.
static FORMAT: OnceLock<Format> = OnceLock::new();

/// Writes what the engine traces to the standard error, if a filter asks for it.
pub(crate) fn log(filter: Option<&str>, format: Format) {
    let Some(filter) = filter else { return };
    let filter = EnvFilter::builder().parse_lossy(filter);
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    // Each fails only if there is one already, and this is the only call.
    match format {
        Format::Human => drop(subscriber.try_init()),
        Format::Json => drop(subscriber.json().flatten_event(true).try_init()),
    }
    FORMAT.set(format).ok();
}

/// Returns how a daemon writes its messages.
pub(crate) fn format() -> Format {
    FORMAT.get().copied().unwrap_or(Format::Human)
}

/// Writes a message of a daemon: as a line of JSON, if its log is JSON.
pub(crate) fn announce(text: &str) {
    if format() == Format::Human {
        return tell(text);
    }
    for line in text.lines() {
        tell(&format!("{}\n", serde_json::json!({ "level": "INFO", "message": line })));
    }
}
