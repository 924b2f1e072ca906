//! The names of all functions, and which function a call means.
//!
//! Invariants: *one table*: a function exists if [`TABLE`] has it.

use super::address::Address;
use super::conversion::Conversion;
use super::encoding::Encoding;
use super::habit::habit;
use super::list::List;
use super::math::Math;
use super::optional::Optional;
use super::text::Text;
use super::{Function, TimePart};
use crate::nearest::nearest;

/// Words in front of the names of functions: `math.abs`.
pub(crate) const NAMESPACES: [&str; 7] =
    ["base64", "cel", "ip", "lists", "math", "optional", "strings"];

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `name(arguments)`.
    Global,
    /// `target.name(arguments)`.
    Method,
}

/// Written arguments: least and most.
type Count = (usize, usize);

/// A function's name and the forms in which it may be called.
struct Entry {
    name: &'static str,
    function: Function,
    global: Option<Count>,
    method: Option<Count>,
}

const fn global(name: &'static str, function: Function, count: usize) -> Entry {
    Entry { name, function, global: Some((count, count)), method: None }
}

const fn method(name: &'static str, function: Function, least: usize, most: usize) -> Entry {
    Entry { name, function, global: None, method: Some((least, most)) }
}

const fn both(name: &'static str, function: Function, arguments: usize) -> Entry {
    let method = Some((arguments - 1, arguments - 1));
    Entry { name, function, global: Some((arguments, arguments)), method }
}

const fn part(name: &'static str, part: TimePart) -> Entry {
    method(name, Function::Time(part), 0, 1)
}

const fn conversion(name: &'static str, conversion: Conversion) -> Entry {
    global(name, Function::Convert(conversion), 1)
}

const fn text(name: &'static str, text: Text, least: usize, most: usize) -> Entry {
    method(name, Function::Text(text), least, most)
}

const fn list(name: &'static str, list: List, least: usize, most: usize) -> Entry {
    method(name, Function::List(list), least, most)
}

const fn math(name: &'static str, math: Math, arguments: usize) -> Entry {
    global(name, Function::Math(math), arguments)
}

const fn address(name: &'static str, address: Address, arguments: usize) -> Entry {
    method(name, Function::Address(address), arguments, arguments)
}

/// Every function.
const TABLE: &[Entry] = &[
    both("size", Function::Size, 1),
    both("matches", Function::Matches, 2),
    global("type", Function::Type, 1),
    global("dyn", Function::Dyn, 1),
    global("ref", Function::Reference, 2),
    conversion("bool", Conversion::Bool),
    conversion("int", Conversion::Int),
    conversion("uint", Conversion::Uint),
    conversion("double", Conversion::Double),
    conversion("string", Conversion::String),
    conversion("bytes", Conversion::Bytes),
    conversion("timestamp", Conversion::Timestamp),
    conversion("duration", Conversion::Duration),
    text("contains", Text::Contains, 1, 1),
    text("startsWith", Text::StartsWith, 1, 1),
    text("endsWith", Text::EndsWith, 1, 1),
    text("charAt", Text::CharAt, 1, 1),
    text("indexOf", Text::IndexOf, 1, 2),
    text("lastIndexOf", Text::LastIndexOf, 1, 2),
    text("join", Text::Join, 0, 1),
    text("split", Text::Split, 1, 2),
    text("replace", Text::Replace, 2, 3),
    text("substring", Text::Substring, 1, 2),
    text("lowerAscii", Text::LowerAscii, 0, 0),
    text("upperAscii", Text::UpperAscii, 0, 0),
    text("trim", Text::Trim, 0, 0),
    text("reverse", Text::Reverse, 0, 0),
    text("format", Text::Format, 1, 1),
    global("strings.quote", Function::Text(Text::Quote), 1),
    part("getFullYear", TimePart::FullYear),
    part("getMonth", TimePart::Month),
    part("getDate", TimePart::Date),
    part("getDayOfMonth", TimePart::DayOfMonth),
    part("getDayOfWeek", TimePart::DayOfWeek),
    part("getDayOfYear", TimePart::DayOfYear),
    part("getHours", TimePart::Hours),
    part("getMinutes", TimePart::Minutes),
    part("getSeconds", TimePart::Seconds),
    part("getMilliseconds", TimePart::Milliseconds),
    math("math.greatest", Math::Greatest, 1),
    math("math.least", Math::Least, 1),
    math("math.ceil", Math::Ceil, 1),
    math("math.floor", Math::Floor, 1),
    math("math.round", Math::Round, 1),
    math("math.trunc", Math::Trunc, 1),
    math("math.abs", Math::Abs, 1),
    math("math.sign", Math::Sign, 1),
    math("math.sqrt", Math::Sqrt, 1),
    math("math.isInf", Math::IsInf, 1),
    math("math.isNaN", Math::IsNan, 1),
    math("math.isFinite", Math::IsFinite, 1),
    math("math.bitAnd", Math::BitAnd, 2),
    math("math.bitOr", Math::BitOr, 2),
    math("math.bitXor", Math::BitXor, 2),
    math("math.bitNot", Math::BitNot, 1),
    math("math.bitShiftLeft", Math::BitShiftLeft, 2),
    math("math.bitShiftRight", Math::BitShiftRight, 2),
    global("lists.range", Function::List(List::Range), 1),
    list("slice", List::Slice, 2, 2),
    list("flatten", List::Flatten, 0, 1),
    list("distinct", List::Distinct, 0, 0),
    list("sort", List::Sort, 0, 0),
    list("first", List::First, 0, 0),
    list("last", List::Last, 0, 0),
    global("base64.encode", Function::Encoding(Encoding::Encode), 1),
    global("base64.decode", Function::Encoding(Encoding::Decode), 1),
    global("optional.of", Function::Optional(Optional::Of), 1),
    global("optional.none", Function::Optional(Optional::None), 0),
    global("optional.ofNonZeroValue", Function::Optional(Optional::OfNonZero), 1),
    global("optional.unwrap", Function::Optional(Optional::Unwrap), 1),
    method("unwrapOpt", Function::Optional(Optional::Unwrap), 0, 0),
    method("hasValue", Function::Optional(Optional::HasValue), 0, 0),
    method("value", Function::Optional(Optional::Value), 0, 0),
    both("ip", Function::Address(Address::Ip), 1),
    global("cidr", Function::Address(Address::Cidr), 1),
    global("isIP", Function::Address(Address::IsIp), 1),
    global("isCIDR", Function::Address(Address::IsCidr), 1),
    global("ip.isCanonical", Function::Address(Address::IsCanonical), 1),
    address("family", Address::Family, 0),
    address("isUnspecified", Address::IsUnspecified, 0),
    address("isLoopback", Address::IsLoopback, 0),
    address("isGlobalUnicast", Address::IsGlobalUnicast, 0),
    address("isLinkLocalMulticast", Address::IsLinkLocalMulticast, 0),
    address("isLinkLocalUnicast", Address::IsLinkLocalUnicast, 0),
    address("containsIP", Address::ContainsIp, 1),
    address("containsCIDR", Address::ContainsCidr, 1),
    address("prefixLength", Address::PrefixLength, 0),
    address("masked", Address::Masked, 0),
];

/// Names of what is written like a function and read otherwise, for "did you mean".
const SPECIAL: [&str; 18] = [
    "has",
    "cel.bind",
    "cel.block",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "filter",
    "map",
    "transformList",
    "transformMap",
    "transformMapEntry",
    "sortBy",
    "optMap",
    "optFlatMap",
    "or",
    "orValue",
    "cel.index",
];

/// Characters of a name that may be the beginning of a longer one: `upper` of `upperAscii`.
const MIN_BEGINNING: usize = 4;

/// Why no function answers a call.
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Returns whether there is a function or macro of that name.
pub(crate) fn exists(name: &str) -> bool {
    names().any(|known| known == name)
}

/// Returns the function that a call with so many written arguments means.
pub(crate) fn resolve(name: &str, form: Form, written: usize) -> Result<Function, Problem> {
    let Some(entry) = TABLE.iter().find(|entry| entry.name == name) else {
        return Err(unknown(name));
    };
    let count = match form {
        Form::Global => entry.global,
        Form::Method => entry.method,
    };
    let Some((least, most)) = count else {
        let (message, help) = match form {
            Form::Global => (
                format!("`{name}` is called on a value"),
                format!("write the value in front: `value.{name}(...)`"),
            ),
            Form::Method => (
                format!("`{name}` is not called on a value"),
                format!("write the value as an argument: `{name}(value)`"),
            ),
        };
        return Err(Problem { message, help: Some(help) });
    };
    if (least..=most).contains(&written) {
        return Ok(entry.function);
    }
    let wanted = match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(Problem { message: format!("`{name}` takes {wanted}, not {written}"), help: None })
}

/// Returns the names of all functions and macros.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|entry| entry.name).chain(SPECIAL)
}

fn unknown(name: &str) -> Problem {
    // `value.abs()` and `abs(value)` mean `math.abs(value)`.
    let spaced = names().find(|known| known.split_once('.').is_some_and(|(_, last)| last == name));
    let longer = || names().find(|known| name.len() >= MIN_BEGINNING && known.starts_with(name));
    let help = match (habit(name), spaced) {
        (Some(here), _) => Some(format!("did you mean `{here}`?")),
        (None, Some(known)) => Some(format!("write `{known}(...)`")),
        (None, None) => {
            nearest(name, names()).or_else(longer).map(|known| format!("did you mean `{known}`?"))
        }
    };
    Problem { message: format!("there is no function `{name}`"), help }
}

/// Returns the name of a function, for messages.
pub(crate) fn name(function: Function) -> &'static str {
    TABLE.iter().find(|entry| entry.function == function).map_or("function", |entry| entry.name)
}
