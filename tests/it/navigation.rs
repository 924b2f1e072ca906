//! From activity to activity: `when`, `next`, `goto`, `catch`, `retry`, and what steps bind.

use std::sync::Arc;

use lockstep_core::Happening;
use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written};

/// What `log` steps wrote, and the output or the error's code at the end.
async fn course(body: &str, n: i64) -> String {
    let text = format!("workflow: w\ninput: {{ n: int }}\n{body}");
    let engine = Engine::start(Arc::new(Memory::new()), &Written::text(&text)).await;
    let started = engine.begin("w", json!({"n": n})).await;
    let id = started.id;
    let end = match crate::engine::ended(started).await {
        Ok(Json::Null) => "end".to_owned(),
        Ok(output) => output.to_string(),
        Err(failure) => format!("error {}", failure.code),
    };
    let mut course: Vec<String> = Vec::new();
    for entry in engine.journal(id).await {
        if let Happening::Logged(message) = entry.event {
            course.push(message);
        }
    }
    course.push(end);
    course.join(", ")
}

/// Runs a workflow of these activities (and output) with different inputs.
async fn check(body: &str, expected: &[(i64, &str)]) {
    for (n, expected) in expected {
        assert_eq!(course(body, *n).await, *expected, "n = {n}, {body}");
    }
}

#[tokio::test]
async fn activities_and_steps_are_left_out_unless_their_condition_is_true() {
    let body = r#"
activities:
  - activity: a
    when: input.n > 0
    steps:
      - log: a
      - log: more
        when: input.n > 1
  - activity: b
    steps: [{ log: b }]
"#;
    check(body, &[(0, "b, end"), (1, "a, b, end"), (2, "a, more, b, end")]).await;
}

#[tokio::test]
async fn first_match_of_next_decides_and_the_following_activity_if_none_matches() {
    let body = r#"
activities:
  - activity: a
    steps: [{ log: a }]
    next:
      - { when: input.n == 1, goto: c }
      - { when: input.n >= 1, goto: end }
  - activity: b
    steps: [{ log: b }]
    next: [{ goto: end }]
  - activity: c
    steps: [{ log: c }]
"#;
    check(body, &[(0, "a, b, end"), (1, "a, c, end"), (2, "a, end")]).await;
}

#[tokio::test]
async fn goto_back_makes_a_loop() {
    let body = r#"
activities:
  - activity: begin
    steps: [{ set: { i: 0 } }]
  - activity: turn
    steps:
      - set: { i: "${i + 1}" }
      - log: "turn ${i}"
    next: [{ when: i < input.n, goto: turn }]
output: "${i}"
"#;
    check(body, &[(1, "turn 1, 1"), (3, "turn 1, turn 2, turn 3, 3")]).await;
}

#[tokio::test]
async fn long_loop_lets_others_go_on_and_ends() {
    let body = r#"
activities:
  - activity: begin
    steps: [{ set: { i: 0 } }]
  - activity: turn
    steps: [{ set: { i: "${i + 1}" } }]
    next: [{ when: i < input.n, goto: turn }]
output: "${i}"
"#;
    check(body, &[(5000, "5000")]).await;
}

#[tokio::test]
async fn first_catch_whose_pattern_fits_handles_the_error() {
    let body = r#"
activities:
  - activity: a
    steps:
      - raise: { error: slot.full, message: none left }
        when: input.n == 0
      - raise: { error: slot.gone }
        when: input.n == 1
      - raise: { error: other.error }
        when: input.n == 2
      - log: well
    catch:
      - error: slot.full
        steps: [{ log: "${error.code}: ${error.message} in ${error.activity}" }]
      - error: ["slot.*", "lock.*"]
        goto: c
  - activity: b
    steps: [{ log: b }]
    next: [{ goto: end }]
  - activity: c
    steps: [{ log: c }]
"#;
    let expected = [
        (0, "slot.full: none left in a, b, end"),
        (1, "c, end"),
        (2, "error other.error"),
        (3, "well, b, end"),
    ];
    check(body, &expected).await;
}

#[tokio::test]
async fn error_of_an_expression_is_caught_like_any_other_and_one_in_a_catch_is_not() {
    let body = r#"
activities:
  - activity: a
    steps:
      - set: { x: "${10 / input.n}" }
      - log: "${x}"
    catch:
      - error: "expr.*"
        steps:
          - log: "${error.code}"
          - raise: { error: in.catch }
"#;
    check(body, &[(5, "2, end"), (0, "expr.divide_by_zero, error in.catch")]).await;
}

#[tokio::test]
async fn names_that_a_failed_activity_bound_are_gone() {
    let body = r#"
activities:
  - activity: a
    steps: [{ set: { x: before } }]
  - activity: b
    steps:
      - set: { x: within }
      - require: input.n > 0
        else: { error: too.small }
    catch: [{ error: too.small, steps: [{ log: "${x}" }] }]
output: "${x}"
"#;
    check(body, &[(1, "\"within\""), (0, "before, \"before\"")]).await;
}

#[tokio::test]
async fn failed_activity_runs_again_as_often_as_its_retry_says() {
    let body = r#"
activities:
  - activity: a
    retry: { max_attempts: 3, backoff: 1ms, on: "my.*" }
    steps:
      - log: try
      - raise: { error: my.error }
        when: input.n == 0
      - raise: { error: other.error }
        when: input.n == 1
    catch: [{ error: my.error, steps: [{ log: caught }] }]
"#;
    // What a failed attempt logged stays: the journal tells what happened.
    let expected =
        [(0, "try, try, try, caught, end"), (1, "try, error other.error"), (2, "try, end")];
    check(body, &expected).await;
}

#[tokio::test]
async fn require_without_an_error_of_its_own_tells_the_condition() {
    let body = r#"
activities:
  - activity: a
    steps: [{ require: input.n > 3 }]
    catch: [{ error: "*", steps: [{ log: "${error.message}" }] }]
"#;
    check(body, &[(4, "end"), (3, "`input.n > 3` is false, end")]).await;
}

#[tokio::test]
async fn output_that_cannot_be_computed_is_an_error() {
    let body = r#"
activities:
  - activity: a
    steps: [{ log: a }]
output: "${1 / input.n}"
"#;
    check(body, &[(1, "a, 1"), (0, "a, error expr.divide_by_zero")]).await;
}
