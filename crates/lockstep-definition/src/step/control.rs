//! Steps that neither read nor write objects: `set`, `require`, `raise`, `commit`, `log`, `stop`.

use std::sync::Arc;

use lockstep_expr::Span;

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::fields::{Field, Fields, Keys, entries, wrong_kind};
use crate::flow::{Block, Bound, Op};
use crate::part::Part;
use crate::payload::{payload, payload_for};
use crate::reader::Reader;
use crate::typing::Expected;
use crate::values::{bound_name, error_code};
use crate::workflow::{Operation, Payload, Raise};
use crate::yaml::node::{Node, Value};

const RAISE: Keys = Keys { what: "an error", known: &["error", "message"] };
/// Code of the error of a `require` that names none.
const REQUIRE_FAILED: &str = "require.failed";

pub(super) fn set(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    _: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    let Some(fields) = entries(reader.report, field.value, "`set`") else {
        reader.flow.lose_names();
        return None;
    };
    if fields.is_empty() {
        reader.add(
            Finding::new(Code::InvalidValue, field.key_span, "`set` binds nothing")
                .help("write `set: { name: value }`"),
        );
    }
    let all: Vec<Option<(Arc<str>, Payload)>> =
        fields.into_iter().map(|field| binding(reader, field)).collect();
    Some((Operation::Set(all.into_iter().collect::<Option<_>>()?), Bound::Unknown))
}

fn binding(reader: &mut Reader<'_, '_>, field: Field<'_>) -> Option<(Arc<str>, Payload)> {
    let value = payload(reader, field.value);
    let Some(name) = bound_name(reader.report, field.key, field.key_span) else {
        reader.flow.lose_names();
        return None;
    };
    reader.flow.bind(&name, field.key_span, Bound::Value);
    Some((name, value?))
}

pub(super) fn require(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    beside: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    let condition = reader.expression(field.value, "require");
    let required = reader.flow.condition();
    let otherwise = match beside.value("else") {
        Some(node) => {
            reader.flow.push(Op::Open(Block::Failing(required)));
            let error = error(reader, node, Some(REQUIRE_FAILED));
            reader.flow.push(Op::Close);
            error
        }
        None => Some(Raise { code: Arc::from(REQUIRE_FAILED), message: None }),
    };
    reader.flow.push(Op::Hold(required));
    let operation = Operation::Require { condition: condition?, otherwise: otherwise? };
    Some((operation, Bound::Unknown))
}

pub(super) fn raise(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    _: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    let error = error(reader, field.value, None);
    reader.flow.push(Op::Leave);
    Some((Operation::Raise(error?), Bound::Unknown))
}

/// Reads `{ error, message }`, or the code alone.
fn error(reader: &mut Reader<'_, '_>, node: &Node, default: Option<&str>) -> Option<Raise> {
    if matches!(node.value, Value::Text(_)) {
        return Some(Raise { code: error_code(reader.report, node)?, message: None });
    }
    let fields = Fields::read(reader.report, node, RAISE)?;
    let code = match (fields.value("error"), default) {
        (None, Some(default)) => Some(Arc::from(default)),
        (Some(node), _) => error_code(reader.report, node),
        (None, None) => {
            fields.required(reader.report, "error", "error: order.unknown")?;
            None
        }
    };
    let message = Part::read(fields.value("message"), |node| {
        payload_for(reader, node, Expected::Text("a message"))
    });
    Some(Raise { code: code?, message: message.known().ok()? })
}

pub(super) fn commit(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    _: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    let empty = match &field.value.value {
        Value::Null | Value::Bool(true) => true,
        Value::Map(entries) => entries.is_empty(),
        Value::Bool(false)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Tagged(_) => false,
    };
    if !empty {
        let finding = wrong_kind(field.value, "`commit` stands alone");
        reader.add(finding.help("write the step as `- commit`; `when:` may stand beside it"));
        return None;
    }
    reader.flow.push(Op::Commit);
    commits(reader, field.key_span);
    Some((Operation::Commit, Bound::Unknown))
}

/// Tells a commit among steps that run at once: it would commit what others have half done.
pub(super) fn commits(reader: &mut Reader<'_, '_>, span: Span) {
    if reader.around.nesting.at_once {
        let message = "this commits while other steps run beside it";
        reader.add(
            Finding::new(Code::CommitAtOnce, span, message)
                .help("move it behind the steps that run at once"),
        );
    }
}

pub(super) fn stop(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    _: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    let output = match &field.value.value {
        Value::Null => Part::Absent,
        Value::Bool(_)
        | Value::Int(_)
        | Value::LargeInt
        | Value::Double(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Tagged(_) => Part::read(Some(field.value), |node| payload(reader, node)),
    };
    reader.flow.push(Op::Stop(output.is_written()));
    Some((Operation::Stop(output.known().ok()?), Bound::Unknown))
}

pub(super) fn log(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    _: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    Some((Operation::Log(payload(reader, field.value)?), Bound::Unknown))
}
