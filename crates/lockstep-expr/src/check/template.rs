//! The static check of a text with embedded expressions.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type that is not named can be a part of a text"
)]

use super::{FindingKind, TypeFinding, TypeScope, Typing};
use crate::expression::Expression;
use crate::span::Span;
use crate::static_type::StaticType;
use crate::template::{Part, Template};

/// Checks a template. Places are those of the whole text.
pub(crate) fn check_template(template: &Template, scope: &dyn TypeScope) -> Typing {
    let mut whole = Typing { ty: StaticType::String, findings: Vec::new(), types: Vec::new() };
    match template {
        Template::Literal(_) => {}
        Template::Expression(expression) => whole.ty = add(&mut whole, expression, scope),
        Template::Parts(parts) => {
            for part in parts.iter() {
                if let Part::Expression(expression) = part {
                    let ty = add(&mut whole, expression, scope);
                    whole.findings.extend(refusal(expression, &ty));
                }
            }
        }
    }
    whole
}

/// Adds what is found out about an expression and returns its type.
fn add(whole: &mut Typing, expression: &Expression, scope: &dyn TypeScope) -> StaticType {
    let offset = expression.offset();
    let Typing { ty, findings, types } = expression.check(scope);
    whole.findings.extend(
        findings.into_iter().map(|found| TypeFinding { span: found.span.shifted(offset), ..found }),
    );
    whole.types.extend(types.into_iter().map(|(span, ty)| (span.shifted(offset), ty)));
    ty
}

/// Returns why values of a type cannot be a part of a text.
fn refusal(expression: &Expression, ty: &StaticType) -> Option<TypeFinding> {
    let text = expression.text();
    let span = Span::new(0, text.len()).shifted(expression.offset());
    let finding = |kind, message, help: &str| {
        Some(TypeFinding { span, kind, message, help: Some(help.to_owned()) })
    };
    match ty.without_null() {
        StaticType::Null | StaticType::List(_) | StaticType::Map(..) | StaticType::Record(_) => {
            finding(
                FindingKind::WrongType,
                format!("{ty} cannot be a part of a text"),
                "write one of its values, or let the text be this expression alone",
            )
        }
        StaticType::Optional(_) => finding(
            FindingKind::WrongType,
            format!("{ty} cannot be a part of a text"),
            "say what to write if there is none: `.orValue(...)`",
        ),
        other if other != *ty => finding(
            FindingKind::MayBeNull,
            "null cannot be a part of a text, and this may be null".to_owned(),
            "say what to write instead: `value == null ? \"\" : value`",
        ),
        _ => None,
    }
}
