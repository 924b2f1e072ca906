//! Activities whose point is data that others change at the same time, and waits; most have no
//! lock.
//!
//! Invariants:
//!
//! * An object that is counted on without a lock is of `Free` or `Forced`; only [`Draft::vandal`]
//!   changes what others lock, and says so in the object.

use super::Draft;

impl Draft<'_> {
    /// Counts on an object that others lock, without a lock.
    pub(super) fn vandal(&mut self) {
        self.head();
        self.manner();
        let step = self.step();
        self.line(4, "steps:");
        self.lines(
            6,
            &[
                "- load: { entity: Counter, id: \"${input.key}\" }",
                "  as: c",
                "- set: { done: \"${done + 1}\" }",
                "- update: c",
                &format!(
                    "  set: {{ n: \"${{c.n + {step}}}\", step: {step}, locked: false, receipt: 0 }}"
                ),
            ],
        );
        self.facts.errors.insert("data.conflict");
        self.tail(false);
    }

    /// Counts without a lock, on an object that nobody locks.
    pub(super) fn free(&mut self) {
        self.head();
        self.manner();
        self.line(4, "steps:");
        self.steps_on_free(6, "f");
        self.tail(false);
    }

    /// Writes whatever others have written meanwhile.
    pub(super) fn forced(&mut self) {
        self.head();
        self.manner_of("true", "force");
        self.line(4, "steps:");
        self.lines(
            6,
            &[
                "- load: { entity: Forced, id: \"${input.key}\" }",
                "  as: f",
                "- wait: { for: 1ms }",
                "- set: { done: \"${done + 1}\" }",
                "- update: f",
                "  set: { n: \"${f.n + 1}\" }",
            ],
        );
        // Its error handlers would force what they write, too: there is none.
        if self.random.one_in(4) {
            self.line(4, "catch: [{ error: \"*\", goto: end }]");
        }
    }

    /// Moves money from an account to another.
    pub(super) fn transfer(&mut self) {
        self.head();
        if self.random.one_in(2) {
            self.lock(None, &[]);
        }
        // Both ends of a transfer are one commit.
        let conflict = self.random.pick(&["retry", "retry", "fail"]);
        self.manner_of("true", conflict);
        self.line(4, "when: input.key != input.other");
        self.line(4, "steps:");
        let amount = self.step();
        self.lines(
            6,
            &[
                "- load: { entity: Account, id: \"${input.key}\" }",
                "  as: from",
                "- load: { entity: Account, id: \"${input.other}\" }",
                "  as: to",
                "- set: { done: \"${done + 2}\" }",
                "- update: from",
                &format!("  set: {{ balance: \"${{from.balance - {amount}}}\" }}"),
                "- update: to",
                &format!("  set: {{ balance: \"${{to.balance + {amount}}}\" }}"),
            ],
        );
        self.facts.errors.insert("data.conflict");
        self.tail(false);
    }

    /// Takes a seat, which only the store can judge.
    pub(super) fn seat(&mut self) {
        self.head();
        if self.random.one_in(2) {
            let context =
                self.random.pick(&["\"seat\" + string(input.seat)", "\"s-\" + input.key"]);
            self.lock(Some(context), &[]);
        }
        self.manner();
        self.line(4, "steps:");
        self.lines(
            6,
            &[
                "- set: { done: \"${done + 1}\" }",
                "- create: Seat",
                "  set: { number: \"${input.seat}\" }",
                "  as: seat",
            ],
        );
        // What others change as well, in a commit that the store judges.
        if self.random.one_in(2) {
            self.steps_on_free(6, "f");
        }
        if self.random.one_in(2) {
            self.line(6, "- commit");
            self.lines(
                6,
                &[
                    "- set: { done: \"${done + 1}\" }",
                    "- update: seat",
                    "  set: { number: \"${seat.number + 10}\" }",
                ],
            );
        }
        self.facts.errors.extend(["data.unique", "data.conflict"]);
        self.tail(false);
    }

    /// Creates an object that is not there, deletes one that is.
    pub(super) fn recreate(&mut self) {
        self.head();
        let is_locked = self.random.one_in(2);
        if is_locked {
            self.lock(Some("\"g-\" + input.key"), &[]);
        }
        self.manner();
        let step = self.step();
        self.line(4, "steps:");
        self.lines(
            6,
            &[
                "- load: { entity: Free, id: \"g-${input.key}\", optional: true }",
                "  as: g",
                "- set: { done: \"${done + 1}\" }",
                "- create: Free",
                "  id: \"g-${input.key}\"",
                "  when: g == null",
                &format!("  set: {{ n: {step}, step: {step} }}"),
            ],
        );
        // Time in which others delete and create it.
        if !is_locked && self.random.one_in(2) {
            self.line(6, "- wait: { for: 50ms }");
        }
        if self.random.one_in(3) {
            let set = format!("  set: {{ n: \"${{g.n + {step}}}\", step: {step} }}");
            self.lines(6, &["- update: g", "  when: g != null", &set]);
        } else {
            self.lines(6, &["- delete: g", "  when: g != null"]);
        }
        self.facts.errors.extend(["data.unique", "data.conflict", "data.not_found"]);
        self.tail(false);
    }

    /// Looks at all accounts at once.
    pub(super) fn audit(&mut self) {
        self.head();
        self.lines(
            4,
            &[
                "steps:",
                "  - find: { entity: Account }",
                "    as: all",
                "  - log: \"audit ${all.map(a, string(a.balance)).join(', ')}\"",
            ],
        );
        self.tail(false);
    }

    /// Waits without a lock.
    pub(super) fn wait(&mut self) {
        self.head();
        self.line(4, "steps:");
        self.waiting_step();
        self.waiting_step();
        self.tail(false);
    }
}
