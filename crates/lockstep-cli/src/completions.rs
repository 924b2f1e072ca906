//! `lockstep completions`: completions of this program for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Cli;
use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;

/// Arguments of `lockstep completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    mkdir -p ~/.local/share/bash-completion/completions\n  \
    lockstep completions bash > ~/.local/share/bash-completion/completions/lockstep\n\n  \
    mkdir -p ~/.config/fish/completions\n  \
    lockstep completions fish > ~/.config/fish/completions/lockstep.fish\n\n\
    They count from the next shell on.")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the completions.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let mut written = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lockstep", &mut written);
    console::print(&String::from_utf8_lossy(&written))?;
    Ok(Status::Done)
}
