//! Tables of what the lock table does, and its laws under random schedules beside a model.

mod chance;
mod cost;
mod family;
mod key;
mod laws;
mod model;
mod overtaking;
mod places;
mod restored;
mod system;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use lockstep_definition::LockMode;
use uuid::Uuid;

use super::{Answer, Awaited, Grant, LockTable, Wish};
use crate::id::InstanceId;
use crate::time::Time;

const NOW: Time = Time(0);

fn owner(name: &str) -> InstanceId {
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    InstanceId(Uuid::from_bytes(bytes))
}

fn name(owner: InstanceId) -> String {
    let bytes = owner.0.into_bytes().into_iter().take_while(|byte| *byte != 0).collect();
    String::from_utf8(bytes).unwrap()
}

/// Plays a script line by line.
struct Script {
    table: LockTable,
    lineages: BTreeMap<String, Vec<InstanceId>>,
    output: String,
}

impl Script {
    fn play(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (who, rest) = (owner(words[0]), &words[2..]);
        let outcome = match words[1] {
            "wants" => self.wants(words[0], rest),
            "drops" => self.drops(who, rest),
            "leaves" => grants(&self.table.forget(who, NOW)),
            "runs" => {
                let child = owner(rest[0]);
                let mut lineage = vec![who];
                lineage.extend(self.lineages.get(words[0]).into_iter().flatten());
                self.lineages.insert(rest[0].to_owned(), lineage);
                self.table.await_end(who, child);
                grants(&self.table.settle(NOW))
            }
            "has" => {
                self.table.forget_end(who, owner(rest[0]));
                String::new()
            }
            "asks" => self.asks(who),
            "calls" => {
                let lineage = self.lineages.get(words[0]).cloned().unwrap_or_default();
                let fence = self.table.fence(who, &lineage);
                fence.map_or(" -".to_owned(), |token| format!(" as {}", token & 0xffff))
            }
            other => panic!("{other}"),
        };
        writeln!(self.output, "{line}:{outcome}").unwrap();
    }

    fn wants(&mut self, who: &str, rest: &[&str]) -> String {
        let mode = if rest.contains(&"shared") { LockMode::Shared } else { LockMode::Exclusive };
        let priority = rest
            .iter()
            .find_map(|word| word.strip_prefix('+'))
            .map_or(0, |number| number.parse().unwrap());
        let is_key = |word: &&&str| **word != "shared" && !word.starts_with('+');
        let mut keys: Vec<Arc<str>> = rest.iter().filter(is_key).map(|key| (*key).into()).collect();
        keys.sort();
        let lineage = self.lineages.get(who).cloned().unwrap_or_default().into();
        let wish = Wish { owner: owner(who), keys: keys.into(), mode, priority, lineage };
        match self.table.request(&wish, NOW) {
            Answer::Granted(grant) => {
                grants(&[grant]) + &grants(&self.table.settle(NOW)).replace(" -", "")
            }
            Answer::Held(token) => format!(" holds it as {}", token & 0xffff),
            Answer::Busy => self.waits(wish),
        }
    }

    fn waits(&mut self, wish: Wish) -> String {
        let cycle = self.table.cycle(&wish);
        if !cycle.is_empty() {
            let text = |(who, awaited): &(InstanceId, Awaited)| match awaited {
                Awaited::Lock(key) => format!("{} waits for {key}", name(*who)),
                Awaited::End(of) => format!("{} waits for the end of {}", name(*who), name(*of)),
            };
            return format!(" cycle: {}", cycle.iter().map(text).collect::<Vec<_>>().join(", "));
        }
        let owner = wish.owner;
        let (ticket, granted) = self.table.wait(wish, NOW);
        let ahead = self.table.ahead(owner);
        format!(" waits, ticket {ticket}, {ahead} ahead{}", grants(&granted).replace(" -", ""))
    }

    fn drops(&mut self, who: InstanceId, rest: &[&str]) -> String {
        let keys: Vec<Arc<str>> = rest.iter().map(|key| (*key).into()).collect();
        let held = self.table.holds(&keys[0]).iter().filter(|hold| hold.owner == who);
        let Some(token) = held.map(|hold| hold.token).max() else { return " not held".to_owned() };
        let (was_held, granted) = self.table.release(&keys, token, NOW);
        if was_held { grants(&granted) } else { " not held together".to_owned() }
    }

    fn asks(&mut self, who: InstanceId) -> String {
        let obstacles =
            self.table.obstacles(who, usize::MAX).into_iter().map(|obstacle| match obstacle.by {
                super::ObstacleKind::Held(hold) => {
                    format!("{} held by {}", obstacle.key, name(hold.owner))
                }
                super::ObstacleKind::Behind { owner, ticket } => {
                    format!("{} behind {} ({ticket})", obstacle.key, name(owner))
                }
            });
        format!(" {}", obstacles.collect::<Vec<_>>().join(", "))
    }
}

fn grants(grants: &[Grant]) -> String {
    if grants.is_empty() {
        return " -".to_owned();
    }
    let mut text = String::new();
    for grant in grants {
        let (who, keys, token) = (name(grant.owner), grant.keys.join("+"), grant.token & 0xffff);
        write!(text, " {who} has {keys} as {token}").unwrap();
    }
    text
}

#[track_caller]
fn check(script: &str, expected: Expect) {
    let (lineages, output) = (BTreeMap::new(), String::new());
    let mut played = Script { table: LockTable::new(1), lineages, output };
    for line in script.split(',') {
        played.play(line.trim());
    }
    expected.assert_eq(&played.output);
}

#[test]
fn one_key_goes_from_hand_to_hand_in_order() {
    check(
        "a wants x, b wants x, c wants x, b drops x, a drops x, a drops x, b drops x",
        expect![[r#"
            a wants x: a has x as 1
            b wants x: waits, ticket 1, 0 ahead
            c wants x: waits, ticket 2, 1 ahead
            b drops x: not held
            a drops x: b has x as 2
            a drops x: not held
            b drops x: c has x as 3
        "#]],
    );
}

#[test]
fn readers_hold_together_and_do_not_starve_a_writer() {
    check(
        "a wants x shared, b wants x shared, w wants x, c wants x shared, a drops x, b drops x, \
         w drops x",
        expect![[r#"
            a wants x shared: a has x as 1
            b wants x shared: b has x as 2
            w wants x: waits, ticket 1, 0 ahead
            c wants x shared: waits, ticket 2, 1 ahead
            a drops x: -
            b drops x: w has x as 3
            w drops x: c has x as 4
        "#]],
    );
}

#[test]
fn a_writer_that_leaves_lets_the_readers_behind_it_in() {
    check(
        "a wants x shared, w wants x, c wants x shared, d wants x shared, w leaves",
        expect![[r#"
            a wants x shared: a has x as 1
            w wants x: waits, ticket 1, 0 ahead
            c wants x shared: waits, ticket 2, 1 ahead
            d wants x shared: waits, ticket 3, 2 ahead
            w leaves: c has x as 2 d has x as 3
        "#]],
    );
}

#[test]
fn several_keys_are_taken_together_or_not_at_all() {
    check(
        "a wants x, b wants y x z, c wants z, c drops z, d wants x, a drops x, b drops x y, \
         b drops x y z",
        expect![[r#"
            a wants x: a has x as 1
            b wants y x z: waits, ticket 1, 0 ahead
            c wants z: c has z as 2
            c drops z: -
            d wants x: waits, ticket 2, 1 ahead
            a drops x: b has x+y+z as 3
            b drops x y: d has x as 4
            b drops x y z: not held
        "#]],
    );
}

#[test]
fn what_is_held_is_not_taken_again() {
    check(
        "a wants x, a wants x shared, a wants x y, a wants x y, a drops x y, a drops y, b wants x",
        expect![[r#"
            a wants x: a has x as 1
            a wants x shared: holds it as 1
            a wants x y: a has y as 2
            a wants x y: holds it as 2
            a drops x y: not held together
            a drops y: -
            b wants x: waits, ticket 1, 0 ahead
        "#]],
    );
}

#[test]
fn a_reader_becomes_a_writer_when_the_others_have_gone() {
    check(
        "a wants x shared, b wants x shared, w wants x, a wants x, b drops x, a drops x, a drops x",
        expect![[r#"
            a wants x shared: a has x as 1
            b wants x shared: b has x as 2
            w wants x: waits, ticket 1, 0 ahead
            a wants x: waits, ticket 2, 1 ahead
            b drops x: a has x as 3
            a drops x: -
            a drops x: w has x as 4
        "#]],
    );
}

#[test]
fn two_readers_that_want_to_write_are_a_cycle() {
    check(
        "a wants x shared, b wants x shared, a wants x, b wants x",
        expect![[r#"
        a wants x shared: a has x as 1
        b wants x shared: b has x as 2
        a wants x: waits, ticket 1, 0 ahead
        b wants x: cycle: a waits for x
    "#]],
    );
}

#[test]
fn a_priority_is_a_place_before_others() {
    check(
        "a wants x, b wants x, c wants x +1, d wants x +2, a drops x, d drops x",
        expect![[r#"
        a wants x: a has x as 1
        b wants x: waits, ticket 1, 0 ahead
        c wants x +1: waits, ticket 2, 0 ahead
        d wants x +2: waits, ticket 3, 0 ahead
        a drops x: d has x as 2
        d drops x: c has x as 3
    "#]],
    );
}

#[test]
fn a_cycle_of_holders_is_named() {
    check(
        "a wants x, b wants y, c wants z, a wants y, b wants z, c wants q x",
        expect![[r#"
        a wants x: a has x as 1
        b wants y: b has y as 2
        c wants z: c has z as 3
        a wants y: waits, ticket 1, 0 ahead
        b wants z: waits, ticket 2, 0 ahead
        c wants q x: cycle: a waits for y, b waits for z
    "#]],
    );
}

#[test]
fn who_waits_learns_what_keeps_it() {
    check(
        "a wants x, b wants y shared, w wants y, c wants x y shared, c asks, s wants *, s asks, \
         d wants q, d asks",
        expect![[r#"
            a wants x: a has x as 1
            b wants y shared: b has y as 2
            w wants y: waits, ticket 1, 0 ahead
            c wants x y shared: waits, ticket 2, 1 ahead
            c asks: x held by a, y behind w (1)
            s wants *: waits, ticket 3, 2 ahead
            s asks: x held by a, y held by b, * behind w (1)
            d wants q: waits, ticket 4, 1 ahead
            d asks: * behind s (3)
        "#]],
    );
}
