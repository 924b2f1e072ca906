//! Activities that run other workflows, or several steps at once.
//!
//! Invariants:
//!
//! * Whoever runs another workflow while it holds a lock says that it holds and waits.

use super::Draft;

impl Draft<'_> {
    /// Runs another workflow, perhaps under a lock.
    pub(super) fn child(&mut self) {
        let key = self.random.pick(&["input.other", "input.key"]);
        self.call_other("child", key);
    }

    pub(super) fn call_other(&mut self, name: &str, key: &str) {
        self.head();
        if self.random.one_in(2) {
            let context =
                self.random.pick(&["\"p-\" + input.key", "input.key", "[input.key, input.other]"]);
            self.lock(Some(context), &[]);
            self.facts.holds_and_waits = true;
        }
        let mode = self.random.pick(&["call", "call", "call", "start"]);
        self.line(4, "steps:");
        self.line(
            6,
            &format!(
                "- workflow: {{ {mode}: {name}, input: {{ key: \"${{{key}}}\", other: \"${{input.key}}\", seat: 7 }} }}"
            ),
        );
        self.line(6, "  as: ended");
        if mode == "call" && self.random.one_in(2) {
            self.line(6, "  timeout: 700ms");
        }
        self.facts.calls = true;
        self.facts.errors.extend(["workflow.failed", "workflow.timeout", "lock.deadlock"]);
        self.tail(false);
    }

    /// Runs another workflow twice at once, under a lock that both enter.
    pub(super) fn siblings(&mut self) {
        self.head();
        self.lock(Some("input.key"), &[]);
        self.lines(4, &["steps:", "  - parallel:"]);
        for name in ["first", "second"] {
            self.line(10, &format!("{name}:"));
            self.line(
                12,
                "- workflow: { call: child, input: { key: \"${input.key}\", other: \"${input.other}\", seat: 6 } }",
            );
            self.line(12, &format!("  as: ended_{name}"));
        }
        self.facts.calls = true;
        self.facts.holds_and_waits = true;
        self.facts.errors.extend(["workflow.failed", "lock.deadlock"]);
        self.tail(false);
    }

    /// Calls for each item of a list, then counts once.
    pub(super) fn each(&mut self) {
        self.head();
        self.lock(Some("input.key"), &[]);
        let parallel = self.random.below(3) + 1;
        self.manner_of("true", "retry");
        self.lines(
            4,
            &[
                "steps:",
                "  - load: { entity: Counter, id: \"${input.key}\" }",
                "    as: c",
                "  - for_each: \"${[1, 2, 3]}\"",
                "    item: i",
                &format!("    max_parallel: {parallel}"),
                "    steps:",
            ],
        );
        self.call(10, "${input.key}", "one");
        self.lines(
            4,
            &[
                "    collect: \"${one.receipt}\"",
                "    as: all",
                "  - set: { done: \"${done + 1}\", rounds: \"${rounds + 1}\" }",
                "  - update: c",
                "    set: { n: \"${c.n + size(all)}\", step: 3, token: \"${lock.token}\", locked: true, receipt: 0 }",
            ],
        );
        self.facts.errors.insert("data.conflict");
        self.tail(true);
    }

    /// Branches that call, wait and run another workflow.
    pub(super) fn side_by_side(&mut self) {
        self.head();
        self.lock(Some("input.key"), &["while_waiting: hold"]);
        self.lines(
            4,
            &[
                "steps:",
                "  - load: { entity: Counter, id: \"${input.key}\" }",
                "    as: c",
                "  - parallel:",
                "      first:",
            ],
        );
        self.call(12, "${input.key}", "one");
        self.lines(
            4,
            &[
                "      second:",
                "        - wait: { for: 100ms }",
                "        - update: c",
                "          set: { n: \"${c.n + 1}\", step: 1, token: \"${lock.token}\", locked: true, receipt: 0 }",
                "      third:",
                "        - workflow: { call: child, input: { key: \"${input.other}\", other: \"${input.key}\", seat: 8 } }",
                "          as: ended",
                "  - set: { done: \"${done + 1}\" }",
            ],
        );
        self.facts.calls = true;
        self.facts.holds_and_waits = true;
        self.facts.errors.extend(["workflow.failed", "data.conflict", "lock.deadlock"]);
        self.tail(false);
    }
}
