//! Where secrets may stand: as a whole `${secret.NAME}`.
//!
//! The name is handed on as it is; the value is put in where the call is made, and nothing else sees it.
//!
//! Invariants:
//!
//! * A secret is never a part of a larger expression, so that nothing is computed from it.

use lockstep_expr::{Expression, Span, Template};

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::reader::Reader;
use crate::yaml::Places;
use crate::yaml::node::{Node, Value};

/// The name under which secrets are found.
const SECRET: &str = "secret";

/// Checks the secrets in a tree of texts.
pub(super) fn secrets(reader: &mut Reader<'_, '_>, node: &Node) {
    match &node.value {
        Value::Text(text) if text.contains(SECRET) => in_text(reader, node, text),
        Value::List(items) => items.iter().for_each(|item| secrets(reader, item)),
        Value::Map(entries) => entries.iter().for_each(|(_, value)| secrets(reader, value)),
        Value::Text(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Tagged(_) => {}
    }
}

fn in_text(reader: &mut Reader<'_, '_>, node: &Node, text: &str) {
    // A text that cannot be read has been told.
    let Ok(template) = Template::parse(text) else { return };
    let places = Places::new(&reader.report.source.text, node, text);
    for (offset, expression) in template.expressions() {
        let mut names = expression.free_names().into_iter();
        let Some(secret) = names.find(|free| free.name == SECRET) else { continue };
        let start = offset + secret.span.start;
        if let Some(name) = whole(expression) {
            let at = start + secret.path.first().map_or(0, |_| SECRET.len() + 1);
            let span = places.span(Span::new(at, at + name.len()));
            reader.catalog.check_secret(reader.report, name, span);
            continue;
        }
        let span = places.span(Span::new(start, start + SECRET.len()));
        reader.add(
            Finding::new(
                Code::MisplacedSecret,
                span,
                "a secret stands alone in its `${ }`: nothing can be computed from it",
            )
            .help("write `${secret.NAME}`; text may stand around it: `\"Bearer ${secret.NAME}\"`"),
        );
    }
}

/// The name of the secret that an expression is, and nothing else.
fn whole(expression: &Expression) -> Option<&str> {
    let name = expression.text().trim().strip_prefix(SECRET)?.strip_prefix('.')?;
    lockstep_expr::is_name(name).then_some(name)
}
