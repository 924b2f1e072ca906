//! What can be written within an expression: names, fields, functions.

use std::collections::BTreeSet;
use std::mem::discriminant;

use lockstep_expr::{ShapeField, Signature, Span, StaticType, signatures};

use super::proposal;
use crate::index::facts::Scope;
use crate::index::phrase::Phrase;
use crate::index::place::Place;
use crate::index::{At, Completion, CompletionKind};

/// The proposals at the end of a piece of an expression.
pub(super) fn expressions(at: &At<'_>, place: &Place<'_>, phrase: &Phrase<'_>) -> Vec<Completion> {
    let scope = at.scope(place);
    if phrase.target.is_empty() {
        let mut out = names(&scope, phrase.word);
        out.extend(functions(None, phrase.word));
        return out;
    }
    let ty = scope.expression(phrase.target).unwrap_or(StaticType::Dyn);
    let mut out: Vec<Completion> = fields(&ty)
        .iter()
        .map(|field| Completion {
            detail: field.ty.to_string(),
            ..proposal(
                &field.name,
                CompletionKind::Field,
                phrase.word,
                field.doc.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    out.extend(functions(Some((&ty, phrase.target)), phrase.word));
    out
}

/// The fields of a type, null left out.
pub(in crate::index) fn fields(ty: &StaticType) -> Vec<ShapeField> {
    ty.without_null().shape().map(|shape| shape.fields.clone()).unwrap_or_default()
}

fn names(scope: &Scope<'_>, word: Span) -> Vec<Completion> {
    let mut seen = BTreeSet::new();
    let last = scope.names.iter().rev().filter(|bound| seen.insert(&bound.name));
    last.map(|bound| Completion {
        detail: bound.ty.to_string(),
        ..proposal(&bound.name, CompletionKind::Name, word, "")
    })
    .collect()
}

/// Functions: those that are called on nothing, or methods of a type and functions of a namespace.
fn functions(target: Option<(&StaticType, &str)>, word: Span) -> Vec<Completion> {
    let mut out = Vec::new();
    for (name, forms) in signatures() {
        let (label, fitting) = match target {
            None => (name, forms.iter().find(|form| !form.method && !name.contains('.'))),
            Some((ty, written)) => {
                match name.strip_prefix(written).and_then(|n| n.strip_prefix('.')) {
                    Some(rest) => (rest, forms.iter().find(|form| !form.method)),
                    None => (name, forms.iter().find(|form| form.method && takes(form, ty))),
                }
            }
        };
        let Some(form) = fitting else { continue };
        let bare = form.parameters.len() == usize::from(form.method);
        let insert = if bare { format!("{label}()") } else { format!("{label}(") };
        let completion = proposal(label, CompletionKind::Function, word, "");
        out.push(Completion { detail: form.to_string(), insert, ..completion });
    }
    out
}

/// Whether a method can be called on values of a type, as far as their kinds tell.
fn takes(form: &Signature, ty: &StaticType) -> bool {
    let Some(first) = form.parameters.first() else { return false };
    let ty = ty.without_null();
    matches!(first, StaticType::Dyn | StaticType::Parameter(_))
        || discriminant(first) == discriminant(&ty)
}
