//! Entries of `catch` that no error of the activity ever matches.
//!
//! Invariants:
//!
//! * An entry is told only if it is certain: where a worker or another version of the engine may
//!   choose the code, nothing is told.

use std::collections::BTreeSet;

use crate::code::Code;
use crate::diagnostic::{listed, nearest};
use crate::workflow::{Activity, Catch, ErrorPattern, OnBusy, Operation, WhileWaiting};

use super::board::{Board, Told};
use super::survey::Survey;
use super::walk::Walked;

/// Entries of a `catch` with which a later one is compared.
const MAX_COMPARED: usize = 64;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (number, activity, steps) in survey.activities() {
        if activity.catch.is_empty() {
            continue;
        }
        let raised = Raised::of(survey, number, activity, steps);
        let mut before: Vec<&Catch> = Vec::new();
        for catch in &activity.catch {
            // A list that names errors of the engine for several activities is no mistake as long
            // as one of them fits; an author's own code that nobody raises is one.
            let some_fit = catch.errors.iter().any(|pattern| raised.may_match(pattern));
            for pattern in &catch.errors {
                if board.is_full(&catch.place) {
                    return;
                }
                let listed = some_fit && is_of_the_engine(pattern);
                if !is_caught_before(catch, pattern, &before, board)
                    && !listed
                    && !raised.may_match(pattern)
                {
                    never(catch, pattern, &raised, board);
                }
            }
            if before.len() < MAX_COMPARED {
                before.push(catch);
            }
        }
    }
}

fn written(pattern: &ErrorPattern) -> String {
    match pattern {
        ErrorPattern::Exact(code) => code.to_string(),
        ErrorPattern::Prefix(prefix) => format!("{prefix}*"),
    }
}

fn is_caught_before(
    catch: &Catch,
    pattern: &ErrorPattern,
    before: &[&Catch],
    board: &mut Board<'_, '_>,
) -> bool {
    let earlier =
        before.iter().find(|earlier| earlier.errors.iter().any(|other| covers(other, pattern)));
    let Some(earlier) = earlier else { return false };
    let message =
        format!("`{}` is caught before: this entry is never chosen for it", written(pattern));
    board.tell(
        Told::new(Code::CatchNeverMatches, &catch.place, message)
            .label(&earlier.place, "the first entry that matches is chosen")
            .help("put the more general entry last"),
    );
    true
}

fn never(catch: &Catch, pattern: &ErrorPattern, raised: &Raised<'_>, board: &mut Board<'_, '_>) {
    let written = written(pattern);
    if written == "cancelled" {
        board.tell(
            Told::new(Code::CatchNeverMatches, &catch.place, "a cancel is never caught")
                .help("remove the entry: whoever cancels an instance wants it to end"),
        );
        return;
    }
    let message = format!("no step of this activity can fail with `{written}`");
    let codes = || raised.exact.iter().copied();
    let help = match nearest(&written, codes()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if raised.exact.is_empty() => "remove the entry, or correct its pattern".to_owned(),
        None => format!("the activity itself raises {}; correct the pattern", listed(codes())),
    };
    board.tell(Told::new(Code::CatchNeverMatches, &catch.place, message).help(help));
}

/// Whether every code that fits `inner` fits `outer`.
fn covers(outer: &ErrorPattern, inner: &ErrorPattern) -> bool {
    match inner {
        ErrorPattern::Exact(code) => outer.matches(code),
        ErrorPattern::Prefix(prefix) => match outer {
            ErrorPattern::Exact(_) => false,
            ErrorPattern::Prefix(wider) => prefix.starts_with(&**wider),
        },
    }
}

/// Families of codes that the engine gives: all codes that begin with one of these are its own.
const FAMILIES: &[&str] =
    &["lock.", "data.", "expr.", "http.", "exec.", "task.", "wait.", "workflow.", "activity."];

/// Codes that only an activity which takes a lock itself can fail with.
const TAKING: [&str; 5] =
    ["lock.busy", "lock.waiting_timeout", "lock.queue_full", "lock.context", "lock.uncommitted"];

fn is_of_the_engine(pattern: &ErrorPattern) -> bool {
    let (ErrorPattern::Exact(text) | ErrorPattern::Prefix(text)) = pattern;
    FAMILIES.iter().any(|family| text.starts_with(family))
}

/// The codes that an activity may fail with.
struct Raised<'w> {
    /// Codes that its author wrote.
    exact: BTreeSet<&'w str>,
    /// Families of the engine.
    families: BTreeSet<&'static str>,
    /// Codes of these families that it cannot fail with.
    never: BTreeSet<&'static str>,
    /// Whether somebody outside chooses codes.
    open: bool,
}

impl<'w> Raised<'w> {
    fn of(
        survey: &Survey<'w>,
        number: usize,
        activity: &'w Activity,
        steps: &[Walked<'w>],
    ) -> Self {
        // An expression can fail nearly everywhere, and a commit may be that of changes from before.
        let mut families = BTreeSet::from(["expr."]);
        let mut exact = BTreeSet::new();
        let mut never = BTreeSet::new();
        let mut open = false;
        if survey.held.get(number).is_some_and(|held| held.changes) {
            families.insert("data.");
        }
        if activity.timeout.is_some() {
            families.insert("activity.");
        }
        match &activity.exclusive_lock {
            Some(lock) => {
                families.insert("lock.");
                if lock.on_busy != OnBusy::Fail {
                    never.insert("lock.busy");
                }
                if lock.max_waiting.is_none() || lock.on_busy != OnBusy::Wait {
                    never.insert("lock.queue_full");
                }
                if lock.while_waiting != Some(WhileWaiting::Release) {
                    never.insert("lock.uncommitted");
                }
            }
            // A lock that is kept from an activity before can be lost; the loss of the workflow's
            // own is the end of the instance.
            None if survey.held.get(number).is_some_and(|held| !held.locks.is_empty()) => {
                families.insert("lock.");
                never.extend(TAKING);
            }
            None => {}
        }
        for walked in steps {
            match &walked.step.operation {
                Operation::Load { .. }
                | Operation::Find { .. }
                | Operation::Create { .. }
                | Operation::Update { .. }
                | Operation::Delete { .. } => drop(families.insert("data.")),
                Operation::Require { otherwise, .. } => drop(exact.insert(&*otherwise.code)),
                Operation::Raise(raise) => drop(exact.insert(&*raise.code)),
                Operation::Http { .. } => drop(families.insert("http.")),
                Operation::Exec { .. } => drop(families.insert("exec.")),
                Operation::Task { .. } => {
                    families.insert("task.");
                    open = true;
                }
                Operation::Wait(_) => drop(families.insert("wait.")),
                Operation::Workflow { .. } => {
                    families.insert("workflow.");
                    open = true;
                }
                Operation::Stop(_)
                | Operation::Commit
                | Operation::Set(_)
                | Operation::Log(_)
                | Operation::ForEach(_)
                | Operation::Parallel(_) => {}
            }
        }
        Self { exact, families, never, open }
    }

    fn may_match(&self, pattern: &ErrorPattern) -> bool {
        if self.exact.iter().any(|code| pattern.matches(code)) {
            return true;
        }
        match pattern {
            ErrorPattern::Exact(code) => {
                if &**code == "cancelled" || self.never.contains(&**code) {
                    return false;
                }
                match FAMILIES.iter().find(|family| code.starts_with(**family)) {
                    Some(family) => self.families.contains(family),
                    None => self.open,
                }
            }
            ErrorPattern::Prefix(prefix) => {
                self.open
                    || self
                        .families
                        .iter()
                        .any(|family| family.starts_with(&**prefix) || prefix.starts_with(*family))
            }
        }
    }
}
