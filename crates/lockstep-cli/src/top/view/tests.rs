//! Facts about the view, as a terminal of this and that size shows it.

use expect_test::{Expect, expect};
use lockstep_api::{Counts, Lock};
use lockstep_core::Time;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value as Json, json};

use super::*;

const ID: &str = "0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90";

fn overview() -> Json {
    let point = |second: u32, done: u64| {
        json!({
            "at": format!("2026-05-04T10:00:{second:02}Z"), "started": done + 1, "done": done,
            "failed": u64::from(second == 9), "conflicts": 2, "running": 12, "waiting": 66,
            "holding": 3, "median_seconds": 0.000_5, "slowest_seconds": 0.25
        })
    };
    let seconds: Vec<Json> = (0..10).map(|second| point(second, u64::from(second) * 10)).collect();
    json!({
        "at": "2026-05-04T10:00:10Z", "up_since": "2026-05-04T08:58:10Z",
        "instances": { "running": 12, "done": 1234, "failed": 1 },
        "locks": { "holding": 3, "waiting": 66, "keys": 3, "hottest": [] },
        "calls": 2, "last_minute": point(10, 450), "seconds": seconds, "minutes": []
    })
}

fn lock(key: &str, waiting: usize, holder: Option<Json>) -> Lock {
    let holders: Vec<Json> = holder.into_iter().collect();
    let form = json!({
        "key": key, "context": null, "holding": holders.len(), "holders": holders,
        "waiting": waiting, "waiters": [], "system_is_held": false,
        "as_of": "2026-05-04T10:00:10Z"
    });
    serde_json::from_value(form).expect("a lock")
}

fn held(extra: Json) -> Json {
    let mut form = json!({
        "workflow": null, "keys": ["a"], "context": null, "mode": "exclusive", "token": 7,
        "since": "2026-05-04T09:59:58Z", "ends_at": "2026-05-04T10:00:20Z", "client": null,
        "note": null
    });
    let fields = form.as_object_mut().expect("an object");
    fields.extend(extra.as_object().expect("an object").clone());
    form
}

fn failed(workflow: &str, message: &str) -> Instance {
    let form = json!({
        "id": ID, "workflow": workflow, "state": "failed", "input": {}, "started_by": "ann",
        "started_at": "2026-05-04T09:59:00Z", "ended_at": "2026-05-04T10:00:05Z",
        "error": {
            "code": "timeslot.full", "message": message, "details": null, "activity": "take"
        }
    });
    serde_json::from_value(form).expect("an instance")
}

fn sample() -> Sample {
    let overview = serde_json::from_value(overview()).expect("an overview");
    let locks = vec![
        lock("Timeslot/t1", 63, Some(held(json!({ "instance": ID, "workflow": "book" })))),
        lock("Contact/a\u{1b}[2Jb", 3, Some(held(json!({ "lock": ID, "client": "ann\ndesk" })))),
        lock("\"日本語\"", 0, None),
    ];
    let failures = vec![failed("book", "the timeslot is taken\u{7}"), failed("order", "gone")];
    Sample::of(overview, locks, failures)
}

fn view() -> View {
    View::new("http://localhost:7070", sample(), Duration::from_secs(1), true)
}

#[track_caller]
fn shows(view: &View, (width, height): (u16, u16), expected: Expect) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| frame.render_widget(view, frame.area())).expect("it is drawn");
    expected.assert_eq(&terminal.backend().to_string());
}

#[test]
fn all_has_room_in_80_columns_and_24_lines() {
    shows(
        &view(),
        (80, 24),
        expect![[r#"
            "http://localhost:7070  up 1 h 2 min  2026-05-04T10:00:10Z                       "
            "instances  12 running, 1234 done, 1 failed; 2 outside calls                     "
            "locks      3 hold one, 66 wait for one                                          "
            "ended      91/s, 1/s failed; started 91/s                                       "
            "a minute   450 ended, half within <1 ms, 99% within 250 ms; 2 conflicts         "
            "       ▂▅█                                                                      "
            "    ▂▅▇███                                                                      "
            " ▂▅▇██████                                                                      "
            "                                                                                "
            "LOCK             HOLDING WAITING SINCE      HELD BY                             "
            "Timeslot/t1            1      63 12 s       0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90"
            "Contact/a�[2Jb         1       3 12 s       client ann desk                     "
            ""日本語"               0       0            nobody                              " Hidden by multi-width symbols: [(2, " "), (4, " "), (6, " ")]
            "                                                                                "
            "FAILED         WORKFLOW       ERROR                                             "
            "5 s ago        book           timeslot.full: the timeslot is taken� (activity `t"
            "5 s ago        order          timeslot.full: gone (activity `take`)             "
            "                                                                                "
            "                                                                                "
            "                                                                                "
            "                                                                                "
            "                                                                                "
            "                                                                                "
            "q leaves; looks every 1 s                                                       "
        "#]],
    );
}

#[test]
fn narrow_and_low_terminals_show_the_numbers() {
    shows(
        &view(),
        (40, 14),
        expect![[r#"
            "http://localhost:7070  up 1 h 2 min  202"
            "instances  12 running, 1234 done, 1 fail"
            "locks      3 hold one, 66 wait for one  "
            "ended      91/s, 1/s failed; started 91/"
            "a minute   450 ended, half within <1 ms,"
            "  ▁▂▃▄▅▆▇█                              "
            "                                        "
            "LOCK                     HOLDING WAITING"
            "Timeslot/t1                    1      63"
            "Contact/a�[2Jb                 1       3"
            "                                        "
            "FAILED         WORKFLOW       ERROR     "
            "5 s ago        book           timeslot.f"
            "q leaves; looks every 1 s               "
        "#]],
    );
    shows(
        &view(),
        (20, 3),
        expect![[r#"
        "http://localhost:707"
        "instances  12 runnin"
        "q leaves; looks ever"
    "#]],
    );
}

#[test]
fn wide_terminals_show_which_instance_failed() {
    shows(
        &view(),
        (130, 13),
        expect![[r#"
            "http://localhost:7070  up 1 h 2 min  2026-05-04T10:00:10Z                                                                         "
            "instances  12 running, 1234 done, 1 failed; 2 outside calls                                                                       "
            "locks      3 hold one, 66 wait for one                                                                                            "
            "ended      91/s, 1/s failed; started 91/s                                                                                         "
            "a minute   450 ended, half within <1 ms, 99% within 250 ms; 2 conflicts                                                           "
            "  ▁▂▃▄▅▆▇█                                                                                                                        "
            "                                                                                                                                  "
            "LOCK                                       HOLDING WAITING SINCE      HELD BY                                                     "
            "Timeslot/t1                                      1      63 12 s       0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 book                   "
            "                                                                                                                                  "
            "FAILED         WORKFLOW       ERROR                                                           INSTANCE                            "
            "5 s ago        book           timeslot.full: the timeslot is taken� (activity `take`)         0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90"
            "q leaves; looks every 1 s                                                                                                         "
        "#]],
    );
}

#[test]
fn lost_connection_is_told_beside_what_was_seen_last() {
    let mut view = view();
    view.update(Err("no daemon can be reached\nat all".to_owned()));
    shows(
        &view,
        (80, 8),
        expect![[r#"
            "http://localhost:7070  up 1 h 2 min  2026-05-04T10:00:10Z                       "
            "instances  12 running, 1234 done, 1 failed; 2 outside calls                     "
            "locks      3 hold one, 66 wait for one                                          "
            "ended      91/s, 1/s failed; started 91/s                                       "
            "a minute   450 ended, half within <1 ms, 99% within 250 ms; 2 conflicts         "
            "                                                                                "
            "                                                                                "
            "lost, tried again every 1 s: no daemon can be reached at all                    "
        "#]],
    );
    view.update(Ok(sample()));
    assert!(view.lost.is_none());
}

#[test]
fn store_tells_no_pace_at_the_first_look() {
    let instances = Counts { running: 0, done: 3, failed: 0 };
    let sample = Sample {
        at: Time(1_777_888_810_000_000),
        up_since: None,
        instances,
        holding: 0,
        waiting: 0,
        calls: None,
        pace: None,
        ended: Vec::new(),
        locks: Vec::new(),
        failures: Vec::new(),
    };
    let view = View::new("sqlite://shop.db", sample, Duration::from_millis(250), true);
    expect![[r#"
        sqlite://shop.db  as flushed last  2026-05-04T10:00:10Z
        instances  0 running, 3 done, 0 failed
        locks      0 hold one, 0 wait for one
        ended      a second look tells how many in a second





        No lock is held, and nobody waits for one.

        No instance has failed.
    "#]]
    .assert_eq(&view.text(60));
}

#[test]
fn any_size_is_drawn() {
    for size in (0..30).flat_map(|width| (0..30).map(move |height| (width, height))) {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal");
        let view = view();
        terminal.draw(|frame| frame.render_widget(&view, frame.area())).expect("it is drawn");
    }
}

#[test]
fn colours_are_left_out_if_they_are_not_wanted() {
    let colours = |has_colours| {
        let mut view = view();
        view.has_colours = has_colours;
        view.update(Err("gone".to_owned()));
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        terminal.draw(|frame| frame.render_widget(&view, frame.area())).expect("it is drawn");
        let cells = terminal.backend().buffer().content.clone();
        cells.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(colours(true) && !colours(false));
}
