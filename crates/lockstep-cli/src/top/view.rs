//! The view: a sample as a terminal shows it, in whatever room there is.
//!
//! Invariants:
//!
//! * Nothing that others wrote moves the cursor or changes a colour.
//! * Any size is drawn: what has no room is left out, the numbers last.
//! * Colours only repeat what the words say.
//!
//! Absent by design: the terminal.

use std::fmt::Write as _;
use std::time::Duration;

use lockstep_api::words::failure;
use lockstep_api::words::moment::{distance, length, plain};
use lockstep_api::words::shown::line;
use lockstep_api::{Holder, Instance, Point};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Row, Sparkline, Table, Widget};

use super::sample::Sample;

/// Lines in which the numbers stand.
const NUMBERS: u16 = 5;

/// Least heights at which the plot has one line, and three.
const PLOT: (u16, u16) = (12, 20);

/// Least widths at which the holders of locks have room, they with their workflows, and the ids of
/// failed instances.
const WIDE: (u16, u16, u16) = (76, 110, 120);

/// Width of an id, and of one with the name of its workflow.
const HOLDER: (u16, u16) = (36, 60);

/// What is shown.
#[derive(Debug)]
pub(super) struct View {
    place: String,
    sample: Sample,
    /// Why there is no younger sample, if it could not be had.
    lost: Option<String>,
    interval: Duration,
    has_colours: bool,
}

impl View {
    pub(super) fn new(place: &str, sample: Sample, interval: Duration, has_colours: bool) -> Self {
        Self { place: line(place), sample, lost: None, interval, has_colours }
    }

    /// Shows another sample, or tells why there is none.
    pub(super) fn update(&mut self, looked: Result<Sample, String>) {
        match looked {
            Ok(sample) => (self.sample, self.lost) = (sample, None),
            Err(why) => self.lost = Some(line(&why)),
        }
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Returns all of it as plain text, so many columns wide.
    pub(super) fn text(&self, width: u16) -> String {
        let rows = |count: usize| u16::try_from(count.saturating_add(2)).unwrap_or(u16::MAX);
        let (locks, failures) = (rows(self.sample.locks.len()), rows(self.sample.failures.len()));
        let plot = 3;
        let area = Rect::new(0, 0, width, NUMBERS + plot + locks + failures);
        let mut buffer = Buffer::empty(area);
        self.draw(area, [NUMBERS, plot, locks, failures], &mut buffer);
        let lines: Vec<String> = (0..area.height).map(|y| text_of(&buffer, y)).collect();
        let lines = lines.join("\n");
        lines.trim_end().to_owned() + "\n"
    }

    fn draw(&self, area: Rect, heights: [u16; 4], buffer: &mut Buffer) {
        let parts = Layout::vertical(heights.map(Constraint::Length)).areas(area);
        let [numbers, plot, locks, failures]: [Rect; 4] = parts;
        for (text, row) in self.numbers().into_iter().zip(numbers.rows()) {
            text.render(row, buffer);
        }
        let ended = Sparkline::default().data(&self.sample.ended);
        ended.style(self.colour(Color::Cyan)).render(plot, buffer);
        self.locks(locks, buffer);
        self.failures(failures, buffer);
    }

    fn numbers(&self) -> Vec<Line<'static>> {
        let Sample { at, up_since, instances, holding, waiting, calls, pace, .. } = &self.sample;
        let since = match up_since {
            Some(since) => format!("up {}", length(at.since(*since))),
            None => "as flushed last".to_owned(),
        };
        let mut counts = vec![
            Span::raw(format!(
                "instances  {} running, {} done, ",
                instances.running, instances.done
            )),
            self.alarming(instances.failed, format!("{} failed", instances.failed)),
        ];
        if let Some(calls) = calls {
            counts.push(Span::raw(format!("; {calls} outside calls")));
        }
        let locks = Span::raw(format!("locks      {holding} hold one, {waiting} wait for one"));
        let mut ended = vec![Span::raw("ended      ")];
        match pace {
            None => ended.push(Span::raw("a second look tells how many in a second")),
            Some(pace) => {
                let all = pace.done.saturating_add(pace.failed);
                ended.push(Span::raw(format!("{all}/s, ")));
                ended.push(self.alarming(pace.failed, format!("{}/s failed", pace.failed)));
                ended.push(Span::raw(format!("; started {}/s", pace.started)));
            }
        }
        let minute = pace.as_ref().and_then(|pace| pace.minute.as_ref());
        vec![
            Line::from(vec![
                Span::styled(format!("{}  ", self.place), Style::new().bold()),
                Span::raw(format!("{since}  {}", plain(*at))),
            ]),
            Line::from(counts),
            Line::from(locks),
            Line::from(ended),
            Line::from(minute.map_or_else(String::new, in_a_minute)),
        ]
    }

    fn locks(&self, area: Rect, buffer: &mut Buffer) {
        let shows_holder = area.width >= WIDE.0;
        let rows = self.sample.locks.iter().map(|lock| {
            let holder = lock.holders.first();
            let since =
                holder.map_or_else(String::new, |it| length(self.sample.at.since(it.held.since.0)));
            let mut cells = vec![
                Line::from(line(&lock.key)),
                Line::from(lock.holding.to_string()).right_aligned(),
                Line::from(lock.waiting.to_string()).right_aligned(),
            ];
            if shows_holder {
                cells.push(Line::from(since));
                cells.push(Line::from(holder.map_or_else(|| "nobody".to_owned(), who)));
            }
            let style = if lock.waiting > 0 { self.colour(Color::Yellow) } else { Style::new() };
            Row::new(cells).style(style)
        });
        let (key, number) = (Constraint::Fill(1), Constraint::Length(7));
        let (heads, widths) = if shows_holder {
            let heads = vec!["LOCK", "HOLDING", "WAITING", "SINCE", "HELD BY"];
            let holder = if area.width >= WIDE.1 { HOLDER.1 } else { HOLDER.0 };
            let (since, holder) = (Constraint::Length(10), Constraint::Length(holder));
            (heads, vec![key, number, number, since, holder])
        } else {
            (vec!["LOCK", "HOLDING", "WAITING"], vec![key, number, number])
        };
        let empty = "No lock is held, and nobody waits for one.";
        table(heads, rows.collect(), widths, empty).render(area, buffer);
    }

    fn failures(&self, area: Rect, buffer: &mut Buffer) {
        let has_id = area.width >= WIDE.2;
        let rows = self.sample.failures.iter().map(|it| {
            let mut cells = vec![when(self, it), line(&it.workflow), error(it)];
            if has_id {
                cells.push(line(&it.id));
            }
            Row::new(cells)
        });
        let mut heads = vec!["FAILED", "WORKFLOW", "ERROR"];
        let mut widths = vec![Constraint::Length(14), Constraint::Length(14), Constraint::Fill(1)];
        if has_id {
            heads.push("INSTANCE");
            widths.push(Constraint::Length(HOLDER.0));
        }
        table(heads, rows.collect(), widths, "No instance has failed.").render(area, buffer);
    }

    fn footer(&self) -> Line<'_> {
        match &self.lost {
            None => Line::from(format!("q leaves; looks every {}", length(self.interval))),
            Some(why) => {
                let told = format!("lost, tried again every {}: {why}", length(self.interval));
                Line::styled(told, self.colour(Color::Red).bold())
            }
        }
    }

    fn alarming(&self, number: u64, text: String) -> Span<'static> {
        let style = if number > 0 { self.colour(Color::Red) } else { Style::new() };
        Span::styled(text, style)
    }

    fn colour(&self, colour: Color) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new() }
    }
}

impl Widget for &View {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let [body, footer] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
        let plot = match area.height {
            height if height >= PLOT.1 => 3,
            height if height >= PLOT.0 => 1,
            _ => 0,
        };
        let rest = body.height.saturating_sub(NUMBERS).saturating_sub(plot);
        let rows = |count: usize| u16::try_from(count.max(1).saturating_add(2)).unwrap_or(u16::MAX);
        // Each table has half of the room, and what the other one does not need.
        let (locks, failures) = (rows(self.sample.locks.len()), rows(self.sample.failures.len()));
        let half = rest / 2;
        let locks = locks.min((rest - half).max(rest.saturating_sub(failures)));
        self.draw(body, [NUMBERS.min(body.height), plot, locks, rest - locks], buffer);
        self.footer().render(footer, buffer);
    }
}

fn table<'a>(
    heads: Vec<&'a str>,
    rows: Vec<Row<'a>>,
    widths: Vec<Constraint>,
    empty: &'a str,
) -> Table<'a> {
    let (heads, rows, widths) = if rows.is_empty() {
        (vec![empty], rows, vec![Constraint::Fill(1)])
    } else {
        (heads, rows, widths)
    };
    let heads = Row::new(heads).style(Style::new().bold()).top_margin(1);
    Table::new(rows, widths).header(heads).column_spacing(1)
}

fn who(holder: &Holder) -> String {
    let held = &holder.held;
    match (&held.client, &holder.instance) {
        (Some(client), _) => format!("client {}", line(client)),
        (None, instance) => {
            let (id, workflow) = (instance.as_deref(), holder.workflow.as_deref());
            format!("{} {}", line(id.unwrap_or_default()), line(workflow.unwrap_or_default()))
        }
    }
}

/// Returns what a minute brought.
fn in_a_minute(minute: &Point) -> String {
    let all = minute.done.saturating_add(minute.failed);
    let mut told = format!("a minute   {all} ended");
    for (share, bound) in [("half", minute.median_seconds), ("99%", minute.slowest_seconds)] {
        let bound = bound.and_then(|bound| Duration::try_from_secs_f64(bound).ok());
        if let Some(bound) = bound.map(within) {
            write!(told, ", {share} within {bound}").expect("a string takes every write");
        }
    }
    let one = if minute.conflicts == 1 { "" } else { "s" };
    write!(told, "; {} conflict{one}", minute.conflicts).expect("a string takes every write");
    told
}

/// Returns a bound of durations.
fn within(bound: Duration) -> String {
    if bound < Duration::from_millis(1) { "<1 ms".to_owned() } else { length(bound) }
}

fn when(view: &View, it: &Instance) -> String {
    let ended = it.ended_at.unwrap_or(it.started_at);
    distance(view.sample.at, ended.0)
}

fn error(it: &Instance) -> String {
    it.error.as_ref().map_or_else(String::new, |error| line(&failure::line(error)))
}

/// Returns a line of a buffer as text.
fn text_of(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for x in 0..buffer.area.width {
        let Some(cell) = buffer.cell((x, y)) else { continue };
        // A wide character covers the cell behind it.
        if covered == 0 {
            text.push_str(cell.symbol());
            covered = Span::raw(cell.symbol()).width().saturating_sub(1);
        } else {
            covered -= 1;
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
