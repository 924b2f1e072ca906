//! Activities of made-up workflows.

use std::fmt::Write as _;

use super::Facts;
use crate::fault::random::Random;

/// Timeouts of waiting and holding: some end all the time, some never.
const WAITING: &[&str] = &["0s", "50ms", "500ms", "3s", "1h", "1h", "1h"];
const HOLDING: &[&str] = &["50ms", "300ms", "1s", "5s", "1h", "1h"];

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

    /// The activity that binds the names that all others use.
    pub(super) fn begin(&mut self) {
        self.number = 0;
        self.line(0, "activities:");
        self.lines(2, &["- activity: begin", "  steps:", "    - set: { done: 0, rounds: 0 }"]);
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

    fn head(&mut self) {
        self.number += 1;
        let number = self.number;
        self.line(2, &format!("- activity: a{number}"));
    }

    /// The lock of a key; `rest` are more of its lines.
    fn lock(&mut self, context: Option<&str>, rest: &[&str]) {
        self.lock_at(4, context, rest);
    }

    fn lock_at(&mut self, indent: usize, context: Option<&str>, rest: &[&str]) {
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
    fn manner(&mut self) {
        let commit = self.random.pick(&["true", "true", "true", "each_step"]);
        let conflict = self.random.pick(&["retry", "retry", "retry", "fail"]);
        self.manner_of(commit, conflict);
    }

    fn manner_of(&mut self, commit: &str, conflict: &str) {
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
    fn tail(&mut self, counts_rounds: bool) {
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

    fn call(&mut self, indent: usize, key: &str, name: &str) {
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

    fn step(&mut self) -> u64 {
        self.random.below(9) + u64::from(self.version)
    }

    /// Counts under the lock of a key, perhaps with a call or a wait in between.
    fn count(&mut self) {
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
    fn system(&mut self) {
        self.head();
        self.lock(None, &[]);
        self.manner();
        self.line(4, "steps:");
        self.count_steps("${input.key}", false);
        self.tail(true);
    }

    fn count_steps(&mut self, id: &str, waits: bool) {
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

    fn waiting_step(&mut self) {
        match self.random.below(3) {
            0 => self.line(6, "- wait: { for: 200ms }"),
            1 => self.lines(6, &["- wait: { signal: go }", "  timeout: 2s"]),
            _ => self.line(6, "- wait: { signal: go }"),
        }
        self.facts.errors.insert("wait.timeout");
    }

    /// Counts on an object that others lock, without a lock.
    fn vandal(&mut self) {
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

    fn steps_on_free(&mut self, indent: usize, name: &str) {
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

    /// Counts without a lock, on an object that nobody locks.
    fn free(&mut self) {
        self.head();
        self.manner();
        self.line(4, "steps:");
        self.steps_on_free(6, "f");
        self.tail(false);
    }

    /// Writes whatever others have written meanwhile.
    fn forced(&mut self) {
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
    fn transfer(&mut self) {
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
    fn seat(&mut self) {
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

    /// Runs another workflow, perhaps under a lock.
    fn child(&mut self) {
        let key = self.random.pick(&["input.other", "input.key"]);
        self.call_other("child", key);
    }

    fn call_other(&mut self, name: &str, key: &str) {
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
    fn siblings(&mut self) {
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

    /// Counts on two objects under the locks of both, taken at once.
    fn several_keys(&mut self) {
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

    fn update_locked(&mut self, indent: usize, name: &str) {
        let step = self.step();
        self.line(indent, &format!("- update: {name}"));
        self.line(
            indent,
            &format!(
                "  set: {{ n: \"${{{name}.n + {step}}}\", step: {step}, token: \"${{lock.token}}\", locked: true, receipt: 0 }}"
            ),
        );
    }

    /// Reads twice under a shared lock.
    fn reader(&mut self) {
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
    fn given_back(&mut self) {
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

    /// Calls for each item of a list, then counts once.
    fn each(&mut self) {
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
    fn side_by_side(&mut self) {
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

    /// Creates an object that is not there, deletes one that is.
    fn recreate(&mut self) {
        self.head();
        if self.random.one_in(2) {
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
                "- delete: g",
                "  when: g != null",
            ],
        );
        self.facts.errors.extend(["data.unique", "data.conflict", "data.not_found"]);
        self.tail(false);
    }

    /// Waits without a lock.
    fn wait(&mut self) {
        self.head();
        self.line(4, "steps:");
        self.waiting_step();
        self.waiting_step();
        self.tail(false);
    }

    /// Looks at all accounts at once.
    fn audit(&mut self) {
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

    /// A lock whose context is nothing: never a wider lock.
    fn no_context(&mut self) {
        self.head();
        self.lock(Some("dyn(input.nothing)"), &[]);
        self.line(4, "steps:");
        self.line(6, "- raise: unreachable.step");
        self.facts.errors.insert("lock.context");
        if self.random.one_in(2) {
            self.line(4, "catch: [{ error: lock.context, goto: end }]");
        }
    }

    /// Two locks one after the other, kept to one commit: who crosses ends in a deadlock.
    fn two_keys(&mut self) {
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
}
