//! Steps, locks and conditions in few words.
//!
//! Invariants:
//!
//! * A line has at most [`MAX_LINE`] characters and no control characters.
//! * An activity gives at most [`MAX_STEPS`] lines of steps.

use lockstep_definition::{
    ChildMode, ErrorPattern, ExclusiveLock, LockMode, LockScope, OnBusy, Operation, Payload, Step,
    Wait, WhileWaiting,
};
use lockstep_expr::{Part, Template, Value};

use crate::model::{Line, Sign};

/// Longest line, in characters.
const MAX_LINE: usize = 46;
/// Most keys of a lock that have a line of their own.
const MAX_KEYS: usize = 4;
/// Longest expression of a priority, in characters.
const MAX_PRIORITY: usize = 30;
/// Most lines of steps in one box.
const MAX_STEPS: usize = 14;
/// How far a step within another is moved to the right, in characters.
const INDENT: usize = 2;

/// A text on one line, shortened.
pub(crate) fn short(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = words.join(" ");
    let plain = words.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    if words.chars().count() <= most {
        return plain.collect();
    }
    let mut out: String = plain.take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// A lock: a line for each key, and one for what is not as usual.
pub(crate) fn lock(lock: &ExclusiveLock) -> Vec<Line> {
    let keys = lock.written_keys();
    let mut lines: Vec<Line> =
        keys.iter().take(MAX_KEYS).map(|key| Line::new(Sign::Lock, short(key, MAX_LINE))).collect();
    if keys.is_empty() {
        let key = match lock.scope {
            LockScope::System => "the whole system",
            LockScope::Workflow => "the whole workflow",
            LockScope::Activity => "the whole activity",
        };
        lines.push(Line::new(Sign::Lock, key));
    }
    if let Some(more) = keys.len().checked_sub(MAX_KEYS).filter(|more| *more > 0) {
        lines.push(Line::new(Sign::Note, format!("… {more} more keys")));
    }
    let scope = match lock.scope {
        _ if keys.is_empty() => None,
        LockScope::System => None,
        LockScope::Workflow => Some("within this workflow".to_owned()),
        LockScope::Activity => Some("within this activity".to_owned()),
    };
    let mode = match lock.mode {
        LockMode::Exclusive => None,
        LockMode::Shared => Some("shared".to_owned()),
    };
    let busy = match lock.on_busy {
        OnBusy::Wait => lock.max_waiting.map(|most| format!("at most {most} wait")),
        OnBusy::Fail => Some("fails if busy".to_owned()),
        OnBusy::Skip => Some("left out if busy".to_owned()),
    };
    let priority = lock.priority.as_ref();
    let priority =
        priority.map(|priority| format!("priority {}", short(priority.text(), MAX_PRIORITY)));
    let waits = match lock.while_waiting {
        Some(WhileWaiting::Release) => Some("given back while waiting".to_owned()),
        Some(WhileWaiting::Hold) => Some("held while waiting".to_owned()),
        None => None,
    };
    let more = [mode, scope, busy, priority, waits];
    lines.extend(packed(more.into_iter().flatten()));
    lines
}

/// Notes, as many in a line as have room.
fn packed(notes: impl Iterator<Item = String>) -> Vec<Line> {
    let mut lines: Vec<String> = Vec::new();
    for note in notes {
        match lines.last_mut() {
            Some(line) if line.chars().count() + note.chars().count() + 2 <= MAX_LINE => {
                line.push_str(", ");
                line.push_str(&note);
            }
            Some(_) | None => lines.push(note),
        }
    }
    lines.into_iter().map(|line| Line::new(Sign::Note, line)).collect()
}

/// The steps of an activity, those within others moved to the right.
pub(crate) fn steps(steps: &[Step]) -> Vec<Line> {
    let mut lines = Vec::new();
    add_all(steps, 0, &mut lines);
    if lines.len() > MAX_STEPS {
        let more = lines.len() - MAX_STEPS + 1;
        lines.truncate(MAX_STEPS - 1);
        lines.push(Line::new(Sign::Note, format!("… {more} more")));
    }
    lines
}

fn add_all(steps: &[Step], depth: usize, lines: &mut Vec<Line>) {
    for step in steps {
        let (sign, text) = operation(&step.operation);
        let text = match (&step.bind, step.when.is_some()) {
            (Some(name), false) => format!("{text} as {name}"),
            (Some(name), true) => format!("{text} as {name} ?"),
            (None, true) => format!("{text} ?"),
            (None, false) => text,
        };
        add(lines, depth, sign, &text);
        if let Operation::Parallel(branches) = &step.operation {
            for branch in branches {
                add(lines, depth + 1, Sign::Step, &format!("{}:", branch.name));
                add_all(&branch.steps, depth + 2, lines);
            }
        } else {
            for inner in step.operation.inner() {
                add_all(inner, depth + 1, lines);
            }
        }
    }
}

fn add(lines: &mut Vec<Line>, depth: usize, sign: Sign, text: &str) {
    let indent = " ".repeat(depth * INDENT);
    let text = short(text, MAX_LINE - indent.len().min(MAX_LINE / 2));
    lines.push(Line::new(sign, format!("{indent}{text}")));
}

fn operation(operation: &Operation) -> (Sign, String) {
    let text = match operation {
        Operation::Load { entity, .. } => format!("load {entity}"),
        Operation::Find { entity, .. } => format!("find {entity}"),
        Operation::Create { entity, .. } => format!("create {entity}"),
        Operation::Update { name, .. } => format!("update {name}"),
        Operation::Delete { name, .. } => format!("delete {name}"),
        Operation::Set(values) => {
            let names: Vec<&str> = values.iter().map(|(name, _)| &**name).collect();
            format!("set {}", names.join(", "))
        }
        Operation::Require { condition, .. } => format!("require {}", condition.text()),
        Operation::Raise(raise) => format!("raise {}", raise.code),
        Operation::Commit => "commit".to_owned(),
        Operation::Log(_) => "log".to_owned(),
        Operation::Http { method, url, .. } => {
            return (Sign::Outside, format!("{method} {}", payload(url)));
        }
        Operation::Exec { program, .. } => return (Sign::Outside, format!("exec {program}")),
        Operation::Task { kind, .. } => return (Sign::Outside, format!("task {kind}")),
        Operation::Wait(wait) => return (Sign::Wait, waited(wait)),
        Operation::Workflow { name, mode, .. } => {
            let word = match mode {
                ChildMode::Call => "call",
                ChildMode::Start => "start",
            };
            return (Sign::Child, format!("{word} {name}"));
        }
        Operation::ForEach(each) if each.max_parallel > 1 => {
            format!(
                "for each {} of {}, {} at once",
                each.item,
                payload(&each.items),
                each.max_parallel
            )
        }
        Operation::ForEach(each) => format!("for each {} of {}", each.item, payload(&each.items)),
        Operation::Parallel(_) => "in parallel".to_owned(),
        Operation::Stop(_) => "stop".to_owned(),
    };
    (Sign::Step, text)
}

fn waited(wait: &Wait) -> String {
    match wait {
        Wait::Signal(name) => format!("wait for signal {name}"),
        Wait::For(length) => format!("wait {}", payload(length)),
        Wait::Until(moment) => format!("wait until {}", moment.text()),
        Wait::Form(form) => format!("wait for form {}", form.name),
    }
}

/// A tree of values as people write it.
fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Literal(Value::String(text)) | Payload::Template(Template::Literal(text)) => {
            text.to_string()
        }
        Payload::Literal(value) => value.to_string(),
        Payload::Template(Template::Expression(expression)) => expression.text().trim().to_owned(),
        Payload::Template(Template::Parts(parts)) => {
            let part = |part: &Part| match part {
                Part::Text(text) => text.to_string(),
                Part::Expression(expression) => format!("${{{}}}", expression.text().trim()),
            };
            parts.iter().map(part).collect()
        }
        Payload::List(_) => "[…]".to_owned(),
        Payload::Map(_) => "{…}".to_owned(),
    }
}

/// Patterns of errors.
pub(crate) fn errors(patterns: &[ErrorPattern]) -> String {
    let patterns: Vec<String> = patterns
        .iter()
        .map(|pattern| match pattern {
            ErrorPattern::Exact(code) => code.to_string(),
            ErrorPattern::Prefix(prefix) => format!("{prefix}*"),
        })
        .collect();
    short(&patterns.join(", "), MAX_LINE)
}

/// Whether no step can follow the last one: one of them always fails or ends the instance.
pub(crate) fn always_ends(steps: &[Step]) -> bool {
    let ends = |step: &Step| matches!(step.operation, Operation::Raise(_) | Operation::Stop(_));
    steps.iter().any(|step| step.when.is_none() && ends(step))
}

/// Whether a step, or one within it, ends the instance.
pub(crate) fn may_stop(steps: &[Step]) -> bool {
    steps.iter().any(|step| {
        let inner = step.operation.inner();
        matches!(step.operation, Operation::Stop(_)) || inner.into_iter().any(may_stop)
    })
}
