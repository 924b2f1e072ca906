//! Breaks of locks: whose, when, and who is told.

use expect_test::expect;

use super::super::rig::Rig;
use super::check;

/// Holders of one lock that share it: commits that only the store can judge, and a call.
const SHARED: &str = r#"
entity: Mark
attributes: { tag: string }
unique: [[tag]]
---
workflow: one
input: { tag: string }
activities:
  - activity: one
    exclusive_lock: { context: '"hall"', mode: shared }
    steps:
      - create: Mark
        id: "${input.tag}"
        set: { tag: "${input.tag}" }
---
workflow: two
input: { tag: string }
activities:
  - activity: two
    exclusive_lock: { context: '"hall"', mode: shared, hold_timeout: 2s }
    timeout: 1s
    steps:
      - create: Mark
        id: "${input.tag}"
        set: { tag: "${input.tag}" }
      - commit
      - http: { url: "http://outside/${input.tag}" }
---
workflow: call
activities:
  - activity: call
    exclusive_lock: { context: '"hall"', mode: shared }
    steps:
      - http: { url: "http://outside/call" }
"#;

#[test]
fn a_break_under_a_token_ends_that_hold_alone() {
    check(
        SHARED,
        r#"
        start a call
        start b call
        break "hall" #1.3 nobody
        break "hall" #1.2 she is gone
        queues
        "#,
        expect![[r#"
            a calls GET http://outside/call, call 1 attempt 1, token #1.1
            b calls GET http://outside/call, call 1 attempt 1, token #1.2
            breaker: data.not_found: nobody holds the lock "hall" under the token 1099511627779
            b's call 1 is cancelled
            breaker: done
            b failed: lock.lost: the lock "hall" was taken away after 0ns: operator broke it: she is gone; uncommitted changes are dropped
            "hall": a Shared ("hall"); then 
        "#]],
    );
}

#[test]
fn a_break_is_told_once_when_the_last_commit_of_a_holder_is_judged() {
    check(
        SHARED,
        r#"
        hold
        start a two tag=a
        start b one tag=b
        start c one tag=c
        break "hall" because
        land
        locks
        hold
        start d one tag=d
        start e one tag=e
        break "hall" too late
        land
        locks
        "#,
        expect![[r#"
            a failed: lock.lost: the lock "hall" was taken away after 0ns: operator broke it: because; uncommitted changes are dropped
            b done: null
            c done: null
            breaker: done
            rows [], idle true
            d done: null
            breaker: data.not_found: the lock was given back before it could be broken
            e done: null
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_break_takes_effect_where_some_wait_and_others_commit() {
    check(
        SHARED,
        r#"
        start a call
        hold
        start b one tag=b
        break "hall" because
        land
        locks
        "#,
        expect![[r#"
            a calls GET http://outside/call, call 1 attempt 1, token #1.1
            a's call 1 is cancelled
            a failed: lock.lost: the lock "hall" was taken away after 0ns: operator broke it: because; uncommitted changes are dropped
            b done: null
            breaker: done
            rows [], idle true
        "#]],
    );
}

/// Goal: what comes during a commit is not forgotten with it, whether the instance waits next or
/// commits again. Of several, the loss of a lock goes before a timeout.
#[test]
fn what_comes_during_a_commit_takes_effect_behind_it() {
    let again = "      - create: Mark\n        set: { tag: more }";
    let again = SHARED.replace(r#"      - http: { url: "http://outside/${input.tag}" }"#, again);
    let whats = ["", r#"break "hall" because"#, "cancel a", "+999", "+1000", "+2000"];
    let told = whats.map(|what| {
        let script = format!("hold\nstart a two tag=a\n{what}\nland\nshow Mark/a\nlocks");
        let of = |yaml: &str| format!("{what}:\n{}", Rig::new(yaml).run(&script));
        of(SHARED) + &of(&again)
    });
    expect![[r#"
        :
        a calls GET http://outside/a, call 1 attempt 1, token #1.1
        Mark/a: v1 {"tag":"a"}
        rows ["\"hall\" by a"], idle false
        :
        a done: null
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        break "hall" because:
        breaker: done
        a failed: lock.lost: the lock "hall" was taken away after 0ns: operator broke it: because; uncommitted changes are dropped
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        break "hall" because:
        a failed: lock.lost: the lock "hall" was taken away after 0ns: operator broke it: because; uncommitted changes are dropped
        breaker: done
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        cancel a:
        a failed: cancelled: by hand
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        cancel a:
        a failed: cancelled: by hand
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        +999:
        a calls GET http://outside/a, call 1 attempt 1, token #1.1
        Mark/a: v1 {"tag":"a"}
        rows ["\"hall\" by a"], idle false
        +999:
        a done: null
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        +1000:
        a calls GET http://outside/a, call 1 attempt 1, token #1.1
        a's call 1 is cancelled
        a failed: activity.timeout: the activity has taken too long
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        +1000:
        a failed: activity.timeout: the activity has taken too long
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        +2000:
        a failed: lock.lost: the lock "hall" was taken away after 2s: its hold timeout has ended; uncommitted changes are dropped
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
        +2000:
        a failed: lock.lost: the lock "hall" was taken away after 2s: its hold timeout has ended; uncommitted changes are dropped
        Mark/a: v1 {"tag":"a"}
        rows [], idle true
    "#]].assert_eq(&told.concat());
}
