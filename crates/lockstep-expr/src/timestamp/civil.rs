//! Days and seconds as the Gregorian calendar reads them.
//!
//! Source of the conversions between days and dates: H. Hinnant, "chrono-Compatible Low-Level Date
//! Algorithms" (2013), which counts years from March so that the leap day comes last.

/// Seconds in a day.
const DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in 400 years.
const ERA_DAYS: i64 = 146_097;

/// A reading of the calendar and the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    /// The year.
    pub(crate) year: i64,
    /// Month, 1 to 12.
    pub(crate) month: i64,
    /// Day of the month, 1 to 31.
    pub(crate) day: i64,
    /// Hour, 0 to 23.
    pub(crate) hour: i64,
    /// Minute, 0 to 59.
    pub(crate) minute: i64,
    /// Second, 0 to 59.
    pub(crate) second: i64,
    /// Day of the week, 0 (Sunday) to 6.
    pub(crate) weekday: i64,
    /// Day of the year, 0 to 365.
    pub(crate) day_of_year: i64,
}

impl Civil {
    /// Returns the reading that many seconds after 1970-01-01T00:00:00.
    pub(crate) fn at(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY);
        let time = seconds.rem_euclid(DAY);
        let (year, month, day) = date_of(days);
        Self {
            year,
            month,
            day,
            hour: time / 3_600,
            minute: time / 60 % 60,
            second: time % 60,
            weekday: (days + 4).rem_euclid(7), // 1970-01-01 was a Thursday.
            day_of_year: days - days_to(year, 1, 1),
        }
    }
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + EPOCH_DAYS;
    let era = shifted.div_euclid(ERA_DAYS);
    let day_of_era = shifted.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads the form of RFC 3339; returns seconds after 1970 and nanoseconds, the range unchecked.
pub(super) fn parse_rfc3339(text: &str) -> Option<(i64, u32)> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    token(&mut rest, "-")?;
    let month = number(&mut rest, 2)?;
    token(&mut rest, "-")?;
    let day = number(&mut rest, 2)?;
    token(&mut rest, "T").or_else(|| token(&mut rest, "t"))?;
    let hour = number(&mut rest, 2)?;
    token(&mut rest, ":")?;
    let minute = number(&mut rest, 2)?;
    token(&mut rest, ":")?;
    let second = number(&mut rest, 2)?;
    let nanos = if token(&mut rest, ".").is_some() { fraction(&mut rest)? } else { 0 };
    let offset = offset(&mut rest)?;
    let exists = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !exists || !rest.is_empty() {
        return None;
    }
    let seconds = days_to(year, month, day) * DAY + hour * 3_600 + minute * 60 + second - offset;
    Some((seconds, nanos))
}

fn offset(rest: &mut &str) -> Option<i64> {
    if token(rest, "Z").or_else(|| token(rest, "z")).is_some() {
        return Some(0);
    }
    let sign = if token(rest, "-").is_some() {
        -1
    } else {
        token(rest, "+")?;
        1
    };
    let hours = number(rest, 2)?;
    token(rest, ":")?;
    let minutes = number(rest, 2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Reads 1 to 9 digits behind the point as nanoseconds; further digits must be there but are lost.
fn fraction(rest: &mut &str) -> Option<u32> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at_checked(count)?;
    if count == 0 {
        return None;
    }
    *rest = after;
    let nine = digits.get(..count.min(9))?;
    format!("{nine:0<9}").parse().ok()
}

fn number(rest: &mut &str, digits: usize) -> Option<i64> {
    let (number, after) = rest.split_at_checked(digits)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = after;
    number.parse().ok()
}

fn token(rest: &mut &str, token: &str) -> Option<()> {
    *rest = rest.strip_prefix(token)?;
    Some(())
}
