//! Which names are bound and used where in a workflow.
//!
//! Names are bound by `as:` and `set:` and visible from there on. The ways through a workflow are
//! taken generously: a name counts as bound if any earlier activity binds it, and within a loop of
//! `goto`s if any activity of the loop does.
//!
//! Invariants:
//!
//! * No finding is told for a name that could be bound on some way.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::Span;

use crate::catalog::unknown_attribute;
use crate::code::Code;
use crate::diagnostic::{Finding, listed, nearest, shown};
use crate::name::BUILT_IN;
use crate::report::Report;
use crate::workflow::Entity;

/// Attributes that every object has besides its own.
pub(crate) const METADATA: &[&str] =
    &["version", "created_at", "created_by", "modified_at", "modified_by"];

/// Of a name with more bindings than this, it is not checked to what it is bound.
const MAX_COMPARED_BINDINGS: usize = 64;

/// What a name is bound to.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    /// An object of this entity.
    Object(Arc<Entity>),
    /// Something that is certainly no object, in words with an article.
    Other(&'static str),
    /// Anything.
    Unknown,
}

/// A name in an expression, with the fields that follow it.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) fields: Vec<(String, Span)>,
    /// Whether an `update` or `delete` names it, which takes only objects.
    pub(crate) target: bool,
}

#[derive(Debug)]
struct Bind {
    name: Arc<str>,
    span: Span,
    bound: Bound,
    at: At,
    /// Ranges of moments, the ends not included, in which it is not visible.
    hidden: Vec<(usize, usize)>,
}

impl Bind {
    /// Whether the binding may have happened before a use that stands where it is visible.
    fn reaches(&self, used: At, loops: &[(usize, usize)]) -> bool {
        reaches(self.at, used, loops) && self.is_visible(used)
    }

    fn is_visible(&self, used: At) -> bool {
        !self.hidden.iter().any(|(from, to)| (*from..*to).contains(&used.order))
    }
}

/// A moment at which a scope begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    order: usize,
    binds: usize,
}

/// A moment in the order of the text: the activity (the number of activities for the output) and a
/// running number.
#[derive(Clone, Copy, Debug, Default)]
struct At {
    activity: usize,
    order: usize,
}

/// The uses and bindings of a workflow in the order of its text.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    at: At,
    uses: Vec<(Use, At)>,
    binds: Vec<Bind>,
    /// Entities of the objects that names are bound to, if all bindings so far agree.
    objects: BTreeMap<Arc<str>, Option<Arc<Entity>>>,
    /// From activity to activity, only backwards.
    jumps: Vec<(usize, usize)>,
    /// Whether some names that the text binds are not known because of other mistakes.
    names_lost: bool,
}

impl Flow {
    /// A part that may bind names could not be read: what seems absent may be there.
    pub(crate) fn lose_names(&mut self) {
        self.names_lost = true;
    }

    /// A scope begins here.
    pub(crate) fn mark(&self) -> Mark {
        Mark { order: self.at.order + 1, binds: self.binds.len() }
    }

    /// The scope that began there ends here, and with it the names that it binds.
    pub(crate) fn end_scope(&mut self, scope: Mark) {
        let end = self.mark().order;
        for bind in self.binds.iter_mut().skip(scope.binds) {
            bind.hidden.extend([(0, scope.order), (end, usize::MAX)]);
        }
    }

    /// Scopes that began there run side by side, and the last of them ends here: none sees the names
    /// of another, but what follows sees all.
    pub(crate) fn side_by_side(&mut self, scopes: &[Mark]) {
        let (Some(first), last) = (scopes.first().copied(), self.mark()) else { return };
        let ends = scopes.iter().skip(1).copied().chain([last]);
        for (begin, end) in scopes.iter().zip(ends) {
            for bind in self.binds.iter_mut().take(end.binds).skip(begin.binds) {
                bind.hidden.extend([(first.order, begin.order), (end.order, last.order)]);
            }
        }
    }

    /// Everything from here on belongs to this activity.
    pub(crate) fn enter(&mut self, activity: usize) {
        self.at.activity = activity;
    }

    pub(crate) fn used(&mut self, used: Use) {
        self.at.order += 1;
        self.uses.push((used, self.at));
    }

    pub(crate) fn bind(&mut self, name: &Arc<str>, span: Span, bound: Bound) {
        self.at.order += 1;
        let agreed = match (&bound, self.objects.get(name)) {
            (Bound::Object(entity), None) => Some(Arc::clone(entity)),
            (Bound::Object(entity), Some(Some(before))) if Arc::ptr_eq(entity, before) => {
                Some(Arc::clone(entity))
            }
            (Bound::Object(_) | Bound::Other(_) | Bound::Unknown, _) => None,
        };
        self.objects.insert(Arc::clone(name), agreed);
        let (name, at) = (Arc::clone(name), self.at);
        self.binds.push(Bind { name, span, bound, at, hidden: Vec::new() });
    }

    /// A `goto` of the activity that is being read.
    pub(crate) fn jump(&mut self, to: usize) {
        if to <= self.at.activity {
            self.jumps.push((to, self.at.activity));
        }
    }

    /// The entity of the object that a name is bound to, if all bindings so far agree.
    pub(crate) fn object(&self, name: &str) -> Option<Arc<Entity>> {
        self.objects.get(name)?.clone()
    }

    /// Tells the findings about names; those that are never used only if everything was read.
    pub(crate) fn check(&self, report: &mut Report<'_>, complete: bool) {
        let mut by_name: BTreeMap<&str, Vec<&Bind>> = BTreeMap::new();
        for bind in &self.binds {
            by_name.entry(&bind.name).or_default().push(bind);
        }
        let loops = merged(self.jumps.clone());
        for (used, at) in &self.uses {
            let binds = by_name.get(used.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            // Bindings are in the order of the text: if one does not reach, none behind it does.
            let mut before = binds.iter().take_while(|bind| reaches(bind.at, *at, &loops));
            if before.any(|bind| bind.is_visible(*at)) {
                if binds.len() <= MAX_COMPARED_BINDINGS {
                    let visible = binds.iter().filter(|bind| bind.reaches(*at, &loops));
                    check_object(report, used, &visible.copied().collect::<Vec<_>>());
                }
                continue;
            }
            match binds.first() {
                Some(_) | None if self.names_lost => {}
                Some(first) if first.is_visible(*at) => report.tell(|| unbound(used, first)),
                Some(first) => report.tell(|| ended(used, first)),
                None => report.tell(|| unknown(used, by_name.keys().copied())),
            }
        }
        if complete {
            self.check_unused(report, &by_name);
        }
    }

    fn check_unused(&self, report: &mut Report<'_>, by_name: &BTreeMap<&str, Vec<&Bind>>) {
        let used: std::collections::BTreeSet<&str> =
            self.uses.iter().map(|(used, _)| used.name.as_str()).collect();
        for (name, binds) in by_name {
            if let Some(first) = binds.first()
                && !used.contains(name)
                && !name.starts_with('_')
            {
                report.add(
                    Finding::new(
                        Code::UnusedName,
                        first.span,
                        format!("`{name}` is bound but never used"),
                    )
                    .help(format!("remove it, or call it `_{name}` if that is meant")),
                );
            }
        }
    }
}

/// Whether a binding may have happened before a use.
fn reaches(bind: At, used: At, loops: &[(usize, usize)]) -> bool {
    bind.order < used.order
        || loops.iter().any(|(first, last)| *first <= used.activity && bind.activity <= *last)
}

/// Ranges of activities that are run again, joined where they overlap.
fn merged(mut jumps: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    jumps.sort_unstable();
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (first, last) in jumps {
        match out.last_mut() {
            Some(open) if first <= open.1 => open.1 = open.1.max(last),
            Some(_) | None => out.push((first, last)),
        }
    }
    out
}

fn one_entity<'b, I: IntoIterator<Item = &'b Bind>>(binds: I) -> Option<Arc<Entity>> {
    let mut found: Option<&Arc<Entity>> = None;
    for bind in binds {
        match (&bind.bound, found) {
            (Bound::Object(entity), None) => found = Some(entity),
            (Bound::Object(entity), Some(first)) if Arc::ptr_eq(entity, first) => {}
            (Bound::Object(_) | Bound::Other(_) | Bound::Unknown, _) => return None,
        }
    }
    found.cloned()
}

fn unknown<'n, I: Iterator<Item = &'n str>>(used: &Use, bound: I) -> Finding {
    let bound: Vec<&str> = bound.collect();
    let candidates = || BUILT_IN.iter().copied().chain(bound.iter().copied());
    let help = if bound.is_empty() {
        "bind it with `as:` or `set:` in a step before; inputs are written `input.name`".to_owned()
    } else {
        format!(
            "bind it with `as:` or `set:` in a step before; bound are {}; inputs are written \
             `input.name`",
            listed(&bound)
        )
    };
    let message = format!("nothing is called `{}`", shown(&used.name));
    Finding::new(Code::UnknownName, used.span, message)
        .mean(nearest(&used.name, candidates()), help)
}

fn unbound(used: &Use, later: &Bind) -> Finding {
    let message = format!("`{}` is bound only later", shown(&used.name));
    Finding::new(Code::UnboundName, used.span, message)
        .label(later.span, "bound here")
        .help("move the step that binds it up, or use it further down")
}

fn ended(used: &Use, bind: &Bind) -> Finding {
    let message = format!("`{}` has no value here", shown(&used.name));
    Finding::new(Code::UnboundName, used.span, message).label(bind.span, "bound here").help(
        "names that a `for_each` binds end with it (`collect` hands values out), and the branches of \
         a `parallel` do not see the names of each other",
    )
}

/// What follows from a name being an object, or not.
fn check_object(report: &mut Report<'_>, used: &Use, binds: &[&Bind]) {
    if used.target {
        let other = binds.iter().find_map(|bind| match bind.bound {
            Bound::Other(what) => Some((what, bind.span)),
            Bound::Object(_) | Bound::Unknown => None,
        });
        let all_other = binds.iter().all(|bind| matches!(bind.bound, Bound::Other(_)));
        if let Some((what, span)) = other.filter(|_| all_other) {
            let message = format!("`{}` is {what}, not an object", shown(&used.name));
            report.add(
                Finding::new(Code::NotAnObject, used.span, message)
                    .label(span, "bound here")
                    .help("name an object that a `load` or `create` has bound with `as:`"),
            );
        }
        return;
    }
    if let Some(entity) = one_entity(binds.iter().copied()) {
        check_fields(report, &entity, &used.fields);
    }
}

/// Checks the fields that follow an object.
pub(crate) fn check_fields(report: &mut Report<'_>, entity: &Entity, fields: &[(String, Span)]) {
    let Some((field, span)) = fields.first() else { return };
    match field.as_str() {
        "id" => {}
        "metadata" => {
            if let Some((field, span)) = fields.get(1) {
                known_field(report, "metadata", METADATA, field, *span);
            }
        }
        name if entity.attributes.iter().any(|attribute| &*attribute.name == name) => {}
        name => {
            let all: Vec<&str> = entity
                .attributes
                .iter()
                .map(|attribute| &*attribute.name)
                .chain(["id", "metadata"])
                .collect();
            let finding = match nearest(name, all.iter().copied()) {
                Some(meant) => {
                    let message = format!("`{}` has no attribute `{}`", entity.name, shown(name));
                    Finding::new(Code::UnknownAttribute, *span, message).mean(Some(meant), "")
                }
                None => unknown_attribute(entity, name, *span),
            };
            report.add(finding);
        }
    }
}

/// Tells the finding if a built-in value has no such field.
pub(crate) fn known_field(
    report: &mut Report<'_>,
    of: &str,
    fields: &[&str],
    name: &str,
    span: Span,
) {
    if fields.contains(&name) {
        return;
    }
    let message = format!("`{of}` has no field `{}`", shown(name));
    report.add(
        Finding::new(Code::UnknownName, span, message)
            .mean(nearest(name, fields.iter().copied()), format!("it has {}", listed(fields))),
    );
}
