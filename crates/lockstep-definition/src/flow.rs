//! What a workflow does with names and values, as it was read.
//!
//! The form between the text and the check of its types: uses of names, bindings, conditions and
//! moves, in the order in which they would run. It is recorded while the text is read, and checked
//! ([`crate::typing`]) when all files were read.
//!
//! Invariants:
//!
//! * Recording finds nothing wrong and forgets nothing; a part that cannot be read leaves a mark
//!   ([`Flow::lose_names`], [`Flow::lose_ways`]), behind which what seems absent may be there.
//! * Each [`Op::Open`] is followed by its [`Op::Close`].
//!
//! Absent by design: types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_expr::{Expression, FreeName, Span, StaticType, Template, Type, Value};

use crate::reader::Around;
use crate::typing::Expected;
use crate::workflow::{Entity, Goto};
use crate::yaml::Places;
use crate::yaml::node::Node;
use crate::yaml::spans::Style;

/// What a name is bound to.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    /// An object of this entity.
    Object(Arc<Entity>),
    /// An object of this entity, or null.
    Optional(Arc<Entity>),
    /// A list of objects of this entity.
    Objects(Arc<Entity>),
    /// The answer of an `http` step.
    HttpAnswer,
    /// The result of an `exec` step.
    ExecResult,
    /// What starting a workflow gives.
    Started,
    /// A value of this type.
    Typed(StaticType),
    /// What the value that was read last comes to.
    Value,
    /// An item of the list that was read last.
    Item,
    /// A list of what the value that was read last comes to.
    List,
    /// The output of this workflow.
    Output(Arc<str>),
    /// Anything.
    Unknown,
}

/// Where a text of the file stands, so that places in it can be found when they are needed.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) span: Span,
    style: Style,
    text: Box<str>,
}

impl Origin {
    pub(crate) fn new(node: &Node, text: &str) -> Self {
        Self { span: node.text_span, style: node.style, text: text.into() }
    }

    /// The value of the text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn places(&self, file: &str) -> Places {
        Places::at(file, self.span, self.style, &self.text)
    }
}

/// A text with expressions.
#[derive(Debug)]
pub(crate) enum Text {
    /// A bare expression.
    Expression(Expression),
    /// A text with `${ }` parts.
    Template(Template),
    /// The name of an object that is written.
    Target(Arc<str>),
}

/// One use of names.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) text: Text,
    pub(crate) origin: Origin,
    pub(crate) around: Around,
}

impl Use {
    /// The names that it takes, with the byte of the text at which each stands.
    pub(crate) fn free_names(&self) -> Vec<FreeName> {
        let shifted = |offset: usize, expression: &Expression| {
            expression
                .free_names()
                .into_iter()
                .map(move |free| FreeName { span: free.span.shifted(offset), ..free })
                .collect::<Vec<_>>()
        };
        match &self.text {
            Text::Expression(expression) => shifted(0, expression),
            Text::Template(template) => template
                .expressions()
                .into_iter()
                .flat_map(|(offset, expression)| shifted(offset, expression))
                .collect(),
            Text::Target(name) => vec![FreeName {
                name: name.to_string(),
                path: Vec::new(),
                span: Span::new(0, name.len()),
            }],
        }
    }
}

/// A binding of a name.
#[derive(Debug)]
pub(crate) struct Bind {
    pub(crate) name: Arc<str>,
    pub(crate) span: Span,
    pub(crate) bound: Bound,
}

/// Number of a use within its workflow.
pub(crate) type UseId = usize;

/// A tree of literals and uses.
#[derive(Debug)]
pub(crate) enum Tree {
    Literal(Value, Span),
    Use(UseId),
    List(Vec<Tree>, Span),
    Map(Vec<(Arc<str>, Tree)>, Span),
    /// Parts of what could not be read as a whole.
    Broken(Vec<Tree>),
}

/// Steps of which it is not certain that they are run once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Block {
    /// A step that is left out unless the condition is true.
    When(Option<UseId>),
    /// What is done if the condition of a `require` is false.
    Failing(Option<UseId>),
    /// For each item of the list that was read last; whether for several of them at once.
    Loop(bool),
    /// Branches that run side by side.
    Parallel,
    /// One of them.
    Branch,
}

/// One thing that happens.
#[derive(Debug)]
pub(crate) enum Op {
    /// A value is computed.
    Value(Tree, Expected),
    /// The values of attributes of an object follow.
    Write,
    /// The object that is written.
    Target(UseId),
    /// A name is bound, by its number in [`Flow::binds`].
    Bind(usize),
    /// A bound object is replaced by a later state of it.
    Rebind(Arc<str>, Span),
    /// The condition is true from here on.
    Hold(Option<UseId>),
    Open(Block),
    Close,
    /// What was done so far survives an error.
    Commit,
    /// Nothing behind is reached.
    Leave,
    /// The workflow ends with the value that was read last, or with null.
    Stop(bool),
    /// The activity is left out unless the condition is true.
    Unless(Option<UseId>),
    /// The activity is left out if its lock, written here, is not free.
    MaySkip(Span),
    /// The steps of the activity begin; whether each of them is committed.
    Steps(bool),
    /// The workflow goes on there if the condition is true, or always.
    Next(Option<UseId>, Option<Goto>, Span),
    /// The steps of the activity, and its `next`, are behind.
    End,
    /// An error is handled.
    Catch,
    /// The handler goes on there.
    CatchGoto(Option<Goto>, Span),
    /// The handler, written here, goes on behind the activity.
    CatchEnd(Span),
}

/// An input as it was declared.
#[derive(Debug)]
pub(crate) struct DeclaredInput {
    pub(crate) name: Arc<str>,
    /// `None` if it could not be read.
    pub(crate) ty: Option<(Type, bool)>,
}

/// What one activity does; that behind the last activity is the output.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Where it is written.
    pub(crate) span: Span,
    pub(crate) ops: Vec<Op>,
}

/// What a workflow does.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The name of the workflow, if it could be read.
    pub(crate) workflow: Option<Arc<str>>,
    /// `None` if they could not be read.
    pub(crate) inputs: Option<Vec<DeclaredInput>>,
    pub(crate) sections: Vec<Section>,
    pub(crate) uses: Vec<Use>,
    pub(crate) binds: Vec<Bind>,
    /// Workflows whose output is needed.
    pub(crate) calls: Vec<Arc<str>>,
    /// Entities of the objects that names are bound to, if all bindings so far agree.
    objects: BTreeMap<Arc<str>, Option<Arc<Entity>>>,
    /// Whether some names that the text binds are not known because of other mistakes.
    pub(crate) names_lost: bool,
    /// Whether some moves are not known because of other mistakes.
    pub(crate) ways_lost: bool,
    /// Whether the text was read without an error.
    pub(crate) complete: bool,
    /// Names that need not be used.
    pub(crate) excused: BTreeSet<Arc<str>>,
    /// The condition that was read last, until it is asked for.
    last: Option<UseId>,
}

impl Flow {
    /// A part that may bind names could not be read: what seems absent may be there.
    pub(crate) fn lose_names(&mut self) {
        self.names_lost = true;
    }

    /// A move could not be read: where it leads may be reached.
    pub(crate) fn lose_ways(&mut self) {
        self.ways_lost = true;
    }

    /// Everything from here on belongs to this activity.
    pub(crate) fn enter(&mut self, activity: usize, span: Span) {
        self.sections.resize_with(activity, Section::default);
        self.sections.push(Section { span, ops: Vec::new() });
    }

    pub(crate) fn push(&mut self, op: Op) {
        if let Some(section) = self.sections.last_mut() {
            section.ops.push(op);
        }
    }

    /// Notes a use; something else says what it is used for.
    pub(crate) fn used(&mut self, used: Use) -> UseId {
        let id = self.uses.len();
        self.uses.push(used);
        id
    }

    /// Notes the use of a bare expression, which [`Flow::condition`] asks for.
    pub(crate) fn expression(&mut self, used: Use, expected: Expected) {
        let id = self.used(used);
        self.last = Some(id);
        self.push(Op::Value(Tree::Use(id), expected));
    }

    /// No expression was read.
    pub(crate) fn no_expression(&mut self) {
        self.last = None;
    }

    /// Nobody need use this name, since nobody wrote it.
    pub(crate) fn excuse(&mut self, name: &Arc<str>) {
        self.excused.insert(Arc::clone(name));
    }

    /// The expression that was read last.
    pub(crate) fn condition(&mut self) -> Option<UseId> {
        self.last.take()
    }

    pub(crate) fn bind(&mut self, name: &Arc<str>, span: Span, bound: Bound) {
        let agreed = match (&bound, self.objects.get(name)) {
            (Bound::Object(entity) | Bound::Optional(entity), None) => Some(Arc::clone(entity)),
            (Bound::Object(entity) | Bound::Optional(entity), Some(Some(before)))
                if Arc::ptr_eq(entity, before) =>
            {
                Some(Arc::clone(entity))
            }
            _ => None,
        };
        self.objects.insert(Arc::clone(name), agreed);
        if let Bound::Output(workflow) = &bound {
            self.calls.push(Arc::clone(workflow));
        }
        self.push(Op::Bind(self.binds.len()));
        self.binds.push(Bind { name: Arc::clone(name), span, bound });
    }

    /// The entity of the object that a name is bound to, if all bindings so far agree.
    pub(crate) fn object(&self, name: &str) -> Option<Arc<Entity>> {
        self.objects.get(name)?.clone()
    }
}
