//! Inputs: patterns, kinds, and what is wrong with them.

use expect_test::{Expect, expect};
use lockstep_definition::{Source, check};

use super::*;

const WORKFLOW: &str = r#"
workflow: w
input:
  text: { type: string, optional: true }
  count: { type: int, default: 7 }
  anything: { type: any, optional: true }
  at: { type: timestamp, optional: true }
activities:
  - activity: a
    steps:
      - log: "${input.text} ${input.count} ${input.anything} ${input.at}"
"#;

fn workflow() -> Arc<Workflow> {
    let checked = check(&[Source::new("w.yaml", WORKFLOW)]);
    let definitions = checked.definitions.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    Arc::clone(&definitions.workflows["w"])
}

#[track_caller]
fn told(given: &[&str], json: Option<&str>, number: u64, expected: Expect) {
    let args = InputArgs {
        input: given.iter().map(|text| (*text).to_owned()).collect(),
        input_json: json.map(str::to_owned),
    };
    let told = match Inputs::read(&args, &workflow()) {
        Ok(inputs) => inputs.of_instance(number).to_string(),
        Err(error) => error.report(),
    };
    expected.assert_eq(&told);
}

#[test]
fn value_is_json_if_that_fits_the_declared_type() {
    told(
        &["text=42", "count=42", "anything=42"],
        None,
        0,
        expect![[r#"{"text": "42", "count": 42, "anything": 42}"#]],
    );
    told(
        &["text=\"42\"", "anything=a b"],
        None,
        0,
        expect![[r#"{"text": "42", "anything": "a b"}"#]],
    );
    told(
        &["text=null", "anything={\"n\": [1.5]}"],
        None,
        0,
        expect![[r#"{"text": null, "anything": {"n": [1.5]}}"#]],
    );
    told(&["at=2030-01-31T12:00:00Z"], None, 0, expect![[r#"{"at": "2030-01-31T12:00:00Z"}"#]]);
}

#[test]
fn input_adds_to_the_object() {
    told(
        &["count=2"],
        Some("{\"count\": 1, \"text\": \"a\"}"),
        0,
        expect![[r#"{"count": 2, "text": "a"}"#]],
    );
}

#[test]
fn number_of_the_instance_is_filled_in() {
    told(
        &["text=m{n}-{n%10}-{n%7}", "count={n}"],
        None,
        1234,
        expect![[r#"{"text": "m1234-4-2", "count": 1234}"#]],
    );
    told(
        &["text={n} {nn} {n", "anything={ n }"],
        None,
        5,
        expect![[r#"{"text": "5 {nn} {n", "anything": "{ n }"}"#]],
    );
}

#[test]
fn form_of_an_input_is_told() {
    told(
        &["text"],
        None,
        0,
        expect![[r#"
        error: `--input text` does not give a value
        help: write `--input NAME=VALUE`
    "#]],
    );
    told(
        &["text=a", "text=b"],
        None,
        0,
        expect![[r#"
        error: input `text` is given twice
    "#]],
    );
    told(
        &["text={n%0}"],
        None,
        0,
        expect![[r#"
        error: `{n%0}` is no remainder
        help: write a whole number from 1, such as {n%100}
    "#]],
    );
    told(
        &["text={n%x}"],
        None,
        0,
        expect![[r#"
        error: `{n%x}` is no remainder
        help: write a whole number from 1, such as {n%100}
    "#]],
    );
}

#[test]
fn input_that_does_not_fit_the_workflow_is_told() {
    told(
        &["cuont=1"],
        None,
        0,
        expect![[r#"
        error: workflow `w` has no input "cuont"; its inputs are: text, count, anything, at
        help: workflow `w` takes: text: string (optional), count: int (default 7), anything: any (optional), at: timestamp (optional)
    "#]],
    );
    told(
        &["count=x"],
        None,
        0,
        expect![[r#"
        error: input `count` must be of type int, it is of type string
        help: workflow `w` takes: text: string (optional), count: int (default 7), anything: any (optional), at: timestamp (optional)
    "#]],
    );
    told(
        &["at=yesterday"],
        None,
        0,
        expect![[r#"
        error: input `at` must be of type timestamp, it is of type string
        help: workflow `w` takes: text: string (optional), count: int (default 7), anything: any (optional), at: timestamp (optional)
    "#]],
    );
    told(
        &[],
        Some("[1]"),
        0,
        expect![[r#"
        error: `--input-json` is of type list, not an object
        help: write `--input-json '{"name": "value"}'`
    "#]],
    );
}
