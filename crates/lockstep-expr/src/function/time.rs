//! Parts of timestamps, in UTC or in a time zone, and of durations.

use jiff::tz::TimeZone;

use crate::duration::Duration;
use crate::error::code;
use crate::fault::{Fault, Outcome, shown_text};
use crate::meter::Meter;
use crate::timestamp::Timestamp;
use crate::value::Value;

/// Seconds in an hour.
const HOUR: i64 = 3_600;
/// Units of work for finding a time zone.
const ZONE_WORK: usize = 50;
/// Nanoseconds in a millisecond.
const NANOS_PER_MILLISECOND: i64 = 1_000_000;

/// What to read off a timestamp or duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimePart {
    /// The year.
    FullYear,
    /// Month, 0 (January) to 11.
    Month,
    /// Day of the month, 1 to 31.
    Date,
    /// Day of the month, 0 to 30.
    DayOfMonth,
    /// Day of the week, 0 (Sunday) to 6.
    DayOfWeek,
    /// Day of the year, 0 to 365.
    DayOfYear,
    /// Hour of the day; of a duration, all its hours.
    Hours,
    /// Minute of the hour; of a duration, all its minutes.
    Minutes,
    /// Second of the minute; of a duration, all its seconds.
    Seconds,
    /// Millisecond of the second, of a duration too.
    Milliseconds,
}

/// Reads a part; `None` if it is not defined for such values.
pub(super) fn part(
    part: TimePart,
    arguments: &[Value],
    meter: &mut Meter,
) -> Outcome<Option<Value>> {
    let part = match arguments {
        [Value::Timestamp(timestamp)] => Some(of_timestamp(part, *timestamp, 0)),
        [Value::Timestamp(timestamp), Value::String(zone)] => {
            meter.work(ZONE_WORK)?;
            Some(of_timestamp(part, *timestamp, offset(*timestamp, zone)?))
        }
        [Value::Duration(duration)] => of_duration(part, *duration),
        _ => None,
    };
    Ok(part.map(Value::Int))
}

fn of_timestamp(part: TimePart, timestamp: Timestamp, offset: i64) -> i64 {
    let civil = timestamp.civil(offset);
    match part {
        TimePart::FullYear => civil.year,
        TimePart::Month => civil.month - 1,
        TimePart::Date => civil.day,
        TimePart::DayOfMonth => civil.day - 1,
        TimePart::DayOfWeek => civil.weekday,
        TimePart::DayOfYear => civil.day_of_year,
        TimePart::Hours => civil.hour,
        TimePart::Minutes => civil.minute,
        TimePart::Seconds => civil.second,
        TimePart::Milliseconds => i64::from(timestamp.subsec_nanos()) / NANOS_PER_MILLISECOND,
    }
}

fn of_duration(part: TimePart, duration: Duration) -> Option<i64> {
    let seconds = duration.as_seconds();
    match part {
        TimePart::Hours => Some(seconds / HOUR),
        TimePart::Minutes => Some(seconds / 60),
        TimePart::Seconds => Some(seconds),
        TimePart::Milliseconds => Some(i64::from(duration.subsec_nanos()) / NANOS_PER_MILLISECOND),
        TimePart::FullYear
        | TimePart::Month
        | TimePart::Date
        | TimePart::DayOfMonth
        | TimePart::DayOfWeek
        | TimePart::DayOfYear => None,
    }
}

/// Returns how many seconds east of UTC a zone is at a moment: `+02:00`, `02:00`, `-02:30`, or a
/// name of the time zone database such as `Europe/Berlin`.
fn offset(timestamp: Timestamp, zone: &str) -> Outcome<i64> {
    if let Some(offset) = fixed_offset(zone) {
        return Ok(offset);
    }
    let unknown = || Fault::new(code::ARGUMENT, format!("{} is not a time zone", shown_text(zone)));
    let zone = TimeZone::get(zone).map_err(|_| unknown())?;
    // The library's last moment lies some hours before ours; no rule of a zone changes between.
    let limit =
        if timestamp < Timestamp::EPOCH { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    let moment = jiff::Timestamp::from_second(timestamp.as_seconds()).unwrap_or(limit);
    Ok(i64::from(zone.to_offset(moment).seconds()))
}

fn fixed_offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |digits: &str, limit: i64| {
        let is_number = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|number| is_number && *number < limit)
    };
    Some(sign * (number(hours, 24)? * HOUR + number(minutes, 60)? * 60))
}
