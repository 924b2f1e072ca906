//! Values as plain JSON, for people and for calls outside.
//!
//! What JSON has no form for becomes a string: timestamps (RFC 3339), durations (`1.5s`), bytes
//! (base64), NaN and the infinities, types. A reference becomes its id, a record an object of its
//! fields. The way back therefore gives strings for these; declared types tell what they were.
//!
//! Invariants:
//! - *Bounded*: nothing deeper than [`MAX_DEPTH`] is read, and what lies deeper is written as `null`.
//! - *Exact*: whole numbers within `i64` and `u64` are read and written without loss.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{JsonError, bytes, from_json};
pub use write::to_json;

/// Deepest nesting of arrays and objects that is read or written.
pub const MAX_DEPTH: usize = 128;
