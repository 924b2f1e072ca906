//! The static half of the public conformance cases: what the checker says about them.
//!
//! A case that is checked has no errors, has the type that is expected of it, and comes to a value of
//! that type. Where a case must fail, either the checker or the evaluation may see to it; the
//! evaluation's test is the other half.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value as Json;

use super::TypeScope;
use crate::conformance::{evaluate, folder, from_container, read_cases, value};
use crate::expression::Expression;
use crate::signature::Signature;
use crate::static_type::{Assignability, StaticType};

/// Names of a case with their types, looked up as the case's container asks.
struct Declared {
    names: BTreeMap<String, StaticType>,
    functions: BTreeMap<String, Vec<Signature>>,
    container: String,
}

impl TypeScope for Declared {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        from_container(&self.container, name, |name| self.names.get(name).cloned())
    }

    fn type_of_absolute(&self, name: &str) -> Option<StaticType> {
        self.names.get(name).cloned()
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.names.keys().map(|name| name.as_str().into()).collect()
    }

    fn has_dotted_names(&self) -> bool {
        true
    }

    fn functions(&self, name: &str) -> Vec<Signature> {
        self.functions.get(name).cloned().unwrap_or_default()
    }
}

#[test]
fn every_case_has_its_type() {
    let Some(cases) = read_cases(&folder()) else {
        eprintln!("skipped: no conformance cases in {}", folder().display());
        return;
    };
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = String::new();
    for case in &cases {
        let id = case["id"].as_str().expect("a case has an id");
        let counts = groups.entry(id.split('/').next().unwrap_or(id).to_owned()).or_default();
        match run(case) {
            Ok(()) => counts.0 += 1,
            Err(reason) => {
                counts.1 += 1;
                writeln!(failures, "{id}: {} : {reason}", case["expr"]).unwrap();
            }
        }
    }
    for (group, (passed, failed)) in &groups {
        eprintln!("{group:16} {passed:4} passed {failed:4} failed");
    }
    assert!(failures.is_empty(), "cases fail:\n{failures}");
}

fn run(case: &Json) -> Result<(), String> {
    if case["disable_check"].as_bool() == Some(true) {
        return Ok(());
    }
    let text = case["expr"].as_str().expect("a case has an expression");
    let scope = declared(case)?;
    let parsed = if case["disable_macros"].as_bool() == Some(true) {
        Expression::parse_without_macros(text)
    } else {
        Expression::parse(text)
    };
    let may_fail = case.get("error").is_some();
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(_) if may_fail => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let typing = parsed.check(&scope);
    if typing.has_errors() && !may_fail {
        return Err(format!("{:?}", typing.findings));
    }
    if let Ok(value) = evaluate(case) {
        let actual = StaticType::of_value(&value);
        if actual.assignable_to(&typing.ty) == Assignability::No {
            return Err(format!("the value is {actual}, its type {}", typing.ty));
        }
    }
    let expected = &case["typed_result"]["deduced_type"];
    if !expected.is_null() {
        let expected = read(expected, &mut Vec::new())?;
        if as_public(&typing.ty) != as_public(&expected) {
            return Err(format!("{}, expected {expected}", typing.ty));
        }
    }
    Ok(())
}

/// The public definition has null among the values of each of these types, and has wrapper types
/// where ours are `int or null`.
fn as_public(ty: &StaticType) -> StaticType {
    if let StaticType::Nullable(of) = ty
        && let StaticType::Timestamp
        | StaticType::Duration
        | StaticType::Optional(_)
        | StaticType::Opaque(..) = **of
    {
        return as_public(of);
    }
    ty.with_parts(&mut |part| as_public(part))
}

fn declared(case: &Json) -> Result<Declared, String> {
    let mut declared = Declared {
        names: BTreeMap::new(),
        functions: BTreeMap::new(),
        container: case["container"].as_str().unwrap_or("").to_owned(),
    };
    for (name, binding) in case["bindings"].as_object().into_iter().flatten() {
        declared.names.insert(name.clone(), StaticType::of_value(&value(&binding["value"])?));
    }
    for entry in case["type_env"].as_array().into_iter().flatten() {
        let name = entry["name"].as_str().expect("a declaration has a name").to_owned();
        if entry.get("ident").is_some() {
            let ty = read(&entry["ident"]["type"], &mut Vec::new())?;
            declared.names.insert(name, ty);
            continue;
        }
        let mut signatures = Vec::new();
        for overload in entry["function"]["overloads"].as_array().into_iter().flatten() {
            let mut letters = Vec::new();
            let parameters = overload["params"].as_array().into_iter().flatten();
            let parameters = parameters
                .map(|parameter| read(parameter, &mut letters))
                .collect::<Result<_, _>>()?;
            let method = overload["is_instance_function"].as_bool() == Some(true);
            let result = read(&overload["result_type"], &mut letters)?;
            signatures.push(Signature { method, parameters, result });
        }
        declared.functions.insert(name, signatures);
    }
    Ok(declared)
}

/// Reads a type of the cases. `letters` numbers the type parameters.
fn read(json: &Json, letters: &mut Vec<String>) -> Result<StaticType, String> {
    let unknown = || format!("unknown type {json}");
    let (kind, content) =
        json.as_object().and_then(|object| object.iter().next()).ok_or_else(unknown)?;
    Ok(match (kind.as_str(), content.as_str()) {
        ("null", _) => StaticType::Null,
        ("dyn", _) | ("well_known", Some("ANY")) => StaticType::Dyn,
        ("primitive", Some(name)) => primitive(name).ok_or_else(unknown)?,
        ("wrapper", Some(name)) => primitive(name).ok_or_else(unknown)?.nullable(),
        ("well_known", Some("TIMESTAMP")) => StaticType::Timestamp,
        ("well_known", Some("DURATION")) => StaticType::Duration,
        ("message_type", Some(name)) => StaticType::named(name),
        ("list_type", _) => read(&content["elem_type"], letters)?.list(),
        ("map_type", _) => StaticType::map(
            read(&content["key_type"], letters)?,
            read(&content["value_type"], letters)?,
        ),
        ("type", _) if content.as_object().is_some_and(|object| !object.is_empty()) => {
            read(content, letters)?.type_of()
        }
        ("type", _) => StaticType::Dyn.type_of(),
        ("type_param", Some(letter)) => {
            let known = letters.iter().position(|known| known == letter);
            let number = known.unwrap_or_else(|| {
                letters.push(letter.to_owned());
                letters.len() - 1
            });
            StaticType::Parameter(u32::try_from(number).expect("a few parameters"))
        }
        ("abstract_type", _) => {
            let parts = content["parameter_types"].as_array().into_iter().flatten();
            let parts =
                parts.map(|part| read(part, letters)).collect::<Result<Vec<_>, String>>()?;
            match (content["name"].as_str().ok_or_else(unknown)?, parts.as_slice()) {
                ("optional_type", [of]) => of.clone().optional(),
                (name, _) => StaticType::Opaque(name.into(), parts.into()),
            }
        }
        _ => return Err(unknown()),
    })
}

fn primitive(name: &str) -> Option<StaticType> {
    Some(match name {
        "BOOL" => StaticType::Bool,
        "INT64" => StaticType::Int,
        "UINT64" => StaticType::Uint,
        "DOUBLE" => StaticType::Double,
        "STRING" => StaticType::String,
        "BYTES" => StaticType::Bytes,
        _ => return None,
    })
}
