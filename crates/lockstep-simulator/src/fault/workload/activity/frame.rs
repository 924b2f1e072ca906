//! What stands around the steps of an activity: its name, its lock, its manner, its error handlers.
//!
//! Invariants:
//!
//! * Whatever is drawn that can make an instance fail is told in [`Facts`](super::Facts).

use super::Draft;

/// Timeouts of waiting and holding: some end all the time, some never.
const WAITING: &[&str] = &["0s", "50ms", "500ms", "3s", "1h", "1h", "1h"];
const HOLDING: &[&str] = &["50ms", "300ms", "1s", "5s", "1h", "1h"];

impl Draft<'_> {
    pub(super) fn head(&mut self) {
        self.number += 1;
        let number = self.number;
        self.line(2, &format!("- activity: a{number}"));
    }

    /// The lock of a key; `rest` are more of its lines.
    pub(super) fn lock(&mut self, context: Option<&str>, rest: &[&str]) {
        self.lock_at(4, context, rest);
    }

    pub(super) fn lock_at(&mut self, indent: usize, context: Option<&str>, rest: &[&str]) {
        let waiting = self.random.pick(WAITING);
        let holding = self.random.pick(HOLDING);
        self.line(indent, "exclusive_lock:");
        let indent = indent + 2;
        if let Some(context) = context {
            self.line(indent, &format!("context: '{context}'"));
        }
        self.line(indent, &format!("waiting_timeout: {waiting}"));
        self.line(indent, &format!("hold_timeout: {holding}"));
        let busy = self.random.pick(&["wait", "wait", "wait", "wait", "fail", "skip"]);
        if busy != "wait" {
            self.line(indent, &format!("on_busy: {busy}"));
        } else if self.random.one_in(6) {
            let most = self.random.pick(&[1, 2]);
            self.line(indent, &format!("max_waiting: {most}"));
            self.facts.errors.insert("lock.queue_full");
        }
        if self.random.one_in(12) {
            let priority = self.random.pick(&["input.seat", "-1", "input.key == \"k0\" ? 2 : 0"]);
            self.line(indent, &format!("priority: '{priority}'"));
            self.facts.prioritized = true;
        }
        self.lines(indent, rest);
        self.facts.errors.extend(["lock.waiting_timeout", "lock.busy", "lock.lost"]);
    }

    /// What stands between the lock and the steps.
    pub(super) fn manner(&mut self) {
        let commit = self.random.pick(&["true", "true", "true", "each_step"]);
        let conflict = self.random.pick(&["retry", "retry", "retry", "fail"]);
        self.manner_of(commit, conflict);
    }

    pub(super) fn manner_of(&mut self, commit: &str, conflict: &str) {
        if commit != "true" {
            self.line(4, &format!("auto_commit: {commit}"));
        }
        if conflict != "retry" {
            self.line(4, &format!("on_conflict: {conflict}"));
        }
        if self.random.one_in(10) {
            self.line(4, "timeout: 800ms");
            self.facts.errors.insert("activity.timeout");
        }
        if self.random.one_in(3) {
            self.line(4, "retry: { max_attempts: 3, backoff: 100ms }");
        }
    }

    /// What stands behind the steps.
    pub(super) fn tail(&mut self, counts_rounds: bool) {
        let own = format!("a{}", self.number);
        // Whoever goes back must count its rounds.
        if counts_rounds && self.random.one_in(4) {
            self.line(4, &format!("next: {{ when: rounds < 3, goto: {own} }}"));
        }
        match self.random.below(6) {
            0 => self.line(4, "catch: [{ error: \"*\", goto: end }]"),
            1 => self.lines(
                4,
                &["catch:", "  - error: \"lock.*\"", "    steps:", "      - log: caught"],
            ),
            2 => {
                self.lines(4, &["catch:", "  - error: \"*\"", "    steps:"]);
                self.steps_on_free(10, "behind");
            }
            _ => {}
        }
    }
}
