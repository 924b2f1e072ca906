//! The same forms for people: in words.
//!
//! Invariants:
//!
//! * Whatever others have written (names, notes, messages) moves no cursor and changes no colour.
//!
//! Absent by design: clocks. A form tells of when it is.

pub mod explanation;
pub mod failure;
pub mod journal;
pub mod moment;
pub(crate) mod sentence;
pub mod shown;
