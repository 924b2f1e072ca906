//! Steps that activities of several kinds have.
//!
//! Invariants:
//!
//! * Each write tells how much it adds (`step`), counts itself in `done`, and carries the token of
//!   the lock that it was made under: the laws know lost updates and missing locks by that.

use super::Draft;

impl Draft<'_> {
    pub(super) fn call(&mut self, indent: usize, key: &str, name: &str) {
        let timeout = self.random.pick(&["300ms", "2s", "4s"]);
        self.line(
            indent,
            &format!(
                "- task: {{ type: touch, input: {{ key: \"{key}\", token: \"${{lock.token}}\" }} }}"
            ),
        );
        self.line(indent + 2, &format!("as: {name}"));
        self.line(indent + 2, &format!("timeout: {timeout}"));
        if self.random.one_in(2) {
            self.line(indent + 2, "retry: { max_attempts: 3, backoff: 50ms }");
        }
        self.facts.errors.extend(["task.failed", "task.timeout"]);
    }

    pub(super) fn step(&mut self) -> u64 {
        self.random.below(9) + u64::from(self.version)
    }

    pub(super) fn count_steps(&mut self, id: &str, waits: bool) {
        self.lines(6, &[&format!("- load: {{ entity: Counter, id: \"{id}\" }}"), "  as: c"]);
        let calls = self.random.one_in(2);
        if calls {
            self.call(6, id, "answer");
        }
        if waits {
            self.waiting_step();
        }
        let step = self.step();
        self.line(6, "- set: { done: \"${done + 1}\", rounds: \"${rounds + 1}\" }");
        let receipt = if calls { "\"${answer.receipt}\"" } else { "0" };
        self.line(6, "- update: c");
        self.line(
            6,
            &format!(
                "  set: {{ n: \"${{c.n + {step}}}\", step: {step}, token: \"${{lock.token}}\", locked: true, receipt: {receipt} }}"
            ),
        );
        if self.random.one_in(4) {
            let step = self.step();
            self.lines(6, &["- commit", "- set: { done: \"${done + 1}\" }", "- update: c"]);
            self.line(
                6,
                &format!(
                    "  set: {{ n: \"${{c.n + {step}}}\", step: {step}, token: \"${{lock.token}}\", receipt: 0 }}"
                ),
            );
        }
        self.facts.errors.insert("data.conflict");
    }

    pub(super) fn waiting_step(&mut self) {
        match self.random.below(3) {
            0 => self.line(6, "- wait: { for: 200ms }"),
            1 => self.lines(6, &["- wait: { signal: go }", "  timeout: 2s"]),
            _ => self.line(6, "- wait: { signal: go }"),
        }
        self.facts.errors.insert("wait.timeout");
    }

    pub(super) fn steps_on_free(&mut self, indent: usize, name: &str) {
        let step = self.step();
        self.lines(
            indent,
            &[
                "- load: { entity: Free, id: \"${input.key}\" }",
                &format!("  as: {name}"),
                "- set: { done: \"${done + 1}\" }",
                &format!("- update: {name}"),
                &format!("  set: {{ n: \"${{{name}.n + {step}}}\", step: {step} }}"),
            ],
        );
        self.facts.errors.insert("data.conflict");
    }

    pub(super) fn update_locked(&mut self, indent: usize, name: &str) {
        let step = self.step();
        self.line(indent, &format!("- update: {name}"));
        self.line(
            indent,
            &format!(
                "  set: {{ n: \"${{{name}.n + {step}}}\", step: {step}, token: \"${{lock.token}}\", locked: true, receipt: 0 }}"
            ),
        );
    }
}
