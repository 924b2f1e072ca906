//! What must be so, and what may have become otherwise, where a `wait` gives a lock back.
//!
//! With `while_waiting: release` others hold the lock during a wait. So nothing may be uncommitted
//! then, no other step may be working under the lock, and what was read before may be out of date
//! behind.
//!
//! Invariants:
//!
//! * Changes and reads are followed in the order of the text within one activity; the steps of a
//!   `for_each` that waits come twice, so that a round is seen behind another.
//! * Work is bounded: see [`MAX_NAMES`] and [`MAX_STEPS`].

use std::collections::{BTreeMap, BTreeSet};

use lockstep_expr::Template;

use crate::code::Code;
use crate::workflow::{
    AutoCommit, ExclusiveLock, ForEach, Operation, Payload, Place, Step, WhileWaiting,
};

use super::board::{Board, Told};
use super::survey::Survey;
use super::text;
use super::walk;

/// Most names of an activity that are followed.
const MAX_NAMES: usize = 256;
/// Most steps of an activity that are taken, those that come again included, until each comes once.
const MAX_STEPS: usize = 20_000;

/// An object, or a list of them, that a name is bound to.
#[derive(Clone, Copy, Debug)]
struct Known<'w> {
    /// Where it was read or made.
    place: &'w Place,
    /// Whether it is a list.
    list: bool,
    /// The wait behind it, if there was one.
    stale: Option<&'w Place>,
}

/// What is known at a step.
#[derive(Clone, Default)]
struct State<'w> {
    /// Whether there may be changes that are not committed.
    changed: bool,
    /// Where one of them is, if it is in this activity.
    change: Option<&'w Place>,
    names: BTreeMap<&'w str, Known<'w>>,
}

/// A walk through the steps under one lock that is given back.
struct Walk<'w> {
    lock: &'w ExclusiveLock,
    each_step: bool,
    /// Whether other steps run beside.
    at_once: bool,
    state: State<'w>,
    /// How many steps were taken.
    taken: usize,
    /// Steps about which something was told.
    told: BTreeSet<(u32, u32)>,
    findings: Vec<Told>,
}

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (number, activity, _) in survey.activities() {
        let mut held =
            survey.held_during(number).into_iter().filter_map(|owner| survey.lock(owner));
        let released = held.find(|lock| lock.while_waiting == Some(WhileWaiting::Release));
        let Some(lock) = released else { continue };
        let changed = survey.held.get(number).is_some_and(|held| held.changes);
        let mut walk = Walk {
            lock,
            each_step: activity.auto_commit == AutoCommit::EachStep,
            at_once: false,
            state: State { changed, ..State::default() },
            taken: 0,
            told: BTreeSet::new(),
            findings: Vec::new(),
        };
        walk.all(&activity.steps);
        for found in walk.findings {
            board.tell(found);
        }
    }
}

impl<'w> Walk<'w> {
    /// Takes steps one after the other. They nest only a few levels deep.
    fn all(&mut self, steps: &'w [Step]) {
        for step in steps {
            self.taken += 1;
            self.step(step);
            if self.each_step && !self.at_once {
                self.commit();
            }
        }
    }

    fn step(&mut self, step: &'w Step) {
        let mut bound = None;
        match &step.operation {
            Operation::Load { .. } => bound = Some(known(step, false)),
            Operation::Find { .. } => bound = Some(known(step, true)),
            Operation::Create { .. } => {
                self.change(step);
                bound = Some(known(step, false));
            }
            Operation::Update { name, expect, .. } | Operation::Delete { name, expect } => {
                self.write(step, name, expect.is_some());
                self.change(step);
                bound = Some(known(step, false));
            }
            Operation::Commit if step.when.is_none() => self.commit(),
            Operation::Wait(_) => self.wait(step),
            Operation::ForEach(each) => self.for_each(each),
            Operation::Parallel(branches) => {
                let outer = std::mem::replace(&mut self.at_once, true);
                let start = self.state.clone();
                for branch in branches {
                    let before = std::mem::replace(&mut self.state, start.clone());
                    self.all(&branch.steps);
                    self.state.join(before);
                }
                self.at_once = outer;
            }
            Operation::Set(values) => {
                for (name, _) in values {
                    self.state.names.remove(&**name);
                }
            }
            Operation::Commit
            | Operation::Require { .. }
            | Operation::Raise(_)
            | Operation::Log(_)
            | Operation::Http { .. }
            | Operation::Exec { .. }
            | Operation::Task { .. }
            | Operation::Workflow { .. }
            | Operation::Stop(_) => {}
        }
        if let Some(name) = &step.bind {
            self.bind(name, bound);
        }
    }

    fn bind(&mut self, name: &'w str, bound: Option<Known<'w>>) {
        self.state.names.remove(name);
        let room = self.state.names.len() < MAX_NAMES;
        self.state.names.extend(bound.filter(|_| room).map(|known| (name, known)));
    }

    fn change(&mut self, step: &'w Step) {
        self.state.changed = true;
        self.state.change.get_or_insert(&step.place);
    }

    fn commit(&mut self) {
        self.state.changed = false;
        self.state.change = None;
    }

    /// An item of a list that was found was read there.
    fn for_each(&mut self, each: &'w ForEach) {
        let items = match &each.items {
            Payload::Template(Template::Expression(items)) => text::plain(items.text()),
            Payload::Template(_) | Payload::Literal(_) | Payload::List(_) | Payload::Map(_) => {
                String::new()
            }
        };
        let outer = self.at_once;
        self.at_once |= each.max_parallel > 1;
        let before = self.state.clone();
        let waits = walk::all(&each.steps).iter().any(|walked| is_wait(walked.step));
        let rounds = if waits && self.taken < MAX_STEPS { 2 } else { 1 };
        for _ in 0..rounds {
            let list = self.state.names.get(items.as_str()).copied().filter(|known| known.list);
            let item = list.map(|known| Known { list: false, ..known });
            self.bind(&each.item, item);
            self.all(&each.steps);
            self.state.join(before.clone());
        }
        self.at_once = outer;
    }

    fn wait(&mut self, step: &'w Step) {
        let first = !self.told.contains(&at(step));
        if self.at_once {
            if first {
                self.tell(step, together(step, self.lock));
            }
        } else if self.state.changed && first {
            let told = uncommitted(step, self.lock, self.state.change);
            self.tell(step, told);
        }
        for known in self.state.names.values_mut() {
            known.stale.get_or_insert(&step.place);
        }
    }

    fn write(&mut self, step: &'w Step, name: &'w str, expected: bool) {
        let Some(known) = self.state.names.get_mut(name) else { return };
        let Some(wait) = known.stale.take().filter(|_| !expected && !known.list) else { return };
        let told = stale(step, name, known.place, wait);
        if !self.told.contains(&at(step)) {
            self.tell(step, told);
        }
    }

    fn tell(&mut self, step: &Step, told: Told) {
        self.told.insert(at(step));
        self.findings.push(told);
    }
}

impl State<'_> {
    /// What may be so if another way leads here too.
    fn join(&mut self, other: Self) {
        self.changed |= other.changed;
        self.change = self.change.or(other.change);
        for (name, known) in other.names {
            let own = self.names.entry(name).or_insert(known);
            own.stale = own.stale.or(known.stale);
        }
    }
}

fn is_wait(step: &Step) -> bool {
    matches!(step.operation, Operation::Wait(_))
}

fn known(step: &Step, list: bool) -> Known<'_> {
    Known { place: &step.place, list, stale: None }
}

fn at(step: &Step) -> (u32, u32) {
    (step.place.line, step.place.column)
}

fn uncommitted(step: &Step, lock: &ExclusiveLock, change: Option<&Place>) -> Told {
    let message = "this wait gives the lock back, but changes that were made under it may not be \
                   committed";
    let mut told = Told::new(Code::UncommittedAtRelease, &step.place, message)
        .label(&lock.place, "the lock is given back while this waits");
    if let Some(change) = change {
        told = told.label(change, "changed here");
    }
    told.help("write `- commit` before the wait; or `while_waiting: hold`, to keep the lock")
}

fn together(step: &Step, lock: &ExclusiveLock) -> Told {
    let message = "this wait gives the lock back while other steps run under it";
    Told::new(Code::ReleaseAtOnce, &step.place, message)
        .label(&lock.place, "the lock is given back while this waits")
        .help(
            "wait before or behind the steps that run at once; or write `while_waiting: hold`, to \
             keep the lock",
        )
}

fn stale(step: &Step, name: &str, read: &Place, wait: &Place) -> Told {
    let message = format!(
        "`{name}` was read before the lock was given back: whoever held the lock meanwhile may have \
         changed it, and the commit fails with `data.conflict`"
    );
    Told::new(Code::StaleAfterRelease, &step.place, message)
        .label(read, "read here")
        .label(wait, "the lock is given back while this waits")
        .help(format!("load `{name}` again behind the wait"))
}
