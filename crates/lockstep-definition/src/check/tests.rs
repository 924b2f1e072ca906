//! Facts about checking: correct definitions, and what they become.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::{Type, Value};

use crate::{AutoCommit, Goto, Handler, Operation, Payload, Source, check};

pub(super) const EXAMPLE: &str = r#"
entity: Timeslot
attributes:
  starts_at: timestamp
  places:    { type: int, min: 0 }
  booked:    { type: int, default: 0 }
  owner:     { type: string, optional: true }
unique: [[starts_at, owner]]
---
entity: Appointment
attributes: { timeslot: string, seat: int, customer: string, remote_id: any }
---
workflow: book-appointment
description: Book the last place once, and only once.
input:
  timeslot_id: string
  customer:    string
activities:
  - activity: book
    exclusive_lock:
      context: ref("Timeslot", input.timeslot_id)
      waiting_timeout: 5s
      hold_timeout: 30s
    auto_commit: true
    steps:
      - load: { entity: Timeslot, id: "${input.timeslot_id}" }
        as: slot
      - require: slot.booked < slot.places
        else: { error: timeslot.full, message: "No place left at ${slot.starts_at}" }
      - http: { method: POST, url: "${config.calendar}/appointments", body: { who: "${input.customer}" } }
        as: remote
        retry: { max_attempts: 3, backoff: 200ms }
      - create: Appointment
        set: { timeslot: "${slot.id}", seat: "${slot.booked + 1}", customer: "${input.customer}", remote_id: "${remote.body.id}" }
        as: appointment
      - update: slot
        set: { booked: "${slot.booked + 1}" }
output: { appointment_id: "${appointment.id}", seat: "${appointment.seat}" }
"#;

#[track_caller]
fn definitions(text: &str) -> crate::Definitions {
    let checked = check(&[Source::new("a.yaml", text)]);
    assert_eq!(checked.diagnostics, [], "a correct text has no finding");
    checked.definitions.expect("no error, so there are definitions")
}

#[test]
fn example_of_the_language_becomes_definitions() {
    let definitions = definitions(EXAMPLE);
    let slot = &definitions.entities["Timeslot"];
    assert_eq!(slot.attributes[0].ty, Type::Timestamp);
    assert_eq!(slot.attributes[1].min, Some(Value::Int(0)));
    assert_eq!(slot.attributes[2].default, Some(Value::Int(0)));
    assert!(slot.attributes[3].optional);
    assert_eq!(slot.unique, [[Arc::from("starts_at"), Arc::from("owner")]]);
    let workflow = &definitions.workflows["book-appointment"];
    assert_eq!(workflow.input.len(), 2);
    assert_eq!(workflow.place.line, 13);
    let book = &workflow.activities[0];
    let lock = book.exclusive_lock.as_ref().unwrap();
    assert_eq!(lock.context.as_ref().unwrap().text(), r#"ref("Timeslot", input.timeslot_id)"#);
    assert_eq!(lock.waiting_timeout, Duration::from_secs(5));
    assert_eq!(book.auto_commit, AutoCommit::Activity);
    assert_eq!(book.steps.len(), 5);
    assert_eq!((book.place.line, book.place.column), (19, 5));
    assert!(
        matches!(&book.steps[0].operation, Operation::Load { entity, .. } if &**entity == "Timeslot")
    );
    assert!(
        matches!(&book.steps[2].operation, Operation::Http { method, .. } if &**method == "POST")
    );
    assert_eq!(book.steps[2].retry.as_ref().unwrap().backoff, Duration::from_millis(200));
    assert!(matches!(&workflow.output, Some(Payload::Map(entries)) if entries.len() == 2));
}

#[test]
fn every_key_of_an_activity_is_read() {
    let definitions = definitions(
        r#"
workflow: all-keys
activities:
  - activity: first
    when: 1 < 2
    exclusive_lock: { context: '"a"', scope: workflow, on_busy: skip }
    auto_commit: each_step
    on_conflict: force
    timeout: 1m30s
    retry: { max_attempts: 5, on: [data.conflict, "http.*"], factor: 1.5, max_backoff: 10s }
    steps:
      - set: { n: 1, items: [1, "${n}"] }
      - commit
      - commit:
      - log: { n: "${n}", list: "${items}" }
        when: n > 0
      - exec: { program: tool, args: [1, "${n}"], input: { n: "${n}" }, env: { KEY: "${secret.key}" } }
        timeout: 5s
    next:
      - { when: n > 1, goto: last }
      - { goto: end }
    catch:
      - { error: exec.exit, goto: last }
      - error: ["http.*", "*"]
        steps:
          - log: "failed with ${error.code}"
          - raise: { error: order.failed, message: "no" }
  - activity: last
    auto_commit: false
    steps:
      - log: done
"#,
    );
    let first = &definitions.workflows["all-keys"].activities[0];
    assert_eq!(first.auto_commit, AutoCommit::EachStep);
    assert_eq!(first.timeout, Some(Duration::from_secs(90)));
    assert_eq!(first.retry.as_ref().unwrap().on.len(), 2);
    assert_eq!(first.next[0].goto, Goto::Activity(1));
    assert_eq!(first.next[1].goto, Goto::End);
    assert!(matches!(first.catch[0].handler, Handler::Goto(Goto::Activity(1))));
    assert!(matches!(&first.catch[1].handler, Handler::Steps(steps) if steps.len() == 2));
    assert!(first.catch[1].errors[0].matches("http.status"));
    let last = &definitions.workflows["all-keys"].activities[1];
    assert_eq!(last.auto_commit, AutoCommit::Never);
}
