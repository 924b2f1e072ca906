//! Durations: forms, range, arithmetic.

use super::Duration;

#[test]
fn texts_are_read_and_written_in_seconds() {
    let table = [
        ("0", "0s"),
        ("5s", "5s"),
        ("+5s", "5s"),
        ("1h30m", "5400s"),
        ("1.5s", "1.5s"),
        ("-1.5s", "-1.5s"),
        ("-0.25s", "-0.25s"),
        ("200ms", "0.2s"),
        ("1us", "0.000001s"),
        ("1µs", "0.000001s"),
        ("1ns", "0.000000001s"),
        ("1m0.5s", "60.5s"),
        (".5m", "30s"),
        ("1.s", "1s"),
        ("0.0000000009s", "0s"),
        ("315576000000s", "315576000000s"),
    ];
    for (text, written) in table {
        assert_eq!(Duration::parse(text).unwrap().to_string(), written, "{text}");
    }
}

#[test]
fn other_texts_are_refused() {
    let long = "1s".repeat(100);
    let texts =
        ["", "-", "5", "s", ".", ".s", "1d", "1 s", "1s ", "5S", "1e3s", "--1s", "٣s", &long];
    for text in texts {
        assert_eq!(Duration::parse(text), Err(super::DurationError::Form), "{text}");
    }
    for text in [
        "315576000000.000000001s",
        "-315576000001s",
        "99999999999999999999h",
        &format!("{}s", "9".repeat(60)),
    ] {
        assert_eq!(Duration::parse(text), Err(super::DurationError::Range), "{text}");
    }
}

#[test]
fn arithmetic_stays_in_the_range() {
    let max = Duration::from_seconds(315_576_000_000).unwrap();
    let nano = Duration::from_nanos(1).unwrap();
    assert_eq!(max.checked_add(nano), None);
    assert_eq!(max.negated().checked_sub(nano), None);
    assert_eq!(max.checked_sub(max), Some(Duration::ZERO));
    assert_eq!(Duration::from_micros(-1_500_000).to_string(), "-1.5s");
    assert_eq!(Duration::from_micros(i64::MIN), max.negated());
    assert_eq!(Duration::from_micros(i64::MAX), max);
    assert_eq!(max.as_micros(), 315_576_000_000_000_000);
}

#[test]
fn only_what_is_not_negative_fits_the_standard_library() {
    assert_eq!(
        Duration::from_micros(1_500_000).to_std(),
        Some(std::time::Duration::from_millis(1_500))
    );
    assert_eq!(Duration::ZERO.to_std(), Some(std::time::Duration::ZERO));
    assert_eq!(Duration::from_micros(-1).to_std(), None);
}

#[test]
fn order_is_the_order_of_length() {
    let texts = ["-2s", "-1.5s", "-0.5s", "0s", "0.5s", "1.5s", "2s"];
    let durations: Vec<Duration> =
        texts.iter().map(|text| Duration::parse(text).unwrap()).collect();
    assert!(durations.is_sorted(), "{durations:?}");
}
