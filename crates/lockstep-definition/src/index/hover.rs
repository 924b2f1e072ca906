//! What is known about the word at an offset.

#![expect(clippy::wildcard_enum_match_arm, reason = "a question is about a few of the shapes")]

use lockstep_expr::{Span, StaticType, signatures};

use super::complete::{entity_of, fields};
use super::phrase::phrase;
use super::place::{Place, Spot, alternatives};
use super::{At, Hover};
use crate::grammar::{Referent, Shape};

/// Most fields of a type that are listed.
const MAX_FIELDS: usize = 30;

/// The text about a place, as Markdown.
pub(super) fn hover(at: &At<'_>, place: &Place<'_>) -> Option<Hover> {
    if place.word.start == place.word.end {
        return None;
    }
    match place.spot {
        Spot::Key => key(at, place),
        Spot::Value => value(at, place),
    }
}

fn key(at: &At<'_>, place: &Place<'_>) -> Option<Hover> {
    let link = place.inner()?;
    let name = &link.entry?.key;
    if let Some(key) = link.mapping.and_then(|mapping| mapping.key(name)) {
        let default = key.default.map(|json| format!("\n\nDefault: `{json}`")).unwrap_or_default();
        let required = if key.required { "\n\nRequired." } else { "" };
        let takes = described(&key.shape);
        let markdown = format!("**{name}**: {takes}\n\n{}{default}{required}", key.doc);
        return Some(Hover { span: place.word, markdown });
    }
    let entity = entity_of(at, place)?;
    let object = at.facts.object(&entity);
    let field = fields(&object).into_iter().find(|field| *field.name == **name)?;
    Some(typed(place.word, name, &field.ty, field.doc.as_deref()))
}

fn typed(span: Span, name: &str, ty: &StaticType, doc: Option<&str>) -> Hover {
    let mut markdown = format!("```\n{name}: {ty}\n```");
    if let Some(doc) = doc {
        markdown.push_str("\n\n");
        markdown.push_str(doc);
    }
    for field in fields(ty).iter().take(MAX_FIELDS) {
        let line = format!("\n- `{}`: {}", field.name, field.ty);
        markdown.push_str(&line);
    }
    Hover { span, markdown }
}

fn value(at: &At<'_>, place: &Place<'_>) -> Option<Hover> {
    if let Some(phrase) = phrase(at.text, place, at.offset) {
        let word = at.text.get(phrase.word.start..phrase.word.end)?;
        let scope = at.scope(place);
        if phrase.path.is_empty() {
            if let Some(bound) = scope.bound(word) {
                return Some(typed(phrase.word, word, &bound.ty, None));
            }
        } else {
            let ty = scope.expression(phrase.target)?;
            if let Some(field) = fields(&ty).into_iter().find(|field| *field.name == *word) {
                return Some(typed(phrase.word, word, &field.ty, field.doc.as_deref()));
            }
        }
        return function(phrase.word, word);
    }
    let word = at.text.get(place.word.start..place.word.end)?;
    place.shapes.iter().find_map(|shape| match shape {
        Shape::Choice(words) => {
            let (_, doc) = words.iter().find(|(choice, _)| *choice == word)?;
            Some(Hover { span: place.word, markdown: format!("**{word}**\n\n{doc}") })
        }
        Shape::Refer(Referent::Entity) => {
            at.facts.definition("entity", word)?;
            Some(typed(place.word, "entity", &at.facts.object(word), None))
        }
        Shape::Refer(Referent::Bound) => {
            let scope = at.scope(place);
            Some(typed(place.word, word, &scope.bound(word)?.ty, None))
        }
        Shape::Refer(Referent::Workflow) => {
            let workflow = at.facts.definition("workflow", word)?;
            let text = &workflow.file.source.text;
            let doc = workflow.root.get("description").and_then(|node| node.text(text));
            let markdown = format!("workflow **{word}**\n\n{}", doc.unwrap_or_default());
            Some(Hover { span: place.word, markdown })
        }
        _ => None,
    })
}

fn function(span: Span, name: &str) -> Option<Hover> {
    let all: Vec<String> = signatures()
        .filter(|(known, _)| *known == name || known.rsplit('.').next() == Some(name))
        .flat_map(|(known, forms)| forms.iter().map(move |form| format!("{known}: {form}")))
        .collect();
    (!all.is_empty()).then(|| Hover { span, markdown: format!("```\n{}\n```", all.join("\n")) })
}

/// What a key's value can be, in words.
fn described(shape: &'static Shape) -> String {
    let words: Vec<String> = alternatives(shape)
        .into_iter()
        .filter_map(|shape| match shape {
            Shape::Text | Shape::Label | Shape::Identifier => Some("a text".to_owned()),
            Shape::Pattern(_, what) => Some((*what).to_owned()),
            Shape::Bool => Some("`true` or `false`".to_owned()),
            Shape::Integer(least, most) => Some(format!("an integer from {least} to {most}")),
            Shape::Number(least, most) => Some(format!("a number from {least} to {most}")),
            Shape::Duration => Some("a duration: `5s`, `1m30s`".to_owned()),
            Shape::Choice(words) => {
                let words: Vec<String> =
                    words.iter().map(|(word, _)| format!("`{word}`")).collect();
                Some(words.join(", "))
            }
            Shape::Expression => Some("an expression".to_owned()),
            Shape::Payload => Some("a value, with `${ }`".to_owned()),
            Shape::Template => Some("`${ }`".to_owned()),
            Shape::Type => Some("a type".to_owned()),
            Shape::Literal => Some("a value".to_owned()),
            Shape::ErrorCode => Some("an error code".to_owned()),
            Shape::ErrorPattern => Some("a pattern of error codes".to_owned()),
            Shape::Refer(_) => Some("a name".to_owned()),
            Shape::List(..) | Shape::Steps => Some("a list".to_owned()),
            Shape::Mapping(_) | Shape::Map(..) | Shape::Allow => Some("a mapping".to_owned()),
            Shape::Nothing | Shape::Either(_) => None,
        })
        .collect();
    words.join("; ")
}
