//! Pages of lists: how long one is, and where it begins.
//!
//! Invariants:
//!
//! * A cursor is a text that a page has told; whatever else is written in its place is refused.

use std::fmt::Write as _;

use lockstep_api::Page;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::problem::Problem;

/// Longest page, in items.
pub(crate) const MAX_LIMIT: usize = 200;

/// Items of a page if nothing is said.
const DEFAULT_LIMIT: usize = 50;

/// The query of a list without filters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// At most so many on a page: 1 to 200, 50 if nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

impl Which {
    /// Returns how many items a page has at most, and where it begins.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<(usize, Option<T>), Problem> {
        Ok((limit(self.limit)?, mark(self.cursor.as_deref())?))
    }
}

/// Returns how many items a page has at most.
pub(crate) fn limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::unusable(format!("`limit` is a number from 1 to {MAX_LIMIT}"))),
    }
}

/// Returns where a page begins, as a text.
pub(crate) fn cursor(mark: &impl Serialize) -> String {
    let text = serde_json::to_string(mark).unwrap_or_default();
    text.bytes().fold(String::new(), |mut cursor, byte| {
        write!(cursor, "{byte:02x}").expect("a string takes every write");
        cursor
    })
}

/// Reads where a page begins.
pub(crate) fn mark<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let read = || {
        let digits = cursor.as_bytes().chunks(2);
        let bytes = digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
        serde_json::from_slice(&bytes).ok()
    };
    let refused = || Problem::unusable("`cursor` is what a page has told as its `next`");
    read().map(Some).ok_or_else(refused)
}

/// Makes a page of items of which there may be one more than it has; `mark` tells where it ends.
pub(crate) fn of<T, M: Serialize>(
    mut items: Vec<T>,
    limit: usize,
    mark: impl Fn(&T) -> M,
) -> Page<T> {
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_more).map(|last| cursor(&mark(last)));
    Page { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_mark_and_nothing_else_does() {
        let told = cursor(&(3, "Contact/ä\"\u{1}"));
        assert!(told.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
        let read: Option<(usize, String)> = mark(Some(&told)).unwrap();
        assert_eq!(read, Some((3, "Contact/ä\"\u{1}".to_owned())));
        for written in ["", "0", "zz", "é", "5b335d", "+1+1"] {
            assert!(mark::<(usize, String)>(Some(written)).is_err(), "{written}");
        }
    }

    #[test]
    fn a_page_tells_where_the_next_begins_if_there_is_one() {
        let page = of(vec![1, 2, 3], 2, |last| *last);
        assert_eq!((page.items, page.next.is_some()), (vec![1, 2], true));
        assert_eq!(of(vec![1, 2], 2, |last| *last).next, None);
        assert!(limit(Some(0)).is_err() && limit(Some(MAX_LIMIT + 1)).is_err());
    }
}
