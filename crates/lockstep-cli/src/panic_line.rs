//! A bug is told in one line; the backtrace appears only if `RUST_BACKTRACE` asks for it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::console;

static PANICKED: AtomicBool = AtomicBool::new(false);

/// Sets how panics are told.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(tell));
}

/// Returns whether there was a panic, on any thread.
pub(crate) fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

fn tell(info: &PanicHookInfo<'_>) {
    PANICKED.store(true, Ordering::SeqCst);
    let message = info.payload_as_str().unwrap_or("no message").replace('\n', " ");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    let mut line = format!("bug in lockstep {version}: {message} ({place})\n");
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        writeln!(line, "{trace}").expect("a string takes every write");
    }
    console::tell(&line);
}
