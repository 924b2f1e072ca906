//! What the names of a workflow are bound to, as far as the text shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Template, Type, Value};

use crate::workflow::{Goto, Operation, Payload, Step, Workflow};

use super::key::{Term, What};
use super::text;
use super::walk::Walked;

/// Most names that are followed from one to another.
const MAX_STEPS: usize = 8;

/// What a name is bound to.
#[derive(Clone, Copy, Debug)]
enum Bound<'w> {
    /// A loaded object.
    Loaded { entity: &'w Arc<str>, id: &'w Payload },
    /// An object that the workflow makes.
    Created { entity: &'w Arc<str>, id: Option<&'w Payload> },
    /// A value that is written.
    Value(&'w Payload),
    /// Anything else.
    Unknown,
}

/// Bindings of one workflow.
#[derive(Debug)]
pub(crate) struct Names<'w> {
    workflow: &'w Workflow,
    bound: BTreeMap<&'w str, Vec<Bound<'w>>>,
    /// Whether a step may run twice, so that a name may change its value.
    loops: bool,
}

impl<'w> Names<'w> {
    pub(crate) fn of(workflow: &'w Workflow, steps: &[Vec<Walked<'w>>]) -> Self {
        let mut bound: BTreeMap<&'w str, Vec<Bound<'w>>> = BTreeMap::new();
        for walked in steps.iter().flatten() {
            bind(&mut bound, walked.step);
        }
        let handled = workflow.activities.iter().flat_map(|activity| &activity.catch);
        for step in handled.flat_map(|catch| super::walk::handled(&catch.handler)) {
            bind(&mut bound, step);
        }
        let back = |number: usize, goto: &Goto| match goto {
            Goto::Activity(target) => *target <= number,
            Goto::End => false,
        };
        let loops =
            workflow.activities.iter().enumerate().any(|(number, activity)| {
                activity.next.iter().any(|next| back(number, &next.goto))
            });
        Self { workflow, bound, loops }
    }

    fn input_type(&self, name: &str) -> Option<&Type> {
        self.workflow.input.iter().find(|input| *input.name == *name).map(|input| &input.ty)
    }

    fn only(&self, name: &str) -> Option<Bound<'w>> {
        match self.bound.get(name)?.as_slice() {
            [bound] => Some(*bound),
            _ => None,
        }
    }

    /// What a lock context in this workflow locks.
    pub(crate) fn locked(&self, context: &str) -> What {
        if let Some((entity, id)) = text::reference(context) {
            return What::Object { entity: Arc::from(entity), id: self.term(id) };
        }
        if let Some(entity) = text::references(context) {
            return What::Object { entity: Arc::from(entity), id: self.term(context) };
        }
        if !text::is_path(context) {
            return What::One(self.term(context));
        }
        let mut context = context.to_owned();
        for _ in 0..MAX_STEPS {
            if let Some(name) = context.strip_prefix("input.")
                && let Some(entity) = self.input_type(name).and_then(locked_entity)
            {
                let id = Term::Input { frame: self.frame(), path: name.to_owned() };
                return What::Object { entity: Arc::clone(entity), id };
            }
            match self.only(&context) {
                Some(Bound::Loaded { entity, id }) => {
                    return What::Object { entity: Arc::clone(entity), id: self.payload(id) };
                }
                Some(Bound::Created { entity, id }) => {
                    let id = id.map_or_else(|| self.fresh(&context), |id| self.payload(id));
                    return What::Object { entity: Arc::clone(entity), id };
                }
                Some(Bound::Value(Payload::Template(Template::Expression(value)))) => {
                    let next = text::plain(value.text());
                    if let Some((entity, id)) = text::reference(&next) {
                        return What::Object { entity: Arc::from(entity), id: self.term(id) };
                    }
                    context = next;
                }
                Some(Bound::Value(_) | Bound::Unknown) | None => break,
            }
        }
        What::One(self.term(&context))
    }

    /// What an expression comes to, by its text without needless spaces.
    pub(crate) fn term(&self, written: &str) -> Term {
        let mut path = written.to_owned();
        for _ in 0..MAX_STEPS {
            if let Some(term) = literal(&path) {
                return term;
            }
            if !text::is_path(&path) {
                break;
            }
            if let Some(input) = path.strip_prefix("input.") {
                return Term::Input { frame: self.frame(), path: self.input_path(input) };
            }
            let (name, rest) = path.split_once('.').map_or((path.as_str(), ""), |(n, r)| (n, r));
            let id = matches!(rest, "" | "id");
            path = match self.only(name) {
                Some(Bound::Loaded { id: payload, .. }) if id => match written_in(payload) {
                    Some(next) => next,
                    None => return self.payload(payload),
                },
                Some(Bound::Created { id: None, .. }) if id => return self.fresh(name),
                Some(Bound::Created { id: Some(payload), .. }) if id => match written_in(payload) {
                    Some(next) => next,
                    None => return self.payload(payload),
                },
                Some(Bound::Value(payload)) if rest.is_empty() => match written_in(payload) {
                    Some(next) => next,
                    None => return self.payload(payload),
                },
                Some(
                    Bound::Loaded { .. } | Bound::Created { .. } | Bound::Value(_) | Bound::Unknown,
                )
                | None => break,
            };
        }
        if path.contains("workflow.instance_id") {
            return Term::Fresh { frame: self.frame(), text: path };
        }
        let fixed = !self.loops && self.is_bound_once(&path);
        Term::Text { frame: self.frame(), text: path, fixed }
    }

    /// A reference as an id means the id that it holds.
    fn input_path(&self, path: &str) -> String {
        match path.strip_suffix(".id") {
            Some(name) if matches!(self.input_type(name), Some(Type::Reference(_))) => {
                name.to_owned()
            }
            Some(_) | None => path.to_owned(),
        }
    }

    /// What a payload comes to, if it is one expression or a text.
    pub(crate) fn payload(&self, payload: &Payload) -> Term {
        match payload {
            Payload::Literal(Value::String(text)) => Term::Constant(format!("{text:?}")),
            Payload::Literal(Value::Int(number)) => Term::Constant(number.to_string()),
            Payload::Template(Template::Expression(expression)) => {
                self.term(&text::plain(expression.text()))
            }
            Payload::Literal(_) | Payload::Template(_) | Payload::List(_) | Payload::Map(_) => {
                Term::Text { frame: self.frame(), text: "?".to_owned(), fixed: false }
            }
        }
    }

    fn fresh(&self, name: &str) -> Term {
        Term::Fresh { frame: self.frame(), text: name.to_owned() }
    }

    fn frame(&self) -> Arc<str> {
        Arc::clone(&self.workflow.name)
    }

    /// Whether all names in a text keep their values while an instance runs.
    fn is_bound_once(&self, text: &str) -> bool {
        words(text).all(|word| self.bound.get(word).is_none_or(|bound| bound.len() == 1))
            && !words(text).any(|word| word == "now")
    }
}

/// The entity of the objects that a value of a type refers to, alone or in a list.
fn locked_entity(ty: &Type) -> Option<&Arc<str>> {
    let of = if let Type::List(of) = ty { of } else { ty };
    if let Type::Reference(entity) | Type::Record(entity) = of { Some(entity) } else { None }
}

fn literal(text: &str) -> Option<Term> {
    if let Some(constant) = text::quoted(text) {
        return Some(Term::Constant(format!("{constant:?}")));
    }
    let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    (number || matches!(text, "true" | "false")).then(|| Term::Constant(text.to_owned()))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The text of a payload that is one expression.
fn written_in(payload: &Payload) -> Option<String> {
    match payload {
        Payload::Template(Template::Expression(expression)) => Some(text::plain(expression.text())),
        Payload::Template(_) | Payload::Literal(_) | Payload::List(_) | Payload::Map(_) => None,
    }
}

fn bind<'w>(bound: &mut BTreeMap<&'w str, Vec<Bound<'w>>>, step: &'w Step) {
    let mut add = |name: &'w Arc<str>, value| bound.entry(name).or_default().push(value);
    let result = match &step.operation {
        Operation::Load { entity, id, .. } => Bound::Loaded { entity, id },
        Operation::Create { entity, id, .. } => Bound::Created { entity, id: id.as_ref() },
        Operation::Set(values) => {
            for (name, value) in values {
                add(name, Bound::Value(value));
            }
            Bound::Unknown
        }
        Operation::ForEach(each) => {
            // An item changes with each turn: never bound once.
            for name in std::iter::once(&each.item).chain(&each.index) {
                add(name, Bound::Unknown);
                add(name, Bound::Unknown);
            }
            Bound::Unknown
        }
        Operation::Find { .. }
        | Operation::Update { .. }
        | Operation::Delete { .. }
        | Operation::Require { .. }
        | Operation::Raise(_)
        | Operation::Commit
        | Operation::Log(_)
        | Operation::Http { .. }
        | Operation::Exec { .. }
        | Operation::Task { .. }
        | Operation::Wait(_)
        | Operation::Workflow { .. }
        | Operation::Parallel(_)
        | Operation::Stop(_) => Bound::Unknown,
    };
    if let Some(name) = &step.bind {
        add(name, result);
    }
}
