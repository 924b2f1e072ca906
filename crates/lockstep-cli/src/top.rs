//! `lockstep top`: a live view of what an engine does: throughput, instances, locks, failures.
//!
//! Invariants:
//!
//! * It only looks: nothing is changed, neither at a daemon nor in a store.
//! * What cannot be asked at the beginning ends the command; what cannot be asked later is shown in
//!   the view, and asked again.

mod eye;
mod sample;
mod screen;
mod view;

use std::io::IsTerminal as _;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};

use crate::command_error::CommandError;
use crate::console;
use crate::length::length;
use crate::session::block_on;
use crate::status::Status;
use crate::target::TargetArgs;
use crate::top::eye::Eye;
use crate::top::view::View;

/// Shortest and longest time between two looks.
const INTERVALS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_hours(1);

/// Columns of what is written to something that is no terminal.
const ONCE_WIDTH: u16 = 100;

/// Arguments of `lockstep top`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep top --daemon http://localhost:7070\n  \
    lockstep top --interval 5s --store sqlite://shop.db\n  \
    lockstep top --once --daemon http://localhost:7070 > now.txt\n\n\
    q and ctrl-C leave. A store is read as it was flushed last, also while an engine is at work on \
    it; all that is unfinished there is read at each look.")]
pub(crate) struct Args {
    /// Time between two looks
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// Writes one view as plain text, and ends; so it does if the output is no terminal
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    target: TargetArgs,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = length(text)?;
    if INTERVALS.contains(&interval) {
        return Ok(interval);
    }
    Err("from 100ms to 1h".to_owned())
}

/// Shows what an engine does.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let mut eye = Eye::new(args.target.target()?);
    let is_terminal = std::io::stdout().is_terminal();
    let has_colours = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
    block_on(async {
        let sample = eye.look().await?;
        let view = View::new(eye.place(), sample, args.interval, has_colours);
        if args.once || !is_terminal {
            let width = if is_terminal { screen::width() } else { None };
            console::print(&view.text(width.unwrap_or(ONCE_WIDTH)))?;
            return Ok(Status::Done);
        }
        screen::show(eye, view).await
    })
}
