//! The page for authors, `docs/expressions.md`: each of its examples comes to the result beside it.

use super::Expression;
use crate::function;
use crate::value::Value;
use crate::value::map::Map;

/// The page.
const PAGE: &str = include_str!("../../../../docs/expressions.md");

pub(crate) fn scope() -> Vec<(&'static str, Value)> {
    let slot: Map = [("places", Value::Int(5)), ("booked", Value::Int(3))].into_iter().collect();
    let tags = vec!["new".into(), "vip".into()];
    let input: Map = [("customer", "Ada".into()), ("tags", tags.into())].into_iter().collect();
    vec![("slot", slot.into()), ("input", input.into())]
}

/// Returns the cells of a row of a table; `\|` is a bar within a cell.
fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(row.split(" | ").map(|cell| cell.trim().replace("\\|", "|")).collect())
}

/// Returns what stands between backquotes, one or two at each end.
fn code(cell: &str) -> &str {
    let inner = cell.strip_prefix("``").and_then(|cell| cell.strip_suffix("``"));
    let inner = inner.or_else(|| cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')));
    inner.unwrap_or_else(|| panic!("`{cell}` is code")).trim()
}

/// Returns the examples of the page with their results.
pub(crate) fn examples() -> Vec<(String, String)> {
    let mut examples = Vec::new();
    let mut in_table = false;
    for line in PAGE.lines() {
        let Some(cells) = cells(line) else {
            in_table = false;
            continue;
        };
        match cells.as_slice() {
            [.., example, result] if example == "example" && result == "result" => in_table = true,
            [.., example, result] if in_table && !example.starts_with("---") => {
                examples.push((code(example).to_owned(), result.clone()));
            }
            _ => {}
        }
    }
    examples
}

#[test]
fn every_example_of_the_page_comes_to_its_result() {
    let examples = examples();
    assert!(examples.len() >= 180, "the page has {} examples", examples.len());
    let scope = scope();
    let mut wrong = Vec::new();
    for (text, expected) in examples {
        let parsed = Expression::parse(&text);
        let parsed = parsed.unwrap_or_else(|error| panic!("{text}: {error}"));
        let actual = match parsed.evaluate(&scope) {
            Ok(value) => format!("`{value}`"),
            Err(error) => format!("error `{}`", error.code),
        };
        if actual != expected {
            wrong.push(format!("{text}: {actual}, the page says {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_is_on_the_page() {
    let missing: Vec<_> = function::names()
        .filter(|name| {
            ![format!("`{name}("), format!(".{name}("), format!(" {name}(")]
                .iter()
                .any(|call| PAGE.contains(call))
        })
        .collect();
    assert!(missing.is_empty(), "the page does not tell {missing:?}");
}
