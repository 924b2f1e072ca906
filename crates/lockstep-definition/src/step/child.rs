//! `workflow`: a step that runs another workflow.

use std::sync::Arc;

use crate::code::Code;
use crate::diagnostic::Finding;
use crate::fields::{Field, Fields, Keys, wrong_kind};
use crate::flow::Bound;
use crate::given::{Callee, given};
use crate::reader::Reader;
use crate::values::text;
use crate::workflow::{ChildMode, Operation};
use crate::yaml::node::Value;

const CHILD: Keys = Keys { what: "`workflow`", known: &["call", "start", "input"] };

pub(super) fn workflow(
    reader: &mut Reader<'_, '_>,
    field: Field<'_>,
    beside: &Fields<'_>,
) -> Option<(Operation, Bound)> {
    if let Value::Text(_) = &field.value.value {
        let finding = wrong_kind(field.value, "`workflow` is a mapping");
        reader
            .add(finding.help(
                "write `workflow: { call: NAME }` to wait for its end, or `{ start: NAME }`",
            ));
        return None;
    }
    let errors = reader.report.errors();
    let fields = Fields::read(reader.report, field.value, CHILD)?;
    let (named, mode) = match (fields.get("call"), fields.get("start")) {
        (Some(call), None) => (call, ChildMode::Call),
        (None, Some(start)) => (start, ChildMode::Start),
        (Some(call), Some(start)) => {
            reader.add(
                Finding::new(
                    Code::MisplacedKey,
                    start.key_span,
                    "`workflow` has `call` or `start`",
                )
                .label(call.key_span, "`call` waits for its end")
                .help("`call` waits for the end of the other workflow, `start` goes on at once"),
            );
            (call, ChildMode::Call)
        }
        (None, None) => {
            // A misspelt key has been told as an unknown one.
            if reader.report.errors() == errors {
                let message = "`workflow` does not say which one";
                reader.add(
                    Finding::new(Code::MissingKey, field.key_span, message)
                        .help("add `call: NAME` to wait for its end, or `start: NAME` to go on"),
                );
            }
            return None;
        }
    };
    if let Some(timeout) = beside.get("timeout").filter(|_| mode == ChildMode::Start) {
        reader.add(
            Finding::new(
                Code::MisplacedKey,
                timeout.key_span,
                "`timeout` has no meaning beside `workflow: { start }`",
            )
            .help("the step does not wait; write `call` to wait for the end of the other workflow"),
        );
    }
    let name = text(reader.report, named.value, "the name of a workflow is a text")
        .and_then(|name| fixed(reader, name, named));
    // A workflow that calls itself would never end.
    let except = reader.flow.workflow.as_deref().filter(|_| mode == ChildMode::Call);
    let signature = name
        .and_then(|name| reader.catalog.signature(reader.report, name, named.value.span, except));
    let callee = Callee {
        name: name.unwrap_or_default(),
        span: named.value.span,
        inputs: signature.and_then(|signature| signature.inputs.as_deref()),
    };
    let input = given(reader, fields.value("input"), callee);
    let name: Arc<str> = Arc::from(name?);
    let bound = match mode {
        ChildMode::Call => Bound::Output(Arc::clone(&name)),
        ChildMode::Start => Bound::Started,
    };
    let operation = Operation::Workflow { name, input: input?, mode };
    Some((operation, bound))
}

/// The name, unless it is an expression.
fn fixed<'n>(reader: &mut Reader<'_, '_>, name: &'n str, field: Field<'n>) -> Option<&'n str> {
    if !name.contains("${") {
        return Some(name);
    }
    let message = format!("`{}` takes a fixed name", field.key);
    reader.add(
        Finding::new(Code::InvalidValue, field.value.span, message)
            .help("write one step for each workflow, with `when:` beside it"),
    );
    None
}
