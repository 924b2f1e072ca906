use super::*;

/// Noon of 2026-03-02, a Monday.
const NOON: i64 = 1_772_452_800;

fn at(seconds: i64) -> Time {
    Time(seconds * MICROS)
}

fn every(cron: &str) -> Schedule {
    Schedule::new(cron, "UTC").expect("it is right")
}

/// The times that are due, in seconds from noon.
fn seconds(due: &Due) -> Vec<i64> {
    due.times.iter().map(|time| time.0 / MICROS - NOON).collect()
}

#[test]
fn watched_time_is_due_once() {
    let minute = every("* * * * *");
    let looked = Some(at(NOON - 1));
    let first = due(&minute, Missed::Skip, at(NOON - 60), looked, Time(at(NOON).0 + 5));
    assert_eq!((seconds(&first), first.handled), (vec![0], Some(at(NOON))));
    let again = due(&minute, Missed::Skip, at(NOON), Some(at(NOON)), at(NOON + 59));
    assert_eq!(again, Due::default());
}

#[test]
fn missed_times_are_told_as_the_author_says() {
    let minute = every("* * * * *");
    for (missed, expected) in
        [(Missed::Once, vec![180]), (Missed::Skip, vec![]), (Missed::All, vec![60, 120, 180])]
    {
        for looked in [None, Some(at(NOON))] {
            let due = due(&minute, missed, at(NOON), looked, at(NOON + 200));
            assert_eq!(seconds(&due), expected, "{missed:?}, looked at {looked:?}");
            assert_eq!(due.handled, Some(at(NOON + 180)), "all of them are handled");
            assert!(!due.has_more);
        }
    }
}

#[test]
fn of_very_many_missed_times_the_last_ones_get_an_instance() {
    let second = every("* * * * * *");
    let due = due(&second, Missed::All, at(NOON), None, at(NOON + 100_000));
    assert_eq!(due.times.len(), MAX_TIMES);
    assert!(due.has_more);
    assert_eq!(due.handled, Some(at(NOON + 100_000)));
    assert_eq!(due.times[0], at(NOON + 100_001 - i64::try_from(MAX_TIMES).unwrap()));
}

#[test]
fn clock_that_goes_back_brings_no_time_again() {
    let minute = every("* * * * *");
    let looked = Some(at(NOON + 10));
    for now in [NOON - 3600, NOON - 30, NOON, NOON + 59] {
        let due = due(&minute, Missed::All, at(NOON), looked, at(now));
        assert_eq!(due, Due::default(), "now is {now}");
        assert_eq!(next(&minute, at(NOON), at(now)), Some(at(NOON + 60)));
    }
}

#[test]
fn changes_of_the_clock_bring_each_day_one_time() {
    // Berlin, 2026: at 2:00 on March 29 to 3:00, at 3:00 on October 25 back to 2:00.
    let night = Schedule::new("30 2 * * *", "Europe/Berlin").expect("it is right");
    for (from, days) in [(1_774_569_600, 5), (1_792_713_600, 5)] {
        let due = due(&night, Missed::All, at(from), None, at(from + days * 86_400));
        assert_eq!(due.times.len(), usize::try_from(days).unwrap(), "{:?}", due.times);
    }
}

#[test]
fn moment_within_a_second_is_behind_its_time() {
    let second = every("* * * * * *");
    let begun = Time(at(NOON).0 + 400_000);
    assert_eq!(due(&second, Missed::All, begun, None, Time(begun.0 + 1)), Due::default());
    let due = due(&second, Missed::All, begun, None, at(NOON + 1));
    assert_eq!(seconds(&due), [1]);
}
