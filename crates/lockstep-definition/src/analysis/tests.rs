//! Facts about the checks of one workflow: what they find, and where they are silent.

mod across_files;
mod held_waits;
mod lineage;
mod modes;
mod released;
mod workflow_lock;

use std::fs;
use std::path::Path;

use crate::{Code, Source, check};

const SLOT: &str = "entity: Slot\nattributes: { n: { type: int, default: 0 } }\n---\n";

fn codes(text: &str) -> Vec<&'static str> {
    let checked = check(&[Source::new("a.yaml", text)]);
    checked.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

/// A workflow with one input `id` and these activities.
fn workflow(activities: &str) -> String {
    format!(
        "{SLOT}workflow: w\ninput: {{ id: string }}\noutput: \"${{input.id}}\"\nactivities:\n{activities}"
    )
}

/// Each of some activities has this one finding.
#[track_caller]
fn finds(code: Code, cases: &[&str]) {
    for activities in cases {
        assert_eq!(codes(&workflow(activities)), [code.as_str()], "{activities}");
    }
}

/// None of some activities has any finding.
#[track_caller]
fn silent(cases: &[&str]) {
    for activities in cases {
        assert_eq!(codes(&workflow(activities)), Vec::<&str>::new(), "{activities}");
    }
}

const LOAD: &str = "{ load: { entity: Slot, id: \"${input.id}\" }, as: s }";
const LOOK: &str = "{ load: { entity: Slot, id: \"${input.id}\" } }";
const COUNT: &str = "{ update: s, set: { n: \"${s.n + 1}\" } }";
const CALL: &str = "{ http: { method: POST, url: 'https://a.example/' } }";
const LOCK: &str = "exclusive_lock: { context: \"ref('Slot', input.id)\" }";

fn activity(name: &str, keys: &str, steps: &[&str]) -> String {
    let keys = if keys.is_empty() { String::new() } else { format!(", {keys}") };
    format!("  - {{ activity: {name}{keys}, steps: [{}] }}\n", steps.join(", "))
}

#[test]
fn call_between_read_and_write_without_a_lock() {
    let by_item = "{ for_each: '${all}', item: s, steps: [{ http: { url: 'https://a.example/' } }, \
                   { update: s, set: { n: 1 } }] }";
    let found = "{ find: { entity: Slot }, as: all }";
    finds(
        Code::CallBetweenReadAndWrite,
        &[
            &activity("a", "", &[LOAD, CALL, COUNT]),
            // The commit comes behind the call although the write does not.
            &activity("a", "", &[LOAD, COUNT, CALL]),
            &activity("a", "", &[LOAD, CALL, "{ delete: s }"]),
            &activity("a", "", &[found, by_item]),
            // The load is not a part of what is run again.
            &(activity("a", "", &[LOAD, CALL]) + &activity("b", "", &[COUNT])),
            &(activity("a", "", &[LOAD])
                + &activity("b", "", &[CALL])
                + &activity("c", "", &[COUNT])),
            &activity("a", "auto_commit: each_step", &[LOAD, CALL, COUNT]),
            // A catch of everything does not know that something was called.
            &activity("a", "catch: { error: '*', goto: end }", &[LOAD, CALL, COUNT]),
        ],
    );
    silent(&[
        &activity("a", LOCK, &[LOAD, CALL, COUNT]),
        &activity("a", "on_conflict: fail", &[LOAD, CALL, COUNT]),
        &activity("a", "catch: { error: data.conflict, goto: end }", &[LOAD, CALL, COUNT]),
        &activity("a", "", &[CALL, LOAD, COUNT]),
        // What waits can be run again.
        &activity("a", "", &[LOAD, "{ wait: { for: 1h } }", COUNT]),
        &activity("a", "", &[LOAD, "{ wait: { signal: go } }", COUNT]),
        &activity("a", "", &[LOAD, COUNT, "commit", CALL]),
        // What was committed is as fresh as the commit.
        &activity("a", "", &[LOAD, COUNT, "commit", COUNT]),
        &(activity("a", "", &[LOAD, COUNT]) + &activity("b", "", &[CALL])),
        &(activity("a", "", &[LOAD, CALL, "{ log: '${s.n}' }"])
            + &activity("b", "", &[LOAD, COUNT])),
        &activity("a", "", &["{ create: Slot, as: s }", CALL, COUNT]),
    ]);
}

#[test]
fn read_before_the_lock_under_which_is_written() {
    let read = activity("a", "", &[LOAD]);
    let locked = format!("{LOCK}, auto_commit: false, allow: {{ uncommitted-under-lock: kept }}");
    finds(
        Code::ReadBeforeLock,
        &[
            &(read.clone() + &activity("b", LOCK, &[COUNT])),
            &(read.clone() + &activity("b", LOCK, &["{ delete: s }"])),
            &(activity("a", LOCK, &[LOAD]) + &activity("b", LOCK, &[COUNT])),
            &(read.clone() + &activity("b", "exclusive_lock: { context: input.id }", &[COUNT])),
        ],
    );
    silent(&[
        &(read.clone() + &activity("b", LOCK, &[LOAD, COUNT])),
        // The lock of the read is still held.
        &(activity("a", &locked, &[LOAD, COUNT]) + &activity("b", LOCK, &[COUNT])),
        // The lock is about something else.
        &(read.clone()
            + &activity("b", "exclusive_lock: { context: \"ref('Other', input.id)\" }", &[COUNT])),
        // The author compares the version.
        &(read
            + &activity(
                "b",
                LOCK,
                &["{ update: s, set: { n: 1 }, expect: { version: '${s.metadata.version}' } }"],
            )),
    ]);
}

#[test]
fn count_is_lost_where_it_is_forced() {
    let force = "on_conflict: force";
    finds(
        Code::LostUpdateByForce,
        &[
            &activity("a", force, &[LOAD, COUNT]),
            &activity(
                "a",
                force,
                &[LOAD, "{ set: { next: '${s.n + 1}' } }", "{ update: s, set: { n: '${next}' } }"],
            ),
        ],
    );
    silent(&[
        &activity("a", force, &[LOAD, "{ update: s, set: { n: 1 } }"]),
        &activity("a", &format!("{force}, {LOCK}"), &[LOAD, COUNT]),
        &activity("a", force, &[LOAD, "{ update: s, set: { n: '${s.metadata.version}' } }"]),
    ]);
}

#[test]
fn lock_is_kept_because_changes_stay_uncommitted() {
    let keep = format!("{LOCK}, auto_commit: false");
    finds(
        Code::UncommittedUnderLock,
        &[
            &activity("a", &keep, &[LOAD, COUNT]),
            &activity("a", &keep, &["{ create: Slot }"]),
            &activity("a", &keep, &[LOAD, "commit", COUNT]),
            &activity("a", &keep, &["{ load: { entity: Slot, id: a, for: update } }"]),
        ],
    );
    silent(&[
        &activity("a", LOCK, &[LOAD, COUNT]),
        &activity("a", &keep, &[LOAD, COUNT, "commit"]),
        &activity("a", &keep, &["{ log: nothing }"]),
        &activity("a", "auto_commit: false", &[LOAD, COUNT]),
    ]);
}

#[test]
fn hold_timeout_is_compared_with_what_is_written() {
    let under = |hold: &str, step: &str| {
        let lock = format!("exclusive_lock: {{ context: input.id, hold_timeout: {hold} }}");
        activity("a", &lock, &[step])
    };
    let call = "http: { url: 'https://a.example/' }";
    let many = format!("{{ {call}, timeout: 5s, retry: {{ max_attempts: 4, backoff: 1s }} }}");
    let each = format!("{{ for_each: [1, 2, 3], steps: [{{ {call}, timeout: 5s }}] }}");
    let both = format!(
        "{{ parallel: {{ a: [{{ {call}, timeout: 5s }}], b: [{{ {call}, timeout: 9s }}] }} }}"
    );
    finds(
        Code::HoldTimeoutTooShort,
        // 4 attempts and the pauses 1 s, 2 s, 4 s.
        &[&under("26s", &many), &under("14s", &each), &under("8s", &both)],
    );
    silent(&[
        &under("27s", &many),
        &under("15s", &each),
        &under("9s", &both),
        // A call without a timeout of its own says nothing.
        &under("1s", &format!("{{ {call} }}")),
        &activity(
            "a",
            "timeout: 10s, exclusive_lock: { context: input.id, hold_timeout: 10s }",
            &[&many],
        ),
    ]);
}

#[test]
fn circle_of_activities_needs_a_pause_or_a_count() {
    let turn = |steps: &[&str], next: &str| activity("a", next, steps);
    finds(
        Code::GotoLoop,
        &[
            &turn(&["{ log: x }"], "next: { goto: a }"),
            &turn(&["{ log: x }"], "next: { when: input.id == 'x', goto: a }"),
            &turn(&[LOAD], "next: { when: s.n < 3, goto: a }"),
            &(activity("a", "", &["{ log: x }"])
                + &activity(
                    "b",
                    "next: { when: now < timestamp('2030-01-01T00:00:00Z'), goto: a }",
                    &["{ log: y }"],
                )),
        ],
    );
    let count = "{ set: { i: '${i + 1}' } }";
    let first = activity("z", "", &["{ set: { i: 0 } }"]);
    silent(&[
        &turn(&["{ wait: { for: 1s } }", LOAD], "next: { when: s.n < 3, goto: a }"),
        &(first + &turn(&[count], "next: { when: i < 3, goto: a }")),
        &turn(&[CALL], "next: { goto: a }"),
        &turn(&[LOAD, COUNT], "next: { when: s.n < 3, goto: a }"),
        &turn(&["{ log: x }"], "next: { goto: end }"),
    ]);
}

#[test]
fn catch_that_no_error_matches() {
    let caught = |pattern: &str, keys: &str, steps: &[&str]| {
        activity("a", &format!("catch: {{ error: {pattern}, goto: end }}{keys}"), steps)
    };
    let raise = "{ require: input.id != 'x', else: { error: slot.full } }";
    finds(
        Code::CatchNeverMatches,
        &[
            &caught("http.*", "", &[LOOK]),
            &caught("slot.ful", "", &[raise]),
            &caught("[slot.ful, slot.full]", "", &[raise]),
            &caught("cancelled", "", &[LOOK]),
            &caught("lock.busy", &format!(", {LOCK}"), &[LOOK]),
            &caught("lock.*", "", &[LOOK]),
            &caught("activity.timeout", "", &[LOOK]),
            &activity(
                "a",
                "catch: [{ error: '*', goto: end }, { error: data.*, goto: end }]",
                &[LOOK],
            ),
        ],
    );
    silent(&[
        &caught("'*'", "", &[LOOK]),
        &caught("data.*", "", &[LOOK]),
        &caught("expr.*", "", &[LOOK]),
        &caught("slot.*", "", &[raise]),
        &caught("[http.*, exec.*]", "", &[CALL]),
        &caught("anything.at_all", "", &["{ task: { type: work } }"]),
        &caught("lock.lost", &format!(", {LOCK}"), &[LOOK]),
        &caught("wait.timeout", "", &["{ wait: { signal: x }, timeout: 5s }"]),
    ]);
}

#[test]
fn activity_is_run_again_with_its_calls() {
    let retry = "retry: { max_attempts: 2 }";
    finds(Code::RetryAfterCall, &[&activity("a", retry, &[CALL])]);
    silent(&[
        &activity("a", retry, &[LOAD, COUNT]),
        &activity("a", retry, &["{ http: { url: 'https://a.example/' } }"]),
        &activity("a", "retry: { max_attempts: 2, on: [lock.deadlock] }", &[CALL]),
        &activity("a", "retry: { max_attempts: 1 }", &[CALL]),
        &activity(
            "a",
            retry,
            &[
                "{ http: { method: POST, url: 'https://a.example/', headers: { Idempotency-Key: '${input.id}' } } }",
            ],
        ),
    ]);
}

#[test]
fn step_behind_an_end_is_not_reached() {
    finds(
        Code::UnreachableStep,
        &[
            &activity("a", "", &["{ raise: no.way }", "{ log: x }"]),
            &activity("a", "", &["stop", "{ log: x }", "{ log: y }"]),
            &activity("a", "", &["{ for_each: [1], steps: [stop, { log: x }] }"]),
        ],
    );
    silent(&[
        &activity("a", "", &["{ raise: no.way, when: input.id == 'x' }", "{ log: x }"]),
        &activity("a", "", &["{ log: x }", "stop"]),
    ]);
}

#[test]
fn wait_under_a_lock_says_what_becomes_of_it() {
    let wait = "{ wait: { signal: go }, timeout: 5s }";
    let hold = "exclusive_lock: { context: input.id, while_waiting: hold }";
    finds(
        Code::WaitUnderLock,
        &[
            &activity("a", LOCK, &[wait]),
            &activity("a", LOCK, &[&format!("{{ for_each: [1], steps: [{wait}] }}")]),
        ],
    );
    finds(Code::WhileWaitingWithoutWait, &[&activity("a", hold, &["{ log: x }"])]);
    silent(&[&activity("a", hold, &[wait]), &activity("a", "", &[wait])]);
    // A lock that is kept waits too.
    let kept = format!("{LOCK}, auto_commit: false");
    let both = activity("a", &kept, &[LOAD, COUNT]) + &activity("b", "", &[wait]);
    assert_eq!(codes(&workflow(&both)), ["uncommitted-under-lock", "wait-under-lock"]);
}

#[test]
fn lock_that_no_other_instance_asks_for() {
    let lock = |context: &str| format!("exclusive_lock: {{ context: \"{context}\" }}");
    let made = "{ create: Slot, as: s }";
    let tells = "{ http: { url: 'https://a.example/', body: '${workflow.instance_id}' } }";
    finds(
        Code::LockNobodyShares,
        &[
            &activity("a", &lock("workflow.instance_id"), &["{ log: x }"]),
            &activity("a", &lock("'x-' + workflow.instance_id"), &["{ log: x }"]),
            &(activity("a", "", &[made])
                + &activity("b", &lock("s"), &["{ update: s, set: { n: 1 } }"])),
        ],
    );
    silent(&[
        &activity("a", &lock("'one at a time'"), &["{ log: x }"]),
        &activity("a", &lock("input.id"), &["{ log: x }"]),
        // Others may be told the id.
        &activity("a", &lock("workflow.instance_id"), &[tells]),
        // Others lock such objects.
        &(activity("a", "", &[made])
            + &activity("b", &lock("s"), &["{ update: s, set: { n: 1 } }"])
            + &activity("c", LOCK, &["{ log: x }"])),
    ]);
}

#[test]
fn unused_input_is_told_at_its_name() {
    let text = "workflow: w\ninput: { used: string, idle: string, _kept: string }\nactivities: [{ activity: a, steps: [{ log: '${input.used}' }] }]\n";
    let checked = check(&[Source::new("a.yaml", text)]);
    assert_eq!(codes(text), ["unused-input"]);
    assert_eq!((checked.diagnostics[0].line, checked.diagnostics[0].column), (2, 24));
    // An input may be used as a whole.
    let whole = text.replace("input.used", "input");
    assert_eq!(codes(&whole), Vec::<&str>::new());
}

#[test]
fn files_that_are_shipped_have_no_finding() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut count = 0;
    for folder in ["workflows", "benches"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            // One shows what the lock of the whole system is for.
            let meant: &[&str] =
                if path.ends_with("one-at-a-time.yaml") { &["lock-without-context"] } else { &[] };
            assert_eq!(codes(&fs::read_to_string(&path).unwrap()), meant, "{path:?}");
            count += 1;
        }
    }
    assert!(count >= 6, "only {count} files were found");
}
