//! The public conformance cases of the Common Expression Language, read from a folder outside the
//! project: one JSON object a line, in every `*.jsonl`.
//!
//! Every case must pass, but for those that contradict others. What is known before a case is
//! evaluated, its type above all, is held by the test of the checker.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::expression::Expression;
use crate::scope::Scope;
use crate::value::Value;
use crate::value::map::{Key, Map};

/// Cases that contradict others and the definition: this one expects a backslash out of bytes that
/// hold none, which the same text as a string (of the same name) rightly does not have.
const CONTRADICTORY: [&str; 1] =
    ["parse/bytes_literals/triple_double_quoted_unescaped_punctuation"];
/// Where the cases are, from the workspace's root, unless `LOCKSTEP_CEL_CASES` says otherwise.
const FOLDER: &str = "../shared/cel";

#[test]
fn every_case_passes() {
    let Some(cases) = read_cases(&folder()) else {
        eprintln!("skipped: no conformance cases in {}", folder().display());
        return;
    };
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = String::new();
    for case in &cases {
        let id = case["id"].as_str().expect("a case has an id");
        let group = id.split('/').next().unwrap_or(id);
        let counts = groups.entry(group.to_owned()).or_default();
        match run(case) {
            Ok(()) => counts.0 += 1,
            Err(reason) => {
                counts.1 += 1;
                if !CONTRADICTORY.contains(&id) {
                    writeln!(failures, "{id}: {} : {reason}", case["expr"]).unwrap();
                }
            }
        }
    }
    for (group, (passed, failed)) in &groups {
        eprintln!("{group:16} {passed:4} passed {failed:4} failed");
    }
    assert!(failures.is_empty(), "cases fail:\n{failures}");
}

#[expect(clippy::disallowed_methods, reason = "the cases lie outside the project")]
pub(crate) fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    std::env::var("LOCKSTEP_CEL_CASES").map_or_else(|_| root.join(FOLDER), PathBuf::from)
}

pub(crate) fn read_cases(folder: &Path) -> Option<Vec<Json>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).expect("a file of cases"));
    let cases: Vec<Json> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(&line).expect("a case is JSON"))
        .collect();
    (!cases.is_empty()).then_some(cases)
}

/// Looks a name up in a container, then in those around it, then alone.
pub(crate) fn from_container<T>(
    container: &str,
    name: &str,
    get: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let mut container = container;
    while !container.is_empty() {
        if let Some(found) = get(&format!("{container}.{name}")) {
            return Some(found);
        }
        container = container.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
    get(name)
}

/// Names of a case, looked up as the case's container asks.
struct Names {
    bound: Map,
    container: String,
}

impl Scope for Names {
    fn lookup(&self, name: &str) -> Option<Value> {
        from_container(&self.container, name, |name| self.bound.get(name).cloned())
    }

    fn lookup_absolute(&self, name: &str) -> Option<Value> {
        self.bound.get(name).cloned()
    }

    fn has_dotted_names(&self) -> bool {
        true
    }
}

/// Returns the value that a case comes to.
pub(crate) fn evaluate(case: &Json) -> Result<Value, String> {
    let text = case["expr"].as_str().expect("a case has an expression");
    let mut bound = Map::new();
    for (name, binding) in case["bindings"].as_object().into_iter().flatten() {
        bound.insert(name.as_str(), value(&binding["value"])?);
    }
    let container = case["container"].as_str().unwrap_or("").to_owned();
    let parsed = if case["disable_macros"].as_bool() == Some(true) {
        Expression::parse_without_macros(text)
    } else {
        Expression::parse(text)
    };
    parsed
        .map_err(|error| error.to_string())
        .and_then(|parsed| parsed.evaluate(&Names { bound, container }).map_err(|e| e.to_string()))
}

fn run(case: &Json) -> Result<(), String> {
    if case["check_only"].as_bool() == Some(true) {
        return Ok(());
    }
    let result = evaluate(case);
    if case.get("error").is_some() {
        return match result {
            Ok(value) => Err(format!("an error was expected, not {value}")),
            Err(_) => Ok(()),
        };
    }
    let typed = &case["typed_result"]["result"];
    let expected = if typed.is_null() { &case["value"] } else { typed };
    let expected = if expected.is_null() { Value::Bool(true) } else { value(expected)? };
    match result {
        Ok(actual) if same(&actual, &expected) => Ok(()),
        Ok(actual) => Err(format!("{actual}, expected {expected}")),
        Err(error) => Err(format!("{error}, expected {expected}")),
    }
}

/// Stricter than the language's equality: types count, and NaN is NaN.
fn same(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Double(actual), Value::Double(expected)) => {
            actual.to_bits() == expected.to_bits() || (actual.is_nan() && expected.is_nan())
        }
        (Value::List(actual), Value::List(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(&**expected).all(|(a, e)| same(a, e))
        }
        (Value::Map(actual), Value::Map(expected)) => {
            actual.len() == expected.len()
                && expected.iter().all(|(key, expected)| {
                    actual.get_key(key).is_some_and(|actual| same(actual, expected))
                })
        }
        _ => actual.type_name() == expected.type_name() && actual == expected,
    }
}

/// Reads a value of the cases.
pub(crate) fn value(json: &Json) -> Result<Value, String> {
    let unknown = || format!("unknown value {json}");
    let (kind, content) =
        json.as_object().and_then(|object| object.iter().next()).ok_or_else(unknown)?;
    let text = || content.as_str().ok_or_else(unknown);
    Ok(match kind.as_str() {
        "null_value" => Value::Null,
        "bool_value" => Value::Bool(content.as_bool().ok_or_else(unknown)?),
        "int64_value" => Value::Int(text()?.parse().map_err(|_| unknown())?),
        "uint64_value" => Value::Uint(text()?.parse().map_err(|_| unknown())?),
        "double_value" => Value::Double(match content.as_str() {
            Some("NaN") => f64::NAN,
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            _ => content.as_f64().ok_or_else(unknown)?,
        }),
        "string_value" => text()?.into(),
        "bytes_value" => {
            Value::Bytes(STANDARD.decode(text()?).map_err(|error| error.to_string())?.into())
        }
        "type_value" => Value::Type(text()?.into()),
        "list_value" => {
            let items = content["values"].as_array().into_iter().flatten();
            items.map(value).collect::<Result<Vec<_>, _>>()?.into()
        }
        "map_value" => {
            let mut map = Map::new();
            for entry in content["entries"].as_array().into_iter().flatten() {
                map.insert(key(value(&entry["key"])?)?, value(&entry["value"])?);
            }
            Value::Map(Arc::new(map))
        }
        _ => return Err(unknown()),
    })
}

fn key(value: Value) -> Result<Key, String> {
    if let Value::Bool(flag) = value {
        Ok(flag.into())
    } else if let Value::Int(int) = value {
        Ok(int.into())
    } else if let Value::Uint(uint) = value {
        Ok(uint.into())
    } else if let Value::String(text) = value {
        Ok(text.into())
    } else {
        Err(format!("{value} is no key"))
    }
}
