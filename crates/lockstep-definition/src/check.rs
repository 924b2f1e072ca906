//! All files together: which documents they hold, and in which order these are read.
//!
//! Entities and the project come first, because workflows name them; then what workflows ask for,
//! because workflows start each other.
//!
//! Invariants:
//!
//! * There are definitions only if there is no error.
//! * The result depends on the sources alone, and is found for every input.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::Span;

use crate::catalog::Catalog;
use crate::code::{Code, Severity};
use crate::definition::workflow;
use crate::diagnostic::{Diagnostic, Finding, nearest, shown};
use crate::entity::entity;
use crate::input::signature;
use crate::project::project;
use crate::report::Report;
use crate::source::Source;
use crate::trigger::webhooks;
use crate::typing::{self, Inspection, Recorded};
use crate::workflow::Definitions;
use crate::yaml::node::{Node, Value};
use crate::{analysis, fields, input, yaml};

/// First keys of documents.
const KINDS: &[&str] = &["workflow", "entity", "project"];

/// What checking gave.
#[derive(Debug)]
pub struct Checked {
    /// The definitions, if no diagnostic is an error.
    pub definitions: Option<Definitions>,
    /// All findings, by file in the order of the sources, then by place.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Workflow,
    Entity,
    Project,
}

/// A document whose kind is known.
struct Document<'n> {
    file: usize,
    kind: Kind,
    node: &'n Node,
}

/// Checks files together.
pub fn check(sources: &[Source]) -> Checked {
    check_all(sources, None).0
}

/// Checks files together, and returns besides what is to be known about each workflow of the file
/// with the number `file`.
pub fn inspect(sources: &[Source], file: usize) -> (Checked, Vec<Inspection>) {
    check_all(sources, Some(file))
}

fn check_all(sources: &[Source], inspected: Option<usize>) -> (Checked, Vec<Inspection>) {
    let mut reports: Vec<Report<'_>> = sources.iter().map(Report::new).collect();
    let contents: Vec<yaml::Documents> = reports.iter_mut().map(yaml::read).collect();
    let mut catalog =
        Catalog { incomplete: contents.iter().any(|content| content.broken), ..Catalog::default() };
    let mut documents = Vec::new();
    for (file, (content, report)) in contents.iter().zip(&mut reports).enumerate() {
        for node in &content.nodes {
            match kind(report, node) {
                Some(kind) => documents.push(Document { file, kind, node }),
                None => catalog.incomplete = true,
            }
        }
    }
    check_names(sources, &mut reports, &documents, &mut catalog);
    check_webhooks(sources, &mut reports, &documents);
    let mut definitions = Definitions::default();
    let mut recorded = Vec::new();
    for document in documents.iter().filter(|document| document.kind != Kind::Workflow) {
        let Some(report) = reports.get_mut(document.file) else { continue };
        if document.kind == Kind::Project {
            // Of several projects, which is told, the first counts.
            if let Some((project, defaults)) = project(report, document.node)
                && catalog.project.is_none()
            {
                catalog.project = Some(project);
                catalog.defaults = defaults;
            }
        } else if let Some((entity, flow)) = entity(report, document.node, &catalog) {
            recorded.push(Recorded { file: document.file, flow });
            catalog.entities.entry(Arc::clone(&entity.name)).or_insert_with(|| Arc::new(entity));
        }
    }
    for (number, document) in workflows(&documents) {
        let Some(report) = reports.get_mut(document.file) else { continue };
        let input = document.node.entry("input").map(|(_, node)| node);
        let signature = signature(report, input, &catalog, input::WORKFLOW);
        catalog.signatures.insert(number, signature);
    }
    for (number, document) in workflows(&documents) {
        let Some(report) = reports.get_mut(document.file) else { continue };
        let (workflow, flows) = workflow(report, document.node, number, &catalog);
        recorded.extend(flows.into_iter().map(|flow| Recorded { file: document.file, flow }));
        if let Some(workflow) = workflow {
            definitions.workflows.insert(Arc::clone(&workflow.name), Arc::new(workflow));
        }
    }
    let inspections = typing::check(&mut reports, &catalog, &recorded, inspected);
    definitions.entities = catalog.entities;
    definitions.project = catalog.project.unwrap_or_default();
    if reports.iter().all(|report| report.errors() == 0) {
        for (_, document) in workflows(&documents) {
            let workflow = name_of(document.node, document.kind)
                .and_then(|(name, _)| definitions.workflows.get(name));
            if let (Some(workflow), Some(report)) = (workflow, reports.get_mut(document.file)) {
                analysis::check_inputs(report, workflow, document.node.entry("input"));
            }
        }
        analysis::analyse(&definitions, &mut reports);
    }
    (finish(reports, definitions), inspections)
}

/// The documents of workflows, numbered.
fn workflows<'d, 'n>(
    documents: &'d [Document<'n>],
) -> impl Iterator<Item = (usize, &'d Document<'n>)> {
    documents.iter().enumerate().filter(|(_, document)| document.kind == Kind::Workflow)
}

fn finish(reports: Vec<Report<'_>>, definitions: Definitions) -> Checked {
    // Where something is wrong not all is looked at, so that an allowance may only seem unused.
    let clean = reports.iter().all(|report| report.errors() == 0);
    let mut diagnostics = Vec::new();
    for mut report in reports {
        if clean {
            report.check_allowances();
        }
        let mut found = report.into_diagnostics();
        found.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
        found.dedup();
        diagnostics.append(&mut found);
    }
    let wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Checked { definitions: (!wrong).then_some(definitions), diagnostics }
}

/// What a document is, by its first key.
fn kind(report: &mut Report<'_>, node: &Node) -> Option<Kind> {
    let Value::Map(entries) = &node.value else {
        report.add(fields::wrong_kind(node, "a document is a mapping that begins with its kind"));
        return None;
    };
    let key_of = |key: &Node| match key.as_text()? {
        "workflow" => Some(Kind::Workflow),
        "entity" => Some(Kind::Entity),
        "project" => Some(Kind::Project),
        _ => None,
    };
    let (first, _) = entries.first()?;
    if let Some(kind) = key_of(first) {
        return Some(kind);
    }
    let finding = |message: String| Finding::new(Code::UnknownDocument, first.span, message);
    if let Some((key, _)) = entries.iter().find(|(key, _)| key_of(key).is_some()) {
        report.add(
            finding("the first key of a document says what it is".to_owned())
                .label(key.span, "this key comes first")
                .help("move it to the top of the document"),
        );
        return key_of(key);
    }
    let written = first.as_text().unwrap_or_default();
    report.add(finding(format!("a document cannot begin with `{}`", shown(written))).mean(
        nearest(written, KINDS.iter().copied()),
        "begin it with `workflow: NAME`, `entity: NAME` or `project: NAME`",
    ));
    None
}

/// Tells definitions that have the same name, and notes the names of entities.
fn check_names(
    sources: &[Source],
    reports: &mut [Report<'_>],
    documents: &[Document<'_>],
    catalog: &mut Catalog,
) {
    let mut seen: BTreeMap<(Kind, &str), (usize, Span)> = BTreeMap::new();
    for (number, document) in documents.iter().enumerate() {
        let Some((name, span)) = name_of(document.node, document.kind) else { continue };
        // There is one project, whatever its name.
        let key = if document.kind == Kind::Project { "" } else { name };
        if document.kind == Kind::Entity {
            catalog.names.insert(Arc::from(name));
        }
        if document.kind == Kind::Workflow {
            catalog.workflows.entry(Arc::from(name)).or_insert(number);
        }
        let Some(first) = seen.get(&(document.kind, key)) else {
            seen.insert((document.kind, key), (document.file, span));
            continue;
        };
        let message = match document.kind {
            Kind::Workflow => format!("two workflows are called `{}`", shown(name)),
            Kind::Entity => format!("two entities are called `{}`", shown(name)),
            Kind::Project => "there is more than one project".to_owned(),
        };
        let finding = Finding::new(Code::DuplicateDefinition, span, message)
            .help("all files are checked together: rename or remove one of the two");
        if let (Some(report), Some(source)) = (reports.get_mut(document.file), sources.get(first.0))
        {
            report.add(finding.label_in(&source.path, first.1, "first defined here"));
        }
    }
}

/// The name of a document and its place.
fn name_of(node: &Node, kind: Kind) -> Option<(&str, Span)> {
    let wanted = match kind {
        Kind::Workflow => "workflow",
        Kind::Entity => "entity",
        Kind::Project => "project",
    };
    let (_, value) = node.entry(wanted)?;
    Some((value.as_text()?, value.span))
}

/// Tells webhooks that have the same name: requests could not be told apart.
fn check_webhooks(sources: &[Source], reports: &mut [Report<'_>], documents: &[Document<'_>]) {
    let mut seen: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for (_, document) in workflows(documents) {
        for (name, span) in webhooks(document.node) {
            let Some(first) = seen.get(name) else {
                seen.insert(name, (document.file, span));
                continue;
            };
            let message = format!("two webhooks are called `{}`", shown(name));
            let finding = Finding::new(Code::DuplicateWebhook, span, message)
                .help("a request reaches a workflow by this name: rename one of the two");
            if let (Some(report), Some(source)) =
                (reports.get_mut(document.file), sources.get(first.0))
            {
                report.add(finding.label_in(&source.path, first.1, "first named here"));
            }
        }
    }
}

#[cfg(test)]
mod correct;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod remedies;
#[cfg(test)]
pub(crate) mod tests;
