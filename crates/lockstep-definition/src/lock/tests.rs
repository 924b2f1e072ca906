//! Facts about how locks are read.

use crate::workflow::{LockMode, LockScope, OnBusy, WhileWaiting};
use crate::{Severity, Source, check};

/// A workflow with these keys of its own, and one activity whose lock has these.
fn text(workflow: &str, activity: &str) -> String {
    format!(
        "workflow: w\ninput: {{ id: string, level: int, note: {{ type: string, optional: true }} }}\n\
         output: \"${{input}}\"\n{workflow}activities:\n  - activity: a\n    exclusive_lock: {activity}\n    \
         steps: [{{ log: x }}, {{ wait: {{ for: 1s }} }}]\n"
    )
}

/// Findings: each as its severity, its code, the text that it points at, and what helps.
fn told(text: &str) -> Vec<String> {
    let checked = check(&[Source::new("a.yaml", text)]);
    let told = checked.diagnostics.iter().map(|told| {
        let at = text.get(told.span.start..told.span.end).unwrap_or("?");
        let severity = match told.severity {
            Severity::Error => "!",
            Severity::Warning => "",
        };
        format!("{severity}{} {at}: {}", told.code, told.help.as_deref().unwrap_or_default())
    });
    told.collect()
}

/// What is told about one key of the lock of the activity.
fn of_activity(keys: &str) -> Vec<String> {
    told(&text("", &format!("{{ context: input.id, while_waiting: hold, {keys} }}")))
}

/// What is told about one key of the lock of the workflow.
fn of_workflow(keys: &str) -> Vec<String> {
    let lock = format!("exclusive_lock: {{ while_waiting: hold, {keys} }}\n");
    let activity = "  - activity: a\n    steps: [{ wait: { for: 1s } }]\n";
    let head = "workflow: w\ninput: { id: string, level: int, note: { type: string, optional: true } }\n\
                output: \"${input}\"\n";
    told(&format!("{head}{lock}activities:\n{activity}"))
}

#[track_caller]
fn one(told: &[String], expected: &str) {
    let [told] = told else { panic!("{told:?}") };
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn every_key_is_read() {
    let text = text(
        "exclusive_lock:\n  context: '[input.id, \"all\"]'\n  scope: workflow\n  on_busy: skip\n  \
         hold_timeout: 1h\n  while_waiting: hold\n",
        "{ context: input.id, mode: shared, max_waiting: 3, priority: input.level, \
         while_waiting: release }",
    );
    let checked = check(&[Source::new("a.yaml", text)]);
    let definitions = checked.definitions.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let workflow = &definitions.workflows["w"];
    let whole = workflow.exclusive_lock.as_ref().unwrap();
    assert_eq!(whole.context.as_ref().unwrap().text(), "[input.id, \"all\"]");
    assert_eq!((whole.scope, whole.mode), (LockScope::Workflow, LockMode::Exclusive));
    assert_eq!((whole.on_busy, whole.max_waiting), (OnBusy::Skip, None));
    assert_eq!(whole.hold_timeout.as_secs(), 3600);
    assert_eq!((whole.place.line, whole.place.column), (4, 1));
    let lock = workflow.activities[0].exclusive_lock.as_ref().unwrap();
    assert_eq!((lock.mode, lock.max_waiting), (LockMode::Shared, Some(3)));
    assert_eq!(lock.priority.as_ref().unwrap().text(), "input.level");
    assert_eq!(lock.while_waiting, Some(WhileWaiting::Release));
}

#[test]
fn limits_of_a_queue_and_of_a_priority_are_numbers_in_their_range() {
    assert_eq!(of_activity("max_waiting: 1000000, priority: -1000000"), [""; 0]);
    assert_eq!(of_activity("priority: input.level - 5"), [""; 0]);
    for (keys, expected) in [
        ("max_waiting: 0", "!invalid-value 0: write `on_busy: fail`"),
        ("max_waiting: 1000001", "!invalid-value 1000001: write a number from 1"),
        ("max_waiting: '3'", "!wrong-kind '3'"),
        ("priority: 1000001", "!invalid-value 1000001: write a number from -1000000"),
        ("priority: -1000001", "!invalid-value -1000001"),
        ("priority: input.id", "!type-mismatch input.id: write an int"),
        ("priority: '1.5'", "!type-mismatch 1.5"),
        ("priority: 'input.note == null ? null : 1'", "may-be-null input.note"),
        ("mode: share", "!invalid-value share: did you mean `shared`?"),
        ("on_busy: fail, max_waiting: 3", "max-waiting-without-wait max_waiting: remove it"),
        ("on_busy: skip, max_waiting: 3", "max-waiting-without-wait max_waiting: remove it"),
    ] {
        one(&of_activity(keys), expected);
    }
}

#[test]
fn list_that_yaml_reads_is_one_expression_in_quotes() {
    let told =
        |context: &str| told(&text("", &format!("{{ context: {context}, while_waiting: hold }}")));
    one(
        &told("[input.id, input.note]"),
        "!wrong-kind [input.id, input.note]: put the list into quotes: `context: '[input.id, input.note]'`",
    );
    one(&told("['a']"), "!wrong-kind ['a']: write the list as one expression");
    one(&told("[]"), "!wrong-kind []");
}

#[test]
fn lock_of_a_workflow_sees_what_there_is_before_its_first_activity() {
    for keys in [
        "context: input.id",
        "context: 'ref(\"Order\", input.id)', priority: input.level",
        "context: workflow.started_by + config.place",
        "context: '[workflow.name, input.id]'",
    ] {
        assert_eq!(of_workflow(keys), [""; 0], "{keys}");
    }
    for (keys, expected) in [
        (
            "context: now",
            "!unavailable-name now: the lock of a workflow knows `input`, `config` and `workflow`",
        ),
        ("context: string(lock.token)", "!unavailable-name lock"),
        ("context: order", "!unknown-name order"),
        ("context: input.ids", "!unknown-name ids: did you mean `id`?"),
        ("context: workflow.nam", "!unknown-name nam: did you mean `name`?"),
        ("context: input.note", "lock-context-may-be-null input.note"),
        ("context: input", "!type-mismatch input"),
        ("context: input.id, priority: input.id", "!type-mismatch input.id"),
        ("scope: system", "lock-without-context exclusive_lock"),
        ("context: input.id, scope: activity", "!invalid-value activity: write `workflow`"),
        ("context: input.id, contxt: a", "!unknown-key contxt"),
    ] {
        one(&of_workflow(keys), expected);
    }
    let release = text(
        "exclusive_lock: { context: input.id, while_waiting: release }\n",
        "{ context: input.id, while_waiting: hold }",
    );
    one(&told(&release), "!invalid-value release: write `hold`");
}

#[test]
fn steps_under_the_lock_of_a_workflow_see_it() {
    let text = "workflow: w\nexclusive_lock: { context: '\"a\"' }\nactivities:\n  - activity: a\n    \
                steps: [{ log: '${lock.token}' }]\n    catch: { error: '*', steps: [{ log: '${lock.keys}' }] }\n";
    assert_eq!(told(text), [""; 0]);
    let without = text.replace("exclusive_lock: { context: '\"a\"' }\n", "");
    assert_eq!(told(&without).len(), 2);
}
