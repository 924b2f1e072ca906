//! `schedule`: cron patterns, time zones, and the times that follow from them.
//!
//! A pattern has five fields (minute, hour, day of the month, month, day of the week), or six with
//! seconds first. If both kinds of day are restricted, either is enough.
//!
//! Invariants:
//!
//! * A schedule that is accepted fires at least once in 400 years, after which the calendar repeats.
//! * Work is bounded: a pattern has at most [`MAX_PATTERN`] bytes, and a search ends after 400 years.
//!
//! Absent by design: the present time.

use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, datetime};
use jiff::tz::TimeZone;
use lockstep_expr::{Span, Timestamp};

use crate::code::Code;
use crate::diagnostic::{Finding, nearest, shown};
use crate::fields::{Fields, Keys, wrong_kind};
use crate::part::Part;
use crate::report::Report;
use crate::values::{choice, text};
use crate::workflow::{Missed, TriggerSource};
use crate::yaml::Places;
use crate::yaml::node::{Node, Value};

const SCHEDULE: Keys = Keys { what: "`schedule`", known: &["cron", "time_zone", "missed"] };
const MISSED: &[(&str, Missed)] =
    &[("once", Missed::Once), ("skip", Missed::Skip), ("all", Missed::All)];
/// A field of a pattern.
struct Field {
    name: &'static str,
    /// What it may hold, for people.
    range: &'static str,
    /// Words that it may hold.
    words: &'static [&'static str],
}

/// The fields of a pattern of six.
const FIELDS: &[Field] = &[
    Field { name: "second", range: "from 0 to 59", words: &[] },
    Field { name: "minute", range: "from 0 to 59", words: &[] },
    Field { name: "hour", range: "from 0 to 23", words: &[] },
    Field {
        name: "day of the month",
        range: "from 1 to 31, or `L` for the last",
        words: &["L", "W", "LW"],
    },
    Field {
        name: "month",
        range: "from 1 to 12, or from JAN to DEC",
        words: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field {
        name: "day of the week",
        range: "from 0 (Sunday) to 7 (Sunday), or from SUN to SAT",
        words: &[
            "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "L", "SUNL", "MONL", "TUEL", "WEDL",
            "THUL", "FRIL", "SATL",
        ],
    },
];
/// Short names that other programs have for patterns.
const NICKNAMES: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
/// Longest pattern in bytes.
const MAX_PATTERN: usize = 500;
/// Where the search for a fitting day begins: 400 years before the library's last one.
const SEARCH_FROM: DateTime = datetime(4599, 12, 31, 0, 0, 0, 0);

/// Times at which something happens again and again.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// Makes a schedule of what a [`TriggerSource::Schedule`] holds; `None` if it holds anything else.
    pub fn new(cron: &str, time_zone: &str) -> Option<Self> {
        Some(Self { cron: parser().parse(cron).ok()?, zone: zone(time_zone)? })
    }

    /// The first time after a moment, in whole seconds; `None` behind the year 5000. A time that a
    /// change of the clock leaves out counts as the first moment behind the change; one that comes
    /// twice counts once.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_second(after.as_seconds()).ok()?;
        let next =
            self.cron.find_next_occurrence(&after.to_zoned(self.zone.clone()), false).ok()?;
        Timestamp::from_seconds(next.timestamp().as_second())
    }

    /// The last time that is not behind a moment, in whole seconds; `None` before the year 1970. It
    /// is one of those that [`next`](Self::next) tells.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let until = jiff::Timestamp::from_second(until.as_seconds()).ok()?;
        let last =
            self.cron.find_previous_occurrence(&until.to_zoned(self.zone.clone()), true).ok()?;
        let last = last.timestamp().as_second();
        (last >= 0).then_some(last).and_then(Timestamp::from_seconds)
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build()
}

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// Reads the value of `schedule`.
pub(crate) fn schedule(report: &mut Report<'_>, node: &Node) -> Option<TriggerSource> {
    if let Value::Text(pattern) = &node.value {
        let finding = wrong_kind(node, "`schedule` is a mapping");
        let pattern = shown(pattern);
        report.add(finding.help(format!("write `schedule: {{ cron: \"{pattern}\" }}`")));
        return None;
    }
    let fields = Fields::read(report, node, SCHEDULE)?;
    let cron =
        fields.required(report, "cron", "cron: \"0 3 * * *\"").and_then(|node| cron(report, node));
    let time_zone = Part::read(fields.value("time_zone"), |node| time_zone(report, node));
    let missed = Part::read(fields.value("missed"), |node| choice(report, node, "missed", MISSED));
    Some(TriggerSource::Schedule {
        cron: cron?,
        time_zone: time_zone.known().ok()?.unwrap_or_else(|| Arc::from("UTC")),
        missed: missed.or_default()?,
    })
}

fn cron(report: &mut Report<'_>, node: &Node) -> Option<Arc<str>> {
    let pattern = text(report, node, "`cron` is a text such as `\"0 3 * * *\"`")?;
    let written: Vec<&str> = pattern.split_whitespace().collect();
    let fits = pattern.len() <= MAX_PATTERN
        && matches!(written.len(), 5 | 6)
        && fields(&written).all(|(part, field)| field.is_well_formed(part));
    let Some(cron) = Some(pattern).filter(|_| fits).and_then(|text| parser().parse(text).ok())
    else {
        let places = Places::new(&report.source.text, node, pattern);
        report.tell(|| refused(pattern, &written, node.span, &places));
        return None;
    };
    // The search is dear: a file whose findings are no longer kept has an error already.
    if report.is_full() || cron.find_next_occurrence(&SEARCH_FROM, true).is_ok() {
        return Some(Arc::from(pattern));
    }
    report.add(
        Finding::new(Code::ScheduleNeverFires, node.span, "no day fits this schedule")
            .help("look at the day of the month and the month: `31 2` is the 31st of February"),
    );
    None
}

/// The parts of a pattern of five or six, each with what it stands for.
fn fields<'p>(written: &'p [&'p str]) -> impl Iterator<Item = (&'p str, &'static Field)> {
    let seconds = FIELDS.len().saturating_sub(written.len());
    written.iter().copied().zip(FIELDS.iter().skip(seconds))
}

impl Field {
    /// Whether every word of the part means something here (the library takes `MON` for a month), and
    /// no entry of a list is empty.
    fn is_well_formed(&self, part: &str) -> bool {
        let mut words = part.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        !part.starts_with('+')
            && part.split(',').all(|entry| !entry.is_empty())
            && words.all(|word| self.words.iter().any(|known| known.eq_ignore_ascii_case(word)))
    }

    /// Whether the part alone could stand here.
    fn takes(&self, part: &str) -> bool {
        let alone = FIELDS.iter().map(|field| if field.name == self.name { part } else { "*" });
        self.is_well_formed(part) && parser().parse(&alone.collect::<Vec<_>>().join(" ")).is_ok()
    }
}

/// Why a text is not a pattern.
fn refused(pattern: &str, written: &[&str], span: Span, places: &Places) -> Finding {
    if let Some((_, meant)) = NICKNAMES.iter().find(|(nick, _)| nick.eq_ignore_ascii_case(pattern))
    {
        let message = format!("`{pattern}` is not a cron pattern");
        return Finding::new(Code::InvalidCron, span, message)
            .help(format!("write it as `{meant}`"))
            .suggest(format!("\"{meant}\""));
    }
    if !matches!(written.len(), 5 | 6) {
        let message = format!("a cron pattern has five fields, but this has {}", written.len());
        return invalid(span, message);
    }
    let mut at = 0;
    for (part, field) in fields(written) {
        at += pattern.get(at..).and_then(|rest| rest.find(part)).unwrap_or(0);
        if part.len() <= MAX_PATTERN && !field.takes(part) {
            let span = places.span(Span::new(at, at + part.len()));
            let message =
                format!("`{}` cannot be the {} of a cron pattern", shown(part), field.name);
            return Finding::new(Code::InvalidCron, span, message).help(format!(
                "it is {}; `*` means all, `1,5` a list, `1-5` a range, `*/5` every fifth",
                field.range
            ));
        }
        at += part.len();
    }
    invalid(span, format!("`{}` is not a cron pattern", shown(pattern)))
}

fn invalid(span: Span, message: String) -> Finding {
    Finding::new(Code::InvalidCron, span, message).help(
        "write minute, hour, day of the month, month and day of the week, such as `\"0 3 * * *\"`; \
         seconds may stand before them",
    )
}

fn time_zone(report: &mut Report<'_>, node: &Node) -> Option<Arc<str>> {
    let name = text(report, node, "`time_zone` is a text such as `Europe/Berlin`")?;
    if zone(name).is_some() {
        return Some(Arc::from(name));
    }
    report.tell(|| {
        let all: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        // People write the city alone.
        let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
        let of_city = all.iter().find(|zone| {
            zone.rsplit_once('/').is_some_and(|(_, of)| of.eq_ignore_ascii_case(&city))
        });
        let meant = nearest(name, all.iter().map(String::as_str)).or(of_city.map(String::as_str));
        let message = format!("no time zone is called `{}`", shown(name));
        Finding::new(Code::UnknownTimeZone, node.span, message)
            .mean(meant, "write a name of the IANA database, such as `Europe/Berlin` or `UTC`")
    });
    None
}

#[cfg(test)]
mod tests;
