//! The examples of the page for authors: what has a value has a type, which is that of the value.

use std::sync::Arc;

use crate::check::TypeScope;
use crate::expression::{Expression, page};
use crate::function;
use crate::signature;
use crate::static_type::{Assignability, StaticType};
use crate::value::Value;

/// What evaluates, but is never true: the checker tells.
const POINTLESS: [&str; 1] = [r#"1 == "1""#];

/// What is no function of types alone.
const MACROS: [&str; 16] = [
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
    "cel.index",
];

struct Values(Vec<(&'static str, Value)>);

impl TypeScope for Values {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| StaticType::of_value(value))
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.0.iter().map(|(name, _)| (*name).into()).collect()
    }
}

#[test]
fn every_example_of_the_page_has_the_type_of_its_result() {
    let names = Values(page::scope());
    for (text, _) in page::examples() {
        let expression = Expression::parse(&text).unwrap();
        let typing = expression.check(&names);
        let Ok(value) = expression.evaluate(&page::scope()) else { continue };
        let told = typing.has_errors() && !POINTLESS.contains(&&*text);
        assert!(!told, "{text}: {:?}", typing.findings);
        let actual = StaticType::of_value(&value);
        let verdict = actual.assignable_to(&typing.ty);
        assert_ne!(verdict, Assignability::No, "{text}: {actual}, not {}", typing.ty);
    }
}

/// The page.
const PAGE: &str = include_str!("../../../../../docs/expressions.md");

#[test]
fn every_mistake_of_the_page_is_told() {
    let told = |row: &str| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, text, told] = cells.as_slice() else { panic!("{row}") };
        let text = text.trim_matches('`');
        let findings = super::typing(text).findings;
        let [finding] = findings.as_slice() else { panic!("{text}: {findings:?}") };
        let help = finding.help.clone().unwrap_or_default();
        assert!(finding.message.contains(told) || help.contains(told), "{text}: {finding:?}");
    };
    let table = PAGE.lines().skip_while(|line| !line.starts_with("| mistake | example |")).skip(2);
    let rows: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 5, "{rows:?}");
    rows.into_iter().for_each(told);
}

#[test]
fn every_way_around_null_of_the_page_is_right() {
    let list = PAGE.lines().skip_while(|line| !line.starts_with("**Null.**"));
    let list = list.skip_while(|line| !line.starts_with("- `"));
    let ways: Vec<&str> = list
        .map_while(|line| line.strip_prefix("- `"))
        .filter_map(|way| way.split_once('`').map(|(text, _)| text))
        .collect();
    assert!(ways.len() > 4, "{ways:?}");
    for text in ways {
        let findings = super::typing(text).findings;
        assert!(findings.is_empty(), "{text}: {findings:?}");
    }
}

#[test]
fn every_function_has_a_signature_and_every_signature_a_function() {
    let without: Vec<&str> =
        function::names().filter(|name| signature::of(name).is_empty()).collect();
    assert_eq!(without, MACROS);
    let unknown: Vec<&str> = signature::names().filter(|name| !function::exists(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
