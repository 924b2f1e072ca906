//! Activities whose point is a lock: of a key, of several, of the whole system, shared, given back.
//!
//! Invariants:
//!
//! * Whoever counts on an object of `Counter` under a lock holds the key that all others take for
//!   it, or the whole system: two contexts for one object would be two locks.

use super::Draft;

impl Draft<'_> {
    /// Counts under the lock of a key, perhaps with a call or a wait in between.
    pub(super) fn count(&mut self) {
        self.head();
        let scope = self.random.pick(&["", "", "", "scope: workflow"]);
        let (context, id) = match (scope, self.random.below(4)) {
            ("", 3) => ("\"s-\" + input.key", "s-${input.key}"),
            ("", 0) => ("ref(\"Counter\", input.key)", "${input.key}"),
            ("", _) => ("input.key", "${input.key}"),
            _ => ("input.key", "${workflow.name}-${input.key}"),
        };
        let waits = self.random.one_in(6);
        let mut rest = vec![scope];
        rest.retain(|line| !line.is_empty());
        if waits {
            rest.push("while_waiting: hold");
        }
        // Two contexts for one object would be two locks.
        let id = if context.starts_with("ref") { format!("r-{id}") } else { id.to_owned() };
        let context = context.replace("input.key)", "\"r-\" + input.key)");
        self.lock(Some(&context), &rest);
        self.manner();
        self.line(4, "steps:");
        self.count_steps(&id, waits);
        self.tail(true);
    }

    /// Counts under the lock of the whole system: on an object that nobody else counts on.
    pub(super) fn system(&mut self) {
        self.head();
        self.lock(None, &[]);
        self.manner();
        self.line(4, "steps:");
        self.count_steps("${input.key}", false);
        self.tail(true);
    }

    /// Counts on two objects under the locks of both, taken at once.
    pub(super) fn several_keys(&mut self) {
        self.head();
        let context = self.random.pick(&[
            "[input.key, input.other]",
            "[input.other, input.key]",
            "[input.key, input.other, \"k0\"]",
        ]);
        self.lock(Some(context), &[]);
        let conflict = self.random.pick(&["retry", "retry", "fail"]);
        self.manner_of("true", conflict);
        self.line(4, "when: input.key != input.other");
        self.lines(
            4,
            &[
                "steps:",
                "  - load: { entity: Counter, id: \"${input.key}\" }",
                "    as: c",
                "  - load: { entity: Counter, id: \"${input.other}\" }",
                "    as: d",
            ],
        );
        if self.random.one_in(2) {
            self.call(6, "${input.other}", "answer");
        }
        self.line(6, "- set: { done: \"${done + 2}\", rounds: \"${rounds + 1}\" }");
        for name in ["c", "d"] {
            self.update_locked(6, name);
        }
        self.facts.errors.insert("data.conflict");
        self.tail(true);
    }

    /// Reads twice under a shared lock.
    pub(super) fn reader(&mut self) {
        self.head();
        let context = self.random.pick(&[
            "\"s-\" + input.key",
            "\"s-\" + input.key",
            "[\"s-\" + input.key, \"s-\" + input.other]",
        ]);
        self.lock(Some(context), &["mode: shared", "while_waiting: hold"]);
        self.lines(
            4,
            &[
                "steps:",
                "  - load: { entity: Counter, id: \"s-${input.key}\" }",
                "    as: c",
                "  - wait: { for: 40ms }",
                "  - load: { entity: Counter, id: \"s-${input.key}\" }",
                "    as: d",
                "  - log: \"reader ${lock.token} ${c.n} ${d.n}\"",
            ],
        );
        self.tail(false);
    }

    /// Counts, gives the lock back for a wait, and counts again.
    pub(super) fn given_back(&mut self) {
        self.head();
        let context = self.random.pick(&["input.key", "input.key", "[input.key, \"k0\"]"]);
        self.lock(Some(context), &["while_waiting: release"]);
        let conflict = self.random.pick(&["retry", "retry", "fail"]);
        self.manner_of("true", conflict);
        let load = ["- load: { entity: Counter, id: \"${input.key}\" }", "  as: c"];
        self.line(4, "steps:");
        self.lines(6, &load);
        self.line(6, "- set: { done: \"${done + 1}\" }");
        self.update_locked(6, "c");
        self.line(6, "- commit");
        self.waiting_step();
        self.lines(6, &load);
        self.line(6, "- set: { done: \"${done + 1}\" }");
        self.update_locked(6, "c");
        self.facts.errors.extend(["data.conflict", "lock.deadlock"]);
        self.tail(false);
    }

    /// Two locks one after the other, kept to one commit: who crosses ends in a deadlock.
    pub(super) fn two_keys(&mut self) {
        self.head();
        self.lock(Some("input.key"), &["while_waiting: hold"]);
        self.manner_of("false", "retry");
        self.line(4, "when: input.key != input.other");
        self.line(4, "steps:");
        let step = self.step();
        let update = format!(
            "  set: {{ n: \"${{c.n + {step}}}\", step: {step}, token: \"${{lock.token}}\", locked: true, receipt: 0 }}"
        );
        let steps = |id: &str| {
            [
                format!("- load: {{ entity: Counter, id: \"${{input.{id}}}\" }}"),
                "  as: c".to_owned(),
                "- set: { done: \"${done + 1}\" }".to_owned(),
                "- update: c".to_owned(),
                update.clone(),
            ]
        };
        for line in steps("key") {
            self.line(6, &line);
        }
        self.head();
        self.lock(Some("input.other"), &["while_waiting: hold"]);
        self.line(4, "when: input.key != input.other");
        self.line(4, "steps:");
        if self.random.one_in(2) {
            self.call(6, "${input.other}", "answer");
        }
        for line in steps("other") {
            self.line(6, &line);
        }
        self.facts.holds_and_waits = true;
        self.facts.errors.extend(["lock.deadlock", "data.conflict"]);
        self.tail(false);
        // If the second one was left out: so that no unit of work writes an object twice.
        self.head();
        self.lines(4, &["steps:", "  - commit"]);
    }

    /// A lock whose context is nothing: never a wider lock.
    pub(super) fn no_context(&mut self) {
        self.head();
        self.lock(Some("dyn(input.nothing)"), &[]);
        self.line(4, "steps:");
        self.line(6, "- raise: unreachable.step");
        self.facts.errors.insert("lock.context");
        if self.random.one_in(2) {
            self.line(4, "catch: [{ error: lock.context, goto: end }]");
        }
    }
}
