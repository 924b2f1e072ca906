//! `for_each`, loops in branches and branches in loops, `commit` and `stop` inside of them.

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
