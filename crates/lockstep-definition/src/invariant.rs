//! The conditions that every committed object of an entity fulfils.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::Finding;
use crate::fields::{Fields, Keys};
use crate::flow::Flow;
use crate::part::Part;
use crate::reader::Reader;
use crate::report::Report;
use crate::setting::Setting;
use crate::values::{list, text};
use crate::workflow::{Entity, Invariant};
use crate::yaml::node::{Node, Value};

const INVARIANT: Keys = Keys { what: "an invariant", known: &["check", "message"] };
/// Most invariants of an entity: each is evaluated at every commit of an object.
const MAX_INVARIANTS: usize = 100;

/// Reads `invariants` of an entity whose attributes are known.
pub(crate) fn invariants(
    report: &mut Report<'_>,
    node: &Node,
    entity: &Entity,
    catalog: &Catalog,
) -> (Vec<Invariant>, Flow) {
    let nodes = list(report, node, "`invariants`", true).unwrap_or_default();
    if let Some(node) = nodes.get(MAX_INVARIANTS) {
        let message = format!("an entity has at most {MAX_INVARIANTS} invariants");
        report.add(
            Finding::new(Code::InvalidValue, node.span, message)
                .help("join some of them with `&&`"),
        );
    }
    let mut reader = Reader::new(report, catalog);
    reader.flow.enter(0, node.span);
    reader.around.setting = Some(Arc::new(Setting::invariant(entity)));
    let invariants = nodes
        .iter()
        .take(MAX_INVARIANTS)
        .filter_map(|node| {
            let (condition, message) = match &node.value {
                Value::Map(_) => checked(&mut reader, node)?,
                Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::LargeInt
                | Value::Double(_)
                | Value::Text(_)
                | Value::List(_)
                | Value::Tagged(_) => (reader.expression(node, "check")?, None),
            };
            Some(Invariant { condition, message, place: reader.report.place(node.span) })
        })
        .collect();
    (invariants, reader.flow)
}

/// Reads `{ check, message }`.
fn checked(
    reader: &mut Reader<'_, '_>,
    node: &Node,
) -> Option<(lockstep_expr::Expression, Option<String>)> {
    let fields = Fields::read(reader.report, node, INVARIANT)?;
    let condition = fields
        .required(reader.report, "check", "check: booked <= places")
        .and_then(|node| reader.expression(node, "check"));
    let message = Part::read(fields.value("message"), |node| message(reader.report, node));
    Some((condition?, message.known().ok()?))
}

fn message(report: &mut Report<'_>, node: &Node) -> Option<String> {
    let message = text(report, node, "a message is a text")?;
    if message.contains("${") {
        report.add(
            Finding::new(Code::InvalidValue, node.span, "expressions are not possible here")
                .help("say what must hold; the error names the object that breaks it"),
        );
        return None;
    }
    Some(message.to_owned())
}
