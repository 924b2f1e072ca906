//! `lockstep lsp`: the language server, for editors.

mod answer;
mod position;
mod server;
mod wire;
mod workspace;

use std::io::{self, BufReader};

use lsp_server::Connection;

use crate::command_error::CommandError;
use crate::status::Status;

/// Arguments of `lockstep lsp`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An editor starts it and talks to it over its standard input and output, by \
    the Language Server Protocol. docs/editor.md says how to set up editors.\n\n\
    Exit status 1 if the editor goes away without saying so."
)]
pub(crate) struct Args {
    /// Does nothing: some editors always pass it
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Serves one editor until it ends the conversation.
pub(crate) fn run(_: &Args) -> Result<Status, CommandError> {
    let (server, client) = Connection::memory();
    let Connection { sender, receiver } = client;
    // The reader waits for input when the server ends; the process ends with the server.
    let reader = std::thread::Builder::new().name("lsp-reader".to_owned());
    let machine = |source| CommandError::Machine { what: "cannot start a thread", source };
    let reading = reader.spawn(move || {
        let mut input = BufReader::new(io::stdin());
        while let Some(message) = wire::receive(&mut input, &mut io::stdout()) {
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    drop(reading.map_err(machine)?);
    let writer = std::thread::Builder::new().name("lsp-writer".to_owned());
    let writing = writer.spawn(move || {
        for message in &receiver {
            if message.write(&mut io::stdout()).is_err() {
                break;
            }
        }
    });
    let writing = writing.map_err(machine)?;
    let orderly = server::serve(&server);
    drop(server);
    // A panic of the writer has been told by then.
    drop(writing.join());
    Ok(if orderly { Status::Done } else { Status::Failed })
}

#[cfg(test)]
mod tests;
