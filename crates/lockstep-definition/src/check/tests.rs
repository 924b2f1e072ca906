//! Facts about checking: correct definitions, and what they become.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::{Type, Value};

use crate::{AutoCommit, Code, Goto, Handler, Operation, Payload, Source, check};

pub(crate) const EXAMPLE: &str = r#"
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
project: p
secrets: [key]
allowed_programs: [tool]
---
workflow: all-keys
activities:
  - activity: first
    when: 1 < 2
    exclusive_lock: { context: '"a"', scope: workflow, on_busy: skip }
    auto_commit: each_step
    on_conflict: force
    timeout: 1m30s
    retry: { max_attempts: 5, on: [lock.busy, lock.deadlock], factor: 1.5, max_backoff: 10s }
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
      - error: ["exec.*", "*"]
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
    assert!(first.catch[1].errors[0].matches("exec.timeout"));
    let last = &definitions.workflows["all-keys"].activities[1];
    assert_eq!(last.auto_commit, AutoCommit::Never);
}

/// A workflow around some activities.
fn workflow(activities: &str) -> String {
    let entity = "entity: Slot\nattributes: { n: int, at: { type: timestamp, optional: true } }\n";
    let head = "workflow: w\ninput: { id: string }\noutput: \"${input.id}\"\nactivities:\n";
    format!("{entity}---\n{head}{activities}")
}

#[test]
fn correct_workflows_have_no_finding() {
    for activities in [
        // A name that each round of a loop binds anew.
        "  - activity: a\n    steps: [{ set: { total: 1 } }]\n\
         \x20 - activity: b\n    steps: [{ set: { total: \"${total + 1}\" } }]\n    next: [{ when: total < 3, goto: b }]\n",
        // A name that is bound and used under one condition.
        "  - activity: a\n    steps: [{ set: { x: 1 }, when: input.id != '' }, { log: \"${x}\", when: input.id != '' }]\n",
        // Names that macros bind are not free.
        "  - activity: a\n    steps: [{ require: '[1, 2].all(x, x > 0) && type(1) == int' }]\n",
        // The candidate of a search, the result of which is used.
        "  - activity: a\n    steps: [{ find: { entity: Slot, where: object.n > 0 && object.metadata.version > 1, order_by: n, limit: 5 }, as: slots }, { log: \"${slots.size()}\" }]\n",
        // An object, changed, used again and deleted.
        "  - activity: a\n    steps: [{ create: Slot, set: { n: 1, at: '2030-01-31T12:00:00Z' }, as: s }, { update: s, set: { n: \"${s.n + 1}\", at: null }, expect: { version: 1 } }, { delete: s }]\n",
        // An error, its lock released, handled.
        "  - activity: a\n    exclusive_lock: { context: \"ref('Slot', input.id)\" }\n    steps: [{ log: \"${lock.token} ${now} ${workflow.name}\" }]\n    catch: { error: lock.lost, steps: [{ log: \"${error.code}\" }] }\n    next: { goto: end }\n",
        // A name that begins with `_` need not be used.
        "  - activity: a\n    steps: [{ load: { entity: Slot, id: \"${input.id}\" }, as: _slot }, commit]\n",
        // Signs of expressions as text.
        "  - activity: a\n    steps: [{ log: 'costs $${ 5 } and {{ braces }}' }]\n",
        // A loop that only an error leaves, and an activity that only a catch reaches.
        "  - activity: a\n    steps: [{ log: x }]\n    next: [{ goto: end }]\n    catch: [{ error: '*', goto: b }]\n  - activity: b\n    steps: [{ log: y }]\n",
        // One anchor, two aliases.
        "  - activity: a\n    steps: [{ http: &call { url: 'https://example.com/' } }, { http: *call }]\n",
    ] {
        let text = workflow(activities);
        let checked = check(&[Source::new("a.yaml", text.as_str())]);
        assert_eq!(checked.diagnostics, [], "{text}");
        assert!(checked.definitions.is_some());
    }
}

#[test]
fn literals_become_what_their_attributes_store() {
    let activities = "  - activity: a\n    steps: [{ create: Slot, set: { n: 1, at: '2030-01-31T12:00:00Z' } }]\n";
    let definitions = definitions(&workflow(activities));
    let step = &definitions.workflows["w"].activities[0].steps[0];
    let Operation::Create { set, .. } = &step.operation else { panic!("{step:?}") };
    assert!(matches!(&set[1].1, Payload::Literal(Value::Timestamp(_))), "{set:?}");
}

#[test]
fn tree_without_expressions_is_one_literal() {
    let activities = "  - activity: a\n    steps: [{ log: { a: [1, two, null], b: {} } }, { log: { a: [1, \"${now}\"] } }]\n";
    let definitions = definitions(&workflow(activities));
    let steps = &definitions.workflows["w"].activities[0].steps;
    assert!(matches!(&steps[0].operation, Operation::Log(Payload::Literal(Value::Map(_)))));
    assert!(matches!(&steps[1].operation, Operation::Log(Payload::Map(_))));
}

#[test]
fn lock_without_keys_is_the_lock_of_the_whole_system() {
    for lock in ["", " {}", " true", " ~"] {
        let activities =
            format!("  - activity: a\n    exclusive_lock:{lock}\n    steps: [{{ log: x }}]\n");
        let checked = check(&[Source::new("a.yaml", workflow(&activities))]);
        assert_eq!(checked.diagnostics[0].code, Code::LockWithoutContext, "{lock:?}");
        let definitions = checked.definitions.expect("a warning does not stop");
        let lock = definitions.workflows["w"].activities[0].exclusive_lock.as_ref().unwrap();
        assert!(lock.context.is_none());
        assert_eq!((lock.waiting_timeout.as_secs(), lock.hold_timeout.as_secs()), (60, 300));
    }
}

#[test]
fn definitions_of_several_files_know_each_other() {
    let entity = Source::new("b.yaml", "entity: Slot\nattributes: { n: int }\n");
    let user =
        "workflow: w\nactivities: [{ activity: a, steps: [{ create: Slot, set: { n: 1 } }] }]\n";
    let checked = check(&[Source::new("a.yaml", user), entity]);
    assert_eq!(checked.diagnostics, []);
    // Of a file that cannot be read nothing is known: what it may define is no mistake elsewhere.
    let broken = Source::new("b.yaml", "entity: 'Slot\n");
    let checked = check(&[Source::new("a.yaml", user), broken]);
    let codes: Vec<Code> = checked.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::YamlSyntax]);
}

#[test]
fn project_gives_configuration() {
    let definitions = definitions(
        "project: shop\nconfig: { calendar: 'http://localhost', retries: 3 }\nallowed_hosts: ['localhost:8080']\nallowed_programs: [tool]\n",
    );
    assert_eq!(definitions.project.config.len(), 2);
    assert_eq!(definitions.project.config[1].1, Value::Int(3));
    assert_eq!(definitions.project.allowed_hosts, ["localhost:8080"]);
    assert_eq!(definitions.project.allowed_programs, ["tool"]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_read() {
    let text = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    let checked = check(&[Source::new("a.yaml", text)]);
    assert_eq!(checked.diagnostics, []);
}
