//! Findings about single names: unknown, not bound, not available, without such a field.
//!
//! Invariants:
//!
//! * One mistake gives one finding: a name that has none here is taken as bound from there on.

use lockstep_expr::{Fact, FreeName, Span, StaticType};

use super::state::{Binding, Lack};
use super::walk::Walk;
use crate::catalog::unknown_attribute;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::flow::{Text, Use};
use crate::name::{BUILT_IN, TYPES};
use crate::reader::Candidate;
use crate::report::MAX_FINDINGS;
use crate::workflow::Entity;
use crate::yaml::Places;

/// Attributes that every object has besides its own.
const METADATA: &[&str] = &["version", "created_at", "created_by", "modified_at", "modified_by"];
/// Fields of the value `workflow`.
pub(crate) const WORKFLOW_FIELDS: &[&str] = &["name", "instance_id", "started_at", "started_by"];
const LOCK_FIELDS: &[&str] = &["token", "keys", "waited"];

/// A field behind a name, and where it stands in the file.
pub(crate) type Field<'f> = (&'f str, Span);

impl Walk<'_> {
    /// Looks at one name of a use.
    pub(super) fn name(&mut self, used: &Use, free: &FreeName, places: &Places) {
        let span = places.span(Span::new(free.span.start, free.span.start + free.name.len()));
        let fields = fields(used, free, places);
        let first = fields.first().copied();
        let around = &used.around;
        if let Some(setting) = &around.setting {
            if self.findings.len() <= MAX_FINDINGS {
                self.findings.extend(setting.check(self.catalog, &free.name, span, &fields));
            }
            return;
        }
        match free.name.as_str() {
            "now" => {}
            "input" => self.input_field(first),
            "config" => self.config_field(first),
            "workflow" => self.known_field("workflow", WORKFLOW_FIELDS, first),
            "lock" if around.lock => self.known_field("lock", LOCK_FIELDS, first),
            "lock" => self.unavailable("lock", span, "in the steps of an activity with a lock"),
            "error" if around.catch => {}
            "error" => self.unavailable("error", span, "in the steps of a `catch`"),
            "secret" if around.secret => {}
            "secret" => self.unavailable("secret", span, "in http headers and exec environments"),
            "object" => match &around.object {
                Candidate::Of(entity) => self.object_field(entity, &fields),
                Candidate::Unknown => {}
                Candidate::Absent => self.unavailable("object", span, "in the `where` of a `find`"),
            },
            name if TYPES.contains(&name) && !self.names.contains_key(name) => {}
            _ => self.bound_name(used, free, span, &fields),
        }
    }

    fn bound_name(&mut self, used: &Use, free: &FreeName, span: Span, fields: &[Field<'_>]) {
        let Some(number) = self.names.get(free.name.as_str()).copied() else {
            if !self.flow.names_lost {
                self.tell(|walk| walk.unknown(&free.name, span));
            }
            return;
        };
        let lost = self.flow.names_lost || self.flow.ways_lost;
        let Some(cell) = self.state.cells.get(number).cloned() else { return };
        match &cell.binding {
            Binding::Always => {}
            Binding::Never | Binding::Sometimes(..) if lost => {}
            Binding::Never => {
                self.tell(|walk| walk.unbound(number, used, free, span));
                self.state.bind(number, &free.name, StaticType::Dyn);
                return;
            }
            Binding::Sometimes(_, lack) => {
                if !self.state.is_bound(number, &[])
                    && !self.state.is_bound(number, &guards(used, free))
                {
                    let lack = lack.clone();
                    self.tell(|walk| walk.may_be_unbound(number, free, span, &lack));
                    if let Some(cell) = self.state.cells.get_mut(number) {
                        cell.binding = Binding::Always;
                    }
                }
            }
        }
        if let Some(entity) = self.entity_of(&cell.ty) {
            self.object_field(&entity, fields);
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Finding {
        let bound: Vec<&str> = self.names.keys().map(|name| &**name).collect();
        let candidates = || BUILT_IN.iter().copied().chain(bound.iter().copied());
        let help = if bound.is_empty() {
            "bind it with `as:` or `set:` in a step before; inputs are written `input.name`"
                .to_owned()
        } else {
            format!(
                "bind it with `as:` or `set:` in a step before; bound are {}; inputs are written \
                 `input.name`",
                listed(&bound)
            )
        };
        let message = format!("nothing is called `{}`", shown(name));
        Finding::new(Code::UnknownName, span, message).mean(nearest(name, candidates()), help)
    }

    fn unbound(&self, number: usize, used: &Use, free: &FreeName, span: Span) -> Finding {
        let name = shown(&free.name);
        let Some(first) = self.bindings(number).next() else {
            return self.unknown(&free.name, span);
        };
        if self.bindings(number).all(|bind| bind.span.start > used.origin.span.start) {
            return Finding::new(Code::UnboundName, span, format!("`{name}` is bound only later"))
                .label(first.span, "bound here")
                .help("move the step that binds it up, or use it further down");
        }
        let help = if used.around.catch {
            "an activity that fails undoes the names that it has bound: bind it in an activity \
             before, or in this `catch`"
        } else {
            "it is bound in a part that no way leads from to here, or whose names end with it: bind \
             it in a step that always comes before"
        };
        let message = format!("`{name}` is not bound here");
        Finding::new(Code::UnboundName, span, message)
            .label(first.span, "bound here, which does not reach so far")
            .help(help)
    }

    fn may_be_unbound(&self, number: usize, free: &FreeName, span: Span, lack: &Lack) -> Finding {
        let name = shown(&free.name);
        let message = format!("`{name}` may not be bound here");
        let mut finding = Finding::new(Code::MayBeUnbound, span, message);
        if let Some(bind) = self.bindings(number).next() {
            finding = finding.label(bind.span, "bound here");
        }
        finding.label(lack.span, &*lack.way).help(format!(
            "bind it on that way too, such as with `set: {{ {name}: null }}`, or use it under the \
             same condition"
        ))
    }

    /// The entity of the objects of a type.
    pub(super) fn entity_of(&self, ty: &StaticType) -> Option<std::sync::Arc<Entity>> {
        let shape = ty.shape().filter(|shape| !shape.keyed)?;
        self.catalog.entities.get(&shape.name).cloned()
    }

    fn object_field(&mut self, entity: &Entity, fields: &[Field<'_>]) {
        if self.findings.len() <= MAX_FINDINGS {
            self.findings.extend(no_attribute(entity, fields));
        }
    }

    fn input_field(&mut self, field: Option<Field<'_>>) {
        let (Some(inputs), Some(field)) = (&self.flow.inputs, field) else { return };
        if self.findings.len() <= MAX_FINDINGS {
            let names: Vec<&str> = inputs.iter().map(|input| &*input.name).collect();
            self.findings.extend(no_input(&names, field));
        }
    }

    fn config_field(&mut self, field: Option<Field<'_>>) {
        if let Some((name, span)) = field
            && self.findings.len() <= MAX_FINDINGS
        {
            self.findings.extend(self.catalog.config_field(name, span));
        }
    }

    fn known_field(&mut self, of: &str, known: &[&str], field: Option<Field<'_>>) {
        self.findings.extend(no_field(of, known, field));
    }

    fn unavailable(&mut self, name: &str, span: Span, place: &str) {
        self.findings.push(
            Finding::new(Code::UnavailableName, span, format!("`{name}` has no value here"))
                .help(format!("it can be used {place}")),
        );
    }
}

/// The fields that follow a name.
fn fields<'f>(used: &Use, free: &'f FreeName, places: &Places) -> Vec<Field<'f>> {
    let text = match &used.text {
        Text::Target(_) => return Vec::new(),
        Text::Expression(_) | Text::Template(_) => used.origin.text(),
    };
    let mut at = free.span.start + free.name.len();
    let place = |field: &'f String| {
        let rest = text.get(at..).unwrap_or_default();
        let mut start = at + rest.find(field.as_str()).unwrap_or(0);
        at = start + field.len();
        if text.get(..start).is_some_and(|before| before.ends_with('`')) {
            (start, at) = (start - 1, at + 1);
        }
        (field.as_str(), places.span(Span::new(start, at)))
    };
    free.path.iter().map(place).collect()
}

/// What holds where the value of a name is needed.
fn guards(used: &Use, free: &FreeName) -> Vec<Fact> {
    let within = |offset: usize, expression: &lockstep_expr::Expression| {
        let at = free.span.start.checked_sub(offset)?;
        let mut guarded = expression.guarded_names().into_iter();
        guarded.find(|guarded| guarded.span.start == at).map(|guarded| guarded.facts)
    };
    let found = match &used.text {
        Text::Expression(expression) => within(0, expression),
        Text::Template(template) => template
            .expressions()
            .into_iter()
            .filter(|(offset, expression)| {
                (*offset..offset + expression.text().len()).contains(&free.span.start)
            })
            .find_map(|(offset, expression)| within(offset, expression)),
        Text::Target(_) => None,
    };
    found.unwrap_or_default()
}

/// The finding if a workflow has no input of this name.
pub(crate) fn no_input(inputs: &[&str], (field, span): Field<'_>) -> Option<Finding> {
    if inputs.contains(&field) {
        return None;
    }
    let help = if inputs.is_empty() {
        format!("declare it: `input: {{ {}: string }}`", shown(field))
    } else {
        format!("declared are {}", listed(inputs))
    };
    let message = format!("the workflow has no input `{}`", shown(field));
    Some(
        Finding::new(Code::UnknownName, span, message)
            .mean(nearest(field, inputs.iter().copied()), help),
    )
}

/// The finding if a built-in value has no such field.
pub(crate) fn no_field(of: &str, known: &[&str], field: Option<Field<'_>>) -> Option<Finding> {
    let (name, span) = field.filter(|(name, _)| !known.contains(name))?;
    let message = format!("`{of}` has no field `{}`", shown(name));
    let help = format!("it has {}", listed(known));
    Some(
        Finding::new(Code::UnknownName, span, message)
            .mean(nearest(name, known.iter().copied()), help),
    )
}

/// The finding if an object has no such attribute.
pub(crate) fn no_attribute(entity: &Entity, fields: &[Field<'_>]) -> Option<Finding> {
    let (name, span) = fields.first().copied()?;
    match name {
        "id" => return None,
        "metadata" => return no_field("metadata", METADATA, fields.get(1).copied()),
        name if entity.attributes.iter().any(|attribute| &*attribute.name == name) => return None,
        _ => {}
    }
    let all: Vec<&str> = entity
        .attributes
        .iter()
        .map(|attribute| &*attribute.name)
        .chain(["id", "metadata"])
        .collect();
    Some(match nearest(name, all.iter().copied()) {
        Some(meant) => {
            let message = format!("`{}` has no attribute `{}`", entity.name, shown(name));
            Finding::new(Code::UnknownAttribute, span, message).mean(Some(meant), "")
        }
        None => unknown_attribute(entity, name, span),
    })
}
