//! The entries of a mapping: known keys, unknown keys, duplicate keys.
//!
//! Invariants:
//!
//! * Each entry of the mapping is either handed out or told as a finding.
//! * Of two entries with one key, the first counts.

use lockstep_expr::Span;

use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::name::NameKind;
use crate::report::Report;
use crate::yaml::node::{Node, Value};

/// Keys that stand beside the operation of a step.
const BESIDE: &[&str] = &["as", "when", "timeout", "retry", "description"];
/// Mappings of steps in which such keys have no place.
const STEPS: &[&str] =
    &["`http`", "`exec`", "`task`", "`wait`", "`workflow`", "`load`", "`find`", "`raise`"];
/// Keys of other tools that say what runs before what.
const ORDER: &[&str] = &["needs", "depends_on", "dependsOn", "after", "runs-on"];
/// Keys of other tools, and what they are called here: the first that the mapping may have.
const HABITS: &[(&[&str], &[&str])] = &[
    (&["if", "condition", "only_if", "only"], &["when", "check"]),
    (&["name", "id"], &["activity", "description"]),
    (&["register", "result", "output", "outputs", "resultPath"], &["as"]),
    (&["inputs", "params", "parameters", "variables", "with"], &["input"]),
    (&["jobs", "tasks", "stages", "states", "steps"], &["activities"]),
    (
        &["timeout-minutes", "timeout_seconds", "timeoutSeconds", "startToCloseTimeout"],
        &["timeout"],
    ),
    (&["attempts", "retries", "limit", "maxAttempts", "maximumAttempts"], &["max_attempts"]),
    (&["retries", "retryPolicy", "retry_policy"], &["retry"]),
    (&["command", "cmd", "run", "script", "shell"], &["program", "exec", "args"]),
    (&["cron", "crontab"], &["schedule"]),
    (&["on_error", "on_failure", "onError", "rescue", "except"], &["catch"]),
    (&["items", "with_items", "foreach", "forEach", "loop"], &["for_each"]),
    (&["concurrency", "max_concurrency", "parallelism"], &["max_parallel"]),
    (&["required", "nullable"], &["optional"]),
    (&["triggers", "trigger"], &["on"]),
    (&["lock", "mutex"], &["exclusive_lock"]),
    (&["tz", "timeZone"], &["time_zone"]),
    (&["uri", "address"], &["url"]),
    (&["code", "type"], &["error"]),
    (&["data", "json", "payload"], &["body"]),
];

/// Which keys a mapping may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    /// What the mapping is, with an article: "an activity".
    pub(crate) what: &'static str,
    pub(crate) known: &'static [&'static str],
}

/// An entry of a mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'n> {
    pub(crate) key: &'n str,
    pub(crate) key_span: Span,
    pub(crate) value: &'n Node,
}

/// The entries of one mapping whose keys are known.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    pub(crate) span: Span,
    what: &'static str,
    entries: Vec<Field<'n>>,
    /// Keys that misspelt ones probably mean.
    meant: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Reads a mapping. Without a mapping there is a finding, and no fields.
    pub(crate) fn read(report: &mut Report<'_>, node: &'n Node, keys: Keys) -> Option<Self> {
        let mut fields =
            Self { span: node.span, what: keys.what, entries: Vec::new(), meant: Vec::new() };
        let written = entries(report, node, keys.what)?;
        let free = |key: &&str| !written.iter().any(|field| field.key == *key);
        for field in written.iter().copied() {
            if keys.known.contains(&field.key) {
                fields.entries.push(field);
            } else {
                let all = keys.known.iter().copied().filter(free);
                let meant =
                    habit(field.key, keys.known).filter(free).or_else(|| nearest(field.key, all));
                fields.meant.extend(meant);
                report.add(unknown(field, keys, meant));
            }
        }
        Some(fields)
    }

    pub(crate) fn get(&self, key: &str) -> Option<Field<'n>> {
        self.entries.iter().find(|field| field.key == key).copied()
    }

    pub(crate) fn value(&self, key: &str) -> Option<&'n Node> {
        self.get(key).map(|field| field.value)
    }

    /// The value of a key that must be there.
    pub(crate) fn required(
        &self,
        report: &mut Report<'_>,
        key: &str,
        example: &str,
    ) -> Option<&'n Node> {
        let found = self.value(key);
        // A misspelt key has been told as an unknown one.
        if found.is_none() && !self.meant.contains(&key) {
            report.add(missing(self.span, self.what, key, example));
        }
        found
    }
}

/// All entries of a mapping, whatever their keys; keys that are no text or are written twice are
/// findings.
pub(crate) fn entries<'n>(
    report: &mut Report<'_>,
    node: &'n Node,
    what: &str,
) -> Option<Vec<Field<'n>>> {
    let Value::Map(pairs) = &node.value else {
        report.add(wrong_kind(node, &format!("{what} is a mapping (`key: value`)")));
        return None;
    };
    let mut seen = std::collections::BTreeMap::new();
    let mut out: Vec<Field<'n>> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let Value::Text(text) = &key.value else {
            report.add(key_kind(key, matches!(value.value, Value::Null)));
            continue;
        };
        if let Some(first) = seen.get(text.as_str()) {
            report.add(
                Finding::new(
                    Code::DuplicateKey,
                    key.span,
                    format!("the key `{}` is written twice", shown(text)),
                )
                .label(*first, "first written here")
                .help("remove one of the two"),
            );
            continue;
        }
        seen.insert(text.as_str(), key.span);
        out.push(Field { key: text, key_span: key.span, value });
    }
    Some(out)
}

/// The first entries up to a limit; more is a finding.
pub(crate) fn at_most<'n>(
    report: &mut Report<'_>,
    mut fields: Vec<Field<'n>>,
    most: usize,
    owner: &str,
    what: &str,
) -> Vec<Field<'n>> {
    if let Some(field) = fields.get(most) {
        report.add(
            Finding::new(
                Code::InvalidValue,
                field.key_span,
                format!("{owner} has at most {most} {what}"),
            )
            .help("put some of them together into a map"),
        );
    }
    fields.truncate(most);
    fields
}

fn key_kind(key: &Node, alone: bool) -> Finding {
    let finding = Finding::new(
        Code::WrongKind,
        key.span,
        format!("a key is a text, but this is {}", key.value.kind()),
    );
    if matches!(key.value, Value::Map(_)) {
        return finding.help(
            "`{{` begins a mapping in YAML; an expression is written `\"${ ... }\"`, with quotes",
        );
    }
    if alone {
        return finding.help(
            "within braces a `,` ends a value: write a decimal point as `.`, and put a text with \
             commas into quotes",
        );
    }
    finding.help("put the key into quotes")
}

/// The finding for a value of another YAML kind than `expected`, a sentence in lower case.
pub(crate) fn wrong_kind(node: &Node, expected: &str) -> Finding {
    if let Value::Tagged(tag) = &node.value {
        return Finding::new(
            Code::YamlTag,
            node.span,
            format!("the tag `!{}` has no meaning here", shown(tag.trim_start_matches('!'))),
        )
        .help("remove the tag; a text that begins with `!` needs quotes");
    }
    let finding = Finding::new(
        Code::WrongKind,
        node.span,
        format!("{expected}, but this is {}", node.value.kind()),
    );
    match &node.value {
        Value::Map(entries)
            if entries.iter().any(|(key, _)| matches!(key.value, Value::Map(_))) =>
        {
            finding
                .help("an expression is written `\"${ ... }\"`, with quotes; `{{ }}` is not used")
        }
        Value::Map(entries) if entries.iter().all(|(_, v)| matches!(v.value, Value::Null)) => {
            finding.help("braces make a mapping in YAML; put a text with braces into quotes")
        }
        Value::Null if expected.contains("mapping") => {
            finding.help("indent the lines that belong to it by two more spaces")
        }
        Value::Null => finding.help("write a value behind the `:`, or remove the key"),
        Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => finding.help(form(expected)),
    }
}

/// How what is expected is written.
fn form(expected: &str) -> &'static str {
    if expected.contains("mapping") {
        "write `key: value` in lines of its own, or in braces: `{ key: value }`"
    } else if expected.contains("list") {
        "write each entry behind a dash, or all in brackets: `[a, b]`"
    } else if expected.contains("text") {
        "put the text into quotes"
    } else if expected.contains("`true` or `false`") {
        "write `true` or `false`, without quotes; `yes`, `no`, `on` and `off` are texts"
    } else if expected.contains("expression") {
        "write it as one text, such as `input.count > 0`; other keys stand beside it"
    } else if expected.contains("number") || expected.contains("integer") {
        "write a number, without quotes"
    } else {
        "change the value"
    }
}

fn unknown(field: Field<'_>, keys: Keys, meant: Option<&str>) -> Finding {
    let message = format!("{} has no key `{}`", keys.what, shown(field.key));
    let finding = Finding::new(Code::UnknownKey, field.key_span, message);
    if field.key == "<<" {
        return finding.help("merge keys are not supported: write the keys out");
    }
    if matches!(field.value.value, Value::Null) && !NameKind::Label.fits(field.key) {
        // `{ context: ref("Order", input.order) }` is a mapping of two entries.
        return finding
            .help("within braces a `,` ends a value: put a text with commas into quotes");
    }
    if ORDER.contains(&field.key) && meant.is_none() {
        return finding.help(
            "remove it: activities and steps run in the order in which they stand; `parallel` \
             runs steps side by side",
        );
    }
    let beside = BESIDE.iter().find(|key| **key == field.key).copied();
    if let Some(key) = beside.or_else(|| habit(field.key, BESIDE))
        && meant.is_none()
        && STEPS.contains(&keys.what)
    {
        let step = keys.what;
        return finding.help(format!("write `{key}` beside {step}, in the same column"));
    }
    finding.mean(meant, format!("it has {}", listed(keys.known)))
}

/// What a key is called here that other tools have by the name of `key`.
fn habit(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let meant = HABITS.iter().filter(|(theirs, _)| theirs.contains(&key));
    meant.flat_map(|(_, ours)| *ours).find(|ours| known.contains(ours)).copied()
}

pub(crate) fn missing(span: Span, what: &str, key: &str, example: &str) -> Finding {
    Finding::new(Code::MissingKey, span, format!("{what} needs the key `{key}`"))
        .help(format!("add `{example}`"))
}
