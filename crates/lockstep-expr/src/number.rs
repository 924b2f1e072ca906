//! Numbers of different types against one another.
//!
//! Invariants:
//! - *On one line*: an int and a uint are compared exactly; a whole number and a double as doubles,
//!   so that beyond 2^53 neighbours of a double are equal to it, as the language's cases ask.
//! - *One place*: every conversion between floating-point and whole numbers of the crate is here.

use std::cmp::Ordering;

use crate::value::Value;

/// 2^63, the first double above every `i64`.
const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;
/// 2^64, the first double above every `u64`.
const TWO_POW_64: f64 = 18_446_744_073_709_551_616.0;

/// Compares two numbers of any types; `None` if one is not a number, or is NaN.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    use Value::{Double, Int, Uint};
    match (left, right) {
        (Int(left), Int(right)) => Some(left.cmp(right)),
        (Uint(left), Uint(right)) => Some(left.cmp(right)),
        (Double(left), Double(right)) => left.partial_cmp(right),
        (Int(left), Uint(right)) => Some(compare_int_uint(*left, *right)),
        (Uint(left), Int(right)) => Some(compare_int_uint(*right, *left).reverse()),
        (Int(left), Double(right)) => int_to_double(*left).partial_cmp(right),
        (Double(left), Int(right)) => left.partial_cmp(&int_to_double(*right)),
        (Uint(left), Double(right)) => uint_to_double(*left).partial_cmp(right),
        (Double(left), Uint(right)) => left.partial_cmp(&uint_to_double(*right)),
        _ => None,
    }
}

fn compare_int_uint(int: i64, uint: u64) -> Ordering {
    u64::try_from(int).map_or(Ordering::Less, |int| int.cmp(&uint))
}

/// Returns the whole part as an int, if -2^63 < `double` < 2^63.
pub(crate) fn double_to_int(double: f64) -> Option<i64> {
    (double > -TWO_POW_63 && double < TWO_POW_63).then(|| truncate_to_i64(double))
}

/// Returns the whole part as a uint, if 0 <= `double` < 2^64.
pub(crate) fn double_to_uint(double: f64) -> Option<u64> {
    (0.0..TWO_POW_64).contains(&double).then(|| truncate_to_u64(double))
}

/// Returns the nearest double.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the nearest double is what the language defines"
)]
pub(crate) fn int_to_double(int: i64) -> f64 {
    int as f64
}

/// Returns the nearest double.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the nearest double is what the language defines"
)]
pub(crate) fn uint_to_double(uint: u64) -> f64 {
    uint as f64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "callers have checked the range; the fraction is dropped on purpose"
)]
fn truncate_to_i64(double: f64) -> i64 {
    double as i64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers have checked the range; the fraction is dropped on purpose"
)]
fn truncate_to_u64(double: f64) -> u64 {
    double as u64
}
