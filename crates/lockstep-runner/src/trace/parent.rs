//! The trace of whoever starts an instance: W3C Trace Context.
//!
//! Invariants:
//!
//! * What is not right says nothing: an instance has a trace of its own then.
//!
//! Absent by design: `tracestate`, which is for those who read it.

use std::fmt;

use lockstep_core::{Entry, Happening};

/// Longest header of a later version that is looked at, in bytes.
const MAX_HEADER: usize = 512;

/// Entries at the beginning of a journal among which one tells of a trace.
const FIRST: usize = 2;

/// A trace, and the span in it in which something was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    pub(super) trace: u128,
    pub(super) span: u64,
}

impl TraceParent {
    /// Reads the header `traceparent`; `None` if it is not right, or if it says that the trace is not
    /// recorded, so that nobody would see what goes on with it.
    pub fn parse(header: &str) -> Option<Self> {
        if header.len() > MAX_HEADER {
            return None;
        }
        let mut parts = header.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace, span) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        // Later versions may append something; the last number is none.
        let is_known = version != 0xff && (version > 0 || parts.next().is_none());
        Self::of(trace, span).filter(|_| is_known && flags & 1 == 1)
    }

    /// Reads what the journal of an instance tells.
    pub(super) fn told(journal: &[Entry]) -> Option<Self> {
        journal.iter().take(FIRST).find_map(|entry| {
            let Happening::Traced { parent } = &entry.event else { return None };
            let (trace, span) = parent.split_once('-')?;
            Self::of(hex(trace, 32)?, hex(span, 16)?)
        })
    }

    fn of(trace: u128, span: u128) -> Option<Self> {
        let span = u64::try_from(span).ok()?;
        (trace != 0 && span != 0).then_some(Self { trace, span })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}", self.trace, self.span)
    }
}

/// Reads so many hexadecimal digits, in lower case.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = text.len() == digits && text.bytes().all(is_digit);
    fits.then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_header_is_read_if_it_is_right() {
        let (zeros, upper) = ("0".repeat(32), TRACE.to_uppercase());
        for (header, is_read) in [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-03"), true),
            (format!("cc-{TRACE}-{SPAN}-01"), true),
            (format!("cc-{TRACE}-{SPAN}-01-what-comes-later"), true),
            (format!("00-{TRACE}-{SPAN}-00"), false),
            (format!("00-{TRACE}-{SPAN}-01-"), false),
            (format!("00-{TRACE}-{SPAN}-01-more"), false),
            (format!("ff-{TRACE}-{SPAN}-01"), false),
            (format!("00-{zeros}-{SPAN}-01"), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{upper}-{SPAN}-01"), false),
            (format!("00-{TRACE}-{SPAN}-1"), false),
            (format!("00-{TRACE}-{SPAN}"), false),
            (format!("00-{TRACE}0-{SPAN}-01"), false),
            (format!("+0-{TRACE}-{SPAN}-01"), false),
            (format!(" 00-{TRACE}-{SPAN}-01"), false),
            (format!("cc-{TRACE}-{SPAN}-01-{}", "x".repeat(MAX_HEADER)), false),
            (String::new(), false),
            ("-".repeat(55), false),
        ] {
            let read = TraceParent::parse(&header).map(|parent| parent.to_string());
            assert_eq!(read, is_read.then(|| format!("{TRACE}-{SPAN}")), "{header}");
        }
    }
}
