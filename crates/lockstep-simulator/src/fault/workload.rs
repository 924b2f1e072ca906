//! Workloads: definitions made up from a seed, as YAML text that is checked like any other.
//!
//! Few keys, few workflows, short ones: what races does so soon.
//!
//! How the laws read the data (see [`super::law`]): each object of `Counter` and `Free` carries how
//! much its last write added (`step`), so that a lost update shows; what was written under a lock
//! carries its token; accounts keep their sum; and each workflow counts its own writes in `done`,
//! in the unit of work that makes them, and answers with it.
//!
//! Invariants:
//!
//! * The texts are correct: a finding of severity error is a mistake of this module.

mod activity;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use lockstep_definition::{Definitions, Source, check};

use super::law::Violation;
use super::random::Random;

/// Versions of the definitions of a workload.
const VERSIONS: u32 = 2;

const ENTITIES: &str = r#"project: simulation
---
entity: Counter
attributes:
  n: { type: int, default: 0 }
  step: { type: int, default: 0 }
  token: { type: int, default: 0 }
  locked: { type: bool, default: false }
  receipt: { type: int, default: 0 }
---
entity: Free
attributes:
  n: { type: int, default: 0 }
  step: { type: int, default: 0 }
---
entity: Forced
attributes:
  n: { type: int, default: 0 }
---
entity: Account
attributes:
  balance: { type: int, default: 100 }
---
entity: Seat
attributes:
  number: int
unique: [[number]]
"#;

/// The workflow whose instances follow from changes.
pub(crate) const FOLLOWER: &str = "follow";

/// Changes of `Free` are followed if they add less than this.
pub(crate) const FOLLOWED_BELOW: i64 = 3;

/// Definitions, and what is to be known about them.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Identity, text, checked form, of each version.
    pub(crate) versions: Vec<Version>,
    /// Names of the workflows that are started from outside.
    pub(crate) workflows: Vec<Arc<str>>,
    /// How many lock keys there are.
    pub(crate) keys: u64,
    pub(crate) facts: Facts,
}

/// One version of the definitions.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) id: Arc<str>,
    pub(crate) text: String,
    pub(crate) definitions: Arc<Definitions>,
}

/// What a workload can do.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Facts {
    /// Errors that instances may fail with, whatever happens outside.
    pub(crate) errors: BTreeSet<&'static str>,
    /// Whether somebody waits for a lock, or for another instance, while holding one.
    pub(crate) holds_and_waits: bool,
    /// Whether workflows call others.
    pub(crate) calls: bool,
    /// Whether locks are waited for with priorities.
    pub(crate) prioritized: bool,
    /// Whether instances follow from changes.
    pub(crate) follows: bool,
}

impl Workload {
    /// Makes up the workload of a seed.
    ///
    /// # Errors
    ///
    /// [`Violation`] if the definitions are wrong, which is a mistake of this module.
    pub(crate) fn new(seed: u64) -> Result<Self, Violation> {
        let mut facts = Facts::default();
        let mut workflows = Vec::new();
        let mut keys = 1;
        let mut versions = Vec::new();
        for number in 1..=VERSIONS {
            let mut random = Random::new(seed, 100);
            keys = 1 + random.below(3);
            let mut text = text(&mut random, number, &mut facts, &mut workflows);
            let mut random = Random::new(seed, 101);
            if random.one_in(2) {
                facts.follows = true;
                follower(&mut text, &mut random, number, &mut facts);
            }
            let checked = check(&[Source::new("simulation.yaml", text.clone())]);
            let Some(definitions) = checked.definitions else {
                let found = checked.diagnostics.iter().map(|found| format!("{found:?}\n"));
                let found: String = found.collect();
                let text = format!("the definitions are wrong:\n{text}\n{found}");
                return Violation::of("workload", text);
            };
            let definitions = Arc::new(definitions);
            versions.push(Version { id: format!("version-{number}").into(), text, definitions });
        }
        Ok(Self { versions, workflows, keys, facts })
    }

    /// Returns the definitions with an identity.
    pub(crate) fn definitions(&self, id: &str) -> Option<&Arc<Definitions>> {
        let version = self.versions.iter().find(|version| *version.id == *id);
        version.map(|version| &version.definitions)
    }
}

fn text(
    random: &mut Random,
    version: u32,
    facts: &mut Facts,
    workflows: &mut Vec<Arc<str>>,
) -> String {
    let mut text = String::from(ENTITIES);
    let count = 1 + random.below(3);
    workflows.clear();
    for number in 0..count {
        let name = format!("w{number}");
        writeln!(text, "---\nworkflow: {name}\n{INPUT}").expect("a string takes everything");
        let mut draft = activity::Draft { text: &mut text, random, facts, version, number: 0 };
        draft.workflow_lock();
        draft.begin();
        for _ in 0..=draft.random.below(4) {
            draft.activity();
        }
        draft.text.push_str("output: { done: \"${done}\" }\n");
        workflows.push(name.into());
    }
    for name in ["child", "grandchild"] {
        writeln!(text, "---\nworkflow: {name}\n{INPUT}").expect("a string takes everything");
        let mut draft = activity::Draft { text: &mut text, random, facts, version, number: 0 };
        draft.begin();
        if name == "child" {
            draft.child_activity();
        } else {
            draft.grandchild_activity();
        }
        draft.text.push_str("output: { done: \"${done}\" }\n");
    }
    text
}

/// A workflow whose instances follow from changes; what it changes may be followed again.
fn follower(text: &mut String, random: &mut Random, version: u32, facts: &mut Facts) {
    let when = format!("change.object.step < {FOLLOWED_BELOW}");
    let input = FOLLOWER_INPUT;
    writeln!(
        text,
        "---\nworkflow: {FOLLOWER}\ninput: {{ key: string, other: string, seat: int, kind: string, \
         id: string, version: int }}\non:\n  - change: {{ entity: Free, when: {when} }}\n{input}\n  \
         - change: {{ entity: Seat, kinds: [create] }}\n{input}"
    )
    .expect("a string takes everything");
    let mut draft = activity::Draft { text, random, facts, version, number: 0 };
    draft.begin();
    draft.following_activity();
    draft.facts.errors.insert("trigger.chain");
    draft.text.push_str("output: { done: \"${done}\" }\n");
}

const FOLLOWER_INPUT: &str = "    input: { key: k0, other: k0, seat: 0, kind: \"${change.kind}\", id: \
     \"${change.object.id}\", version: \"${change.object.metadata.version}\" }";

const INPUT: &str =
    "input: { key: string, other: string, seat: int, nothing: { type: string, optional: true } }";
