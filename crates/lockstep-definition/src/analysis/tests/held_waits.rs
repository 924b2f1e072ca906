//! What waits count against the hold timeout of a lock.

use super::{activity, workflow};
use crate::{Source, check};

#[test]
fn hold_timeout_is_compared_with_waits_that_hold_the_lock() {
    let held = |keys: &str, step: &str| {
        let lock = "{ context: input.id, hold_timeout: 4s, while_waiting: hold }";
        activity("a", &format!("exclusive_lock: {lock}{keys}"), &[step])
    };
    let called = |keys: &str| {
        held("", &format!("{{ workflow: {{ call: child }}{keys} }}"))
            + "---\nworkflow: child\nactivities: [{ activity: a, steps: [{ log: x }] }]\n"
    };
    let told = |activities: &str| {
        let checked = check(&[Source::new("a.yaml", workflow(activities).as_str())]);
        let told = checked.diagnostics.into_iter().map(|told| told.message);
        told.collect::<Vec<_>>().join("; ")
    };
    let form = "{ wait: { form: ask, title: Go, fields: { yes: bool } }";
    for (activities, expected) in [
        (held("", "{ wait: { for: 5s } }"), "may take 5s, but it"),
        (held("", "{ wait: { signal: go }, timeout: 6s }"), "may take 6s, but it"),
        (held("", &format!("{form}, timeout: 7s }}")), "may take 7s, but it"),
        (called(", timeout: 8s"), "may take 8s, but it"),
        (held(", timeout: 9s", "{ wait: { signal: go } }"), "may take 9s, but it"),
        (held("", "{ wait: { signal: go } }"), "may wait without end; the lock"),
        (held("", &format!("{form} }}")), "may wait without end; the lock"),
        (called(""), "may wait without end; the lock"),
    ] {
        let expected = format!("the steps under this lock {expected} is taken away after 4s");
        assert_eq!(told(&activities), expected, "{activities}");
    }
    for activities in [
        held("", "{ wait: { for: 4s } }"),
        held("", "{ wait: { signal: go }, timeout: 4s }"),
        held(", timeout: 4s", "{ wait: { signal: go } }"),
        // How long is not known.
        held("", "{ wait: { until: now } }"),
        called(", timeout: 4s"),
    ] {
        assert_eq!(told(&activities), "", "{activities}");
    }
}
