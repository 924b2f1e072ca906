//! Where the word at an offset is defined, and renaming of activities.
//!
//! Invariants:
//!
//! * A renaming changes the name where it is given and in every `goto` of the same workflow, and
//!   nothing else.

#![expect(clippy::wildcard_enum_match_arm, reason = "a question is about a few of the shapes")]

use std::sync::Arc;

use lockstep_expr::Span;

use super::complete::{activities, entity_of};
use super::facts::Definition;
use super::outline::Node;
use super::phrase::{phrase, string};
use super::place::{Place, Spot};
use super::{At, RenameError, Target};
use crate::grammar::{Referent, Shape};
use crate::name::NameKind;

fn own(at: &At<'_>, span: Span) -> Target {
    Target { path: Arc::clone(&at.file.source.path), span }
}

fn head(definition: &Definition<'_>) -> Target {
    let span = definition.head.value.scalar().unwrap_or(definition.head.key_span);
    Target { path: Arc::clone(&definition.file.source.path), span }
}

/// Where the word is defined.
pub(super) fn target(at: &At<'_>, place: &Place<'_>) -> Option<Target> {
    if place.spot == Spot::Key {
        // An attribute in `set`.
        let name = &place.inner()?.entry?.key;
        return attribute(at, &entity_of(at, place)?, name);
    }
    if let Some(found) = of_expression(at, place) {
        return Some(found);
    }
    let word = at.text.get(place.word.start..place.word.end)?;
    if let Some((_, entity)) = word.split_once("ref<") {
        let entity = entity.split('>').next().unwrap_or_default().trim();
        return at.facts.definition("entity", entity).map(|definition| head(&definition));
    }
    place.shapes.iter().find_map(|shape| match shape {
        Shape::Refer(Referent::Activity) => {
            let activities = activities(&at.workflow()?);
            let found = activities.into_iter().find(|(name, _)| *name == word);
            found.map(|(_, span)| own(at, span))
        }
        Shape::Refer(Referent::Entity) => {
            at.facts.definition("entity", word).map(|definition| head(&definition))
        }
        Shape::Refer(Referent::Workflow) => {
            at.facts.definition("workflow", word).map(|definition| head(&definition))
        }
        Shape::Refer(Referent::Bound) => {
            at.scope(place).bound(word)?.place.map(|span| own(at, span))
        }
        Shape::Refer(Referent::Attribute) => attribute(at, &entity_of(at, place)?, word),
        _ => None,
    })
}

fn of_expression(at: &At<'_>, place: &Place<'_>) -> Option<Target> {
    if place.shapes.iter().any(|shape| matches!(shape, Shape::Expression | Shape::Payload))
        && let Some(span) = string(at.text, place.word, at.offset)
        && let Some(text) = at.text.get(span.start..span.end)
        && let Some(entity) = at.facts.definition("entity", text)
    {
        return Some(head(&entity));
    }
    let phrase = phrase(at.text, place, at.offset)?;
    let word = at.text.get(phrase.word.start..phrase.word.end)?;
    let scope = at.scope(place);
    match phrase.path.as_slice() {
        [] => scope.bound(word)?.place.map(|span| own(at, span)),
        ["input"] => {
            let inputs = at.workflow()?.root.get("input")?;
            inputs.entry(word).map(|entry| own(at, entry.key_span))
        }
        ["config"] => {
            let project = at.facts.definitions("project").next()?;
            let span = project.root.get("config")?.entry(word)?.key_span;
            Some(Target { path: Arc::clone(&project.file.source.path), span })
        }
        [_, ..] => {
            let ty = scope.expression(phrase.target)?.without_null();
            attribute(at, &ty.shape()?.name, word)
        }
    }
}

fn attribute(at: &At<'_>, entity: &str, name: &str) -> Option<Target> {
    let definition = at.facts.definition("entity", entity)?;
    let entry = at.facts.attributes(entity).iter().find(|entry| entry.key == name)?;
    Some(Target { path: Arc::clone(&definition.file.source.path), span: entry.key_span })
}

/// The name of the activity at a place, as it is given or in a `goto`.
pub(super) fn activity<'t>(at: &At<'t>, place: &Place<'_>) -> Option<(&'t str, Span)> {
    if place.spot != Spot::Value || place.word.start == place.word.end {
        return None;
    }
    let key = place.key()?;
    let named = key.key == "activity"
        && place.inner().and_then(|link| link.mapping).is_some_and(|m| m.name == "activity");
    let goes = place.shapes.iter().any(|s| matches!(s, Shape::Refer(Referent::Activity)));
    let name = at.text.get(place.word.start..place.word.end)?;
    ((named || goes) && name != "end").then_some((name, place.word))
}

/// All places of an activity's name.
pub(super) fn rename(
    at: &At<'_>,
    place: &Place<'_>,
    new: &str,
) -> Result<Vec<Target>, RenameError> {
    let (name, _) = activity(at, place).ok_or(RenameError::NoActivity)?;
    let workflow = at.workflow().ok_or(RenameError::NoActivity)?;
    let known = activities(&workflow);
    if !known.iter().any(|(known, _)| *known == name) {
        return Err(RenameError::NoActivity);
    }
    if !NameKind::Label.fits(new) || new == "end" {
        return Err(RenameError::Form);
    }
    if new != name && known.iter().any(|(known, _)| *known == new) {
        return Err(RenameError::Taken);
    }
    let declared = known.iter().filter(|(known, _)| *known == name).map(|(_, span)| *span);
    let mut places: Vec<Span> = declared.collect();
    for activity in workflow.root.get("activities").map_or(&[][..], Node::items) {
        for key in ["next", "catch"] {
            let Some(node) = activity.get(key) else { continue };
            for part in std::iter::once(node).chain(node.items()) {
                let goto = part.get("goto").filter(|goto| goto.text(at.text) == Some(name));
                places.extend(goto.and_then(Node::scalar));
            }
        }
    }
    places.sort_unstable();
    Ok(places.into_iter().map(|span| own(at, span)).collect())
}
