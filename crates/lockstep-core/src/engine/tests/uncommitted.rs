//! Changes that outlast their activity uncommitted, and the locks that are kept for them.

use expect_test::expect;

use super::check;

/// Two activities that leave their changes uncommitted; keys in the order of the input.
pub(super) const UNCOMMITTED: &str = r#"
entity: Note
attributes: { text: string }
---
workflow: two
input: { first: string, second: string }
activities:
  - activity: one
    exclusive_lock: { context: input.first }
    auto_commit: false
    steps:
      - create: Note
        id: "${input.first}"
        set: { text: one }
      - http: { url: "http://outside/one" }
  - activity: two
    exclusive_lock: { context: input.second }
    auto_commit: false
    steps:
      - create: Note
        id: "${input.second}"
        set: { text: two }
      - http: { url: "http://outside/two" }
---
workflow: look
input: { id: string }
activities:
  - activity: look
    steps:
      - load: { entity: Note, id: "${input.id}", optional: true }
        as: note
output: "${note == null ? 'nothing' : note.text}"
"#;

#[test]
fn uncommitted_changes_are_seen_by_nobody_and_survive_a_crash() {
    check(
        UNCOMMITTED,
        "
        start a two first=x second=y
        ok a
        start b look id=x
        locks
        crash
        start c look id=x
        ok a
        start d look id=x
        start e look id=y
        locks
        ",
        expect![[r#"
            a calls GET http://outside/one, call 1 attempt 1, token #1.1
            a calls GET http://outside/two, call 2 attempt 1, token #1.2
            b done: "nothing"
            rows ["\"x\" by a", "\"y\" by a"], idle false
            crashed
            a calls GET http://outside/two, call 2 attempt 2, token #2.0
            c done: "nothing"
            a done: null
            d done: "one"
            e done: "two"
            rows [], idle true
        "#]],
    );
}

#[test]
fn who_closes_a_cycle_of_waits_fails() {
    check(
        UNCOMMITTED,
        "
        start a two first=x second=y
        start b two first=y second=x
        ok a
        ok b
        ok a
        locks
        ",
        expect![[r#"
            a calls GET http://outside/one, call 1 attempt 1, token #1.1
            b calls GET http://outside/one, call 1 attempt 1, token #1.2
            b failed: lock.deadlock: b waits for "x", a waits for "y", which b holds
            a calls GET http://outside/two, call 2 attempt 1, token #1.3
            a done: null
            rows [], idle true
        "#]],
    );
}
