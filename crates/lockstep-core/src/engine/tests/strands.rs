//! Strands: steps of one instance that run at once, in `parallel` and in `for_each`.

use expect_test::expect;

use super::super::rig::Rig;
use super::check;

/// Calls for each item, several at once, and a name bound by nothing but the items.
const FAN: &str = r#"
workflow: fan
activities:
  - activity: fan
    steps:
      - for_each: "${[10, 11, 12, 13]}"
        item: n
        max_parallel: 2
        steps:
          - http: { url: "http://outside/${n}" }
            as: answer
        collect: "${string(n) + dyn(answer)}"
        as: all
output: "${all}"
"#;

#[test]
fn items_at_once_keep_to_their_number_and_results_to_the_order_of_the_items() {
    check(
        FAN,
        "
        start a fan
        ok a#2 b
        ok a#3 c
        ok a#1 a
        ok a#4 d
        ",
        expect![[r#"
            a calls GET http://outside/10, call 1 attempt 1, token -
            a calls GET http://outside/11, call 2 attempt 1, token -
            a calls GET http://outside/12, call 3 attempt 1, token -
            a calls GET http://outside/13, call 4 attempt 1, token -
            a done: ["10a", "11b", "12c", "13d"]
        "#]],
    );
}

#[test]
fn calls_in_flight_at_a_crash_are_made_again_under_their_keys() {
    check(
        FAN,
        "
        start a fan
        ok a#2 b
        crash
        ok a#3 c
        crash
        ok a#1 a
        ok a#4 d
        ",
        expect![[r#"
            a calls GET http://outside/10, call 1 attempt 1, token -
            a calls GET http://outside/11, call 2 attempt 1, token -
            a calls GET http://outside/12, call 3 attempt 1, token -
            crashed
            a calls GET http://outside/12, call 3 attempt 2, token -
            a calls GET http://outside/10, call 1 attempt 2, token -
            a calls GET http://outside/13, call 4 attempt 1, token -
            crashed
            a calls GET http://outside/13, call 4 attempt 2, token -
            a calls GET http://outside/10, call 1 attempt 3, token -
            a done: ["10a", "11b", "12c", "13d"]
        "#]],
    );
}

#[test]
fn what_fails_stops_the_others_and_late_answers_change_nothing() {
    check(
        FAN,
        "
        start a fan
        error a#2 http.status
        late a#1
        start b fan
        ",
        expect![[r#"
            a calls GET http://outside/10, call 1 attempt 1, token -
            a calls GET http://outside/11, call 2 attempt 1, token -
            a's call 1 is cancelled
            a failed: http.status: it failed
            b calls GET http://outside/10, call 1 attempt 1, token -
            b calls GET http://outside/11, call 2 attempt 1, token -
        "#]],
    );
}

/// Branches that call, bind names, and change one object of one unit of work.
const BRANCHES: &str = r#"
entity: Order
attributes: { total: { type: int, default: 0 }, left: { type: string, optional: true }, right: { type: string, optional: true } }
---
workflow: both
activities:
  - activity: both
    steps:
      - create: Order
        id: x
        as: order
      - parallel:
          left:
            - http: { url: "http://outside/left" }
              as: l
            - update: order
              set: { left: "${dyn(l)}", total: "${order.total + 1}" }
          right:
            - load: { entity: Order, id: x }
              as: other
            - http: { url: "http://outside/right" }
              as: r
            - update: other
              set: { right: "${dyn(r)}", total: "${other.total + 1}" }
            - set: { more: "${dyn(other.right) + dyn(other.left)}" }
      - for_each: "${[1, 2, 3]}"
        max_parallel: 3
        steps:
          - http: { url: "http://outside/${item}" }
          - update: order
            set: { total: "${order.total + item}" }
      - update: order
        set: { total: "${order.total + 10}" }
output: { names: "${dyn(l) + dyn(r)}", more: "${more}", total: "${order.total}" }
"#;

#[test]
fn branches_change_one_object_of_one_unit_and_bind_names_for_what_follows() {
    check(
        BRANCHES,
        "
        start a both
        ok a#1 L
        crash
        ok a#2 R
        ok a#4
        crash
        ok a#3
        ok a#5
        show Order/x
        ",
        expect![[r#"
            a calls GET http://outside/left, call 1 attempt 1, token -
            a calls GET http://outside/right, call 2 attempt 1, token -
            crashed
            a calls GET http://outside/right, call 2 attempt 2, token -
            a calls GET http://outside/1, call 3 attempt 1, token -
            a calls GET http://outside/2, call 4 attempt 1, token -
            a calls GET http://outside/3, call 5 attempt 1, token -
            crashed
            a calls GET http://outside/1, call 3 attempt 2, token -
            a calls GET http://outside/3, call 5 attempt 2, token -
            a done: {"names": "LR", "more": "RL", "total": 18}
            Order/x: v1 {"total":18,"left":"L","right":"R"}
        "#]],
    );
}

#[test]
fn a_cancel_and_a_timeout_reach_every_strand() {
    let yaml = FAN
        .replace("    steps:\n      - for_each", "    timeout: 5s\n    steps:\n      - for_each");
    check(
        &yaml,
        "
        start a fan
        cancel a
        start b fan
        +5000
        ",
        expect![[r#"
            a calls GET http://outside/10, call 1 attempt 1, token -
            a calls GET http://outside/11, call 2 attempt 1, token -
            a's call 2 is cancelled
            a's call 1 is cancelled
            a failed: cancelled: by hand
            b calls GET http://outside/10, call 1 attempt 1, token -
            b calls GET http://outside/11, call 2 attempt 1, token -
            b's call 2 is cancelled
            b's call 1 is cancelled
            b failed: activity.timeout: the activity has taken too long
        "#]],
    );
}

/// A failure that is caught, behind a retry of the activity.
#[test]
fn an_activity_with_strands_is_tried_again_and_caught_as_a_whole() {
    let yaml = FAN.replace(
        "    steps:\n      - for_each",
        "    retry: { max_attempts: 2, backoff: 1s }\n    catch:\n      - error: http.*\n        steps:\n          - set: { all: caught }\n    steps:\n      - for_each",
    );
    check(
        &yaml,
        "
        start a fan
        ok a#1 a
        error a#2 http.status
        late a#3
        +1000
        error a#4 http.status
        ",
        expect![[r#"
            a calls GET http://outside/10, call 1 attempt 1, token -
            a calls GET http://outside/11, call 2 attempt 1, token -
            a calls GET http://outside/12, call 3 attempt 1, token -
            a's call 3 is cancelled
            a calls GET http://outside/10, call 4 attempt 1, token -
            a calls GET http://outside/11, call 5 attempt 1, token -
            a's call 5 is cancelled
            a done: "caught"
        "#]],
    );
}

/// A strand for each of 30 branches, each with 40 items at once.
#[test]
fn strands_have_a_limit() {
    let mut yaml = "
workflow: wide
activities:
  - activity: wide
    steps:
      - parallel:
"
    .to_owned();
    let items: Vec<String> = (0..40).map(|item| item.to_string()).collect();
    let items = items.join(", ");
    for branch in 0..30 {
        let steps = format!(
            "          b{branch}:
            - for_each: \"${{[{items}]}}\"
              max_parallel: 40
              steps:
                - http: {{ url: \"http://outside\" }}
"
        );
        yaml.push_str(&steps);
    }
    let mut rig = Rig::new(&yaml);
    let log = rig.run("start a wide");
    assert!(
        log.ends_with("a failed: step.limit: more than 1000 strands of an instance run at once\n"),
        "{log}"
    );
    assert!(rig.calls.is_empty(), "no call is left");
}
