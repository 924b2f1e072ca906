//! Operators on values: arithmetic, comparison, fields and elements.
//!
//! Invariants: *checked*: a result outside its type's range is an error, never another number.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::code;
use crate::expression::ast::Operator;
use crate::fault::{Fault, Outcome, shown};
use crate::meter::Meter;
use crate::number;
use crate::value::map::{Key, Map};
use crate::value::{Value, equality};

use super::SLOT;

/// Applies an operator to two values.
#[inline]
pub(super) fn apply(operator: Operator, left: &Value, right: &Value, meter: &mut Meter) -> Outcome {
    match operator {
        Operator::Equal => equal(left, right, meter).map(Value::Bool),
        Operator::NotEqual => equal(left, right, meter).map(|equal| Value::Bool(!equal)),
        Operator::Less => order(operator, left, right, meter, Ordering::is_lt),
        Operator::LessEqual => order(operator, left, right, meter, Ordering::is_le),
        Operator::Greater => order(operator, left, right, meter, Ordering::is_gt),
        Operator::GreaterEqual => order(operator, left, right, meter, Ordering::is_ge),
        Operator::In => contained(left, right, meter),
        Operator::Add => add(left, right, meter),
        Operator::Subtract => subtract(left, right),
        Operator::Multiply | Operator::Divide | Operator::Modulo => scale(operator, left, right),
    }
}

fn undefined(operator: Operator, left: &Value, right: &Value) -> Fault {
    Fault::no_overload(operator.symbol(), &[left.clone(), right.clone()])
}

fn overflow(operator: Operator, left: &Value, right: &Value) -> Fault {
    let message = format!("{left} {} {right} is out of range", operator.symbol());
    Fault::new(code::OVERFLOW, message)
}

fn equal(left: &Value, right: &Value, meter: &mut Meter) -> Outcome<bool> {
    equality::equal(left, right, &mut |units| meter.work(units))
}

fn order(
    operator: Operator,
    left: &Value,
    right: &Value,
    meter: &mut Meter,
    holds: fn(Ordering) -> bool,
) -> Outcome {
    use Value::{Bool, Bytes, Double, Duration, Int, String, Timestamp, Uint};
    let ordering = match (left, right) {
        (Int(left), Int(right)) => Some(left.cmp(right)),
        (Int(_) | Uint(_) | Double(_), Int(_) | Uint(_) | Double(_)) => {
            number::compare(left, right)
        }
        (Bool(left), Bool(right)) => Some(left.cmp(right)),
        (String(left), String(right)) => {
            meter.look(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Bytes(left), Bytes(right)) => {
            meter.look(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Timestamp(left), Timestamp(right)) => Some(left.cmp(right)),
        (Duration(left), Duration(right)) => Some(left.cmp(right)),
        _ => return Err(undefined(operator, left, right)),
    };
    // NaN is neither before, nor after, nor equal to anything.
    Ok(Bool(ordering.is_some_and(holds)))
}

#[inline(never)]
fn contained(element: &Value, container: &Value, meter: &mut Meter) -> Outcome {
    match container {
        Value::List(items) => {
            for item in items.iter() {
                meter.work(1)?;
                if equal(item, element, meter)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        Value::Map(map) => Ok(Value::Bool(entry(map, element, meter)?.is_some())),
        _ => Err(undefined(Operator::In, element, container)),
    }
}

#[inline(never)]
fn add(left: &Value, right: &Value, meter: &mut Meter) -> Outcome {
    use Value::{Bytes, Double, Duration, Int, List, String, Timestamp, Uint};
    let sum = match (left, right) {
        (Int(left), Int(right)) => left.checked_add(*right).map(Int),
        (Uint(left), Uint(right)) => left.checked_add(*right).map(Uint),
        (Double(left), Double(right)) => Some(Double(left + right)),
        (String(left), String(right)) => {
            meter.make(left.len() + right.len())?;
            Some([&**left, &**right].concat().into())
        }
        (Bytes(left), Bytes(right)) => {
            meter.make(left.len() + right.len())?;
            Some(Bytes([&**left, &**right].concat().into()))
        }
        (List(left), List(right)) => {
            meter.work(left.len() + right.len())?;
            meter.make((left.len() + right.len()) * SLOT)?;
            Some(left.iter().chain(right.iter()).cloned().collect::<Vec<_>>().into())
        }
        (Timestamp(left), Duration(right)) | (Duration(right), Timestamp(left)) => {
            left.checked_add(*right).map(Timestamp)
        }
        (Duration(left), Duration(right)) => left.checked_add(*right).map(Duration),
        _ => return Err(undefined(Operator::Add, left, right)),
    };
    sum.ok_or_else(|| overflow(Operator::Add, left, right))
}

#[inline(never)]
fn subtract(left: &Value, right: &Value) -> Outcome {
    use Value::{Double, Duration, Int, Timestamp, Uint};
    let difference = match (left, right) {
        (Int(left), Int(right)) => left.checked_sub(*right).map(Int),
        (Uint(left), Uint(right)) => left.checked_sub(*right).map(Uint),
        (Double(left), Double(right)) => Some(Double(left - right)),
        (Timestamp(left), Duration(right)) => left.checked_sub(*right).map(Timestamp),
        (Timestamp(left), Timestamp(right)) => left.since(*right).map(Duration),
        (Duration(left), Duration(right)) => left.checked_sub(*right).map(Duration),
        _ => return Err(undefined(Operator::Subtract, left, right)),
    };
    difference.ok_or_else(|| overflow(Operator::Subtract, left, right))
}

#[inline(never)]
fn scale(operator: Operator, left: &Value, right: &Value) -> Outcome {
    use Operator::{Divide, Modulo, Multiply};
    use Value::{Double, Int, Uint};
    let result = match (operator, left, right) {
        (Divide | Modulo, Int(_), Int(0)) | (Divide | Modulo, Uint(_), Uint(0)) => {
            let what = if operator == Divide { "division" } else { "remainder" };
            return Err(Fault::new(code::DIVIDE_BY_ZERO, format!("{what} of {left} by zero")));
        }
        (Multiply, Int(left), Int(right)) => left.checked_mul(*right).map(Int),
        (Multiply, Uint(left), Uint(right)) => left.checked_mul(*right).map(Uint),
        (Multiply, Double(left), Double(right)) => Some(Double(left * right)),
        (Divide, Int(left), Int(right)) => left.checked_div(*right).map(Int),
        (Divide, Uint(left), Uint(right)) => left.checked_div(*right).map(Uint),
        (Divide, Double(left), Double(right)) => Some(Double(left / right)),
        (Modulo, Int(left), Int(right)) => left.checked_rem(*right).map(Int),
        (Modulo, Uint(left), Uint(right)) => left.checked_rem(*right).map(Uint),
        _ => return Err(undefined(operator, left, right)),
    };
    result.ok_or_else(|| overflow(operator, left, right))
}

/// Returns the number with the other sign.
pub(super) fn negate(operand: &Value) -> Outcome {
    match operand {
        Value::Int(int) => int
            .checked_neg()
            .map(Value::Int)
            .ok_or_else(|| Fault::new(code::OVERFLOW, format!("-({int}) is out of range"))),
        Value::Double(double) => Ok(Value::Double(-double)),
        Value::Duration(duration) => Ok(Value::Duration(duration.negated())),
        other => Err(Fault::no_overload("-", std::slice::from_ref(other))),
    }
}

/// Returns the field of a value.
#[inline]
pub(super) fn select(target: &Value, name: &str, meter: &mut Meter) -> Outcome {
    match target {
        Value::Map(map) => match map.get(name) {
            Some(value) => Ok(value.clone()),
            None => Err(no_such_key(name)),
        },
        Value::Optional(_) => optional_select(target, name, meter),
        other => part(other, name),
    }
}

/// Returns the field of an object or reference.
fn part(target: &Value, name: &str) -> Outcome {
    match target {
        Value::Record(record) => record.field(name).ok_or_else(|| no_such_field(target, name)),
        Value::Reference(reference) => match name {
            "id" => Ok(Value::String(Arc::clone(&reference.id))),
            "entity" => Ok(Value::String(Arc::clone(&reference.entity))),
            _ => Err(no_such_field(target, name)),
        },
        other => Err(no_fields(other, name)),
    }
}

/// Returns the field of a value as an optional; of an optional, the field of its value; of null,
/// none.
#[inline(never)]
pub(super) fn optional_select(target: &Value, name: &str, meter: &mut Meter) -> Outcome {
    let Some(target) = of_optionals(target, meter)? else { return Ok(Value::Optional(None)) };
    let field = match target {
        Value::Map(map) => map.get(name).cloned(),
        Value::Null => None,
        other => Some(part(other, name)?).filter(|field| !matches!(field, Value::Null)),
    };
    optional(field, meter)
}

/// Makes an optional.
fn optional(value: Option<Value>, meter: &mut Meter) -> Outcome {
    match value {
        Some(value) => {
            meter.make(SLOT)?;
            Ok(Value::some(value))
        }
        None => Ok(Value::Optional(None)),
    }
}

/// Returns whether a map has a key, a field of a record is set, or an optional has such a value.
pub(super) fn has(target: &Value, name: &str, meter: &mut Meter) -> Outcome {
    let has = match target {
        Value::Optional(_) => {
            !matches!(optional_select(target, name, meter)?, Value::Optional(None))
        }
        Value::Map(map) => map.get(name).is_some(),
        Value::Record(_) | Value::Reference(_) => !matches!(part(target, name)?, Value::Null),
        other => return Err(no_fields(other, name)),
    };
    Ok(Value::Bool(has))
}

#[cold]
fn no_such_key(name: &str) -> Fault {
    Fault::new(code::NO_SUCH_KEY, format!("the map has no key `{name}`"))
}

fn no_such_field(target: &Value, name: &str) -> Fault {
    let message = format!("{} has no field `{name}`", target.type_name());
    Fault::new(code::NO_SUCH_FIELD, message)
}

fn no_fields(target: &Value, name: &str) -> Fault {
    let message = format!("{} has no fields, so no `{name}`", target.type_name());
    Fault::new(code::TYPE, message)
}

/// Returns the element of a list at a position, or of a map at a key.
pub(super) fn index(target: &Value, key: &Value, meter: &mut Meter) -> Outcome {
    match target {
        Value::Optional(_) => optional_index(target, key, meter),
        Value::List(items) => element(items, key)?.cloned().ok_or_else(|| {
            let len = items.len();
            Fault::new(code::INDEX, format!("position {} is outside the list of {len}", shown(key)))
        }),
        Value::Map(map) => {
            let value = entry(map, key, meter)?;
            value.cloned().ok_or_else(|| {
                Fault::new(code::NO_SUCH_KEY, format!("the map has no key {}", shown(key)))
            })
        }
        other => {
            let message = format!("`[]` is not defined for {}", other.type_name());
            Err(Fault::new(code::TYPE, message))
        }
    }
}

/// Returns what optionals have in them; `None` if one of them has nothing.
fn of_optionals<'v>(value: &'v Value, meter: &mut Meter) -> Result<Option<&'v Value>, Fault> {
    let mut value = value;
    while let Value::Optional(inner) = value {
        meter.work(1)?;
        let Some(inner) = inner else { return Ok(None) };
        value = inner;
    }
    Ok(Some(value))
}

/// Returns the element as an optional; of an optional, the element of its value; of null, none.
#[inline(never)]
pub(super) fn optional_index(target: &Value, key: &Value, meter: &mut Meter) -> Outcome {
    let Some(target) = of_optionals(target, meter)? else { return Ok(Value::Optional(None)) };
    let found = match target {
        Value::List(items) => element(items, key)?.cloned(),
        Value::Map(map) => entry(map, key, meter)?.cloned(),
        Value::Null => None,
        other => {
            let message = format!("`[?]` is not defined for {}", other.type_name());
            return Err(Fault::new(code::TYPE, message));
        }
    };
    optional(found, meter)
}

/// Returns the element at a position, if the list is that long.
fn element<'a>(items: &'a [Value], key: &Value) -> Outcome<Option<&'a Value>> {
    let place = match lookup_key(key) {
        Some(Key::Int(place)) => usize::try_from(place).ok(),
        Some(Key::Uint(place)) => usize::try_from(place).ok(),
        _ => {
            let message = format!("a position is an int, not {}", key.type_name());
            return Err(Fault::new(code::TYPE, message));
        }
    };
    Ok(place.and_then(|place| items.get(place)))
}

/// Returns the value of a key in a map, if the map has it.
fn entry<'a>(map: &'a Map, key: &Value, meter: &mut Meter) -> Outcome<Option<&'a Value>> {
    if let Value::String(text) = key {
        meter.look(text.len())?;
        return Ok(map.get(text));
    }
    Ok(lookup_key(key).and_then(|key| map.get_key(&key)))
}

/// Returns the key that a value other than a string names when it is looked up: whole doubles name whole numbers.
fn lookup_key(value: &Value) -> Option<Key> {
    match value {
        Value::Double(double) => {
            let int = number::double_to_int(*double).map(Value::Int);
            let uint = number::double_to_uint(*double).map(Value::Uint);
            let whole = int.or(uint).filter(|whole| whole == value)?;
            lookup_key(&whole)
        }
        Value::Bool(flag) => Some(Key::Bool(*flag)),
        Value::Int(int) => Some(Key::Int(*int)),
        Value::Uint(uint) => Some(Key::Uint(*uint)),
        _ => None,
    }
}

/// Returns a value as the key of a map that is being made.
pub(super) fn key(value: Value, meter: &mut Meter) -> Outcome<Key> {
    match value {
        Value::Bool(flag) => Ok(Key::Bool(flag)),
        Value::Int(int) => Ok(Key::Int(int)),
        Value::Uint(uint) => Ok(Key::Uint(uint)),
        Value::String(text) => {
            meter.look(text.len())?;
            Ok(Key::String(text))
        }
        other => {
            let message =
                format!("a key is a string, int, uint or bool, not {}", other.type_name());
            Err(Fault::new(code::TYPE, message))
        }
    }
}
