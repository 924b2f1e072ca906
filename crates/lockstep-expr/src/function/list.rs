//! Functions of lists. Positions count elements from 0.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

use std::cmp::Ordering;

use crate::error::code;
use crate::fault::{Fault, Outcome};
use crate::meter::Meter;
use crate::value::{Value, equality};

/// Bytes that a value takes in a list.
const SLOT: usize = size_of::<Value>();

/// A function of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// The ints from 0 to below a number.
    Range,
    /// The elements from a position to below another one.
    Slice,
    /// Puts the elements of lists in the place of the lists.
    Flatten,
    /// The elements without those that equal an earlier one.
    Distinct,
    Sort,
    /// The first element, as an optional.
    First,
    /// The last element, as an optional.
    Last,
}

/// Computes a function of lists; `None` if it is not defined for such values.
pub(super) fn call(list: List, arguments: &[Value], meter: &mut Meter) -> Outcome<Option<Value>> {
    use Value::Int;
    let value = match (list, arguments) {
        (List::Range, [Int(end)]) => range(*end, meter)?,
        (List::Slice, [Value::List(items), Int(start), Int(end)]) => {
            slice(items, *start, *end, meter)?
        }
        (List::Flatten, [Value::List(items)]) => flatten(items, 1, meter)?,
        (List::Flatten, [Value::List(items), Int(depth)]) => flatten(items, *depth, meter)?,
        (List::Distinct, [Value::List(items)]) => distinct(items, meter)?,
        (List::Sort, [Value::List(items)]) => {
            let keyed = items.iter().map(|item| (item.clone(), item.clone())).collect();
            sorted(keyed, meter)?
        }
        (List::First, [Value::List(items)]) => {
            items.first().map_or(Value::Optional(None), |item| Value::some(item.clone()))
        }
        (List::Last, [Value::List(items)]) => {
            items.last().map_or(Value::Optional(None), |item| Value::some(item.clone()))
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// Returns the list in the other direction.
pub(super) fn reverse(items: &[Value], meter: &mut Meter) -> Outcome {
    pay(items.len(), meter)?;
    Ok(items.iter().rev().cloned().collect::<Vec<_>>().into())
}

/// Pays for a list of so many elements.
fn pay(len: usize, meter: &mut Meter) -> Outcome<()> {
    meter.work(len)?;
    meter.make(len.saturating_mul(SLOT))
}

fn range(end: i64, meter: &mut Meter) -> Outcome {
    pay(usize::try_from(end.max(0)).unwrap_or(usize::MAX), meter)?;
    Ok((0..end).map(Value::Int).collect::<Vec<_>>().into())
}

fn slice(items: &[Value], start: i64, end: i64, meter: &mut Meter) -> Outcome {
    let place = |place: i64| usize::try_from(place).ok();
    let part = place(start).zip(place(end)).and_then(|(start, end)| items.get(start..end));
    let Some(part) = part else {
        let len = items.len();
        let message = format!("positions {start} to {end} are no part of the list of {len}");
        return Err(Fault::new(code::INDEX, message));
    };
    pay(part.len(), meter)?;
    Ok(part.to_vec().into())
}

fn flatten(items: &[Value], depth: i64, meter: &mut Meter) -> Outcome {
    if depth < 0 {
        let message = format!("a list is flattened by 0 or more levels, not {depth}");
        return Err(Fault::new(code::ARGUMENT, message));
    }
    let mut flat = Vec::new();
    // The lists that are open, so that their depth takes no stack.
    let mut open = vec![items.iter()];
    while let Some(innermost) = open.last_mut() {
        let Some(item) = innermost.next() else {
            open.pop();
            continue;
        };
        meter.work(1)?;
        let levels = i64::try_from(open.len()).unwrap_or(i64::MAX);
        match item {
            Value::List(inner) if levels <= depth => open.push(inner.iter()),
            other => {
                meter.make(SLOT)?;
                flat.push(other.clone());
            }
        }
    }
    Ok(flat.into())
}

fn distinct(items: &[Value], meter: &mut Meter) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    'items: for item in items {
        for earlier in &kept {
            meter.work(1)?;
            if equality::equal(earlier, item, &mut |units| meter.work(units))? {
                continue 'items;
            }
        }
        pay(1, meter)?;
        kept.push(item.clone());
    }
    Ok(kept.into())
}

/// Returns the values in the order of their keys; those of equal keys keep their order.
pub(crate) fn sorted(mut keyed: Vec<(Value, Value)>, meter: &mut Meter) -> Outcome {
    let Some((first, _)) = keyed.first() else { return Ok(Vec::new().into()) };
    for (key, _) in &keyed {
        if order(first, key).is_none() {
            let types = (first.type_name(), key.type_name());
            let message = if types.0 == types.1 {
                format!("{} has no place in an order", crate::fault::shown(key))
            } else {
                format!("the keys of an order are of one type, not {} and {}", types.0, types.1)
            };
            return Err(Fault::new(code::TYPE, message));
        }
    }
    // A merge sort compares at most n * log2(n) times, each time up to the length of a key.
    let levels = usize::try_from(keyed.len().ilog2()).unwrap_or(0) + 1;
    pay(keyed.len(), meter)?;
    for (key, _) in &keyed {
        let len = match key {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        meter.work(levels)?;
        meter.look(len.saturating_mul(levels))?;
    }
    keyed.sort_by(|(left, _), (right, _)| order(left, right).unwrap_or(Ordering::Equal));
    Ok(keyed.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into())
}

/// Compares two keys of one type; `None` if the types differ or have no order, or a key is NaN.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    use Value::{Bool, Bytes, Double, Duration, Int, String, Timestamp, Uint};
    match (left, right) {
        (Int(left), Int(right)) => Some(left.cmp(right)),
        (Uint(left), Uint(right)) => Some(left.cmp(right)),
        (Double(left), Double(right)) => left.partial_cmp(right),
        (Bool(left), Bool(right)) => Some(left.cmp(right)),
        (String(left), String(right)) => Some(left.cmp(right)),
        (Bytes(left), Bytes(right)) => Some(left.cmp(right)),
        (Timestamp(left), Timestamp(right)) => Some(left.cmp(right)),
        (Duration(left), Duration(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
