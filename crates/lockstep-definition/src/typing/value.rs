//! Values: what their expressions come to, and whether that fits what they are for.
//!
//! Invariants:
//!
//! * A part of an expression has at most one finding: what is told about a name is not told again
//!   about its type.

#![expect(clippy::wildcard_enum_match_arm, reason = "types that are not named are alike")]

use std::sync::Arc;

use lockstep_expr::{FindingKind, Span, StaticType, Template, TypeFinding, Typing, Value};

use super::expected::{Expected, shown};
use super::known::{MAX_LITERAL_FIELDS, literal, record};
use super::scope::InScope;
use super::walk::Walk;
use crate::code::Code;
use crate::conform::conform;
use crate::diagnostic::Finding;
use crate::flow::{Text, Tree, Use, UseId};
use crate::report::MAX_FINDINGS;
use crate::yaml::Places;

impl Walk<'_> {
    /// The type of a tree, with findings about what does not fit.
    pub(super) fn value(&mut self, tree: &Tree, expected: &Expected) -> StaticType {
        if let Tree::Literal(value, span) = tree {
            let ty = literal(value);
            // Other literals that stand alone were looked at when they were read.
            if matches!(expected, Expected::Text(_)) {
                self.findings.extend(expected.check(&ty, *span));
            }
            return ty;
        }
        self.part(tree, expected)
    }

    fn part(&mut self, tree: &Tree, expected: &Expected) -> StaticType {
        match tree {
            Tree::Broken(parts) => {
                for part in parts {
                    self.part(part, &Expected::Any);
                }
                StaticType::Dyn
            }
            Tree::Literal(value, span) => {
                self.literal(value, *span, expected);
                literal(value)
            }
            Tree::Use(id) => self.used(*id, expected),
            Tree::List(items, span) => {
                let of = expected.item();
                let types: Vec<StaticType> =
                    items.iter().map(|item| self.part(item, &of)).collect();
                let item = types.into_iter().reduce(|left, right| left.or(&right));
                let ty = item.unwrap_or(StaticType::Dyn).list();
                if matches!(of, Expected::Any) && !expected.is_scalar() {
                    self.findings.extend(expected.check(&ty, *span));
                }
                ty
            }
            Tree::Map(entries, span) => {
                let of = expected.entry();
                let fields: Vec<(Arc<str>, StaticType, Option<&'static str>)> = entries
                    .iter()
                    .map(|(name, entry)| (Arc::clone(name), self.part(entry, &of), None))
                    .collect();
                let ty = map_of(fields);
                if matches!(of, Expected::Any) && !expected.is_scalar() {
                    self.findings.extend(expected.check(&ty, *span));
                }
                ty
            }
        }
    }

    fn literal(&mut self, value: &Value, span: Span, expected: &Expected) {
        let Expected::Declared(declared) = expected else { return };
        if let Err(error) = conform(&declared.ty, value.clone()) {
            self.findings.push(
                Finding::new(Code::TypeMismatch, span, format!("{}: {error}", declared.what))
                    .help("write a value of the declared type, or change the declaration"),
            );
        }
    }

    /// The type of what a use comes to, with findings about it.
    fn used(&mut self, id: UseId, expected: &Expected) -> StaticType {
        let flow = self.flow;
        let Some(used) = flow.uses.get(id) else { return StaticType::Dyn };
        self.look(used.origin.span.start);
        let before = self.findings.len();
        let places = used.origin.places(self.file);
        for free in used.free_names() {
            self.name(used, &free, &places);
        }
        let typing = self.typing(used);
        let mut told: Vec<Span> =
            self.findings.iter().skip(before).map(|finding| finding.span).collect();
        // Of two findings about one part the graver one is told.
        let warnings = typing.findings.iter().filter(|found| found.kind.is_warning());
        let errors = typing.findings.iter().filter(|found| !found.kind.is_warning());
        for found in errors.chain(warnings) {
            let span = places.span(found.span);
            if !told.contains(&span) {
                told.push(span);
                let finding = self.explain(found, span, &typing, used);
                self.findings.extend(finding);
            }
        }
        if let Some(seen) = &mut self.seen {
            let types = typing.types.iter();
            seen.types.extend(types.map(|(span, ty)| (places.span(*span), ty.clone())));
        }
        self.findings.extend(expected.check(&typing.ty, whole(used, &places)));
        typing.ty
    }

    fn typing(&self, used: &Use) -> Typing {
        let scope = InScope {
            known: self.known,
            input: self.input,
            names: self.names,
            around: &used.around,
            state: &self.state,
            kept: self.findings.len() <= MAX_FINDINGS,
        };
        match &used.text {
            Text::Expression(expression) => expression.check(&scope),
            Text::Template(template) => template.check(&scope),
            Text::Target(_) => {
                Typing { ty: StaticType::Dyn, findings: Vec::new(), types: Vec::new() }
            }
        }
    }

    fn explain(
        &self,
        found: &TypeFinding,
        span: Span,
        typing: &Typing,
        used: &Use,
    ) -> Option<Finding> {
        let code = match found.kind {
            // Names are looked at apart, and calls when the text is read.
            FindingKind::UnknownName | FindingKind::UnknownFunction => return None,
            FindingKind::WrongArguments if has_unresolved_calls(used) => return None,
            FindingKind::WrongArguments => Code::UnknownFunction,
            FindingKind::UnknownField => self.field_code(found.span, typing),
            FindingKind::WrongType => Code::WrongOperand,
            FindingKind::MayBeNull => Code::MayBeNull,
            FindingKind::NeverNull => Code::NeverNull,
        };
        let finding = Finding::new(code, span, found.message.clone());
        let meant = found.help.as_deref().and_then(|help| {
            help.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"))
        });
        Some(match (&found.help, meant) {
            (_, Some(meant)) => finding.mean(Some(meant), ""),
            (Some(help), None) => finding.help(help.clone()),
            (None, None) => finding,
        })
    }

    /// An attribute of an object, or a field of another value.
    fn field_code(&self, field: Span, typing: &Typing) -> Code {
        let before = typing.types.iter().filter(|(span, _)| span.end <= field.start);
        let target = before.max_by_key(|(span, _)| (span.end, span.end - span.start));
        match target.and_then(|(_, ty)| self.entity_of(ty)) {
            Some(_) => Code::UnknownAttribute,
            None => Code::UnknownName,
        }
    }

    /// The object of an `update` or `delete`.
    pub(super) fn target(&mut self, id: UseId) {
        let flow = self.flow;
        let Some(used) = flow.uses.get(id) else { return };
        let Text::Target(name) = &used.text else { return };
        self.look(used.origin.span.start);
        let before = self.findings.len();
        let places = used.origin.places(self.file);
        for free in used.free_names() {
            self.name(used, &free, &places);
        }
        let Some(number) = self.names.get(name).copied() else { return };
        let Some(cell) = self.state.cells.get(number).cloned() else { return };
        if self.findings.len() > before {
            return;
        }
        let span = used.origin.span;
        let known = self.state.present.iter().any(|path| path.as_slice() == [name.to_string()]);
        let finding = match cell.ty.without_null() {
            StaticType::Dyn => None,
            StaticType::Record(shape) if !shape.keyed => {
                (cell.ty.may_be_null() && !known).then(|| {
                    Finding::new(Code::MayBeNull, span, format!("`{name}` may be null here"))
                        .help(format!("look first: `when: {name} != null`, or `require` it"))
                })
            }
            ty => Some(
                Finding::new(
                    Code::NotAnObject,
                    span,
                    format!("`{name}` is {}, not an object", described(&ty)),
                )
                .help("name an object that a `load` or `create` has bound with `as:`"),
            ),
        };
        let finding = finding.map(|finding| match self.bindings(number).next() {
            Some(bind) => finding.label(bind.span, "bound here"),
            None => finding,
        });
        self.findings.extend(finding);
    }
}

/// The type of a map with these entries. Of very many entries only their common type is known.
fn map_of(fields: Vec<(Arc<str>, StaticType, Option<&'static str>)>) -> StaticType {
    if fields.len() <= MAX_LITERAL_FIELDS {
        return record("map", fields.into_iter(), true);
    }
    let of = fields.into_iter().map(|(_, ty, _)| ty).reduce(|left, right| left.or(&right));
    StaticType::map(StaticType::String, of.unwrap_or(StaticType::Dyn))
}

/// What a value of a type is, with an article.
fn described(ty: &StaticType) -> String {
    match ty {
        StaticType::Record(shape) if &*shape.name == "map" => "a map".to_owned(),
        StaticType::Record(shape) => shape.name.to_string(),
        StaticType::Map(..) => "a map".to_owned(),
        StaticType::List(of) if of.shape().is_some_and(|shape| !shape.keyed) => {
            "a list of objects".to_owned()
        }
        StaticType::List(_) => "a list".to_owned(),
        ty => format!("of type {}", shown(ty)),
    }
}

fn has_unresolved_calls(used: &Use) -> bool {
    match &used.text {
        Text::Expression(expression) => !expression.unresolved_calls().is_empty(),
        Text::Template(template) => {
            let mut all = template.expressions().into_iter();
            all.any(|(_, expression)| !expression.unresolved_calls().is_empty())
        }
        Text::Target(_) => false,
    }
}

/// The place of the expression that a use is, or of the whole text if it has several.
fn whole(used: &Use, places: &Places) -> Span {
    match &used.text {
        Text::Expression(expression) => {
            let text = expression.text();
            let start = text.len() - text.trim_start().len();
            places.span(Span::new(start, text.trim_end().len().max(start)))
        }
        Text::Template(template @ Template::Expression(expression)) => {
            let offset = template.expressions().first().map_or(0, |(offset, _)| *offset);
            places.span(Span::new(offset, offset + expression.text().len()))
        }
        Text::Template(_) | Text::Target(_) => used.origin.span,
    }
}
