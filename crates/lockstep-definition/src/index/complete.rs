//! What can be written at an offset.
//!
//! Invariants:
//!
//! * Only what the grammar allows there; keys that are there already are left out.
//! * At most [`MAX_COMPLETIONS`] proposals, in the order of the grammar or of the definitions.

mod expression;

use lockstep_expr::Span;

pub(super) use self::expression::fields;
use super::facts::Definition;
use super::phrase::phrase;
use super::place::{Link, Place, Spot, choosing};
use super::{At, Completion, CompletionKind};
use crate::code::{Code, Severity};
use crate::grammar::{Key, Mapping, Names, Referent, Shape};

/// Most proposals for one place.
const MAX_COMPLETIONS: usize = 500;

/// Durations that authors often write.
const DURATIONS: &[&str] = &["500ms", "5s", "30s", "1m", "5m", "1h", "24h"];
const TYPES: &[&str] = &[
    "string",
    "int",
    "double",
    "bool",
    "timestamp",
    "duration",
    "bytes",
    "any",
    "list<string>",
    "map<string, string>",
];
/// Codes of the engine's own errors, and patterns of several.
pub(crate) const ERRORS: &[(&str, &str)] = &[
    ("*", "Every error."),
    ("lock.*", "Every error of a lock."),
    ("lock.waiting_timeout", "The lock was not free in time."),
    ("lock.busy", "The lock was not free, and the activity does not wait."),
    ("lock.queue_full", "Too many wait for the lock already."),
    ("lock.lost", "The lock was held too long, and the commit was refused."),
    ("lock.deadlock", "Waiting for the lock would never end."),
    ("lock.context", "The lock key is null, empty or of a wrong type."),
    ("lock.uncommitted", "A wait would give the lock back before a commit."),
    ("data.*", "Every error of data."),
    ("data.conflict", "An object has changed since it was read."),
    ("data.not_found", "There is no such object."),
    ("data.unique", "Another object has the same unique attributes."),
    ("data.invalid", "An object would break an invariant or the range of an attribute."),
    ("expr.*", "Every error of an expression."),
    ("http.*", "Every error of an `http` step."),
    ("http.status", "The server answered with an error."),
    ("http.timeout", "The server did not answer in time."),
    ("http.refused", "The server cannot be reached, or must not be called."),
    ("exec.exit", "The program ended with another status than 0."),
    ("exec.timeout", "The program did not end in time."),
    ("task.failed", "The worker could not do the task."),
    ("task.timeout", "The task was not done in time."),
    ("task.limit", "Too many tasks wait for workers already."),
    ("wait.timeout", "What was waited for did not come in time."),
    ("workflow.failed", "A called workflow failed."),
    ("workflow.timeout", "A called workflow did not end in time."),
    ("activity.timeout", "The activity took too long."),
    ("cancelled", "The instance was cancelled."),
];

/// The proposals at a place.
pub(super) fn complete(at: &At<'_>, place: &Place<'_>) -> Vec<Completion> {
    let mut out = match place.spot {
        Spot::Key => keys(at, place),
        Spot::Value => values(at, place),
    };
    out.truncate(MAX_COMPLETIONS);
    out
}

fn proposal(label: &str, kind: CompletionKind, replace: Span, doc: &str) -> Completion {
    Completion {
        label: label.to_owned(),
        kind,
        detail: String::new(),
        doc: doc.to_owned(),
        insert: label.to_owned(),
        replace,
    }
}

fn keys(at: &At<'_>, place: &Place<'_>) -> Vec<Completion> {
    let Some(link) = place.inner() else { return documents(place.word) };
    if let Some(mapping) = link.mapping {
        return keys_of(link, mapping, place.word);
    }
    if link.allow {
        return warnings(place.word);
    }
    match link.names {
        Some((Names::Attributes, _)) => attributes(at, place)
            .into_iter()
            .filter(|completion| link.node.entry(&completion.label).is_none())
            .map(|completion| with_colon(completion, place.word))
            .collect(),
        Some((Names::Inputs, _)) => inputs(at, place),
        // A document whose first key is still to come.
        None if place.trail.len() == 1 => documents(place.word),
        Some((Names::Identifiers | Names::Labels | Names::Texts, _)) | None => Vec::new(),
    }
}

/// Codes that `allow` takes.
fn warnings(word: Span) -> Vec<Completion> {
    let warnings = Code::ALL.iter().filter(|code| code.severity() == Severity::Warning);
    warnings.map(|code| named(code.as_str(), word, "A warning.")).collect()
}

fn documents(word: Span) -> Vec<Completion> {
    let documents = crate::grammar::DOCUMENTS;
    documents.iter().map(|document| named(document.name, word, document.doc)).collect()
}

/// A key with its `:`.
fn named(name: &str, word: Span, doc: &str) -> Completion {
    with_colon(proposal(name, CompletionKind::Key, word, doc), word)
}

fn with_colon(completion: Completion, word: Span) -> Completion {
    let insert = format!("{}: ", completion.label);
    Completion { insert, replace: word, ..completion }
}

fn keys_of(link: &Link<'_>, mapping: &'static Mapping, word: Span) -> Vec<Completion> {
    let chosen = choosing(link.node, mapping);
    let chooses = |key: &Key| mapping.one_of.iter().any(|one| one.key == key.name);
    let beside = |key: &Key| mapping.one_of.iter().any(|one| one.beside.contains(&key.name));
    let fits = |key: &&Key| {
        // The key that is being written may be written again.
        let there = link.node.entry(key.name).is_some_and(|entry| entry.key_span != word);
        let allowed = match chosen {
            Some(chosen) => {
                chosen.beside.contains(&key.name)
                    || (!chooses(key) && !beside(key))
                    || chosen.key == key.name
            }
            None => true,
        };
        !there && allowed
    };
    mapping.keys.iter().filter(fits).map(|key| key_proposal(key, word)).collect()
}

fn key_proposal(key: &Key, word: Span) -> Completion {
    let detail = match (key.required, key.default) {
        (true, _) => "required".to_owned(),
        (false, Some(default)) => format!("default {default}"),
        (false, None) => String::new(),
    };
    Completion { detail, ..named(key.name, word, key.doc) }
}

fn values(at: &At<'_>, place: &Place<'_>) -> Vec<Completion> {
    if let Some(phrase) = phrase(at.text, place, at.offset) {
        return expression::expressions(at, place, &phrase);
    }
    let mut out = Vec::new();
    for shape in &place.shapes {
        shape_values(at, place, shape, &mut out);
    }
    out
}

fn shape_values(at: &At<'_>, place: &Place<'_>, shape: &Shape, out: &mut Vec<Completion>) {
    let word = place.word;
    let value = |label: &str, doc: &str| proposal(label, CompletionKind::Value, word, doc);
    match shape {
        Shape::Choice(words) => out.extend(words.iter().map(|(label, doc)| value(label, doc))),
        Shape::Bool => out.extend([value("true", ""), value("false", "")]),
        Shape::Duration => out.extend(DURATIONS.iter().map(|text| value(text, "A duration."))),
        Shape::Type => {
            out.extend(TYPES.iter().map(|text| value(text, "A type.")));
            let references = at.facts.definitions("entity").map(|entity| {
                value(&format!("ref<{}>", entity.name()), "A reference to an object.")
            });
            out.extend(references);
        }
        Shape::ErrorPattern => {
            out.extend(raised(at).into_iter().map(|code| value(code, "Raised by this workflow.")));
            out.extend(ERRORS.iter().map(|(code, doc)| {
                let insert =
                    if code.starts_with('*') { format!("\"{code}\"") } else { (*code).to_owned() };
                Completion { insert, ..value(code, doc) }
            }));
        }
        Shape::ErrorCode => {
            out.extend(raised(at).into_iter().map(|code| value(code, "Raised by this workflow.")));
        }
        Shape::Refer(referent) => out.extend(referents(at, place, *referent)),
        Shape::Mapping(mapping) if place.begins_line => {
            out.extend(mapping.keys.iter().map(|key| key_proposal(key, word)));
        }
        Shape::Allow if place.begins_line => out.extend(warnings(word)),
        Shape::Map(Names::Attributes, _) if place.begins_line => {
            out.extend(attributes(at, place).into_iter().map(|found| with_colon(found, word)));
        }
        Shape::Map(Names::Inputs, _) if place.begins_line => out.extend(inputs(at, place)),
        Shape::Text
        | Shape::Pattern(..)
        | Shape::Identifier
        | Shape::Label
        | Shape::Integer(..)
        | Shape::Number(..)
        | Shape::Expression
        | Shape::Payload
        | Shape::Template
        | Shape::Literal
        | Shape::Nothing
        | Shape::Allow
        | Shape::Mapping(_)
        | Shape::Map(..)
        | Shape::Steps
        | Shape::List(..)
        | Shape::Either(_) => {}
    }
}

/// Codes that the workflow around an offset raises.
fn raised<'t>(at: &At<'t>) -> Vec<&'t str> {
    let Some(workflow) = at.workflow() else { return Vec::new() };
    let mut codes = Vec::new();
    let mut open = vec![workflow.root];
    while let Some(node) = open.pop() {
        open.extend(node.items());
        for entry in node.entries() {
            if matches!(entry.key.as_str(), "else" | "raise") {
                let code = entry.value.get("error").unwrap_or(&entry.value).text(at.text);
                codes.extend(code);
            }
            open.push(&entry.value);
        }
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn referents(at: &At<'_>, place: &Place<'_>, referent: Referent) -> Vec<Completion> {
    let value = |label: &str, doc: &str| proposal(label, CompletionKind::Name, place.word, doc);
    let all = |kind: &str, doc: &str| -> Vec<Completion> {
        at.facts.definitions(kind).map(|definition| value(definition.name(), doc)).collect()
    };
    match referent {
        Referent::Entity => all("entity", "An entity."),
        Referent::Workflow => all("workflow", "A workflow."),
        Referent::Attribute => attributes(at, place),
        Referent::Activity => {
            let activities =
                at.workflow().map(|workflow| activities(&workflow)).unwrap_or_default();
            let mut out: Vec<Completion> =
                activities.iter().map(|(name, _)| value(name, "An activity.")).collect();
            out.push(value("end", "The end of the workflow."));
            out
        }
        Referent::Bound => {
            let scope = at.scope(place);
            let objects = scope.names.iter().filter(|bound| bound.place.is_some());
            let mut out: Vec<Completion> = objects
                .map(|bound| Completion { detail: bound.ty.to_string(), ..value(&bound.name, "") })
                .collect();
            out.dedup_by(|a, b| a.label == b.label);
            out
        }
        Referent::Secret => {
            let project = at.facts.definitions("project").next();
            let secrets = project.and_then(|project| {
                Some((project.root.get("secrets")?.items(), &project.file.source.text))
            });
            let (items, text) = secrets.map_or((&[][..], ""), |(items, text)| (items, &**text));
            items.iter().filter_map(|item| Some(value(item.text(text)?, "A secret."))).collect()
        }
    }
}

/// The activities of a workflow, with the places of their names.
pub(super) fn activities<'i>(workflow: &Definition<'i>) -> Vec<(&'i str, Span)> {
    let text = &workflow.file.source.text;
    let items = workflow.root.get("activities").map_or(&[][..], |node| node.items());
    let name = |node: &'i super::outline::Node| {
        let name = node.get("activity")?;
        Some((name.text(text)?, name.scalar()?))
    };
    items.iter().filter_map(name).collect()
}

/// The entity that a step or a document is about.
pub(super) fn entity_of(at: &At<'_>, place: &Place<'_>) -> Option<String> {
    if let Some(link) = place.around("entity") {
        return link.node.get("entity").and_then(|node| node.text(at.text)).map(str::to_owned);
    }
    for link in place.trail.iter().rev() {
        if let Some(name) = link.node.get("entity").or_else(|| link.node.get("create")) {
            return name.text(at.text).map(str::to_owned);
        }
        if let Some(name) = link.node.get("update").and_then(|node| node.text(at.text)) {
            let ty = at.scope(place).bound(name)?.ty.without_null();
            return ty.shape().map(|shape| shape.name.to_string());
        }
    }
    None
}

fn attributes(at: &At<'_>, place: &Place<'_>) -> Vec<Completion> {
    let Some(entity) = entity_of(at, place) else { return Vec::new() };
    let object = at.facts.object(&entity);
    let fields = object.shape().map_or(&[][..], |shape| &shape.fields);
    let own = fields.iter().filter(|field| !matches!(&*field.name, "id" | "metadata"));
    own.map(|field| Completion {
        detail: field.ty.to_string(),
        ..proposal(
            &field.name,
            CompletionKind::Field,
            place.word,
            field.doc.as_deref().unwrap_or_default(),
        )
    })
    .collect()
}

/// Inputs of the workflow that a step calls, or that a trigger starts.
fn inputs(at: &At<'_>, place: &Place<'_>) -> Vec<Completion> {
    let called = place.around("call").and_then(|link| {
        let name = link.node.get("call").or_else(|| link.node.get("start"))?.text(at.text)?;
        at.facts.definition("workflow", name)
    });
    let Some(workflow) = called.or_else(|| at.workflow()) else { return Vec::new() };
    let inputs = workflow.root.get("input").map_or(&[][..], |node| node.entries());
    inputs.iter().map(|input| named(&input.key, place.word, "An input.")).collect()
}
