//! Tasks, secrets, and what entities demand.

use expect_test::expect;

use super::check;

const TASK: &str = r#"
project: p
secrets: [token, other]
---
workflow: mail
input: { to: string }
activities:
  - activity: mail
    exclusive_lock: { context: input.to }
    steps:
      - task: { type: send-email, input: { to: "${input.to}" } }
        timeout: 5s
        retry: { max_attempts: 2, backoff: 1s }
        as: sent
output: "${sent}"
---
workflow: secret
input: { text: string }
activities:
  - activity: secret
    steps:
      - http:
          url: "http://outside"
          headers:
            authorization: "Bearer ${secret.token}"
            x-whole: "${secret.other}"
            x-many: "${input.text}:${secret.token}:${1 + 1}${input.text}"
            x-plain: "${input.text}"
        retry: { max_attempts: 5, backoff: 1s }
"#;

#[test]
fn a_task_is_called_under_one_key_with_the_token_of_its_lock() {
    check(
        TASK,
        "
        start a mail to=ann
        error a task.timeout
        +1000
        crash
        ok a sent
        ",
        expect![[r#"
            a calls task send-email {"to": "ann"}, call 1 attempt 1, token #1.1
            a calls task send-email {"to": "ann"}, call 1 attempt 2, token #1.1
            crashed
            a calls task send-email {"to": "ann"}, call 1 attempt 3, token #2.0
            a done: "sent"
        "#]],
    );
}

const REPORTED: &str = r#"
workflow: slow
activities:
  - activity: slow
    steps:
      - task: { type: a }
        as: done
      - wait: { for: 10s }
output: "${done}"
"#;

#[test]
fn a_worker_is_told_that_its_result_was_taken_when_no_crash_can_lose_it() {
    check(
        REPORTED,
        "
        start s slow
        hold
        report s one
        crash
        report s two
        crash
        +10000
        ",
        expect![[r#"
            s calls task a null, call 1 attempt 1, token -
            crashed
            s calls task a null, call 1 attempt 2, token -
            report 1: taken
            crashed
            s done: "two"
        "#]],
    );
}

#[test]
fn a_result_that_nobody_waits_for_is_refused() {
    check(
        TASK,
        "
        start a mail to=ann
        cancel a
        report a
        ",
        expect![[r#"
            a calls task send-email {"to": "ann"}, call 1 attempt 1, token #1.1
            a's call 1 is cancelled
            a failed: cancelled: by hand
            report 1: task.lease_lost
        "#]],
    );
}

#[test]
fn a_secret_is_named_only_where_the_author_wrote_it() {
    check(
        TASK,
        "
        start a secret text=${secret.token}
        error a secret.missing
        ",
        expect![[r#"
            a calls GET http://outside authorization=[Text("Bearer "), Secret("token")] x-whole=[Secret("other")] x-many=[Text("${secret.token}:"), Secret("token"), Text(":2${secret.token}")] x-plain=[Text("${secret.token}")], call 1 attempt 1, token -
            a failed: secret.missing: it failed
        "#]],
    );
}

const INVARIANT: &str = r#"
entity: Slot
attributes: { places: int, booked: { type: int, default: 0 }, note: { type: string, optional: true } }
invariants:
  - booked <= places
  - { check: 'id != "evil"', message: "such a slot is not wanted" }
  - note == null || size(note) < 5
---
workflow: make
input: { id: string, places: int, note: { type: string, optional: true } }
activities:
  - activity: make
    steps:
      - create: Slot
        id: "${input.id}"
        set: { places: "${input.places}", note: "${input.note}" }
---
workflow: book
input: { id: string, by: int, back: { type: int, default: 0 } }
activities:
  - activity: book
    steps:
      - set: { caught: null }
      - load: { entity: Slot, id: "${input.id}" }
        as: slot
      - update: slot
        set: { booked: "${slot.booked + input.by}" }
      - update: slot
        set: { booked: "${slot.booked - input.back}" }
    catch:
      - error: data.invalid
        steps:
          - set: { caught: "${error.details}" }
output: "${caught}"
"#;

#[test]
fn a_commit_that_would_break_what_an_entity_demands_fails() {
    check(
        INVARIANT,
        "
        start a make id=x places=2
        start b book id=x by=2
        start c book id=x by=1
        start d book id=x by=5 back=5
        start e make id=evil places=1
        start f make id=y places=1 note=too_long
        show Slot/x
        show Slot/evil
        ",
        expect![[r#"
            a done: null
            b done: null
            c done: {"entity": "Slot", "id": "x", "condition": "booked <= places"}
            d done: null
            e failed: data.invalid: Slot/evil: such a slot is not wanted (`id != "evil"` is false)
            f failed: data.invalid: Slot/y: `note == null || size(note) < 5` is false
            Slot/x: v3 {"places":2,"booked":2,"note":null}
            Slot/evil: absent
        "#]],
    );
}
