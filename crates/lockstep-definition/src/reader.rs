//! Reads one workflow: where it is read, and what is known around.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Expression, Span, Template};

use crate::catalog::Catalog;
use crate::code::Code;
use crate::diagnostic::{Finding, shown};
use crate::fields::wrong_kind;
use crate::flow::{Flow, Op, Origin, Text, Use, UseId};
use crate::report::Report;
use crate::setting::Setting;
use crate::step::Nesting;
use crate::typing::Expected;
use crate::workflow::Entity;
use crate::yaml::Places;
use crate::yaml::node::{Node, Value};

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
    /// Activities by name, with their number in the workflow.
    pub(crate) activities: BTreeMap<Arc<str>, (usize, Span)>,
    pub(crate) around: Around,
    /// Whether the workflow itself has a lock.
    pub(crate) locked: bool,
}

impl<'r, 's> Reader<'r, 's> {
    pub(crate) fn new(report: &'r mut Report<'s>, catalog: &'r Catalog) -> Self {
        Self {
            report,
            catalog,
            flow: Flow::default(),
            activities: BTreeMap::new(),
            around: Around::default(),
            locked: false,
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
        self.flow.no_expression();
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
                let used = self.used(Text::Expression(expression.clone()), node, &text);
                self.flow.expression(used, Expected::of_key(key));
                Some(expression)
            }
            Err(error) => {
                let finding = cannot_be_read(Code::ExpressionSyntax, &error, &places);
                self.add(self.cut(finding, node));
                None
            }
        }
    }

    /// A text with `${ }` parts, and the number of its use if it has any.
    pub(crate) fn template(
        &mut self,
        node: &Node,
        text: &str,
    ) -> Option<(Template, Option<UseId>)> {
        match Template::parse(text) {
            Ok(template) => {
                let expressions = template.expressions();
                if expressions.is_empty() {
                    return Some((template, None));
                }
                if expressions.iter().any(|(_, one)| !one.unresolved_calls().is_empty()) {
                    let places = Places::new(&self.report.source.text, node, text);
                    for (offset, expression) in expressions {
                        self.resolve(expression, offset, &places);
                    }
                }
                let used = self.used(Text::Template(template.clone()), node, text);
                let id = self.flow.used(used);
                Some((template, Some(id)))
            }
            Err(error) => {
                let places = Places::new(&self.report.source.text, node, text);
                let finding = cannot_be_read(Code::ExpressionSyntax, &error, &places);
                self.add(self.cut(finding, node));
                None
            }
        }
    }

    /// Says more about an expression that a comment of the file cuts.
    fn cut(&self, finding: Finding, node: &Node) -> Finding {
        let behind = self.report.source.text.get(node.span.end..).unwrap_or_default();
        let rest = behind.lines().next().unwrap_or_default();
        if !rest.trim_start().starts_with('#') || rest.starts_with('#') {
            return finding;
        }
        finding.help("a `#` behind a space begins a comment: put the whole text into quotes")
    }

    /// The name of an object that is written.
    pub(crate) fn target(&mut self, node: &Node, name: &str) {
        let used = self.used(Text::Target(Arc::from(name)), node, name);
        let id = self.flow.used(used);
        self.flow.push(Op::Target(id));
    }

    fn used(&self, text: Text, node: &Node, written: &str) -> Use {
        Use { text, origin: Origin::new(node, written), around: self.around.clone() }
    }

    /// Tells calls of functions that there are not, in an expression whose text begins at `offset`.
    fn resolve(&mut self, expression: &Expression, offset: usize, places: &Places) {
        for mut call in expression.unresolved_calls() {
            call.span = Span::new(offset + call.span.start, offset + call.span.end);
            self.add(cannot_be_read(Code::UnknownFunction, &call, places));
        }
    }
}

fn cannot_be_read(code: Code, error: &lockstep_expr::ParseError, places: &Places) -> Finding {
    let finding = Finding::new(code, places.span(error.span), error.message.clone());
    match &error.help {
        Some(help) => finding.help(help.clone()),
        None => finding.help("expressions follow the Common Expression Language (CEL)"),
    }
}
