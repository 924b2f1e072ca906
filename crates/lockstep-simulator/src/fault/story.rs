//! The story of a history: what happened, for people, written only when it is asked for.

use std::fmt::Write as _;

/// A story that is told, or not.
#[derive(Debug, Default)]
pub(crate) struct Story(Option<String>);

impl Story {
    /// Returns one that is told.
    pub(crate) fn told() -> Self {
        Self(Some(String::new()))
    }

    /// Adds a line, at a time in microseconds since the beginning.
    pub(crate) fn say(&mut self, at: i64, what: impl FnOnce() -> String) {
        if let Some(text) = &mut self.0 {
            let (seconds, micros) = (at.div_euclid(1_000_000), at.rem_euclid(1_000_000));
            writeln!(text, "{seconds:>6}.{micros:06} {}", what())
                .expect("a string takes everything");
        }
    }

    /// Returns the text.
    pub(crate) fn text(self) -> String {
        self.0.unwrap_or_default()
    }
}
