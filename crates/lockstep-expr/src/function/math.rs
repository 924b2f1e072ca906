//! Functions of numbers: `math.*`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

use std::cmp::Ordering;

use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::number;
use crate::value::Value;

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Math {
    /// The greatest of numbers, or of a list of them.
    Greatest,
    /// The least of numbers, or of a list of them.
    Least,
    Ceil,
    Floor,
    /// To the nearest whole number; halves away from zero.
    Round,
    Trunc,
    Abs,
    Sign,
    Sqrt,
    IsInf,
    IsNan,
    IsFinite,
    BitAnd,
    BitOr,
    BitXor,
    BitNot,
    BitShiftLeft,
    /// Fills with zeros, of negative numbers too.
    BitShiftRight,
}

/// Computes a function of numbers; `None` if it is not defined for such values.
pub(super) fn call(math: Math, arguments: &[Value], meter: &mut Meter) -> Outcome<Option<Value>> {
    match (math, arguments) {
        (Math::Greatest, [value]) => extreme(math, value, Ordering::Less, meter),
        (Math::Least, [value]) => extreme(math, value, Ordering::Greater, meter),
        (Math::Abs, [value]) => abs(value),
        (Math::BitNot, [Value::Int(int)]) => Ok(Some(Value::Int(!int))),
        (Math::BitNot, [Value::Uint(uint)]) => Ok(Some(Value::Uint(!uint))),
        (Math::BitShiftLeft | Math::BitShiftRight, [value, Value::Int(places)]) => {
            shift(math, value, *places)
        }
        (_, [value]) => Ok(of_one(math, value)),
        (_, [left, right]) => Ok(bits(math, left, right)),
        _ => Ok(None),
    }
}

/// Returns the first of the numbers that no other one replaces, which those do that `replaced` by.
fn extreme(
    math: Math,
    value: &Value,
    replaced: Ordering,
    meter: &mut Meter,
) -> Outcome<Option<Value>> {
    let is_number =
        |value: &Value| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
    let Value::List(items) = value else {
        return Ok(is_number(value).then(|| value.clone()));
    };
    meter.work(items.len())?;
    if let Some(other) = items.iter().find(|item| !is_number(item)) {
        let name = super::name(super::Function::Math(math));
        let message = format!("`{name}` compares numbers, not {}", other.type_name());
        return Err(Fault::new(code::TYPE, message));
    }
    let best = items.iter().reduce(|best, item| {
        if number::compare(best, item) == Some(replaced) { item } else { best }
    });
    let Some(best) = best else {
        let name = super::name(super::Function::Math(math));
        return Err(Fault::new(code::ARGUMENT, format!("`{name}` of an empty list")));
    };
    Ok(Some(best.clone()))
}

fn abs(value: &Value) -> Outcome<Option<Value>> {
    match value {
        Value::Int(int) => match int.checked_abs() {
            Some(int) => Ok(Some(Value::Int(int))),
            None => {
                Err(Fault::new(code::OVERFLOW, format!("the absolute value of {int} is no int")))
            }
        },
        Value::Uint(_) => Ok(Some(value.clone())),
        Value::Double(double) => Ok(Some(Value::Double(double.abs()))),
        _ => Ok(None),
    }
}

fn of_one(math: Math, value: &Value) -> Option<Value> {
    let double = match (math, value) {
        (Math::Sign, Value::Int(int)) => return Some(Value::Int(int.signum())),
        (Math::Sign, Value::Uint(uint)) => return Some(Value::Uint((*uint).min(1))),
        (Math::Sqrt, Value::Int(int)) => number::int_to_double(*int),
        (Math::Sqrt, Value::Uint(uint)) => number::uint_to_double(*uint),
        (_, Value::Double(double)) => *double,
        _ => return None,
    };
    Some(match math {
        Math::Ceil => Value::Double(double.ceil()),
        Math::Floor => Value::Double(double.floor()),
        Math::Round => Value::Double(double.round()),
        Math::Trunc => Value::Double(double.trunc()),
        Math::Sqrt => Value::Double(double.sqrt()),
        Math::Sign if double == 0.0 || double.is_nan() => Value::Double(double.abs()),
        Math::Sign => Value::Double(double.signum()),
        Math::IsInf => Value::Bool(double.is_infinite()),
        Math::IsNan => Value::Bool(double.is_nan()),
        Math::IsFinite => Value::Bool(double.is_finite()),
        _ => return None,
    })
}

fn bits(math: Math, left: &Value, right: &Value) -> Option<Value> {
    match (math, left, right) {
        (Math::BitAnd, Value::Int(left), Value::Int(right)) => Some(Value::Int(left & right)),
        (Math::BitAnd, Value::Uint(left), Value::Uint(right)) => Some(Value::Uint(left & right)),
        (Math::BitOr, Value::Int(left), Value::Int(right)) => Some(Value::Int(left | right)),
        (Math::BitOr, Value::Uint(left), Value::Uint(right)) => Some(Value::Uint(left | right)),
        (Math::BitXor, Value::Int(left), Value::Int(right)) => Some(Value::Int(left ^ right)),
        (Math::BitXor, Value::Uint(left), Value::Uint(right)) => Some(Value::Uint(left ^ right)),
        _ => None,
    }
}

/// Moves the bits of a number; what goes over an end is lost.
fn shift(math: Math, value: &Value, places: i64) -> Outcome<Option<Value>> {
    let bits = match value {
        Value::Int(int) => int.cast_unsigned(),
        Value::Uint(uint) => *uint,
        _ => return Ok(None),
    };
    if places < 0 {
        let message = format!("bits are shifted by 0 or more places, not {places}");
        return Err(Fault::new(code::ARGUMENT, message));
    }
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    let shifted = match math {
        Math::BitShiftLeft => bits.checked_shl(places),
        _ => bits.checked_shr(places),
    };
    let shifted = shifted.unwrap_or(0);
    Ok(Some(match value {
        Value::Int(_) => Value::Int(shifted.cast_signed()),
        _ => Value::Uint(shifted),
    }))
}
