//! The text in which Prometheus reads metrics.
//!
//! Invariants:
//!
//! * The samples of a family stand together, behind its kind and its help.
//! * A label is text, whatever it contains.

use std::fmt::{Display, Write as _};

use lockstep_core::durations::Durations;
use lockstep_runner::Sizes;

/// The type of the text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Labels of a sample.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// What a family of samples measures.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Metrics as text.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
    family: &'static str,
}

impl Exposition {
    /// Begins a family.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.family = name;
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// Adds a sample of a counter or a gauge.
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.line("", labels, None, value);
    }

    /// Adds a family of one sample without labels.
    pub(super) fn one(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(&[], value);
    }

    /// Adds a histogram, in seconds.
    pub(super) fn durations(&mut self, labels: Labels<'_>, durations: &Durations) {
        for (bound, up_to) in durations.up_to() {
            self.line("_bucket", labels, Some(&bound.as_secs_f64().to_string()), up_to);
        }
        self.rest(labels, durations.sum().as_secs_f64(), durations.count());
    }

    /// Adds a histogram of numbers.
    pub(super) fn sizes(&mut self, labels: Labels<'_>, sizes: &Sizes) {
        for (bound, up_to) in sizes.up_to() {
            self.line("_bucket", labels, Some(&bound.to_string()), up_to);
        }
        self.rest(labels, sizes.sum(), sizes.count());
    }

    fn rest(&mut self, labels: Labels<'_>, sum: impl Display, count: u64) {
        self.line("_bucket", labels, Some("+Inf"), count);
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, count);
    }

    /// Returns the text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, end: &str, labels: Labels<'_>, bound: Option<&str>, value: impl Display) {
        let family = self.family;
        self.write(format_args!("{family}{end}"));
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let mut before = '{';
        for (name, value) in all {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            self.write(format_args!("{before}{name}=\"{value}\""));
            before = ',';
        }
        self.write(format_args!("{} {value}\n", if before == ',' { "}" } else { "" }));
    }

    fn write(&mut self, what: std::fmt::Arguments<'_>) {
        self.text.write_fmt(what).expect("a string takes every write");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_label_is_text_whatever_it_contains() {
        let mut text = Exposition::default();
        text.family("things_total", Kind::Counter, "Things.");
        text.sample(&[("a", "x\"} 1\n"), ("b", r"\")], 3);
        let expected = "# HELP things_total Things.\n# TYPE things_total counter\n\
                        things_total{a=\"x\\\"} 1\\n\",b=\"\\\\\"} 3\n";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn buckets_of_a_histogram_contain_those_before() {
        let mut durations = Durations::default();
        durations.add(Duration::from_micros(150));
        durations.add(Duration::from_hours(2));
        let mut text = Exposition::default();
        text.family("time_seconds", Kind::Histogram, "Time.");
        text.durations(&[("a", "x")], &durations);
        let text = text.finish();
        for line in [
            "time_seconds_bucket{a=\"x\",le=\"0.0001\"} 0",
            "time_seconds_bucket{a=\"x\",le=\"0.0002\"} 1",
            "time_seconds_bucket{a=\"x\",le=\"3600\"} 1",
            "time_seconds_bucket{a=\"x\",le=\"+Inf\"} 2",
            "time_seconds_sum{a=\"x\"} 7200.00015",
            "time_seconds_count{a=\"x\"} 2",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }
}
