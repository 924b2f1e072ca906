//! `for_each`, `parallel` and `stop`.

use expect_test::expect;

use lockstep_expr::{Map, Value};

use super::super::rig::Rig;
use super::check;

/// Sums, one item after another, with a name of the body that must not outlive its item.
const EACH: &str = r#"
workflow: sum
input: { lines: { type: list<int>, default: [3, 4, 5] } }
activities:
  - activity: sum
    steps:
      - set: { item: outside, seen: 0 }
      - for_each: "${input.lines}"
        item: line
        index: i
        steps:
          - set: { twice: "${line * 2}", seen: "${seen + 1}" }
        collect: "${twice * 10 + i + seen * 1000}"
        as: all
output: { all: "${all}", item: "${item}", seen: "${seen}" }
"#;

#[test]
fn each_item_begins_with_the_names_outside_and_results_are_in_order() {
    check(
        EACH,
        "
        start a sum
        ",
        expect![[r#"
            a done: {"all": [1060, 1081, 1102], "item": "outside", "seen": 0}
        "#]],
    );
}

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

/// Loops in branches in a loop.
const DEEP: &str = r#"
workflow: deep
activities:
  - activity: deep
    steps:
      - for_each: "${[1, 2]}"
        item: a
        steps:
          - parallel:
              one:
                - for_each: "${[1, 2]}"
                  item: b
                  max_parallel: 2
                  steps:
                    - http: { url: "http://outside/${a}/${b}" }
                      as: answer
                  collect: "${[a, b]}"
                  as: ones
              two:
                - for_each: "${[3]}"
                  item: b
                  steps:
                    - http: { url: "http://outside/${a}/${b}" }
                  collect: "${[a, b]}"
                  as: twos
        collect: "${ones + twos}"
        as: all
output: "${all}"
"#;

#[test]
fn loops_nest_in_branches_and_branches_in_loops() {
    check(
        DEEP,
        "
        start a deep
        ok a#2
        ok a#3
        crash
        ok a#1
        ok a#5
        ok a#4
        ok a#6
        ",
        expect![[r#"
            a calls GET http://outside/1/3, call 1 attempt 1, token -
            a calls GET http://outside/1/1, call 2 attempt 1, token -
            a calls GET http://outside/1/2, call 3 attempt 1, token -
            crashed
            a calls GET http://outside/1/3, call 1 attempt 2, token -
            a calls GET http://outside/2/3, call 4 attempt 1, token -
            a calls GET http://outside/2/1, call 5 attempt 1, token -
            a calls GET http://outside/2/2, call 6 attempt 1, token -
            a done: [[[1, 1], [1, 2], [1, 3]], [[2, 1], [2, 2], [2, 3]]]
        "#]],
    );
}

/// Commits inside a loop, so that a failure returns into the middle of it.
const COMMITTING: &str = r#"
entity: Note
attributes: { n: int }
---
entity: Sum
attributes: { n: { type: int, default: 0 } }
---
workflow: notes
activities:
  - activity: notes
    retry: { max_attempts: 3, backoff: 1s }
    steps:
      - create: Sum
        id: sum
        as: sum
      - for_each: "${[1, 2, 3]}"
        item: n
        steps:
          - create: Note
            id: "n${n}"
            set: { n: "${n}" }
          - update: sum
            set: { n: "${sum.n + n}" }
          - commit
          - http: { url: "http://outside/${n}" }
        collect: "${sum.n}"
        as: sums
output: "${sums}"
"#;

#[test]
fn a_retry_goes_on_in_the_loop_behind_the_last_commit() {
    check(
        COMMITTING,
        "
        start a notes
        ok a
        error a http.status
        crash
        +1000
        ok a
        ok a
        show Sum/sum
        show Note/n3
        ",
        expect![[r#"
            a calls GET http://outside/1, call 1 attempt 1, token -
            a calls GET http://outside/2, call 2 attempt 1, token -
            crashed
            a calls GET http://outside/2, call 3 attempt 1, token -
            a calls GET http://outside/3, call 4 attempt 1, token -
            a done: [1, 3, 6]
            Sum/sum: v3 {"n":6}
            Note/n3: v1 {"n":3}
        "#]],
    );
}

const STOPPING: &str = r#"
entity: Note
attributes: { n: int }
---
workflow: early
input: { n: int }
activities:
  - activity: early
    exclusive_lock: { context: '"hall"' }
    steps:
      - create: Note
        id: made
        set: { n: "${input.n}" }
      - parallel:
          slow:
            - http: { url: "http://outside/slow" }
          fast:
            - http: { url: "http://outside/fast" }
              as: answer
            - stop: "${answer}"
              when: dyn(answer) == "enough"
  - activity: never
    steps:
      - raise: { error: never.here }
"#;

#[test]
fn stop_in_a_branch_commits_releases_and_ends_the_instance_well() {
    check(
        STOPPING,
        "
        start a early n=7
        ok a#2 enough
        show Note/made
        locks
        ",
        expect![[r#"
            a calls GET http://outside/slow, call 1 attempt 1, token #1.1
            a calls GET http://outside/fast, call 2 attempt 1, token #1.1
            a's call 1 is cancelled
            a done: "enough"
            Note/made: v1 {"n":7}
            rows [], idle true
        "#]],
    );
}

const COUNTING: &str = r#"
workflow: count
input: { items: list<int> }
activities:
  - activity: count
    steps:
      - for_each: "${input.items}"
        steps:
          - set: { a: 1 }
        collect: "${item + a}"
        as: all
output: "${size(all)}"
"#;

#[test]
fn a_list_has_at_most_a_hundred_thousand_items() {
    let run = |count: i64| {
        let mut rig = Rig::new(COUNTING);
        let items = Value::List((0..count).map(Value::Int).collect::<Vec<_>>().into());
        let input = Map::from_iter([("items", items)]);
        rig.start_with("a", "count", Value::from(input));
        rig.run("+1")
    };
    assert_eq!(run(0), "a done: 0\n");
    assert_eq!(run(100_000), "a done: 100000\n");
    assert_eq!(
        run(100_001),
        "a failed: step.limit: `for_each` takes at most 100000 items, these are 100001\n"
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
