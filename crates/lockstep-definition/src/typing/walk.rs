//! Walks through one activity: what each op finds, binds and leaves behind.
//!
//! Invariants:
//!
//! * Ops are taken in order, each once; work is in proportion to their number and the number of names.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Expression, Span, StaticType};

use super::expected::Expected;
use super::known::Known;
use super::nested::{Names, apart, bound_within};
use super::state::{Binding, Lack, State};
use crate::catalog::Catalog;
use crate::diagnostic::Finding;
use crate::flow::{Bind, Block, Bound, Flow, Op, Text, UseId};
use crate::report::MAX_FINDINGS;
use crate::workflow::Goto;

/// A way out of an activity.
#[derive(Debug)]
pub(super) struct Exit {
    /// Number of the section.
    pub(super) to: usize,
    pub(super) state: State,
    /// What is lacking on this way, if something is.
    pub(super) lack: Lack,
}

/// What was open when a block began.
#[derive(Debug)]
enum Frame<'w> {
    /// The moment in which the block is left out.
    When(State, Lack),
    /// The moment behind a block that leads nowhere.
    Failing(State),
    /// The moment before a loop, and how many objects were written before if items come at once.
    Loop(State, Option<usize>),
    /// The moment before the branches, those behind each, and how many objects were written before.
    Parallel(State, Vec<(State, Names<'w>)>, usize),
    /// One of them, which binds these names.
    Branch(Names<'w>),
}

/// A walk through one section of a workflow.
pub(super) struct Walk<'w> {
    pub(super) flow: &'w Flow,
    pub(super) known: &'w Known,
    pub(super) catalog: &'w Catalog,
    pub(super) names: &'w BTreeMap<Arc<str>, usize>,
    pub(super) input: &'w StaticType,
    /// The text of the file.
    pub(super) file: &'w str,
    /// The section.
    pub(super) number: usize,
    pub(super) state: State,
    pub(super) findings: Vec<Finding>,
    pub(super) exits: Vec<Exit>,
    /// The type of the value that was read last.
    pub(super) last: StaticType,
    /// The types of outputs of the workflow.
    pub(super) outputs: Vec<StaticType>,
    /// What an inspection wants to know, if there is one.
    pub(super) seen: Option<super::inspection::Seen>,
    /// Attributes that the object which is being written was given a value.
    given: Vec<String>,
    /// The type of the items of the innermost loop.
    item: StaticType,
    frames: Vec<Frame<'w>>,
    /// Entities of the objects that were written so far, `None` if it is not known which.
    pub(super) written: Vec<Option<Arc<str>>>,
    /// What the handlers of errors see.
    failed: State,
    each_step: bool,
}

impl<'w> Walk<'w> {
    pub(super) fn new(typing: &super::Typing<'w>, number: usize, state: State) -> Self {
        Self {
            flow: typing.flow,
            known: typing.known,
            catalog: typing.catalog,
            names: typing.names,
            input: typing.input,
            file: typing.file,
            number,
            failed: state.clone(),
            state,
            findings: Vec::new(),
            exits: Vec::new(),
            last: StaticType::Null,
            outputs: Vec::new(),
            seen: typing.inspected.then(super::inspection::Seen::default),
            given: Vec::new(),
            item: StaticType::Dyn,
            frames: Vec::new(),
            written: Vec::new(),
            each_step: false,
        }
    }

    /// Takes all ops of the section.
    pub(super) fn run(&mut self) {
        let flow = self.flow;
        let Some(section) = flow.sections.get(self.number) else { return };
        for (at, op) in section.ops.iter().enumerate() {
            self.op(op, section.ops.get(at + 1..).unwrap_or_default());
        }
        if self.number + 1 == flow.sections.len() {
            let output = std::mem::replace(&mut self.last, StaticType::Null);
            if !self.state.dead {
                self.outputs.push(output);
            }
        }
    }

    /// Takes an op; `behind` are those that follow.
    fn op(&mut self, op: &'w Op, behind: &'w [Op]) {
        match op {
            Op::Value(tree, expected) => {
                self.last = self.value(tree, expected);
                if let Expected::Declared(declared) = expected
                    && !self.last.may_be_null()
                    && self.last != StaticType::Dyn
                {
                    self.given.push(declared.name.to_string());
                }
            }
            Op::Write => self.given.clear(),
            Op::Target(id) => self.target(*id),
            Op::Bind(number) => {
                if let Some(bind) = self.flow.binds.get(*number) {
                    let ty = self.type_of(&bind.bound);
                    self.bind(&bind.name, ty, bind.span);
                    if let Bound::Object(_) = bind.bound {
                        self.fill(&bind.name);
                    }
                }
            }
            Op::Rebind(name, span) => self.rebind(name, *span),
            Op::Hold(condition) => self.hold(*condition, true),
            Op::Open(block) => self.open(*block, behind),
            Op::Close => self.close(),
            Op::Commit => self.commit(),
            Op::Leave => self.state.dead = true,
            Op::Stop(with_value) => {
                let output = if *with_value { self.last.clone() } else { StaticType::Null };
                self.outputs.push(output);
                self.state.dead = true;
            }
            Op::Unless(condition) => self.unless(*condition),
            Op::MaySkip(span) => {
                let way = "the activity is left out if its lock is not free";
                self.exit(Goto::Activity(self.number + 1), *span, way);
            }
            Op::Steps(each_step) => {
                self.failed = self.state.clone();
                self.each_step = *each_step;
            }
            Op::Next(condition, goto, span) => self.next(*condition, *goto, *span),
            Op::End => {
                let span = self.section_span();
                let way = "on the way behind this activity it is not bound";
                self.exit(Goto::Activity(self.number + 1), span, way);
            }
            Op::Catch => {
                self.state = self.failed.clone();
                self.frames.clear();
            }
            Op::CatchGoto(Some(goto), span) => {
                self.exit(*goto, *span, "after this error it is not bound");
            }
            Op::CatchGoto(None, _) => {}
            Op::CatchEnd(span) => {
                let way = "after an error that is handled here it is not bound";
                self.exit(Goto::Activity(self.number + 1), *span, way);
            }
        }
    }

    /// Adds a finding; makes it only if it may be kept, since some are dear to make.
    pub(super) fn tell(&mut self, finding: impl FnOnce(&Self) -> Finding) {
        if self.findings.len() <= MAX_FINDINGS {
            let finding = finding(self);
            self.findings.push(finding);
        }
    }

    fn section_span(&self) -> Span {
        self.flow.sections.get(self.number).map(|section| section.span).unwrap_or_default()
    }

    fn exit(&mut self, goto: Goto, span: Span, way: &str) {
        let state = self.state.clone();
        self.exit_with(goto, state, Lack { span, way: way.into() });
    }

    fn exit_with(&mut self, goto: Goto, state: State, lack: Lack) {
        let to = match goto {
            Goto::Activity(number) => number,
            Goto::End => self.flow.sections.len().saturating_sub(1),
        };
        self.exits.push(Exit { to, state, lack });
    }

    /// The activity is left out unless the condition is true.
    fn unless(&mut self, condition: Option<UseId>) {
        let span = self.span_of(condition);
        let left_out = self.with(condition, false);
        let way = "the activity is left out if this is false";
        self.exit_with(Goto::Activity(self.number + 1), left_out, Lack { span, way: way.into() });
        self.hold(condition, true);
    }

    fn next(&mut self, condition: Option<UseId>, goto: Option<Goto>, span: Span) {
        let state = self.with(condition, true);
        if let Some(goto) = goto {
            let way = "on this way it is not bound".into();
            self.exit_with(goto, state, Lack { span, way });
        }
        match condition {
            Some(_) => self.hold(condition, false),
            None => self.state.dead = true,
        }
    }

    fn open(&mut self, block: Block, within: &'w [Op]) {
        match block {
            Block::When(condition) => {
                let span = self.span_of(condition);
                let lack = Lack { span, way: "the step is left out if this is false".into() };
                self.frames.push(Frame::When(self.with(condition, false), lack));
                self.hold(condition, true);
            }
            Block::Failing(condition) => {
                self.frames.push(Frame::Failing(self.state.clone()));
                self.hold(condition, false);
            }
            Block::Loop(at_once) => {
                self.item = StaticType::Dyn;
                if let StaticType::List(of) = self.last.without_null() {
                    self.item = (*of).clone();
                }
                // An item sees what was made of these objects for the items before.
                let written = self.objects_among(&bound_within(within, &self.flow.binds));
                self.state.forget_attributes(&written);
                let before = at_once.then_some(self.written.len());
                self.frames.push(Frame::Loop(self.state.clone(), before));
            }
            Block::Parallel => {
                let before = self.written.len();
                self.frames.push(Frame::Parallel(self.state.clone(), Vec::new(), before));
            }
            Block::Branch => {
                if let Some(Frame::Parallel(start, ..)) = self.frames.last() {
                    self.state = start.clone();
                }
                self.frames.push(Frame::Branch(bound_within(within, &self.flow.binds)));
            }
        }
    }

    fn close(&mut self) {
        match self.frames.pop() {
            Some(Frame::When(other, lack)) => {
                let own = lack.clone();
                self.state.join(&other, &own, &lack);
            }
            Some(Frame::Failing(before)) => self.state = before,
            Some(Frame::Loop(before, written)) => {
                let inner = std::mem::replace(&mut self.state, before);
                self.state.absorb(&inner);
                if let Some(written) = written {
                    self.show_objects(written);
                }
            }
            Some(Frame::Branch(names)) => {
                if let Some(Frame::Parallel(_, ends, _)) = self.frames.last_mut() {
                    ends.push((self.state.clone(), names));
                }
            }
            Some(Frame::Parallel(start, ends, written)) => {
                self.state = start.gather(apart(ends));
                self.show_objects(written);
            }
            None => {}
        }
    }

    /// What was done so far survives an error.
    fn commit(&mut self) {
        let way = "an error undoes what the activity has bound since its last commit";
        let lack = Lack { span: self.section_span(), way: way.into() };
        self.failed.join(&self.state, &lack, &lack);
    }

    fn type_of(&self, bound: &Bound) -> StaticType {
        match bound {
            Bound::Object(entity) => self.known.object(entity),
            Bound::Optional(entity) => self.known.object(entity).nullable(),
            Bound::Objects(entity) => self.known.object(entity).list(),
            Bound::HttpAnswer => self.known.http_answer.clone(),
            Bound::ExecResult => self.known.exec_result.clone(),
            Bound::Started => self.known.started.clone(),
            Bound::Typed(ty) => ty.clone(),
            Bound::Value => self.last.clone(),
            Bound::Item => self.item.clone(),
            Bound::List => self.last.clone().list(),
            Bound::Output(workflow) => {
                self.known.outputs.get(workflow).cloned().unwrap_or(StaticType::Dyn)
            }
            Bound::Unknown => StaticType::Dyn,
        }
    }

    fn bind(&mut self, name: &Arc<str>, ty: StaticType, span: Span) {
        if let Some(seen) = &mut self.seen {
            seen.types.push((span, ty.clone()));
        }
        if let Some(number) = self.names.get(name).copied() {
            self.state.bind(number, name, ty);
        }
        if self.each_step {
            self.commit();
        }
        self.look(span.end);
    }

    /// An object was written: the name stands for its new state.
    fn rebind(&mut self, name: &Arc<str>, span: Span) {
        let Some(number) = self.names.get(name).copied() else { return };
        let before = self.state.cells.get(number).map(|cell| cell.ty.without_null());
        let ty = before.unwrap_or(StaticType::Dyn);
        self.last = ty.clone();
        self.written.push(self.entity_of(&ty).map(|entity| Arc::clone(&entity.name)));
        self.bind(name, ty, span);
        self.fill(name);
    }

    /// The attributes of an object that were just given a value are not null.
    fn fill(&mut self, name: &str) {
        let paths = self.given.iter().map(|attribute| vec![name.to_owned(), attribute.clone()]);
        self.state.learn(&[], paths.collect());
    }

    /// Notes what is bound at a place of the file, for an inspection.
    pub(super) fn look(&mut self, at: usize) {
        let Some(seen) = &mut self.seen else { return };
        let bound = self.names.iter().filter_map(|(name, number)| {
            let cell = self.state.cells.get(*number)?;
            (cell.binding != Binding::Never).then(|| (Arc::clone(name), cell.ty.clone()))
        });
        seen.moments.push((at, bound.collect()));
    }

    /// The bindings of a name in the order of the text.
    pub(super) fn bindings(&self, number: usize) -> impl Iterator<Item = &'w Bind> {
        let (flow, names) = (self.flow, self.names);
        flow.binds.iter().filter(move |bind| names.get(&bind.name) == Some(&number))
    }

    fn span_of(&self, id: Option<UseId>) -> Span {
        let used = id.and_then(|id| self.flow.uses.get(id));
        used.map_or_else(|| self.section_span(), |used| used.origin.span)
    }

    fn condition(&self, id: Option<UseId>) -> Option<&'w Expression> {
        match &self.flow.uses.get(id?)?.text {
            Text::Expression(expression) => Some(expression),
            Text::Template(_) | Text::Target(_) => None,
        }
    }

    /// The present moment where a condition came to `truth`.
    fn with(&self, condition: Option<UseId>, truth: bool) -> State {
        let mut state = self.state.clone();
        if let Some(expression) = self.condition(condition) {
            let present = expression.present_when(truth);
            state.narrow(self.names, &present);
            state.learn(&expression.facts(truth), present);
        }
        state
    }

    fn hold(&mut self, condition: Option<UseId>, truth: bool) {
        self.state = self.with(condition, truth);
    }
}
