//! Facts about schedules.

use lockstep_expr::Timestamp;

use super::Schedule;
use crate::{Code, Source, check};

/// The codes of the findings about a schedule.
fn codes(schedule: &str) -> Vec<Code> {
    let text = format!(
        "workflow: w\non: [{{ schedule: {schedule} }}]\n\
         activities: [{{ activity: a, steps: [{{ log: x }}] }}]\n"
    );
    check(&[Source::new("a.yaml", text)]).diagnostics.iter().map(|d| d.code).collect()
}

#[test]
fn patterns_of_five_and_six_fields_are_read() {
    for pattern in [
        "0 3 * * *",
        "*/15 8-18 * * MON-FRI",
        "0,30 * * jan-mar sun",
        "0 0 1 1 *",
        "0 0 29 2 *",
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 LW * *",
        "0 0 * * 5L",
        "0 0 * * FRI#3",
        "0 0 * * 7",
        "0 0 12 * * ?",
        "*/10 * * * * *",
        "0 0 31 2 MON",
        "  0  3 * * *  ",
    ] {
        assert_eq!(codes(&format!("{{ cron: '{pattern}' }}")), [], "{pattern}");
        assert!(Schedule::new(pattern, "Europe/Berlin").is_some(), "{pattern}");
    }
}

#[test]
fn other_texts_are_no_patterns() {
    for pattern in [
        "",
        "* * * *",
        "* * * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "a * * * *",
        "* * * MON *",
        "* * * * MAY",
        "JAN * * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "1, * * * *",
        "@daily",
        "@reboot",
        "* * * * +1",
        "-1 * * * *",
        "1/ * * * *",
        "99999999999 * * * *",
        "\u{1f600} * * * *",
        "* * L W *",
        "* * * * 1#6",
    ] {
        assert_eq!(codes(&format!("{{ cron: \"{pattern}\" }}")), [Code::InvalidCron], "{pattern}");
    }
}

#[test]
fn schedule_without_a_day_is_refused() {
    for pattern in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 31 NOV ?"] {
        let found = codes(&format!("{{ cron: '{pattern}' }}"));
        assert_eq!(found, [Code::ScheduleNeverFires], "{pattern}");
    }
}

#[test]
fn any_text_is_read_or_refused() {
    let signs: Vec<char> = "*/,-#LW?+0159@ MONé\u{131}".chars().collect();
    // A generator of numbers that look random and are always the same.
    let mut state = 1_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    for _ in 0..20_000 {
        let field = |next: &mut dyn FnMut(usize) -> usize| -> String {
            (0..=next(4)).map(|_| signs[next(signs.len())]).collect()
        };
        let pattern: Vec<String> = (0..5).map(|_| field(&mut next)).collect();
        let pattern = pattern.join(" ");
        let start = Timestamp::from_seconds(0).unwrap();
        // Whether there is a time or not: the search ends.
        let next = Schedule::new(&pattern, "UTC").and_then(|schedule| schedule.next(start));
        assert!(next.is_none_or(|next| next > start), "{pattern}");
    }
}

#[test]
fn time_zones_are_those_of_the_database() {
    for zone in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata"] {
        assert_eq!(codes(&format!("{{ cron: '0 3 * * *', time_zone: '{zone}' }}")), [], "{zone}");
    }
    for zone in ["", "Mars/Olympus", "+02:00", "Europe/Berlin ", "../etc/passwd", "CEST"] {
        let found = codes(&format!("{{ cron: '0 3 * * *', time_zone: '{zone}' }}"));
        assert_eq!(found, [Code::UnknownTimeZone], "{zone}");
    }
}

#[track_caller]
fn check_next(cron: &str, zone: &str, after: &str, expected: &[&str]) {
    let schedule = Schedule::new(cron, zone).unwrap();
    let mut at = Timestamp::parse(after).unwrap();
    for expected in expected {
        at = schedule.next(at).unwrap();
        assert_eq!(at, Timestamp::parse(expected).unwrap(), "{cron} in {zone} after {after}");
    }
}

#[test]
fn times_follow_the_clock_of_the_zone() {
    check_next(
        "0 3 * * *",
        "Europe/Berlin",
        "2026-11-22T10:00:00Z",
        &["2026-11-23T02:00:00Z", "2026-11-24T02:00:00Z"],
    );
    // A leap day is not every fourth year.
    check_next("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
}

#[test]
fn hour_that_the_clock_leaves_out_fires_behind_it_once() {
    // On 29 March 2026 the clock of Berlin goes from 2:00 to 3:00.
    check_next(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    );
}

#[test]
fn hour_that_the_clock_repeats_fires_once() {
    // On 25 October 2026 the clock of Berlin goes from 3:00 back to 2:00.
    check_next(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    );
}

/// Goal: going back from a moment leads over the times that going forward does, at both changes of
/// the clock too.
#[test]
fn last_time_is_one_of_those_that_come_next() {
    let moment = |seconds| Timestamp::from_seconds(seconds).expect("it is in range");
    // In the hours around the changes of the clock of 2026 in Berlin and New York.
    let changes = [1_774_746_000, 1_792_890_000, 1_772_953_200, 1_793_512_800];
    for cron in [
        "30 2 * * *",
        "*/7 * * * *",
        "0 * * * *",
        "0 0 3 * * *",
        "15 1,2,3 * * 0",
        "*/20 30 1-3 * * *",
    ] {
        for zone in ["Europe/Berlin", "America/New_York", "UTC"] {
            let schedule = Schedule::new(cron, zone).expect("it is right");
            for change in changes {
                let (from, to) = (change - 4 * 3600, change + 4 * 3600);
                let forward =
                    std::iter::successors(schedule.next(moment(from)), |at| schedule.next(*at));
                let forward: Vec<Timestamp> = forward.take_while(|at| *at <= moment(to)).collect();
                let before = |at: &Timestamp| schedule.last(moment(at.as_seconds() - 1));
                let back = std::iter::successors(schedule.last(moment(to)), before);
                let mut back: Vec<Timestamp> = back.take_while(|at| *at > moment(from)).collect();
                back.reverse();
                assert_eq!(back, forward, "{cron} {zone} around {change}");
            }
        }
    }
}

#[test]
fn many_schedules_are_checked_soon() {
    let mut text = "workflow: w\non:\n".to_owned();
    text += &"  - schedule: { cron: '0 0 29 2 *' }\n".repeat(100);
    text += "activities: [{ activity: a, steps: [{ log: x }] }]\n---\n";
    let many = text.replace("w\n", "x\n").repeat(250);
    let found = check(&[Source::new("a.yaml", many)]).diagnostics;
    assert!(found.iter().all(
        |found| found.code == Code::DuplicateDefinition || found.code == Code::TooManyFindings
    ));
}
