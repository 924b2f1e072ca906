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
    told(&["text=42", "count=42", "anything=42"], None, 0, expect![[""]]);
    told(&["text=\"42\"", "anything=a b"], None, 0, expect![[""]]);
    told(&["text=null", "anything={\"n\": [1.5]}"], None, 0, expect![[""]]);
    told(&["at=2030-01-31T12:00:00Z"], None, 0, expect![[""]]);
}

#[test]
fn input_adds_to_the_object() {
    told(&["count=2"], Some("{\"count\": 1, \"text\": \"a\"}"), 0, expect![[""]]);
}

#[test]
fn number_of_the_instance_is_filled_in() {
    told(&["text=m{n}-{n%10}-{n%7}", "count={n}"], None, 1234, expect![[""]]);
    told(&["text={n} {nn} {n", "anything={ n }"], None, 5, expect![[""]]);
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    told(&["text"], None, 0, expect![[""]]);
    told(&["text=a", "text=b"], None, 0, expect![[""]]);
    told(&["text={n%0}"], None, 0, expect![[""]]);
    told(&["text={n%x}"], None, 0, expect![[""]]);
    told(&["cuont=1"], None, 0, expect![[""]]);
    told(&["count=x"], None, 0, expect![[""]]);
    told(&["at=yesterday"], None, 0, expect![[""]]);
    told(&[], Some("[1]"), 0, expect![[""]]);
}
