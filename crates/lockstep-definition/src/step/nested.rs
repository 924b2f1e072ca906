//! Steps that hold steps: `for_each`, `parallel`.
//!
//! Invariants:
//!
//! * At most [`MAX_NESTED`] of them stand around a step.
//! * No step commits while others run beside it.
//! * Of steps that run side by side, no two bind the same name.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Span, StaticType, Value};

use super::{steps, text};
use crate::code::Code;
use crate::diagnostic::{Finding, shown};
use crate::fields::{Field, Fields, entries};
use crate::flow::{Block, Bound, Op};
use crate::name::NameKind;
use crate::part::Part;
use crate::payload::{payload, payload_for};
use crate::reader::Reader;
use crate::typing::Expected;
use crate::values::{bound_name, checked_name, integer};
use crate::workflow::{Branch, ForEach, Operation, Payload, Step};
use crate::yaml::node::{Node, Value as YamlValue};

/// How many `for_each` and `parallel` may stand around a step.
const MAX_NESTED: usize = 8;
/// Most items that run at once.
const MAX_PARALLEL: u32 = 100;
/// Most branches that run side by side.
const MAX_BRANCHES: usize = 100;
/// The name that an item is bound to unless the author gives another.
const ITEM: &str = "item";

/// The `for_each` and `parallel` around a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting {
    /// The activity commits after each step.
    each_step: bool,
    /// Some of them run steps at once.
    pub(super) at_once: bool,
    /// How many they are.
    depth: usize,
}

impl Nesting {
    /// The steps of an activity itself, that is committed after each step or not.
    pub(crate) fn new(each_step: bool) -> Self {
        Self { each_step, ..Self::default() }
    }
}

type Read = Option<(Operation, Bound)>;

pub(super) fn for_each(reader: &mut Reader<'_, '_>, field: Field<'_>, beside: &Fields<'_>) -> Read {
    let items = items(reader, field.value);
    let max_parallel = Part::read(beside.value("max_parallel"), |node| {
        integer(reader.report, node, "max_parallel", 1, MAX_PARALLEL)
    });
    result(reader, beside);
    let several = matches!(max_parallel, Part::There(most) if most > 1);
    reader.flow.push(Op::Open(Block::Loop(several)));
    let item = match beside.value("item") {
        Some(node) => inner_name(reader, node, "item", Bound::Item),
        None => Some(default_item(reader, field.key_span)),
    };
    let index = Part::read(beside.value("index"), |node| {
        inner_name(reader, node, "index", Bound::Typed(StaticType::Int))
    });
    if let (Some(item), Part::There(index), Some(node)) = (&item, &index, beside.value("index"))
        && item == index
    {
        reader.add(
            Finding::new(Code::BoundTwice, node.span, format!("`{item}` is the item already"))
                .help("give the index another name, such as `i`"),
        );
    }
    let steps = beside.required(reader.report, "steps", "steps: [...]").and_then(|node| {
        within(reader, field.key_span, several, |reader| steps(reader, node, "`steps`"))
    });
    let collect = Part::read(beside.value("collect"), |node| payload(reader, node));
    reader.flow.push(Op::Close);
    let for_each = ForEach {
        items: items?,
        item: item?,
        index: index.known().ok()?,
        max_parallel: max_parallel.or(1)?,
        steps: steps?,
        collect: collect.known().ok()?,
    };
    Some((Operation::ForEach(Box::new(for_each)), Bound::List))
}

fn items(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Payload> {
    let items = payload_for(reader, node, Expected::List)?;
    match &items {
        Payload::Template(_) | Payload::List(_) | Payload::Literal(Value::List(_)) => Some(items),
        Payload::Literal(_) | Payload::Map(_) => {
            let finding =
                Finding::new(Code::TypeMismatch, node.span, "`for_each` goes through a list");
            let finding = match node.as_text() {
                Some(text) => finding
                    .help("an expression stands in `${ }`")
                    .suggest(format!("\"${{{}}}\"", shown(text))),
                None => finding.help(
                    "write `for_each: \"${input.lines}\"`, and `item`, `steps`, `collect` beside it",
                ),
            };
            reader.add(finding);
            None
        }
    }
}

/// The result of a `for_each` is what `collect` gives, through `as`: one needs the other.
fn result(reader: &mut Reader<'_, '_>, beside: &Fields<'_>) {
    match (beside.get("collect"), beside.get("as")) {
        (Some(collect), None) => reader.add(
            Finding::new(Code::MissingKey, collect.key_span, "nothing takes what `collect` gives")
                .help("add `as: NAME` beside it, or remove it"),
        ),
        (None, Some(bind)) => reader.add(
            Finding::new(Code::MissingKey, bind.key_span, "without `collect` there is no result")
                .help("add `collect: \"${...}\"`, evaluated behind the steps of each item"),
        ),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

fn inner_name(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    key: &str,
    bound: Bound,
) -> Option<Arc<str>> {
    let name = text(reader.report, node, &format!("`{key}` holds a name"))
        .and_then(|name| bound_name(reader.report, name, node.span));
    match &name {
        Some(name) => reader.flow.bind(name, node.span, bound),
        None => reader.flow.lose_names(),
    }
    name
}

/// Binds the name that nobody wrote; nobody need use it.
fn default_item(reader: &mut Reader<'_, '_>, span: Span) -> Arc<str> {
    let item: Arc<str> = Arc::from(ITEM);
    reader.flow.bind(&item, span, Bound::Item);
    reader.flow.excuse(&item);
    item
}

/// Reads what stands inside, unless it stands too deep.
fn within<T>(
    reader: &mut Reader<'_, '_>,
    span: Span,
    at_once: bool,
    read: impl FnOnce(&mut Reader<'_, '_>) -> Option<T>,
) -> Option<T> {
    if reader.around.nesting.depth >= MAX_NESTED {
        let message =
            format!("more than {MAX_NESTED} `for_each` and `parallel` stand in each other");
        reader.add(
            Finding::new(Code::NestedTooDeep, span, message)
                .help("put the inner steps into a workflow of their own, and call it"),
        );
        reader.flow.lose_names();
        return None;
    }
    let outer = reader.around.nesting;
    if at_once && outer.each_step && !outer.at_once {
        reader.add(
            Finding::new(
                Code::CommitAtOnce,
                span,
                "`auto_commit: each_step` would commit while other steps run beside",
            )
            .help("leave `auto_commit` out, or run these steps one after the other"),
        );
    }
    reader.around.nesting.depth += 1;
    reader.around.nesting.at_once |= at_once;
    let inner = read(reader);
    reader.around.nesting = outer;
    inner
}

pub(super) fn parallel(reader: &mut Reader<'_, '_>, field: Field<'_>, _: &Fields<'_>) -> Read {
    let Some(fields) = branches(reader, field) else {
        reader.flow.lose_names();
        return None;
    };
    bound_twice(reader, &fields);
    let read = within(reader, field.key_span, true, |reader| {
        reader.flow.push(Op::Open(Block::Parallel));
        let mut branches: Vec<Option<Branch>> = Vec::with_capacity(fields.len());
        for field in &fields {
            reader.flow.push(Op::Open(Block::Branch));
            let what = "the name of a branch";
            let (key, span) = (field.key, field.key_span);
            let name = checked_name(reader.report, key, span, what, NameKind::Label);
            let steps: Option<Vec<Step>> = steps(reader, field.value, "a branch");
            reader.flow.push(Op::Close);
            branches.push(name.zip(steps).map(|(name, steps)| Branch { name, steps }));
        }
        reader.flow.push(Op::Close);
        branches.into_iter().collect::<Option<Vec<Branch>>>()
    });
    Some((Operation::Parallel(read?), Bound::Unknown))
}

/// The entries of `parallel`, as many as are allowed.
fn branches<'n>(reader: &mut Reader<'_, '_>, field: Field<'n>) -> Option<Vec<Field<'n>>> {
    if matches!(field.value.value, YamlValue::List(_)) {
        let finding = crate::fields::wrong_kind(field.value, "`parallel` is a mapping");
        reader
            .add(finding.help("give each branch a name: `parallel: { mail: [...], pay: [...] }`"));
        return None;
    }
    let fields = entries(reader.report, field.value, "`parallel`")?;
    if !(2..=MAX_BRANCHES).contains(&fields.len()) {
        let message = format!(
            "`parallel` has from 2 to {MAX_BRANCHES} branches, but this has {}",
            fields.len()
        );
        reader.add(Finding::new(Code::InvalidValue, field.key_span, message).help(
            "steps of one branch run one after the other; for items of a list take `for_each` with \
             `max_parallel`",
        ));
        return None;
    }
    Some(fields)
}

/// Tells names that two branches bind: which value stayed would be left to chance.
fn bound_twice(reader: &mut Reader<'_, '_>, branches: &[Field<'_>]) {
    let mut seen: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for branch in branches {
        let mut names = Vec::new();
        bound(branch.value, &mut names);
        let mut told: BTreeMap<&str, Span> = BTreeMap::new();
        for (name, span) in names {
            told.entry(name).or_insert(span);
        }
        for (name, span) in told {
            let Some((other, first)) = seen.get(name) else {
                seen.insert(name, (branch.key, span));
                continue;
            };
            let message = format!(
                "the branches `{}` and `{}` both give `{}` a value",
                shown(other),
                shown(branch.key),
                shown(name)
            );
            reader.add(
                Finding::new(Code::BoundTwice, span, message)
                    .label(*first, "the other branch does it here")
                    .help("they run at once: use two names, or move one step behind `parallel`"),
            );
        }
    }
}

/// The names that steps give a value which is visible behind them.
fn bound<'n>(steps: &'n Node, names: &mut Vec<(&'n str, Span)>) {
    let YamlValue::List(steps) = &steps.value else { return };
    for step in steps {
        let entry = |key| step.entry(key).map(|(_, value)| value);
        for value in [entry("as"), entry("update")].into_iter().flatten() {
            names.extend(value.as_text().map(|name| (name, value.span)));
        }
        let writes = entry("update").is_some() || entry("create").is_some();
        for (value, nested) in [(entry("set"), false), (entry("parallel"), true)] {
            let Some(YamlValue::Map(pairs)) = value.map(|value| &value.value) else { continue };
            for (key, value) in pairs {
                if nested {
                    bound(value, names);
                } else if !writes {
                    names.extend(key.as_text().map(|name| (name, key.span)));
                }
            }
        }
    }
}
