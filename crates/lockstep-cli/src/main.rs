//! The command line `lockstep`.
//!
//! Exit statuses: 0 done; 1 the work failed; 2 wrong usage; 3 the store or the engine failed;
//! 70 a bug in this program; 130 and 143 ended by ctrl-C and SIGTERM.

mod arguments;
mod bench;
mod caller;
mod client;
mod columns;
mod command_error;
mod completions;
mod console;
mod data;
mod doors;
mod dry_run;
mod eval;
mod explain;
mod failure_report;
mod given;
mod graph;
mod input;
mod instance;
mod journal;
mod length;
mod lock;
mod locks;
mod look;
#[cfg(feature = "lsp")]
mod lsp;
mod meant;
mod outside;
mod ownership;
mod pages;
mod panic_line;
mod render;
mod request;
mod run;
mod schema;
mod seed;
mod serve;
mod session;
mod settings;
mod signals;
mod sources;
mod status;
mod store;
mod survey;
mod target;
mod telemetry;
mod token;
#[cfg(feature = "top")]
mod top;
mod validate;
mod work;

use std::process::ExitCode;

use crate::arguments::Command;
use crate::command_error::CommandError;
use crate::settings::Unread;
use crate::status::Status;

fn main() -> ExitCode {
    panic_line::install();
    let cli = match settings::command_line(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(Unread::Arguments(told)) => return arguments::tell(&told),
        Err(Unread::Settings(error)) => {
            console::tell(&error.report());
            return error.status().into();
        }
    };
    let is_daemon = matches!(cli.command, Command::Serve(_));
    console::log(cli.log.as_deref().or(is_daemon.then_some("warn")), cli.log_format);
    for warning in settings::misspelt_variables(is_daemon) {
        console::announce(&warning);
    }
    let result = std::panic::catch_unwind(|| dispatch(&cli.command));
    if panic_line::has_panicked() {
        return Status::Bug.into();
    }
    match result {
        Ok(Ok(status)) => status.into(),
        Ok(Err(error)) => {
            console::tell(&error.report());
            error.status().into()
        }
        Err(_) => Status::Bug.into(),
    }
}

fn dispatch(command: &Command) -> Result<Status, CommandError> {
    match command {
        Command::Validate(args) => validate::run(args),
        Command::Run(args) => run::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Token(args) => token::run(args),
        Command::DryRun(args) => dry_run::run(args),
        Command::Start(args) => instance::start::run(args),
        Command::Get(args) => instance::get::run(args),
        Command::List(args) => instance::list::run(args),
        Command::Signal(args) => instance::signal::run(args),
        Command::Cancel(args) => instance::cancel::run(args),
        Command::Retry(args) => instance::retry::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Lock(args) => lock::run(args),
        Command::Locks(args) => locks::run(args),
        #[cfg(feature = "top")]
        Command::Top(args) => top::run(args),
        Command::Data(args) => data::run(args),
        Command::Journal(args) => journal::run(args),
        Command::Graph(args) => graph::run(args),
        #[cfg(feature = "lsp")]
        Command::Lsp(args) => lsp::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(args),
    }
}
