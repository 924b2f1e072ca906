//! Facts about places: where values stand, and characters of values.

use lockstep_expr::Span;

use super::node::{Node, Value};
use super::{Places, read};
use crate::Source;
use crate::report::Report;

/// All texts of a file, each with the part of the file that its letters `[a]..[b]` come from.
#[track_caller]
fn letters(text: &str, word: &str) -> String {
    let source = Source::new("a.yaml", text);
    let mut report = Report::new(&source);
    let documents = read(&mut report);
    assert_eq!(report.into_diagnostics(), [], "the text is correct");
    let mut found = Vec::new();
    for node in &documents.nodes {
        collect(text, node, word, &mut found);
    }
    found.join("|")
}

fn collect(file: &str, node: &Node, word: &str, found: &mut Vec<String>) {
    match &node.value {
        Value::Text(value) => {
            if let Some(at) = value.find(word) {
                let span = Places::new(file, node, value).span(Span::new(at, at + word.len()));
                found.push(file.get(span.start..span.end).unwrap().to_owned());
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(file, item, word, found)),
        Value::Map(entries) => {
            for (key, value) in entries {
                collect(file, key, word, found);
                collect(file, value, word, found);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Tagged(_) => {}
    }
}

#[test]
fn word_is_found_in_every_style() {
    for (text, found) in [
        ("a: x word y\n", "word"),
        ("a: 'it''s a word here'\n", "word"),
        ("a: \"tab\\t\\x41\\u00e9 word\"\n", "word"),
        ("a: \"x\\\n   word\"\n", "word"),
        ("a: \"x\n   word\"\n", "word"),
        ("a: x\n   y\n\n   word\n", "word"),
        ("a: |\n  x\n\n    word\n  y\n", "word"),
        ("a: |2-\n    x\n  word\n", "word"),
        ("a: >\n  x\n  word\n\n  y\n", "word"),
        ("a: >-\n  x\n\n    more\n   word\n  y word\n", "word"),
        ("a: é word\n", "word"),
        ("a: [ 'x', {b: word} ]\n", "word"),
        ("a: &anchor the word\nb: *anchor\n", "word|word"),
    ] {
        assert_eq!(letters(text, "word"), found, "in {text:?}");
    }
}

#[test]
fn word_across_a_fold_has_the_fold_in_its_place() {
    assert_eq!(letters("a: >\n  one\n  two\n", "one two"), "one\n  two");
    assert_eq!(letters("a: one\n  two\n", "one two"), "one\n  two");
}

#[test]
fn word_written_with_escapes_has_them_in_its_place() {
    assert_eq!(letters("a: \"x \\x77ord y\"\n", "word"), "\\x77ord");
}
