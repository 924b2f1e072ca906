//! Turns of units of work that met a conflict: when they end.

use expect_test::expect;

use super::super::rig::Rig;

/// A change that is not made if the object is not as it was.
const ONCE: &str = r#"
entity: Tally
attributes: { n: { type: int, default: 0 } }
---
workflow: make
input: { id: string }
activities:
  - activity: make
    steps:
      - create: Tally
        id: "${input.id}"
---
workflow: note
activities:
  - activity: note
    steps:
      - create: Tally
---
workflow: add
activities:
  - activity: add
    steps:
      - load: { entity: Tally, id: x }
        as: tally
      - update: tally
        set: { n: "${tally.n + 1}" }
---
workflow: first
activities:
  - activity: first
    steps:
      - load: { entity: Tally, id: x }
        as: tally
      - find: { entity: Tally }
        as: _all
      - update: tally
        set: { n: 1 }
        when: tally.n == 0
  - activity: then
    steps:
      - load: { entity: Tally, id: elsewhere }
        as: _there
---
workflow: always
activities:
  - activity: always
    steps:
      - load: { entity: Tally, id: x }
        as: tally
      - find: { entity: Tally }
        as: _all
      - update: tally
        set: { n: "${tally.n + 10}" }
  - activity: then
    steps:
      - load: { entity: Tally, id: elsewhere }
        as: _there
"#;

#[test]
fn a_turn_ends_with_a_commit_that_has_nothing_to_write() {
    let mut rig = Rig::new(ONCE);
    rig.run("start m make id=x\nblind\nhold\nstart n note\nstart a first\nstart b add\nland");
    assert_eq!(rig.engine.unfinished(), 1, "one reads what is elsewhere");
    assert!(rig.engine.world.turns.is_idle(), "nobody waits for it");
}

#[test]
fn a_turn_ends_with_the_commit_that_it_was_for() {
    let mut rig = Rig::new(ONCE);
    rig.run("start m make id=x\nblind\nhold\nstart n note\nstart a always\nstart b add\nland");
    let log = rig.run("start c add\nshow Tally/x\njournal a");
    expect![[r#"
        c done: null
        Tally/x: v4 {"n":12}
        a: Started
        a: Retried { error: "data.conflict" }
        a: Committed([("Tally/x", 3)])
    "#]]
    .assert_eq(&log);
}
