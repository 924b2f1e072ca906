//! Facts about the checks of several workflows and files together.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{activity, codes};
use crate::{Code, Source, check};

/// Code, place, labels with their files: what people see of findings across files.
pub(super) fn told(files: &[(&str, &str)]) -> String {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(*path, *text)).collect();
    let checked = check(&sources);
    let mut out = String::new();
    for found in &checked.diagnostics {
        let at = format!("{}:{}:{}", found.source, found.line, found.column);
        writeln!(out, "{} {at} {}", found.code, found.message).unwrap();
        for label in &found.labels {
            let source = sources.iter().find(|source| source.path == label.source).unwrap();
            let (line, column) = source.position(label.span.start);
            let marked = source.text.get(label.span.start..label.span.end).unwrap();
            writeln!(out, "  {}:{line}:{column} `{marked}` {}", label.source, label.message)
                .unwrap();
        }
    }
    out
}

#[track_caller]
pub(super) fn tells(files: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&told(files));
}

/// A workflow that keeps the first lock while it takes the second.
fn keeps(name: &str, first: &str, second: &str) -> String {
    format!(
        r#"workflow: {name}
activities:
  - activity: one
    exclusive_lock: {{ context: '"{first}"' }}
    auto_commit: false
    allow: {{ uncommitted-under-lock: Both belong together. }}
    steps:
      - create: Note
  - activity: two
    exclusive_lock: {{ context: '"{second}"' }}
    steps:
      - create: Note
"#
    )
}

const NOTE: (&str, &str) =
    ("note.yaml", "entity: Note\nattributes: { text: { type: string, optional: true } }\n");

#[test]
fn two_files_take_two_locks_in_different_orders() {
    let (ab, ba) = (keeps("first", "A", "B"), keeps("second", "B", "A"));
    tells(
        &[NOTE, ("ab.yaml", &ab), ("ba.yaml", &ba)],
        expect![[r#"
        lock-order ab.yaml:10:5 `first` holds `"A"` and takes `"B"`, `second` holds `"B"` and takes `"A"`: they may wait for each other
          ab.yaml:4:5 `exclusive_lock` `first` holds `"A"` from here
          ab.yaml:10:5 `exclusive_lock` then takes `"B"` here, held since ab.yaml:4
          ba.yaml:4:5 `exclusive_lock` `second` holds `"B"` from here
          ba.yaml:10:5 `exclusive_lock` then takes `"A"` here, held since ba.yaml:4
    "#]],
    );
    // One order is no deadlock.
    let other = keeps("second", "A", "B");
    tells(&[NOTE, ("ab.yaml", &ab), ("ab2.yaml", &other)], expect![[""]]);
}

#[test]
fn three_locks_are_taken_in_a_circle() {
    let (ab, bc, ca) =
        (keeps("first", "A", "B"), keeps("second", "B", "C"), keeps("third", "C", "A"));
    tells(
        &[NOTE, ("ab.yaml", &ab), ("bc.yaml", &bc), ("ca.yaml", &ca)],
        expect![[r#"
        lock-order ab.yaml:10:5 `first` holds `"A"` and takes `"B"`, `second` holds `"B"` and takes `"C"`, `third` holds `"C"` and takes `"A"`: they may wait for each other
          ab.yaml:4:5 `exclusive_lock` `first` holds `"A"` from here
          ab.yaml:10:5 `exclusive_lock` then takes `"B"` here, held since ab.yaml:4
          bc.yaml:4:5 `exclusive_lock` `second` holds `"B"` from here
          bc.yaml:10:5 `exclusive_lock` then takes `"C"` here, held since bc.yaml:4
          ca.yaml:4:5 `exclusive_lock` `third` holds `"C"` from here
          ca.yaml:10:5 `exclusive_lock` then takes `"A"` here, held since ca.yaml:4
    "#]],
    );
}

/// A workflow that holds one lock and calls another workflow.
pub(super) fn calls(name: &str, lock: &str, called: &str) -> String {
    format!(
        "workflow: {name}\ninput: {{ id: string }}\nactivities:\n  - activity: hold\n    \
         exclusive_lock: {{ context: {lock} }}\n    steps:\n      - workflow: {{ call: {called}, \
         input: {{ id: \"${{input.id}}\" }} }}\n"
    )
}

pub(super) fn takes(name: &str, lock: &str) -> String {
    format!(
        "workflow: {name}\ninput: {{ id: string }}\nactivities:\n  - activity: take\n    \
         exclusive_lock: {{ context: {lock} }}\n    steps:\n      - log: \"${{input.id}}\"\n"
    )
}

#[test]
fn locks_are_held_over_calls_of_workflows() {
    let order = "'ref(\"Order\", input.id)'";
    let customer = "'ref(\"Customer\", input.id)'";
    let files = [
        ("a.yaml", calls("a", order, "b")),
        ("b.yaml", takes("b", customer)),
        ("c.yaml", calls("c", customer, "d")),
        ("d.yaml", takes("d", order)),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, &**text)).collect();
    tells(
        &files,
        expect![[r#"
        lock-order c.yaml:7:9 `c` holds a lock of `Customer` and takes a lock of `Order`, `a` holds a lock of `Order` and takes a lock of `Customer`: they may wait for each other
          c.yaml:5:5 `exclusive_lock` `c` holds a lock of `Customer` from here
          c.yaml:7:9 `workflow` calls another workflow while it holds the lock
          d.yaml:5:5 `exclusive_lock` then takes a lock of `Order` here, held since c.yaml:5
          a.yaml:5:5 `exclusive_lock` `a` holds a lock of `Order` from here
          a.yaml:7:9 `workflow` calls another workflow while it holds the lock
          b.yaml:5:5 `exclusive_lock` then takes a lock of `Customer` here, held since a.yaml:5
    "#]],
    );
    // Who does not wait cannot be in a deadlock.
    let fails = takes("d", order).replace("context: ", "on_busy: fail, context: ");
    tells(&[files[0], files[1], files[2], ("d.yaml", &fails)], expect![[""]]);
    // A workflow that is started is not waited for.
    let starts = calls("c", customer, "d").replace("call: d", "start: d");
    tells(&[files[0], files[1], ("c.yaml", &starts), files[3]], expect![[""]]);
}

/// A transfer that takes one account after the other.
fn transfer(first: &str, second: &str) -> String {
    format!(
        r#"entity: Account
attributes: {{ balance: {{ type: int, default: 0 }} }}
---
workflow: transfer
input: {{ from: string, to: string }}
activities:
  - activity: take
    exclusive_lock: {{ context: 'ref("Account", {first})' }}
    auto_commit: false
    allow: {{ uncommitted-under-lock: Both accounts change together. }}
    steps:
      - load: {{ entity: Account, id: "${{input.from}}" }}
        as: from
      - update: from
        set: {{ balance: 1 }}
  - activity: give
    exclusive_lock: {{ context: 'ref("Account", {second})' }}
    steps:
      - load: {{ entity: Account, id: "${{input.to}}" }}
        as: to
      - update: to
        set: {{ balance: 2 }}
"#
    )
}

#[test]
fn two_accounts_are_taken_by_their_roles() {
    tells(
        &[("a.yaml", &transfer("input.from", "input.to"))],
        expect![[r#"
            lock-order a.yaml:17:5 `transfer` takes a lock of `Account` while it holds another: two instances with the same two in different order wait for each other
              a.yaml:8:5 `exclusive_lock` holds the lock `ref("Account", input.from)` from here
        "#]],
    );
    for (first, second) in [
        // The same lock is held already.
        ("input.from", "from.id"),
        ("input.from", "input.from"),
        // The lesser first.
        (
            "input.from < input.to ? input.from : input.to",
            "input.from < input.to ? input.to : input.from",
        ),
        (
            "(input.to > input.from) ? input.from : input.to",
            "input.from <= input.to ? input.to : input.from",
        ),
    ] {
        assert_eq!(codes(&transfer(first, second)), Vec::<&str>::new(), "{first} {second}");
    }
    let wrong = transfer(
        "input.from < input.to ? input.to : input.from",
        "input.from < input.to ? input.from : input.to",
    );
    assert_eq!(codes(&wrong), ["lock-order"]);
}

#[test]
fn common_outer_lock_prevents_the_deadlock() {
    let outer = |name: &str, inner: &str| {
        let input = "input: { id: string }\n";
        calls(name, "'\"gate\"'", inner)
            .replace(input, "")
            .replace(", input: { id: \"${input.id}\" }", "")
    };
    let (ab, ba) = (keeps("first", "A", "B"), keeps("second", "B", "A"));
    // Without the gate on each way there is one.
    let (with_ab, with_ba) =
        (keeps_under_gate("first", "A", "B"), keeps_under_gate("second", "B", "A"));
    tells(&[NOTE, ("ab.yaml", &with_ab), ("ba.yaml", &with_ba)], expect![[""]]);
    assert!(told(&[NOTE, ("ab.yaml", &with_ab), ("ba.yaml", &ba)]).contains("lock-order"));
    assert!(
        told(&[NOTE, ("o.yaml", &outer("o", "first")), ("ab.yaml", &ab), ("ba.yaml", &ba)])
            .contains("lock-order")
    );
}

/// As `keeps`, with one more lock that is taken before and kept.
fn keeps_under_gate(name: &str, first: &str, second: &str) -> String {
    keeps(name, first, second).replace(
        "activities:\n",
        "activities:\n  - activity: zero\n    exclusive_lock: { context: '\"gate\"' }\n    auto_commit: false\n    allow: { uncommitted-under-lock: All belongs together. }\n    steps:\n      - create: Note\n",
    )
}

#[test]
fn lock_of_the_whole_system_is_taken_last() {
    let whole = keeps("first", "A", "B")
        .replace("exclusive_lock: { context: '\"B\"' }", "exclusive_lock: {}");
    // Alone, others only wait behind it.
    tells(
        &[NOTE, ("a.yaml", &whole)],
        expect![[r#"
        lock-without-context a.yaml:10:5 this lock has no context: it excludes every other exclusive lock in the system
    "#]],
    );
    let other = keeps("second", "C", "D");
    tells(
        &[NOTE, ("a.yaml", &whole), ("b.yaml", &other)],
        expect![[r#"
        lock-without-context a.yaml:10:5 this lock has no context: it excludes every other exclusive lock in the system
        lock-order a.yaml:10:5 `first` holds `"A"` and takes the lock of the whole system, `second` holds `"C"` and takes `"D"`: they may wait for each other
          a.yaml:4:5 `exclusive_lock` `first` holds `"A"` from here
          a.yaml:10:5 `exclusive_lock` then takes the lock of the whole system here, held since a.yaml:4
          b.yaml:4:5 `exclusive_lock` `second` holds `"C"` from here
          b.yaml:10:5 `exclusive_lock` then takes `"D"` here, held since b.yaml:4
    "#]],
    );
}

#[test]
fn workflow_runs_itself_for_ever() {
    let alone = "workflow: a\nactivities: [{ activity: x, steps: [{ workflow: { call: a } }] }]\n";
    tells(
        &[("a.yaml", alone)],
        expect![[r#"
        workflow-recursion a.yaml:2:39 `a` runs itself each time, so no instance of it ever ends
    "#]],
    );
    let (a, b) = (alone.replace("call: a", "call: b"), alone.replace("workflow: a", "workflow: b"));
    tells(
        &[("a.yaml", &a), ("b.yaml", &b)],
        expect![[r#"
        workflow-recursion a.yaml:2:39 this leads back to itself through `b`, so no instance ever ends
          b.yaml:2:39 `workflow` and here
    "#]],
    );
    for ends in [
        "steps: [{ workflow: { call: a }, when: workflow.started_by == 'x' }]",
        "when: workflow.started_by == 'x', steps: [{ workflow: { call: a } }]",
        "steps: [{ require: workflow.started_by == 'x' }, { workflow: { call: a } }]",
        "steps: [{ workflow: { call: a } }], catch: { error: '*', goto: end }",
    ] {
        let text = format!("workflow: a\nactivities: [{{ activity: x, {ends} }}]\n");
        assert_eq!(codes(&text), Vec::<&str>::new(), "{ends}");
    }
}

#[test]
fn many_files_are_checked_soon() {
    let mut sources = vec![Source::new(NOTE.0, NOTE.1)];
    for n in 0..300 {
        let text = keeps(&format!("w{n}"), &format!("L{}", n % 40), &format!("L{}", (n + 1) % 40));
        sources.push(Source::new(format!("{n}.yaml"), text));
    }
    let checked = check(&sources);
    assert_eq!(checked.diagnostics.len(), 1, "the circle of 40");
    assert_eq!(checked.diagnostics[0].code, Code::LockOrder);
}

#[test]
fn many_locks_of_one_workflow_are_checked_soon() {
    let mut text = format!("{}---\nworkflow: w\nactivities:\n", NOTE.1);
    for n in 0..4_000 {
        writeln!(text, "  - activity: a{n}\n    exclusive_lock: {{ context: '\"L{}\"' }}", n % 999)
            .unwrap();
        text.push_str("    auto_commit: false\n    steps: [{ create: Note }]\n");
        writeln!(text, "    catch: [{{ error: no.way, goto: a{} }}]", n / 2).unwrap();
    }
    let checked = check(&[Source::new("a.yaml", text)]);
    assert!((2..=100).contains(&checked.diagnostics.len()), "{}", checked.diagnostics.len());
    assert!(checked.definitions.is_some(), "many warnings are no error");
}

#[test]
fn workflow_that_would_call_itself_is_not_what_was_meant() {
    for (step, expected) in [
        ("{ workflow: { call: ship-ordr } }", "known: `ship-order`;"),
        ("{ workflow: { start: ship-ordr } }", "did you mean `ship-order`?"),
    ] {
        let text = format!("workflow: ship-order\nactivities:\n{}", activity("a", "", &[step]));
        let checked = check(&[Source::new("a.yaml", text.as_str())]);
        let [told] = checked.diagnostics.as_slice() else { panic!("{:?}", checked.diagnostics) };
        assert_eq!(told.code, Code::UnknownWorkflow);
        let help = told.help.as_deref().unwrap_or_default();
        assert!(help.starts_with(expected), "{help}");
    }
}
