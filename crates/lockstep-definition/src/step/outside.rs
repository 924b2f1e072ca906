//! Steps that call something outside: `http`, `exec`, `task`.

use std::sync::Arc;

use lockstep_expr::{Span, Value as Literal};

use super::secret::secrets;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, shown};
use crate::fields::{Field, Fields, Keys, wrong_kind};
use crate::flow::Bound;
use crate::name::NameKind;
use crate::part::Part;
use crate::payload::{named, payload, payload_for};
use crate::reader::Reader;
use crate::typing::Expected;
use crate::values::{list, name, text};
use crate::workflow::{Operation, Payload};
use crate::yaml::node::{Node, Value};

const HTTP: Keys = Keys { what: "`http`", known: &["method", "url", "headers", "body"] };
const EXEC: Keys = Keys { what: "`exec`", known: &["program", "args", "input", "env"] };
const TASK: Keys = Keys { what: "`task`", known: &["type", "input"] };
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

type Read = Option<(Operation, Bound)>;

pub(super) fn http(reader: &mut Reader<'_, '_>, field: Field<'_>, _: &Fields<'_>) -> Read {
    let fields = Fields::read(reader.report, field.value, HTTP)?;
    let method = Part::read(fields.value("method"), |node| method(reader, node));
    let url = fields
        .required(reader.report, "url", "url: \"https://...\"")
        .and_then(|node| url(reader, node));
    let headers = Part::read(fields.value("headers"), |node| headers(reader, node));
    let body = Part::read(fields.value("body"), |node| payload(reader, node));
    let operation = Operation::Http {
        method: method.known().ok()?.unwrap_or_else(|| Arc::from("GET")),
        url: url?,
        headers: headers.or_default()?,
        body: body.known().ok()?,
    };
    Some((operation, Bound::HttpAnswer))
}

fn method(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Arc<str>> {
    let written = text(reader.report, node, "`method` is a text")?;
    let upper = written.to_ascii_uppercase();
    if METHODS.contains(&upper.as_str()) {
        return Some(Arc::from(upper));
    }
    let message = format!("`{}` is not a method", shown(written));
    reader.add(
        Finding::new(Code::InvalidValue, node.span, message)
            .help(format!("it is one of {}", listed(METHODS))),
    );
    None
}

fn url(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Payload> {
    let url = payload_for(reader, node, Expected::Url)?;
    let problem = match &url {
        Payload::Template(_) => None,
        Payload::Literal(Literal::String(text)) => {
            let web = text.starts_with("http://") || text.starts_with("https://");
            (!web).then_some("a URL begins with `http://` or `https://`")
        }
        Payload::Literal(_) | Payload::List(_) | Payload::Map(_) => Some("a URL is a text"),
    };
    if let Some(problem) = problem {
        reader.add(
            Finding::new(Code::InvalidValue, node.span, problem)
                .help("write the whole address, such as `\"${config.shop}/orders\"`"),
        );
        return None;
    }
    Some(url)
}

/// Texts in which secrets may be used.
fn with_secrets(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    what: &str,
    entry: &'static str,
) -> Option<Vec<(Arc<str>, Payload)>> {
    let outer = reader.around.secret;
    reader.around.secret = true;
    let entries = named(reader, node, what, &Expected::Text(entry));
    reader.around.secret = outer;
    secrets(reader, node);
    entries
}

fn headers(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Vec<(Arc<str>, Payload)>> {
    let headers = with_secrets(reader, node, "`headers`", "a header")?;
    let token = |name: &str| {
        let sign = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !name.is_empty() && name.bytes().all(sign)
    };
    for (name, _) in headers.iter().filter(|(name, _)| !token(name)) {
        let message = format!("`{}` cannot be the name of a header", shown(name));
        reader.add(
            Finding::new(Code::InvalidName, node.span, message)
                .help("use letters, digits and `-`, such as `content-type`"),
        );
    }
    Some(headers)
}

pub(super) fn exec(reader: &mut Reader<'_, '_>, field: Field<'_>, _: &Fields<'_>) -> Read {
    let fields = Fields::read(reader.report, field.value, EXEC)?;
    let program = fields
        .required(reader.report, "program", "program: NAME")
        .and_then(|node| program(reader, node));
    let args = Part::read(fields.value("args"), |node| {
        let items = list(reader.report, node, "`args`", false)?;
        let args: Vec<Option<Payload>> = items
            .iter()
            .map(|item| payload_for(reader, item, Expected::Text("an argument")))
            .collect();
        args.into_iter().collect::<Option<Vec<_>>>()
    });
    let input = Part::read(fields.value("input"), |node| payload(reader, node));
    let env =
        Part::read(fields.value("env"), |node| with_secrets(reader, node, "`env`", "a variable"));
    let operation = Operation::Exec {
        program: program?,
        args: args.or_default()?,
        input: input.known().ok()?,
        env: env.or_default()?,
    };
    Some((operation, Bound::ExecResult))
}

fn program(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Arc<str>> {
    let program = text(reader.report, node, "`program` is the name or path of a program")?;
    if program.is_empty() || program.contains("${") || program.contains('\0') {
        reader.add(
            Finding::new(Code::InvalidValue, node.span, "`program` is a fixed name or path")
                .help("put what changes into `args`, `input` or `env`"),
        );
        return None;
    }
    check_allowed(reader, program, node.span);
    Some(Arc::from(program))
}

fn check_allowed(reader: &mut Reader<'_, '_>, program: &str, span: Span) {
    let Some(project) = &reader.catalog.project else { return };
    if project.allowed_programs.iter().any(|allowed| allowed == program) {
        return;
    }
    let message = format!("the project does not allow the program `{}`", shown(program));
    reader.report.add(
        Finding::new(Code::ProgramNotAllowed, span, message)
            .help("the step would be refused: add it to `allowed_programs` of the project"),
    );
}

pub(super) fn task(reader: &mut Reader<'_, '_>, field: Field<'_>, _: &Fields<'_>) -> Read {
    if matches!(field.value.value, Value::Text(_)) {
        let finding = wrong_kind(field.value, "`task` is a mapping");
        reader.add(finding.help("write `task: { type: NAME, input: {...} }`"));
        return None;
    }
    let fields = Fields::read(reader.report, field.value, TASK)?;
    let what = "the type of a task";
    let kind = fields
        .required(reader.report, "type", "type: send-email")
        .and_then(|node| name(reader.report, node, what, NameKind::Label));
    let input = Part::read(fields.value("input"), |node| payload(reader, node));
    let operation = Operation::Task { kind: kind?, input: input.known().ok()? };
    Some((operation, Bound::Unknown))
}
