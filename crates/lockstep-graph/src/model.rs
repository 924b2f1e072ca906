//! What a picture of a workflow shows: boxes and arrows, without places.
//!
//! Invariants:
//!
//! * The first box is the start, the last one of those that were made from the workflow the end.
//! * Every arrow goes from a box of the picture to a box of the picture.
//! * Two arrows between the same boxes of the same kind are one, with both labels.

use lockstep_definition::{Activity, Goto, Handler, OnBusy, Workflow};

use crate::brief;

/// Longest label of an arrow, in characters.
const MAX_LABEL: usize = 40;

/// A picture without places.
#[derive(Debug)]
pub(crate) struct Graph {
    /// The workflow's name.
    pub(crate) title: String,
    /// What the workflow is for.
    pub(crate) description: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// The name of the activity that it stands for.
    pub(crate) activity: Option<String>,
    pub(crate) lines: Vec<Line>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Start,
    End,
    /// The lock of the workflow itself.
    Lock,
    Activity,
    /// The steps of a `catch`.
    Handler,
    /// Another box that is far away, by its name.
    Jump,
}

/// A line of text in a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sign: Sign,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn new(sign: Sign, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Title,
    Condition,
    Lock,
    Note,
    Step,
    /// A call outside.
    Outside,
    Wait,
    /// Another workflow.
    Child,
}

/// An arrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
    /// Empty if there is nothing to say.
    pub(crate) label: String,
}

/// Why it goes on there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    Next,
    /// After an error.
    Catch,
    /// Because the activity was left out.
    Skip,
    /// A step ends the instance.
    Stop,
}

impl Graph {
    /// The picture of a workflow.
    pub(crate) fn of(workflow: &Workflow) -> Self {
        let mut builder = Builder::new(workflow);
        for (number, activity) in workflow.activities.iter().enumerate() {
            builder.activity(number, activity);
        }
        Self {
            title: workflow.name.to_string(),
            description: workflow.description.clone().unwrap_or_default(),
            nodes: builder.nodes,
            edges: builder.edges,
        }
    }
}

struct Builder {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The box of each activity, and last that of the end.
    places: Vec<usize>,
}

impl Builder {
    /// Makes all boxes, so that arrows can go to later ones.
    fn new(workflow: &Workflow) -> Self {
        let mut nodes = vec![Node {
            kind: NodeKind::Start,
            activity: None,
            lines: vec![Line::new(Sign::Title, brief::short(&workflow.name, MAX_LABEL))],
        }];
        if let Some(lock) = &workflow.exclusive_lock {
            let mut lines = vec![Line::new(Sign::Title, "to the end")];
            lines.extend(brief::lock(lock));
            nodes.push(Node { kind: NodeKind::Lock, activity: None, lines });
        }
        let mut places = Vec::new();
        for activity in &workflow.activities {
            places.push(nodes.len());
            nodes.push(Node {
                kind: NodeKind::Activity,
                activity: Some(activity.name.to_string()),
                lines: lines(activity),
            });
            nodes.extend(activity.catch.iter().filter_map(|catch| match &catch.handler {
                Handler::Goto(_) => None,
                Handler::Steps(steps) => {
                    let title = Line::new(Sign::Title, brief::errors(&catch.errors));
                    let mut lines = vec![title];
                    lines.extend(brief::steps(steps));
                    Some(Node { kind: NodeKind::Handler, activity: None, lines })
                }
            }));
        }
        places.push(nodes.len());
        let lines = vec![Line::new(Sign::Title, "end")];
        nodes.push(Node { kind: NodeKind::End, activity: None, lines });
        let mut builder = Self { nodes, edges: Vec::new(), places };
        let mut from = 0;
        if let Some(lock) = &workflow.exclusive_lock {
            from = 1;
            builder.connect(0, from, EdgeKind::Next, String::new());
            if lock.on_busy == OnBusy::Skip {
                let end = builder.place(Goto::End);
                builder.connect(from, end, EdgeKind::Skip, "busy".to_owned());
            }
        }
        builder.connect(from, builder.place(Goto::Activity(0)), EdgeKind::Next, String::new());
        builder
    }

    fn place(&self, goto: Goto) -> usize {
        let end = self.places.last().copied().unwrap_or(0);
        match goto {
            Goto::Activity(number) => self.places.get(number).copied().unwrap_or(end),
            Goto::End => end,
        }
    }

    fn activity(&mut self, number: usize, activity: &Activity) {
        let from = self.place(Goto::Activity(number));
        let behind = self.place(Goto::Activity(number.saturating_add(1)));
        let mut always = brief::always_ends(&activity.steps);
        let next = if always { &[] } else { activity.next.as_slice() };
        for next in next {
            let condition = next.when.as_ref().map(|when| brief::short(when.text(), MAX_LABEL));
            let otherwise = if activity.next.len() > 1 { "else" } else { "" };
            always |= condition.is_none();
            let label = condition.unwrap_or_else(|| otherwise.to_owned());
            self.connect(from, self.place(next.goto), EdgeKind::Next, label);
        }
        if !always {
            let label = if activity.next.is_empty() { "" } else { "else" };
            self.connect(from, behind, EdgeKind::Next, label.to_owned());
        }
        let skips = activity.exclusive_lock.as_ref();
        let skips = skips.is_some_and(|lock| lock.on_busy == OnBusy::Skip);
        if always && (activity.when.is_some() || skips) {
            self.connect(from, behind, EdgeKind::Skip, "left out".to_owned());
        }
        if brief::may_stop(&activity.steps) {
            self.connect(from, self.place(Goto::End), EdgeKind::Stop, "stop".to_owned());
        }
        let mut handler = from;
        for catch in &activity.catch {
            match &catch.handler {
                Handler::Goto(goto) => {
                    let label = brief::short(&brief::errors(&catch.errors), MAX_LABEL);
                    self.connect(from, self.place(*goto), EdgeKind::Catch, label);
                }
                Handler::Steps(steps) => {
                    handler = handler.saturating_add(1);
                    self.connect(from, handler, EdgeKind::Catch, String::new());
                    if !brief::always_ends(steps) {
                        self.connect(handler, behind, EdgeKind::Next, String::new());
                    }
                    if brief::may_stop(steps) {
                        let end = self.place(Goto::End);
                        self.connect(handler, end, EdgeKind::Stop, "stop".to_owned());
                    }
                }
            }
        }
    }

    fn connect(&mut self, from: usize, to: usize, kind: EdgeKind, label: String) {
        // Only the arrows of one activity can be alike: they are the last ones.
        let own = self.edges.iter_mut().rev().take_while(|edge| edge.from == from);
        let same = own.into_iter().find(|edge| edge.to == to && edge.kind == kind);
        match same {
            Some(edge) if !edge.label.is_empty() && !label.is_empty() => {
                edge.label = brief::short(&format!("{}, {label}", edge.label), MAX_LABEL);
            }
            Some(edge) => edge.label.clear(),
            None => self.edges.push(Edge { from, to, kind, label }),
        }
    }
}

fn lines(activity: &Activity) -> Vec<Line> {
    let mut lines = vec![Line::new(Sign::Title, brief::short(&activity.name, MAX_LABEL))];
    if let Some(when) = &activity.when {
        let text = format!("when {}", brief::short(when.text(), MAX_LABEL));
        lines.push(Line::new(Sign::Condition, text));
    }
    if let Some(lock) = &activity.exclusive_lock {
        lines.extend(brief::lock(lock));
    }
    lines.extend(brief::steps(&activity.steps));
    lines
}
