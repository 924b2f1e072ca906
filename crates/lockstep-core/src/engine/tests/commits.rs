//! Commits: what is ordered before them, what they write, and who waits for them.

use expect_test::expect;

use super::super::rig::Rig;
use super::check;

/// Changes that the core judges before one that only the store can judge, without and under a lock.
const BEFORE: &str = r#"
entity: Mark
attributes: { tag: string, n: { type: int, default: 0 } }
unique: [[tag]]
---
entity: Note
attributes: { n: { type: int, default: 0 } }
---
workflow: mark
input: { tag: string }
activities:
  - activity: mark
    steps:
      - create: Mark
        id: "${input.tag}"
        set: { tag: "${input.tag}" }
---
workflow: other
input: { tag: string }
activities:
  - activity: other
    steps:
      - create: Mark
        set: { tag: "${input.tag}" }
---
workflow: note
activities:
  - activity: note
    exclusive_lock: { context: '"hall"' }
    steps:
      - create: Note
---
workflow: both
activities:
  - activity: note
    steps:
      - create: Note
        id: n
  - activity: mark
    steps:
      - create: Mark
        set: { tag: x }
---
workflow: drop
activities:
  - activity: drop
    steps:
      - load: { entity: Note, id: n }
        as: note
      - delete: note
---
workflow: rename
activities:
  - activity: rename
    exclusive_lock: { context: '"hall"' }
    steps:
      - load: { entity: Mark, id: x }
        as: mark
      - update: mark
        set: { tag: "${mark.tag + 'a'}" }
output: "${mark.tag}"
---
workflow: count
activities:
  - activity: count
    steps:
      - load: { entity: Mark, id: x }
        as: mark
      - update: mark
        set: { n: "${mark.n + 1}" }
output: "${mark.tag}"
"#;

#[test]
fn what_was_ordered_before_a_refused_commit_is_durable_with_its_instance() {
    let mut rig = Rig::new(BEFORE);
    rig.run("start m mark tag=x");
    rig.crash_after = Some(rig.batches + 1);
    expect![[r#"
        crashed
        a failed: data.unique: Mark/00e8d4a5-1000-7e29-9a69-a5eb399bf194 has the same tag as Mark/x: ["x"]
        Note/n: v1 {"n":0}
    "#]].assert_eq(&rig.run("start a both\nshow Note/n"));
}

#[test]
fn a_lock_is_durable_before_the_store_judges_a_commit_under_it() {
    check(
        BEFORE,
        "
        start m mark tag=x
        hold
        start a rename
        refuse
        land
        show Mark/x
        locks
        ",
        expect![[r#"
            m done: null
            a done: "xa"
            Mark/x: v2 {"tag":"xa","n":0}
            rows [], idle true
        "#]],
    );
}

#[test]
fn a_commit_that_the_core_judges_is_one_transition_and_writes_no_lock() {
    let mut rig = Rig::new(BEFORE);
    rig.start("a", "note", &[]);
    let batch = rig.engine.take_batch().expect("it has committed");
    let [transition] = &*batch else { panic!("{batch:#?}") };
    assert!(transition.locks.is_empty() && transition.fences.is_empty(), "{transition:#?}");
    assert!(transition.objects.len() == 1 && transition.row.is_some(), "{transition:#?}");
}

#[test]
fn a_delete_writes_no_unique_keys_where_there_are_none() {
    let mut rig = Rig::new(BEFORE);
    rig.run("start a both");
    rig.start("b", "drop", &[]);
    let batch = rig.engine.take_batch().expect("it has committed");
    let writes: Vec<_> = batch.iter().flat_map(|transition| &transition.objects).collect();
    let [write] = &*writes else { panic!("{batch:#?}") };
    assert!(write.unique.is_none(), "{write:#?}");
}

/// Goal: whoever changes what the store is judging waits for the judgement, although the core could
/// judge the change of any other object alone; and it orders nothing meanwhile.
#[test]
fn nobody_builds_on_an_object_that_the_store_is_judging() {
    let mut rig = Rig::new(BEFORE);
    rig.run("start m mark tag=x\nhold\nstart a rename\nstart b count\nstart c count");
    assert!(rig.engine.world.outbox.pending.is_empty(), "b and c wait");
    expect![[r#"
        a done: "xa"
        b done: "xa"
        c done: "xa"
        Mark/x: v4 {"tag":"xa","n":2}
    "#]]
    .assert_eq(&rig.run("land\nshow Mark/x"));
}

#[test]
fn what_happened_before_a_refused_commit_is_told_later_and_the_commit_is_not() {
    check(
        BEFORE,
        "
        start m mark tag=x
        start a other tag=x
        journal a
        hold
        start b rename
        refuse
        land
        journal b
        ",
        expect![[r#"
            m done: null
            a failed: data.unique: Mark/00e8d4a5-1000-757f-a208-3ced74bff100 has the same tag as Mark/x: ["x"]
            a: Started
            a: Failed { error: "data.unique", message: "Mark/00e8d4a5-1000-757f-a208-3ced74bff100 has the same tag as Mark/x: [\"x\"]" }
            b done: "xa"
            b: Started
            b: LockGranted { key: "\"hall\"", token: 1099511627777, waited: 0 }
            b: Retried { error: "data.conflict" }
            b: Committed([("Mark/x", 2)])
            b: Finished
        "#]],
    );
}
