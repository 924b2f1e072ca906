//! Reads one workflow: where it is read, and what is known around.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Expression, FreeName, Span, Template};

use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::fields::wrong_kind;
use crate::flow::{Flow, Use, check_fields, known_field};
use crate::name;
use crate::report::Report;
use crate::setting::Setting;
use crate::step::Nesting;
use crate::workflow::Entity;
use crate::yaml::Places;
use crate::yaml::node::{Node, Value};

/// Fields of the value `workflow` in expressions.
const WORKFLOW_FIELDS: &[&str] = &["name", "instance_id", "started_at", "started_by"];
/// Fields of the value `lock` in expressions.
const LOCK_FIELDS: &[&str] = &["token", "keys", "waited"];

/// What the name `object` stands for.
#[derive(Clone, Debug, Default)]
pub(crate) enum Candidate {
    /// Nothing.
    #[default]
    Absent,
    /// An object of an entity that is not known.
    Unknown,
    /// An object of this entity.
    Of(Arc<Entity>),
}

/// Which names an expression may use besides those that are bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// Under an exclusive lock.
    pub(crate) lock: bool,
    /// In the steps of a catch.
    pub(crate) catch: bool,
    /// In the headers of `http` and the environment of `exec`.
    pub(crate) secret: bool,
    /// In the `where` of a `find`.
    pub(crate) object: Candidate,
    /// In steps that hold steps.
    pub(crate) nesting: Nesting,
    /// Outside of activities: the only names that there are.
    pub(crate) setting: Option<Arc<Setting>>,
}

/// What is known while a workflow is read.
pub(crate) struct Reader<'r, 's> {
    pub(crate) report: &'r mut Report<'s>,
    pub(crate) catalog: &'r Catalog,
    pub(crate) flow: Flow,
    /// Names of the inputs; `None` if they could not be read.
    pub(crate) inputs: Option<Vec<Arc<str>>>,
    /// Activities by name, with their number in the workflow.
    pub(crate) activities: BTreeMap<Arc<str>, (usize, Span)>,
    pub(crate) around: Around,
}

impl<'r, 's> Reader<'r, 's> {
    pub(crate) fn new(report: &'r mut Report<'s>, catalog: &'r Catalog) -> Self {
        Self {
            report,
            catalog,
            flow: Flow::default(),
            inputs: None,
            activities: BTreeMap::new(),
            around: Around::default(),
        }
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.report.add(finding);
    }

    /// The entity that a value names.
    pub(crate) fn entity(&mut self, node: &Node) -> Option<Arc<str>> {
        let name = crate::values::text(self.report, node, "the name of an entity is a text")?;
        self.catalog.check_entity(self.report, name, node.span);
        Some(Arc::from(name))
    }

    /// A bare expression: the value of a key such as `when`.
    pub(crate) fn expression(&mut self, node: &Node, key: &str) -> Option<Expression> {
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Null
            | Value::LargeInt
            | Value::Double(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Tagged(_) => {
                self.add(wrong_kind(node, &format!("`{key}` holds an expression")));
                return None;
            }
        };
        let places = Places::new(&self.report.source.text, node, &text);
        let trimmed = text.trim();
        if let Some(inner) = trimmed.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            self.add(
                Finding::new(
                    Code::BareExpression,
                    node.span,
                    format!("`{key}` holds an expression as it is, without `${{ }}`"),
                )
                .help(format!("write it as `{key}: {}`", shown(inner.trim())))
                .suggest(inner.trim()),
            );
            return None;
        }
        match Expression::parse(&text) {
            Ok(expression) => {
                self.resolve(&expression, 0, &places);
                Some(expression)
            }
            Err(error) => {
                self.add(cannot_be_read(Code::ExpressionSyntax, &error, &places));
                None
            }
        }
    }

    /// A text with `${ }` parts.
    pub(crate) fn template(&mut self, node: &Node, text: &str) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                let expressions = template.expressions();
                if !expressions.is_empty() {
                    let places = Places::new(&self.report.source.text, node, text);
                    for (offset, expression) in expressions {
                        self.resolve(expression, offset, &places);
                    }
                }
                Some(template)
            }
            Err(error) => {
                let places = Places::new(&self.report.source.text, node, text);
                self.add(cannot_be_read(Code::ExpressionSyntax, &error, &places));
                None
            }
        }
    }

    /// Looks at the names and calls of an expression whose text begins at `offset` of a value.
    fn resolve(&mut self, expression: &Expression, offset: usize, places: &Places) {
        for free in expression.free_names() {
            self.name(&free, expression, offset, places);
        }
        for mut call in expression.unresolved_calls() {
            call.span = Span::new(offset + call.span.start, offset + call.span.end);
            self.add(cannot_be_read(Code::UnknownFunction, &call, places));
        }
    }

    /// Looks at one name of an expression whose text begins at `offset` of a value.
    fn name(&mut self, free: &FreeName, expression: &Expression, offset: usize, places: &Places) {
        let part = |start: usize, length: usize| {
            places.span(Span::new(offset + start, offset + start + length))
        };
        let span = part(free.span.start, free.name.len());
        let mut fields = Vec::with_capacity(free.path.len());
        let mut at = free.span.start + free.name.len();
        for field in &free.path {
            let rest = expression.text().get(at..).unwrap_or_default();
            at += rest.find(field.as_str()).unwrap_or(0);
            fields.push((field.clone(), part(at, field.len())));
            at += field.len();
        }
        let first = fields.first().map(|(field, span)| (field.clone(), *span));
        if let Some(setting) = self.around.setting.clone() {
            setting.check(self.report, &free.name, span, &fields);
            return;
        }
        match free.name.as_str() {
            "now" => {}
            "input" => self.input(first),
            "config" => self.config(first),
            "workflow" => self.field("workflow", WORKFLOW_FIELDS, first),
            "lock" if self.around.lock => self.field("lock", LOCK_FIELDS, first),
            "lock" => self.unavailable("lock", span, "in the steps of an activity with a lock"),
            "error" if self.around.catch => {}
            "error" => self.unavailable("error", span, "in the steps of a `catch`"),
            "secret" if self.around.secret => {}
            "secret" => self.unavailable("secret", span, "in http headers and exec environments"),
            "object" => match self.around.object.clone() {
                Candidate::Of(entity) => check_fields(self.report, &entity, &fields),
                Candidate::Unknown => {}
                Candidate::Absent => self.unavailable("object", span, "in the `where` of a `find`"),
            },
            name if name::TYPES.contains(&name) => {}
            name => {
                self.flow.used(Use { name: name.to_owned(), span, fields, target: false });
            }
        }
    }

    fn input(&mut self, field: Option<(String, Span)>) {
        let (Some(inputs), Some((field, span))) = (&self.inputs, field) else { return };
        if inputs.iter().any(|input| **input == *field) {
            return;
        }
        self.report.tell(|| {
            let names = || inputs.iter().map(|name| &**name);
            let help = if inputs.is_empty() {
                format!("declare it: `input: {{ {}: string }}`", shown(&field))
            } else {
                format!("declared are {}", listed(names()))
            };
            let message = format!("the workflow has no input `{}`", shown(&field));
            Finding::new(Code::UnknownName, span, message).mean(nearest(&field, names()), help)
        });
    }

    fn config(&mut self, field: Option<(String, Span)>) {
        let (Some(project), Some((field, span))) = (&self.catalog.project, field) else { return };
        if project.config.iter().any(|(name, _)| **name == *field) {
            return;
        }
        let names = || project.config.iter().map(|(name, _)| &**name);
        let message = format!("the project's `config` has no `{}`", shown(&field));
        let help = format!("add it to the `project:` document; it has {}", listed(names()));
        self.report.add(
            Finding::new(Code::UnknownName, span, message).mean(nearest(&field, names()), help),
        );
    }

    fn field(&mut self, of: &str, known: &[&str], field: Option<(String, Span)>) {
        if let Some((field, span)) = field {
            known_field(self.report, of, known, &field, span);
        }
    }

    fn unavailable(&mut self, name: &str, span: Span, place: &str) {
        self.add(
            Finding::new(Code::UnavailableName, span, format!("`{name}` has no value here"))
                .help(format!("it can be used {place}")),
        );
    }
}

fn cannot_be_read(code: Code, error: &lockstep_expr::ParseError, places: &Places) -> Finding {
    let finding = Finding::new(code, places.span(error.span), error.message.clone());
    match &error.help {
        Some(help) => finding.help(help.clone()),
        None => finding.help("expressions follow the Common Expression Language (CEL)"),
    }
}
