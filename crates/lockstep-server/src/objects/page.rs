//! Pages of objects: how many are on one, and where it begins.
//!
//! Invariants:
//!
//! * Where a page begins is told by an id, so that whatever is created or deleted meanwhile, no other
//!   object is left out or shown twice.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use utoipa::IntoParams;

use super::invalid;
use crate::problem::Problem;

/// Objects on a page, if nothing is said, and most.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Objects on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the one before.
    cursor: Option<String>,
}

impl Which {
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        let is_right = (1..=MAX_PAGE).contains(&limit);
        is_right.then_some(limit).ok_or_else(|| invalid(format!("`limit` is 1 to {MAX_PAGE}")))
    }

    /// Returns the id behind which the page begins.
    pub(super) fn after(&self) -> Result<Option<Arc<str>>, Problem> {
        self.cursor.as_deref().map(place).transpose()
    }
}

/// Returns the cursor of the page behind an object: its id in hexadecimal digits, which need no
/// escapes.
pub(super) fn cursor_behind(id: &str) -> String {
    id.bytes().fold(String::new(), |mut cursor, byte| {
        write!(cursor, "{byte:02x}").expect("a string takes every write");
        cursor
    })
}

fn place(cursor: &str) -> Result<Arc<str>, Problem> {
    let told = || invalid("`cursor` is what a page has as `next`".to_owned());
    let digits: Option<Vec<u8>> = cursor
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2)).ok_or_else(told)?;
    let bytes =
        digits.chunks(2).map(|pair| pair.iter().fold(0_u8, |byte, digit| (byte << 4) | digit));
    Ok(String::from_utf8(bytes.collect()).map_err(|_| told())?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_place_that_it_was_made_of() {
        for id in ["a", "ä/&? 1", "\u{10ffff}"] {
            assert_eq!(&*place(&cursor_behind(id)).expect("a place"), id);
        }
        for wrong in ["6", "6x", "ff", "é"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
