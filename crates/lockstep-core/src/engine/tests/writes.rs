//! Writes from outside: versions, patches, and what they do to those who are at work.

use expect_test::expect;

use super::super::rig::Rig;
use super::check;

const CONTACT: &str = r#"
entity: Contact
attributes:
  name: string
  phone: { type: string, optional: true }
  calls: { type: int, default: 0, min: 0 }
  tags: { type: "map<string, string>", optional: true }
invariants: ["name != ''"]
---
entity: Seat
attributes: { number: int }
unique: [[number]]
---
workflow: slow
activities:
  - activity: slow
    exclusive_lock: { context: '"c"' }
    steps:
      - load: { entity: Contact, id: c }
        as: contact
      - http: { method: POST, url: "http://outside" }
      - update: contact
        set: { calls: "${contact.calls + 1}" }
---
workflow: quick
activities:
  - activity: quick
    on_conflict: retry
    steps:
      - load: { entity: Contact, id: c }
        as: contact
      - wait: { for: 10ms }
      - update: contact
        set: { calls: "${contact.calls + 1}" }
---
workflow: seat
activities:
  - activity: seat
    steps:
      - create: Seat
        id: a
        set: { number: 7 }
"#;

#[test]
fn a_version_that_is_named_is_compared_and_one_that_is_not_is_taken_as_it_is() {
    check(
        CONTACT,
        r#"
        write create Contact/c {"name":"carol"}
        write create Contact/c {"name":"carol"}
        write put Contact/c v1 {"name":"cora","calls":4}
        write put Contact/c v1 {"name":"late"}
        write patch Contact/c v1 {"name":"late"}
        write delete Contact/c v1
        write patch Contact/c * {"phone":"1"}
        write put Contact/c * {"name":"forced"}
        write delete Contact/c v4
        write put Contact/c v4 {"name":"gone"}
        write delete Contact/c *
        write create Contact/c {"name":"anew"}
        "#,
        expect![[r#"
            w1: Contact/c v1 {"name":"carol","phone":null,"calls":0,"tags":null} by w1
            w2: data.unique: there is a Contact with id "c" already
            w3: Contact/c v2 {"name":"cora","phone":null,"calls":4,"tags":null} by w3
            w4: data.conflict: Contact/c is expected at version 1, but w3 changed it to version 2 at 2001-09-09T01:46:40Z
            w5: data.conflict: Contact/c is expected at version 1, but w3 changed it to version 2 at 2001-09-09T01:46:40Z
            w6: data.conflict: Contact/c is expected at version 1, but w3 changed it to version 2 at 2001-09-09T01:46:40Z
            w7: Contact/c v3 {"name":"cora","phone":"1","calls":4,"tags":null} by w7
            w8: Contact/c v4 {"name":"forced","phone":null,"calls":0,"tags":null} by w8
            w9: deleted
            w10: data.not_found: there is no Contact with id "c"
            w11: data.not_found: there is no Contact with id "c"
            w12: Contact/c v1 {"name":"anew","phone":null,"calls":0,"tags":null} by w12
        "#]],
    );
}

#[test]
fn what_does_not_conform_is_refused_and_changes_nothing() {
    check(
        CONTACT,
        r#"
        write create Contact/c {"phone":"1"}
        write create Contact/c {"name":"c","nmae":"d"}
        write create Contact/c {"name":""}
        write create Nobody/c {"name":""}
        write create Contact/c {"name":"c"}
        write patch Contact/c * {"calls":-1}
        write patch Contact/c * {"name":null}
        write patch Contact/c * {"metadata":{}}
        write put Contact/c * {"calls":"many","name":"c"}
        show Contact/c
        "#,
        expect![[r#"
            w1: data.invalid: Contact needs a value for `name`
            w2: data.invalid: entity Contact has no attribute "nmae"
            w3: data.invalid: Contact/c: `name != ''` is false
            w4: data.not_found: there is no entity `Nobody`
            w5: Contact/c v1 {"name":"c","phone":null,"calls":0,"tags":null} by w5
            w6: data.invalid: Contact.calls must be at least 0, it is -1
            w7: data.invalid: Contact.name must not be null
            w8: data.invalid: entity Contact has no attribute `metadata`
            w9: data.invalid: Contact.calls must be of type int, it is of type string
            Contact/c: v1 {"name":"c","phone":null,"calls":0,"tags":null}
        "#]],
    );
}

#[test]
fn a_patch_merges_maps_and_takes_away_what_is_null() {
    check(
        CONTACT,
        r#"
        write create Contact/c {"name":"c","phone":"1","calls":3,"tags":{"a":"1","b":"2"}}
        write patch Contact/c * {"phone":null,"calls":null,"tags":{"a":null,"c":"3"}}
        write patch Contact/c * {}
        "#,
        expect![[r#"
            w1: Contact/c v1 {"name":"c","phone":"1","calls":3,"tags":{"a":"1","b":"2"}} by w1
            w2: Contact/c v2 {"name":"c","phone":null,"calls":0,"tags":{"b":"2","c":"3"}} by w2
            w3: Contact/c v3 {"name":"c","phone":null,"calls":0,"tags":{"b":"2","c":"3"}} by w3
        "#]],
    );
}

#[test]
fn who_has_read_an_object_finds_the_conflict_with_lock_and_without() {
    check(
        CONTACT,
        r#"
        write create Contact/c {"name":"c"}
        start a slow
        write patch Contact/c * {"phone":"1"}
        ok a
        start b quick
        write patch Contact/c * {"phone":"2"}
        +100
        show Contact/c
        "#,
        expect![[r#"
            w1: Contact/c v1 {"name":"c","phone":null,"calls":0,"tags":null} by w1
            a calls POST http://outside, call 1 attempt 1, token #1.1
            w2: Contact/c v2 {"name":"c","phone":"1","calls":0,"tags":null} by w2
            a failed: data.conflict: Contact/c is expected at version 1, but w2 changed it to version 2 at 2001-09-09T01:46:40Z
            w3: Contact/c v3 {"name":"c","phone":"2","calls":0,"tags":null} by w3
            b done: null
            Contact/c: v4 {"name":"c","phone":"2","calls":1,"tags":null}
        "#]],
    );
}

#[test]
fn of_writes_that_name_one_version_the_first_wins_whatever_the_store_is_doing() {
    let script = r#"
        write create Contact/c {"name":"c"}
        write create Seat/s {"number":1}
        hold
        write put Contact/c v1 {"name":"one"}
        write put Contact/c v1 {"name":"two"}
        write put Seat/s v1 {"number":2}
        write put Seat/s v1 {"number":3}
        write patch Seat/s * {"number":4}
        write delete Seat/s v3
        land
    "#;
    let mut rig = Rig::new(CONTACT);
    let told = rig.run(script);
    expect![[r#"
        w1: Contact/c v1 {"name":"c","phone":null,"calls":0,"tags":null} by w1
        w2: Seat/s v1 {"number":1} by w2
        w3: Contact/c v2 {"name":"one","phone":null,"calls":0,"tags":null} by w3
        w4: data.conflict: Contact/c is expected at version 1, but w3 changed it to version 2 at 2001-09-09T01:46:40Z
        w5: Seat/s v2 {"number":2} by w5
        w6: data.conflict: Seat/s is expected at version 1, but w5 changed it to version 2 at 2001-09-09T01:46:40Z
        w7: Seat/s v3 {"number":4} by w7
        w8: deleted
    "#]].assert_eq(&told);
    assert!(rig.engine.world.turns.is_idle(), "turns end");
}

#[test]
fn nothing_is_told_before_it_is_durable_not_even_a_conflict() {
    let mut rig = Rig::new(CONTACT);
    rig.run("write create Contact/c {\"name\":\"c\"}\nhold");
    let told = rig.run("write patch Contact/c * {\"calls\":1}\nwrite delete Contact/c v1");
    assert_eq!(told, "");
    expect![[r#"
        crashed
        Contact/c: v1 {"name":"c","phone":null,"calls":0,"tags":null}
    "#]]
    .assert_eq(&rig.run("crash\nshow Contact/c"));
}

#[test]
fn what_another_object_has_is_refused_by_the_store() {
    check(
        CONTACT,
        r#"
        hold
        start a seat
        write create Seat/b {"number":7}
        write create Seat/a {"number":8}
        land
        write delete Seat/a v1
        write create Seat/b {"number":7}
        "#,
        expect![[r#"
            w1: data.unique: Seat/b has the same number as Seat/a: [7]
            w2: data.unique: there is a Seat with id "a" already
            a done: null
            w3: deleted
            w4: Seat/b v1 {"number":7} by w4
        "#]],
    );
}

#[test]
fn a_write_goes_on_when_the_store_knew_better() {
    let mut rig = Rig::new(CONTACT);
    rig.run("write create Seat/s {\"number\":1}\nhold");
    rig.run("write patch Seat/s * {\"number\":2}\nwrite put Seat/s v1 {\"number\":3}");
    expect![[r#"
        w2: Seat/s v2 {"number":2} by w2
        w3: data.conflict: Seat/s is expected at version 1, but w2 changed it to version 2 at 2001-09-09T01:46:40Z
        Seat/s: v2 {"number":2}
    "#]].assert_eq(&rig.run("refuse\nland\nshow Seat/s"));
    assert!(rig.engine.world.turns.is_idle(), "turns end");
}

#[test]
fn a_write_that_waits_for_its_object_goes_on_when_it_is_read() {
    let mut rig = Rig::new(CONTACT);
    rig.run("write create Contact/c {\"name\":\"c\"}\ncrash");
    expect![[r#"
        w2: Contact/c v2 {"name":"c","phone":null,"calls":1,"tags":null} by w2
        Contact/c: v2 {"name":"c","phone":null,"calls":1,"tags":null}
    "#]]
    .assert_eq(&rig.run("write patch Contact/c v1 {\"calls\":1}\nshow Contact/c"));
}
