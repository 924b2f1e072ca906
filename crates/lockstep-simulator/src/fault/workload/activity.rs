//! Activities of made-up workflows: which kinds there are, and how often each is drawn.
//!
//! Invariants:
//!
//! * A workload is what its seed says: the order of draws is part of what each kind is.

mod frame;
mod locked;
mod nested;
mod raced;
mod steps;

use std::fmt::Write as _;

use super::Facts;
use crate::fault::random::Random;

/// A definition that is being written.
pub(super) struct Draft<'a> {
    pub(super) text: &'a mut String,
    pub(super) random: &'a mut Random,
    pub(super) facts: &'a mut Facts,
    pub(super) version: u32,
    pub(super) number: u32,
}

impl Draft<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        writeln!(self.text, "{:indent$}{text}", "").expect("a string takes everything");
    }

    fn lines(&mut self, indent: usize, lines: &[&str]) {
        for line in lines {
            self.line(indent, line);
        }
    }

    /// The lock of a workflow, now and then.
    pub(super) fn workflow_lock(&mut self) {
        if !self.random.one_in(4) {
            return;
        }
        let context =
            self.random.pick(&["\"w-\" + input.key", "input.key", "[input.key, input.other]"]);
        self.lock_at(0, Some(context), &["while_waiting: hold"]);
        self.facts.holds_and_waits = true;
        self.facts.errors.insert("lock.deadlock");
    }

    /// The activity that binds the names that all others use.
    ///
    /// Its wait never comes: but what no step waits for is refused, and signals are to come while
    /// anything is done.
    pub(super) fn begin(&mut self) {
        self.number = 0;
        self.line(0, "activities:");
        self.lines(2, &["- activity: begin", "  steps:", "    - set: { done: 0, rounds: 0 }"]);
        self.lines(6, &["- wait: { signal: go }", "  when: false"]);
    }

    /// One activity of any kind.
    pub(super) fn activity(&mut self) {
        match self.random.below(28) {
            0..=4 => self.count(),
            5 => self.vandal(),
            6 => self.free(),
            7 => self.forced(),
            8 | 9 => self.transfer(),
            10 => self.seat(),
            11 => self.child(),
            12 => self.each(),
            13 => self.side_by_side(),
            14 => self.recreate(),
            15 => self.wait(),
            16 => self.audit(),
            17 => self.no_context(),
            18 | 19 => self.two_keys(),
            20 | 21 => self.several_keys(),
            22 | 23 => self.reader(),
            24 | 25 => self.given_back(),
            26 => self.siblings(),
            _ => self.system(),
        }
    }

    /// What the workflow does that others call.
    pub(super) fn child_activity(&mut self) {
        match self.random.below(6) {
            0 => self.free(),
            1 => self.seat(),
            2 => self.several_keys(),
            3 => self.call_other("grandchild", "input.key"),
            _ => self.count(),
        }
    }

    /// What the workflow does that the called one calls.
    pub(super) fn grandchild_activity(&mut self) {
        if self.random.one_in(4) { self.free() } else { self.count() }
    }

    /// What the workflow does that follows from changes.
    pub(super) fn following_activity(&mut self) {
        match self.random.below(4) {
            0 => self.free(),
            1 => self.wait(),
            _ => self.count(),
        }
    }
}
