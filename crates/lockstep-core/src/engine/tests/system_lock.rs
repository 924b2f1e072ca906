//! The lock of the whole system, beside locks of single keys.

use expect_test::expect;

use super::uncommitted::UNCOMMITTED;
use super::{CALLING, check};

/// Adds a workflow that takes the lock of the whole system.
fn with_alone(yaml: &str) -> String {
    let alone = r#"---
workflow: alone
activities:
  - activity: alone
    exclusive_lock: {}
    steps:
      - http: { url: "http://outside/alone" }
"#;
    format!("{yaml}{alone}")
}

#[test]
fn the_lock_of_the_whole_system_excludes_everybody_and_is_fair() {
    check(
        &with_alone(CALLING),
        "
        start a count key=x
        start b alone
        start c count key=y
        ok a
        ok b
        ok c
        locks
        ",
        expect![[r#"
            a calls POST http://outside/x, call 1 attempt 1, token #1.1
            a done: 1
            b calls GET http://outside/alone, call 1 attempt 1, token #1.2
            b done: null
            c calls POST http://outside/y, call 1 attempt 1, token #1.3
            c done: 1
            rows [], idle true
        "#]],
    );
}

#[test]
fn who_holds_a_lock_is_not_kept_behind_one_who_waits_for_the_whole_system() {
    check(
        &with_alone(UNCOMMITTED),
        "
        start a two first=x second=y
        start s alone
        start w two first=y second=z
        ok a
        ok a
        ok s
        locks
        ",
        expect![[r#"
            a calls GET http://outside/one, call 1 attempt 1, token #1.1
            a calls GET http://outside/two, call 2 attempt 1, token #1.2
            a done: null
            s calls GET http://outside/alone, call 1 attempt 1, token #1.3
            s done: null
            w failed: data.unique: there is a Note with id "y" already
            rows [], idle true
        "#]],
    );
}
