//! Panics of the core: a broken law like others.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use super::law::Violation;

thread_local! {
    /// Whether a panic of this thread is caught, and what the last one said.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Lets panics that are caught say nothing on the standard error; those of others still do.
pub fn silence() {
    let others = take_hook();
    set_hook(Box::new(move |panic| {
        let caught = CAUGHT.with_borrow_mut(|caught| {
            if let Some(text) = caught {
                *text = panic.to_string();
            }
            caught.is_some()
        });
        if !caught {
            others(panic);
        }
    }));
}

/// Runs something, a panic of which breaks a law.
pub(super) fn caught(run: impl FnOnce() -> Result<(), Violation>) -> Result<(), Violation> {
    CAUGHT.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(run));
    let text = CAUGHT.take();
    result.unwrap_or_else(|_| Violation::of("no-panic", text.unwrap_or_default()))
}
