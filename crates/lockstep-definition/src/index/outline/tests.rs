//! Facts about outlines, of texts that are YAML and of texts that are not yet.

use super::*;

/// An outline in one line: `{key: value}`, `[item]`, `'text'`; `~` is nothing, `key?` has no `:`.
fn told(node: &Node, text: &str) -> String {
    match &node.kind {
        Kind::Empty => "~".to_owned(),
        Kind::Scalar { .. } => format!("'{}'", node.text(text).unwrap()),
        Kind::List { items, .. } => {
            let items: Vec<String> = items.iter().map(|item| told(item, text)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map { entries, .. } => {
            let entry = |entry: &Entry| {
                if entry.complete {
                    format!("{}: {}", entry.key, told(&entry.value, text))
                } else {
                    format!("{}?", entry.key)
                }
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let documents: Vec<String> =
        outline(text).iter().map(|document| told(&document.node, text)).collect();
    assert_eq!(documents.join(" --- "), expected, "of {text:?}");
}

#[test]
fn yaml_is_read_as_yaml_reads_it() {
    for (text, expected) in [
        ("", "~"),
        ("a: 1\nb:\n  c: x y # no\n", "{a: '1', b: {c: 'x y'}}"),
        ("a:\n- b\n- c: 1\n  d: 2\n-\n  e: 3\n", "{a: ['b', {c: '1', d: '2'}, {e: '3'}]}"),
        ("a: { b: 1, c: [x, 'y, z'], d: }\n", "{a: {b: '1', c: ['x', 'y, z'], d: ~}}"),
        ("a: |\n  b: c\n\n  d\ne: 1\n", "{a: '  b: c\n\n  d', e: '1'}"),
        ("a: \"b\n  c\"\nd: 1\n", "{a: 'b\n  c', d: '1'}"),
        ("a: b\n  c\nd: 1\n", "{a: 'b\n  c', d: '1'}"),
        ("a: 1\n---\nb: 2\n", "{a: '1'} --- {b: '2'}"),
        ("# x\n\n'a b': &x 1\n", "{a b: '1'}"),
        ("a: 'it''s'\nb: http://x:1/y\n", "{a: 'it''s', b: 'http://x:1/y'}"),
        ("a:\n  {\n    b: 1,\n    c: 2\n  }\nd: 1\n", "{a: {b: '1', c: '2'}, d: '1'}"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_not_finished_leaves_the_rest_as_it_is() {
    for (text, expected) in [
        ("a: 1\nwh\nb: 2\n", "{a: '1', wh?, b: '2'}"),
        ("a:\n  b: \"x\nc: 1\n", "{a: {b: 'x'}, c: '1'}"),
        ("a: { b: 1, c\nd: 1\n", "{a: {b: '1', c?}, d: '1'}"),
        ("a: [x, { y: 1\nd: 1\n", "{a: ['x', {y: '1'}], d: '1'}"),
        ("- a: 1\n  b\n- c: 2\n", "[{a: '1', b?}, {c: '2'}]"),
        ("- lo\n- a: 1\n", "['lo', {a: '1'}]"),
        ("a:\n    b: 1\n  c: 2\nd: 3\n", "{a: {b: '1'}, c: '2', d: '3'}"),
        ("a: 1\n  - b\nc: 1\n", "{a: '1', c: '1'}"),
        ("a: }\nb: 1\n", "{a: '}', b: '1'}"),
        ("a: 'x", "{a: 'x'}"),
        ("a: {", "{a: {}}"),
        ("-", "[~]"),
        ("a:\n  - ", "{a: [~]}"),
    ] {
        check(text, expected);
    }
}

/// Goal: every text has an outline, quickly. Method: all texts that lack a part of a correct one, and
/// texts of brackets, quotes and dashes.
#[test]
fn every_text_has_an_outline() {
    let text = crate::check::tests::EXAMPLE;
    for (at, _) in text.char_indices() {
        outline(text.get(..at).unwrap());
        outline(text.get(at..).unwrap());
    }
    for sign in
        ["[", "{", "- ", "\"", "'", "a: ", "|", "{é: ", "\n ", "#", "---\n", "\\", "é", "[,", "a,"]
    {
        outline(&sign.repeat(300_000 / sign.len()));
        let deep: Vec<String> =
            (0..300).map(|depth| format!("{}{sign}x:\n", " ".repeat(depth))).collect();
        let deep = deep.concat();
        outline(&deep);
    }
}
