//! Timestamps: forms, range, arithmetic, the calendar.

use super::{Timestamp, TimestampError};
use crate::duration::Duration;

#[test]
fn texts_are_read_with_offsets_and_written_in_utc() {
    let table = [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 0),
        ("2009-02-13T23:31:30Z", "2009-02-13T23:31:30Z", 1_234_567_890),
        ("2030-01-31T18:00:00.50+02:00", "2030-01-31T16:00:00.5Z", 1_896_105_600),
        ("2024-02-29t12:00:00z", "2024-02-29T12:00:00Z", 1_709_208_000),
        ("1969-12-31T23:59:59.000000001Z", "1969-12-31T23:59:59.000000001Z", -1),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z", 253_402_300_799),
        ("2000-01-01T00:00:00.1234567891Z", "2000-01-01T00:00:00.123456789Z", 946_684_800),
    ];
    for (text, written, seconds) in table {
        let timestamp = Timestamp::parse(text).unwrap();
        assert_eq!(timestamp.to_string(), written, "{text}");
        assert_eq!(timestamp.as_seconds(), seconds, "{text}");
    }
}

#[test]
fn days_and_times_that_do_not_exist_are_refused() {
    let texts = [
        "",
        "2030",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01 00:00:00Z",
        "2030-13-01T00:00:00Z",
        "2030-00-01T00:00:00Z",
        "2030-02-30T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2030-01-01T24:00:00Z",
        "2030-01-01T00:60:00Z",
        "2030-01-01T00:00:60Z",
        "2030-01-01T00:00:00.Z",
        "2030-01-01T00:00:00+2:00",
        "2030-01-01T00:00:00+24:00",
        "2030-01-01T00:00:00Zx",
        "+030-01-01T00:00:00Z",
        "2030-01-01T00:00:00Ä",
    ];
    for text in texts {
        assert_eq!(Timestamp::parse(text), Err(TimestampError::Form), "{text}");
    }
    for text in ["0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
        assert_eq!(Timestamp::parse(text), Err(TimestampError::Range), "{text}");
    }
}

#[test]
fn arithmetic_stays_in_the_range() {
    let nano = Duration::from_nanos(1).unwrap();
    assert_eq!(Timestamp::MAX.checked_add(nano), None);
    assert_eq!(Timestamp::MIN.checked_sub(nano), None);
    assert_eq!(
        Timestamp::EPOCH.checked_sub(nano).unwrap().to_string(),
        "1969-12-31T23:59:59.999999999Z"
    );
    assert_eq!(Timestamp::EPOCH.since(Timestamp::from_micros(1)).unwrap().as_micros(), -1);
    assert_eq!(Timestamp::MAX.since(Timestamp::MIN), None);
}

#[test]
fn microseconds_go_there_and_back() {
    for micros in
        [0, 1, -1, 1_700_000_000_123_456, -62_135_596_800_000_000, 253_402_300_799_999_999]
    {
        assert_eq!(Timestamp::from_micros(micros).as_micros(), micros);
    }
    assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
}

/// Goal: every day of the calendar is read and written alike, in order.
///
/// Method: a walk over 800 years, day by day, with a count of the days of each month.
#[test]
fn every_day_is_the_day_after_the_one_before() {
    let mut seconds = Timestamp::parse("1599-12-31T12:34:56Z").unwrap().as_seconds();
    let mut before = Timestamp::from_seconds(seconds).unwrap().civil(0);
    while before.year < 2401 {
        seconds += 86_400;
        let civil = Timestamp::from_seconds(seconds).unwrap().civil(0);
        let text = Timestamp::from_seconds(seconds).unwrap().to_string();
        assert_eq!(Timestamp::parse(&text).unwrap().as_seconds(), seconds, "{text}");
        assert_eq!(civil.weekday, (before.weekday + 1) % 7, "{text}");
        if civil.day == 1 {
            let is_new_year = civil.month == 1;
            assert_eq!(civil.month, before.month % 12 + 1, "{text}");
            assert_eq!(civil.year, before.year + i64::from(is_new_year), "{text}");
            assert!((28..=31).contains(&before.day), "{text}");
        } else {
            assert_eq!(
                (civil.year, civil.month, civil.day),
                (before.year, before.month, before.day + 1)
            );
        }
        let day_of_year =
            if civil.day == 1 && civil.month == 1 { 0 } else { before.day_of_year + 1 };
        assert_eq!(civil.day_of_year, day_of_year, "{text}");
        before = civil;
    }
}
