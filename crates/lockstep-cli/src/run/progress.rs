//! A bar that grows with the instances that have ended; only on a terminal, only for several.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::Ended;

/// The bar.
pub(super) struct Progress {
    bar: ProgressBar,
    failed: u64,
}

impl Progress {
    pub(super) fn new(count: u64, quiet: bool) -> Self {
        if quiet || count < 2 {
            return Self { bar: ProgressBar::hidden(), failed: 0 };
        }
        // It draws on the standard error, and on nothing that is not a terminal.
        let bar = ProgressBar::new(count);
        let style = "{bar:30} {human_pos}/{human_len} {rate} {elapsed} {msg}";
        let style = ProgressStyle::with_template(style).expect("the template is right");
        bar.set_style(style.with_key("rate", |state: &ProgressState, to: &mut dyn fmt::Write| {
            // A bar that cannot be written is not worth an error.
            write!(to, "{:.0} per second", state.per_sec()).unwrap_or_default();
        }));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, failed: 0 }
    }

    pub(super) fn advance(&mut self, ended: &Ended) {
        if !ended.is_own {
            return;
        }
        self.bar.inc(1);
        if !matches!(ended.ending, Ok(Ok(_))) {
            self.failed += 1;
            self.bar.set_message(format!("{} failed", self.failed));
        }
    }

    /// Does something that writes to the terminal.
    pub(super) fn suspended<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
