//! Locks that are not granted: what is said of them to people, and to catch steps.

use expect_test::expect;

use super::check;

/// Asks for locks in every way, and shows what the catch steps see.
const ASKING: &str = r#"
workflow: hold
input: { a: string, b: string }
activities:
  - activity: hold
    exclusive_lock: { context: "[input.a, input.b]" }
    steps:
      - http: { url: "http://outside" }
---
workflow: all
activities:
  - activity: all
    # lockstep: allow lock-without-context
    exclusive_lock: {}
    steps:
      - http: { url: "http://outside" }
---
workflow: maybe
input: { key: { type: string, optional: true } }
activities:
  - activity: maybe
    exclusive_lock: { context: input.key }
    steps:
      - http: { url: "http://outside" }
---
workflow: two
input: { first: string, second: string }
exclusive_lock: { context: input.first }
activities:
  - activity: pause
    steps:
      - set: { seen: nothing }
      - http: { url: "http://outside" }
  - activity: second
    exclusive_lock: { context: input.second }
    steps:
      - http: { url: "http://outside" }
    catch:
      - error: lock.*
        steps:
          - set: { seen: "${error.details}" }
output: "${seen}"
---
workflow: fail
input: { a: string, b: string }
activities:
  - activity: fail
    exclusive_lock: { context: "[input.a, input.b]", on_busy: fail }
    steps:
      - http: { url: "http://outside" }
    catch:
      - error: lock.*
        steps:
          - set: { seen: "${error.details}" }
output: "${seen}"
"#;

#[test]
fn a_context_without_a_value_is_an_error_and_never_a_wider_lock() {
    check(
        ASKING,
        "start a maybe",
        expect![[r#"
        a failed: lock.context: lock context `input.key`: it is null
    "#]],
    );
}

#[test]
fn a_catch_step_sees_who_is_in_the_way() {
    check(
        ASKING,
        r#"
        start h hold a=x b=y
        start f fail a=x b=x
        start g fail a=w b=y
        client k "z"
        start i fail a=z b=z
        start s all
        start j fail a=free b=other
        start w hold a=x b=x
        +60000
        "#,
        expect![[r#"
            h calls GET http://outside, call 1 attempt 1, token #1.1
            f done: {"key": "\"x\"", "held_key": "\"x\"", "holder": "h", "owner": null, "held_since": timestamp("2001-09-09T01:46:40Z"), "before": null}
            g done: {"key": "\"w\", \"y\"", "held_key": "\"y\"", "holder": "h", "owner": null, "held_since": timestamp("2001-09-09T01:46:40Z"), "before": null}
            k holds ["\"z\""] under #1.2
            i done: {"key": "\"z\"", "held_key": "\"z\"", "holder": "k", "owner": "owner of k", "held_since": timestamp("2001-09-09T01:46:40Z"), "before": null}
            j done: {"key": "\"free\", \"other\"", "held_key": null, "holder": null, "owner": null, "held_since": null, "before": "s"}
            s failed: lock.waiting_timeout: waited 60s for the lock *, its key "x" is held by instance h since 2001-09-09T01:46:40Z
            w failed: lock.waiting_timeout: waited 60s for the lock "x", which is held by instance h since 2001-09-09T01:46:40Z
        "#]],
    );
}

#[test]
fn a_lock_that_the_whole_system_holds_is_told_with_its_key() {
    check(
        ASKING,
        "
        start s all
        start f fail a=x b=x
        start g all
        +60000
        ",
        expect![[r#"
            s calls GET http://outside, call 1 attempt 1, token #1.1
            f done: {"key": "\"x\"", "held_key": "*", "holder": "s", "owner": null, "held_since": timestamp("2001-09-09T01:46:40Z"), "before": null}
            g failed: lock.waiting_timeout: waited 60s for the lock *, which is held by instance s since 2001-09-09T01:46:40Z
        "#]],
    );
}

#[test]
fn a_catch_step_sees_the_circle_that_a_wait_would_close() {
    check(
        ASKING,
        "
        start a two first=x second=y
        start b two first=y second=x
        ok a
        ok b
        ok a
        locks
        ",
        expect![[r#"
            a calls GET http://outside, call 1 attempt 1, token #1.1
            b calls GET http://outside, call 1 attempt 1, token #1.2
            b done: {"key": "\"x\"", "cycle": ["b", "a"]}
            a calls GET http://outside, call 2 attempt 1, token #1.3
            a done: "nothing"
            rows [], idle true
        "#]],
    );
}
