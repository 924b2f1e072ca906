//! From where an object was read to where it is written: what comes between.
//!
//! Two mistakes are found on the way. An outside call between a read and the commit of a write,
//! without a lock: the commit can fail when the call has been made, and cannot be tried again. And a
//! read before the lock under which is written: the lock comes too late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::Template;

use crate::code::Code;
use crate::workflow::{
    Activity, AutoCommit, ErrorPattern, ForEach, OnConflict, Operation, Payload, Place, Step,
};

use super::board::{Board, Told};
use super::key::What;
use super::survey::{Owner, Survey, is_call};
use super::text;
use super::walk;

/// Where an object was read.
#[derive(Clone, Copy, Debug)]
struct Read<'w> {
    place: &'w Place,
    entity: &'w Arc<str>,
    activity: usize,
    order: usize,
    /// Whether it is a list of objects.
    list: bool,
}

/// An object that was written and not committed yet.
#[derive(Clone, Copy, Debug)]
struct Written<'w> {
    name: &'w Arc<str>,
    read: Read<'w>,
    place: &'w Place,
    activity: usize,
}

/// What is known at a step.
#[derive(Default)]
struct State<'w> {
    order: usize,
    activity: usize,
    reads: BTreeMap<&'w str, Read<'w>>,
    /// Calls in their order.
    calls: Vec<(usize, &'w Place)>,
    /// Writes without a lock since the last commit.
    written: Vec<Written<'w>>,
    /// Reads about which something was told.
    told: BTreeSet<(u32, u32, &'w str)>,
}

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    let mut state = State::default();
    for (number, activity, steps) in survey.activities() {
        state.activity = number;
        for walked in steps {
            state.order += 1;
            step(survey, activity, walked.step, &mut state, board);
            if activity.auto_commit == AutoCommit::EachStep {
                state.commit();
            }
        }
        if activity.auto_commit != AutoCommit::Never {
            state.commit();
        }
    }
}

fn step<'w>(
    survey: &Survey<'w>,
    activity: &'w Activity,
    step: &'w Step,
    state: &mut State<'w>,
    board: &mut Board<'_, '_>,
) {
    if is_call(step) {
        state.calls.push((state.order, &step.place));
        for written in std::mem::take(&mut state.written) {
            call_between(survey, &written, &step.place, state, board);
        }
    }
    match &step.operation {
        Operation::Load { entity, .. } => return state.read(step, entity, false),
        Operation::Find { entity, .. } => return state.read(step, entity, true),
        Operation::Update { name, expect, .. } | Operation::Delete { name, expect } => {
            write(survey, activity, step, (name, expect.is_some()), state, board);
        }
        Operation::Commit => state.commit(),
        Operation::ForEach(each) => state.enter(each),
        Operation::Set(values) => {
            for (name, _) in values {
                state.reads.remove(&**name);
            }
        }
        Operation::Create { .. }
        | Operation::Require { .. }
        | Operation::Raise(_)
        | Operation::Log(_)
        | Operation::Http { .. }
        | Operation::Exec { .. }
        | Operation::Task { .. }
        | Operation::Wait(_)
        | Operation::Workflow { .. }
        | Operation::Parallel(_)
        | Operation::Stop(_) => {}
    }
    if let Some(name) = &step.bind {
        state.reads.remove(&**name);
    }
}

impl<'w> State<'w> {
    fn read(&mut self, step: &'w Step, entity: &'w Arc<str>, list: bool) {
        if let Some(name) = &step.bind {
            let (activity, order) = (self.activity, self.order);
            let read = Read { place: &step.place, entity, activity, order, list };
            self.reads.insert(name, read);
        }
    }

    /// What was written is as fresh as the commit.
    fn commit(&mut self) {
        self.order += 1;
        for written in self.written.drain(..) {
            if let Some(read) = self.reads.get_mut(&**written.name) {
                read.order = self.order;
                read.activity = self.activity;
            }
        }
    }

    /// The steps of a `for_each` come again behind all of its calls; an item of a list that was
    /// found is an object that was read there.
    fn enter(&mut self, each: &'w ForEach) {
        let call = walk::all(&each.steps).into_iter().find(|walked| is_call(walked.step));
        if let Some(call) = call {
            self.calls.push((self.order, &call.step.place));
        }
        let items = match &each.items {
            Payload::Template(Template::Expression(items)) => text::plain(items.text()),
            Payload::Template(_) | Payload::Literal(_) | Payload::List(_) | Payload::Map(_) => {
                String::new()
            }
        };
        match self.reads.get(items.as_str()).copied().filter(|read| read.list) {
            Some(read) => drop(self.reads.insert(&each.item, Read { list: false, ..read })),
            None => drop(self.reads.remove(&*each.item)),
        }
    }

    /// The first call behind a read.
    fn call_since(&self, read: &Read<'w>) -> Option<&'w Place> {
        let first = self.calls.partition_point(|(order, _)| *order <= read.order);
        self.calls.get(first).map(|(_, place)| *place)
    }
}

fn write<'w>(
    survey: &Survey<'w>,
    activity: &'w Activity,
    step: &'w Step,
    (name, expected): (&'w Arc<str>, bool),
    state: &mut State<'w>,
    board: &mut Board<'_, '_>,
) {
    let Some(read) = state.reads.get(&**name).copied().filter(|read| !read.list) else { return };
    let written = Written { name, read, place: &step.place, activity: state.activity };
    if survey.held_during(state.activity).is_empty() {
        if activity.on_conflict != OnConflict::Retry || expects_conflict(activity) {
            return;
        }
        match state.call_since(&read) {
            Some(call) => call_between(survey, &written, call, state, board),
            None => state.written.push(written),
        }
    } else if !expected && comes_too_late(survey, &written) {
        read_before_lock(activity, &written, state, board);
    }
}

/// Whether the author has thought of a conflict.
fn expects_conflict(activity: &Activity) -> bool {
    activity.catch.iter().flat_map(|catch| &catch.errors).any(|pattern| match pattern {
        ErrorPattern::Exact(code) => &**code == "data.conflict",
        ErrorPattern::Prefix(prefix) => prefix.starts_with("data"),
    })
}

fn call_between<'w>(
    survey: &Survey<'w>,
    written: &Written<'w>,
    call: &'w Place,
    state: &mut State<'w>,
    board: &mut Board<'_, '_>,
) {
    let (name, read) = (written.name, written.read);
    if !state.told.insert((read.place.line, read.place.column, name)) {
        return;
    }
    let again =
        if survey.activity(written.activity).is_some_and(|_| read.activity == written.activity) {
            "and cannot be run again, because the call has been made"
        } else {
            "and running again would not read it anew"
        };
    let message = format!(
        "`{name}` may change while the call is made: the commit then fails with `data.conflict`, {again}"
    );
    let lock = format!("`exclusive_lock: {{ context: {name}'s reference }}`");
    let lock = match &**read.entity {
        "" => lock,
        entity => format!("an `exclusive_lock` with `ref(\"{entity}\", ...)` as its context"),
    };
    board.tell(
        Told::new(Code::CallBetweenReadAndWrite, written.place, message)
            .label(read.place, format!("`{name}` is read here"))
            .label(call, "the call is made here, outside of any lock")
            .help(format!(
                "give the activity {lock}, so that nobody changes it meanwhile; or call in an \
                 activity before, and read and write in one behind it; or catch `data.conflict` and \
                 undo what was called"
            )),
    );
}

/// Whether an object was read before the lock was there that is to protect it.
fn comes_too_late(survey: &Survey<'_>, written: &Written<'_>) -> bool {
    if written.read.activity >= written.activity {
        return false;
    }
    // A lock that is about something else is no protection.
    let protects = |owner: &Owner| {
        survey.keys(*owner).iter().any(|key| match &key.what {
            What::Object { entity, .. } => *entity == *written.read.entity,
            What::Everything | What::One(_) => true,
        })
    };
    let during = survey.held_during(written.read.activity);
    let before = survey.held_before(written.activity);
    !before.iter().any(|held| during.contains(held) && protects(held))
        && protects(&Owner::Activity(written.activity))
}

fn read_before_lock<'w>(
    activity: &'w Activity,
    written: &Written<'w>,
    state: &mut State<'w>,
    board: &mut Board<'_, '_>,
) {
    let (name, read) = (written.name, written.read);
    if !state.told.insert((read.place.line, read.place.column, name)) {
        return;
    }
    let message = format!(
        "`{name}` was read before this lock was taken: whoever held the lock meanwhile may have \
         changed it, and the commit fails with `data.conflict`"
    );
    let mut told = Told::new(Code::ReadBeforeLock, written.place, message)
        .label(read.place, "read here, without the lock");
    if let Some(lock) = &activity.exclusive_lock {
        told = told.label(&lock.place, "the lock is taken here");
    }
    board.tell(told.help(format!("load `{name}` again as the first step under the lock")));
}
