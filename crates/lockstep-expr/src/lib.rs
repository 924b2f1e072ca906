//! The expression language: parse, check and evaluate, pure and total.
//!
//! The Common Expression Language (CEL) but for protocol-buffer messages, with `ref(entity, id)` and
//! texts with embedded `${ ... }`.
//!
//! Invariants:
//! - *Total*: every text and every value ends in a value or an error. Text, nesting, work and memory
//!   are bounded by named limits.
//! - *Pure*: the result depends on the text and the scope alone.
//! - *Located*: each error names the bytes of the text that it is about.
//!
//! Absent by design: clocks, random numbers, files, the environment; types of the parser generator
//! and of the time library in the public interface.

mod check;
#[cfg(test)]
mod conformance;
mod declared_type;
mod duration;
mod error;
mod expression;
mod fault;
mod function;
pub mod json;
mod meter;
mod nearest;
mod network;
mod number;
mod scope;
mod signature;
mod span;
mod static_type;
mod template;
mod timestamp;
mod value;

pub use check::{FindingKind, TypeFinding, TypeScope, Typing};
pub use declared_type::{Type, TypeError};
pub use duration::{Duration, DurationError};
pub use error::{EvalError, ParseError, code};
pub use expression::{
    Expression, Fact, FreeName, Guarded, MAX_HEIGHT, MAX_NESTING, MAX_TEXT, is_name,
};
pub use nearest::nearest;
pub use network::{Cidr, Ip, NetworkError};
pub use scope::{Empty, Scope};
pub use signature::{Signature, signatures};
pub use span::Span;
pub use static_type::{Assignability, Shape, ShapeField, StaticType};
pub use template::{Part, Template};
pub use timestamp::{Timestamp, TimestampError};
pub use value::map::{Iter, Key, Map};
pub use value::{Record, Reference, Value};
