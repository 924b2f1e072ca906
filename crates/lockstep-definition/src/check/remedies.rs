//! Facts about what is told to people who write as other tools and languages have it.

use crate::{Code, Source, check};

/// The first finding in a file: its code, the part of the file, what to do.
#[track_caller]
fn first(text: &str) -> (Code, String, String) {
    let checked = check(&[Source::new("a.yaml", text)]);
    let found = checked.diagnostics.first().unwrap_or_else(|| panic!("nothing is found: {text}"));
    let place = text.get(found.span.start..found.span.end).unwrap();
    (found.code, place.to_owned(), found.help.clone().unwrap_or_default())
}

#[track_caller]
fn told(text: &str, code: Code, place: &str, help: &str) {
    let (found, at, remedy) = first(text);
    assert_eq!((found, &*at), (code, place), "{text}");
    assert!(remedy.contains(help), "{text}: {remedy}");
}

fn with_steps(steps: &str) -> String {
    format!(
        "workflow: w\ninput: {{ n: int, name: string, lines: list<string> }}\n\
         output: \"${{input}}\"\nactivities:\n  - activity: a\n    steps:\n{steps}"
    )
}

#[test]
fn keys_of_other_tools_are_named_as_here() {
    let cases = [
        ("if: input.n > 0", "if", "did you mean `when`?"),
        ("register: x", "register", "did you mean `as`?"),
        ("needs: [b]", "needs", "the order in which they stand"),
        ("name: x", "name", "did you mean `description`?"),
    ];
    for (written, key, help) in cases {
        let text = with_steps(&format!("      - log: x\n        {written}\n"));
        told(&text, Code::UnknownKey, key, help);
    }
    let within = with_steps("      - http: { url: \"http://a\", timeout: 5s }\n");
    told(&within, Code::UnknownKey, "timeout", "write `timeout` beside `http`");
    let written = with_steps("      - exec: { program: a, command: b }\n");
    told(&written, Code::UnknownKey, "command", "it has `program`");
}

#[test]
fn literals_are_told_as_their_type_has_them() {
    let cases = [
        ("bool", "yes", "yes", "write `true`"),
        ("bool", "off", "off", "write `false`"),
        ("bool", "\"true\"", "\"true\"", "without quotes"),
        ("string", "1.10", "1.10", "put it into quotes"),
        ("int", "\"7\"", "\"7\"", "write the number as `7`"),
        ("int", "0755", "0755", "`755`, or `0o755` if it is octal"),
        ("int", "1_000", "1_000", "write the number as `1000`"),
        ("int", "input.n", "input.n", "stands in `${ }`"),
        ("double", "many", "many", "write a value of the declared type"),
    ];
    for (ty, value, place, help) in cases {
        let text = format!("entity: E\nattributes: {{ a: {{ type: {ty}, default: {value} }} }}\n");
        told(&text, Code::TypeMismatch, place, help);
    }
}

#[test]
fn name_of_an_input_without_braces_is_told_once() {
    for (step, place) in [
        ("log: input.name", "input.name"),
        ("task: { type: t, input: { to: [input.name] } }", "input.name"),
    ] {
        let text = with_steps(&format!("      - {step}\n"));
        told(&text, Code::ForgottenBraces, place, "stands in `${ }`");
    }
    let list = with_steps("      - for_each: input.lines\n        steps: [{ log: \"${item}\" }]\n");
    let codes: Vec<Code> =
        check(&[Source::new("a.yaml", list)]).diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::TypeMismatch]);
}

#[test]
fn text_that_only_looks_like_a_name_is_a_text() {
    for text in ["input.csv", "input.name.", "see input.name", "input", "config.yaml"] {
        let text = with_steps(&format!("      - log: {text}\n"));
        assert_eq!(check(&[Source::new("a.yaml", text.as_str())]).diagnostics, [], "{text}");
    }
}

#[test]
fn key_that_is_indented_too_far_is_told_as_one() {
    let entity = "entity: E\nattributes:\n  a: int\n  unique: [[a]]\n";
    told(entity, Code::MisplacedKey, "unique", "begin it in the column of `attributes`");
    let list = "entity: E\nattributes: { on: list<string>, unique: bool }\n";
    assert_eq!(check(&[Source::new("a.yaml", list)]).diagnostics, []);
}

#[test]
fn comma_of_a_type_within_braces_is_told() {
    let text = "entity: E\nattributes: { a: map<string, int> }\n";
    told(text, Code::InvalidType, "map<string", "put the type into quotes");
}

#[test]
fn comment_that_cuts_a_value_is_told() {
    let bare = with_steps("      - log: x\n        when: input.name == #x\n");
    told(&bare, Code::ExpressionSyntax, "", "begins a comment");
    let braces = with_steps("      - set: { a: #fff }\n");
    told(&braces, Code::YamlSyntax, "{", "begins a comment");
}

#[test]
fn byte_order_mark_is_no_part_of_the_file() {
    let text = "\u{feff}workflow: w\nactivities: [{ activity: a, steps: [{ log: x }] }]\n";
    assert_eq!(check(&[Source::new("a.yaml", text)]).diagnostics, []);
    let text = "\u{feff}entity: E\r\nentity: F\r\nattributes: {}\r\n";
    let checked = check(&[Source::new("a.yaml", text)]);
    let found = &checked.diagnostics[0];
    assert_eq!((found.code, found.line, found.column), (Code::DuplicateKey, 2, 1));
    let text = "\u{feff}entety: E\n";
    let checked = check(&[Source::new("a.yaml", text)]);
    let found = &checked.diagnostics[0];
    assert_eq!(
        (found.line, found.column, text.get(found.span.start..found.span.end)),
        (1, 1, Some("entety"))
    );
}
