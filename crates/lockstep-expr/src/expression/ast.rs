//! The tree that an expression becomes.
//!
//! Invariants:
//! - *Shallow*: no path from the root is longer than [`super::MAX_HEIGHT`]; what is flat in the text
//!   (`a + b + c`, `a && b && c`, `a ? b : c ? d : e`) is flat here. Whoever walks the tree may call
//!   itself.
//! - *Located*: each node knows its place in the text.
//! - *Resolved*: names of macros' variables are numbered slots, names of functions are known ones.

use std::sync::{Arc, OnceLock};

use crate::error::ParseError;
use crate::function::{Function, Pattern};
use crate::span::Span;
use crate::value::Value;

/// A part of an expression.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    /// Nodes on the longest way down from here, this one included.
    pub(crate) height: usize,
}

/// What a node computes.
#[derive(Debug)]
pub(crate) enum Kind {
    Literal(Value),
    Name(Box<Name>),
    /// The variable of a macro or binding, by its number from the outermost.
    Local(usize),
    Field(Box<Field>),
    /// `value.?field`: the field as an optional.
    OptionalField(Box<Field>),
    Has(Box<Field>),
    Index(Box<[Node; 2]>),
    /// `value[?key]`: the element as an optional.
    OptionalIndex(Box<[Node; 2]>),
    List(Box<[Node]>),
    Map(Box<[[Node; 2]]>),
    /// A list of which some elements are optionals that may leave them out.
    SparseList(Box<[Sparse<Node>]>),
    /// A map of which some values are optionals that may leave their entries out.
    SparseMap(Box<[Sparse<[Node; 2]>]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<[Node; 2]>),
    Chain(Box<Chain>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    Conditional(Box<Conditional>),
    Call(Box<Call>),
    Unresolved(Box<Unresolved>),
    Comprehension(Box<Comprehension>),
    Bind(Box<Bind>),
    OptionalMap(Box<OptionalMap>),
    Alternative(Box<Alternative>),
}

/// An element or entry of a literal.
#[derive(Debug)]
pub(crate) struct Sparse<T> {
    /// Written with `?`: the value is an optional, and nothing is there if it has no value.
    pub(crate) optional: bool,
    pub(crate) part: T,
}

/// `cel.bind` and `cel.block`: names for values. Each value may use those before it.
#[derive(Debug)]
pub(crate) struct Bind {
    /// Number of the first variable.
    pub(crate) slot: usize,
    pub(crate) values: Box<[Node]>,
    pub(crate) body: Node,
}

/// `optMap` and `optFlatMap`: an expression on the value of an optional that has one.
#[derive(Debug)]
pub(crate) struct OptionalMap {
    pub(crate) target: Node,
    /// Number of the variable.
    pub(crate) slot: usize,
    pub(crate) body: Node,
    /// The body makes the optional itself.
    pub(crate) flat: bool,
}

/// `or` and `orValue`: what counts if an optional has no value, computed only then.
#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) target: Node,
    pub(crate) other: Node,
    /// `orValue`: the result is a value, not an optional.
    pub(crate) unwraps: bool,
}

/// A name that the scope gives a value.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) text: Arc<str>,
    /// Written with a dot in front, which passes over variables of macros.
    pub(crate) absolute: bool,
    /// The type that the word means where the scope does not bind it.
    pub(crate) denotes: Option<Value>,
}

/// A field of a value.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) target: Node,
    pub(crate) name: Arc<str>,
    /// From the target to the name.
    pub(crate) span: Span,
    /// The whole as one dotted name, if it is written as names with dots only.
    pub(crate) dotted: Option<Name>,
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Operator {
    /// Returns the operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

/// Operators of one rank, applied from the left.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) first: Node,
    pub(crate) rest: Vec<(Operator, Node)>,
}

/// Conditions, each with the value if it is the first to hold.
#[derive(Debug)]
pub(crate) struct Conditional {
    pub(crate) branches: Vec<[Node; 2]>,
    pub(crate) otherwise: Node,
}

/// A call of a function. The target of a method is the first argument.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) arguments: Box<[Node]>,
    /// The compiled pattern, where it is a literal.
    pub(crate) pattern: OnceLock<Pattern>,
}

/// A call that no function answers. It has no value, but may stand where none is needed.
#[derive(Debug)]
pub(crate) struct Unresolved {
    pub(crate) error: ParseError,
    pub(crate) arguments: Box<[Node]>,
}

/// What a macro does with the elements of a list or the keys of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    /// Collects the body's values in a list.
    Map,
    /// Collects the elements for which the body holds.
    Filter,
    /// Collects the body's values in a list; with two variables.
    TransformList,
    /// Collects the body's values in a map under the same keys; with two variables.
    TransformMap,
    /// Collects the entries of the maps that the body makes; with two variables.
    TransformEntries,
    /// Puts the elements in the order of the body's values.
    SortBy,
}

/// A macro over the elements of a list or the keys of a map.
#[derive(Debug)]
pub(crate) struct Comprehension {
    pub(crate) action: Macro,
    pub(crate) range: Node,
    /// Number of the first variable; a second one has the next number.
    pub(crate) slot: usize,
    /// Two variables: index and element, or key and value.
    pub(crate) two_variables: bool,
    /// Leaves out elements for which it does not hold.
    pub(crate) filter: Option<Node>,
    pub(crate) body: Node,
}

impl Kind {
    /// Calls `visit` with each direct part, in the order of evaluation.
    pub(crate) fn for_each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        match self {
            Self::Literal(_) | Self::Name(_) | Self::Local(_) => {}
            Self::Field(field) | Self::OptionalField(field) | Self::Has(field) => {
                visit(&field.target);
            }
            Self::Not(operand) | Self::Negate(operand) => visit(operand),
            Self::Index(pair) | Self::OptionalIndex(pair) | Self::Binary(_, pair) => {
                pair.iter().for_each(visit);
            }
            Self::List(items) | Self::And(items) | Self::Or(items) => items.iter().for_each(visit),
            Self::Map(entries) => entries.iter().flatten().for_each(visit),
            Self::SparseList(items) => items.iter().for_each(|item| visit(&item.part)),
            Self::SparseMap(entries) => {
                entries.iter().flat_map(|entry| &entry.part).for_each(visit);
            }
            Self::Chain(chain) => {
                visit(&chain.first);
                chain.rest.iter().for_each(|(_, operand)| visit(operand));
            }
            Self::Conditional(conditional) => {
                conditional.branches.iter().flatten().for_each(&mut *visit);
                visit(&conditional.otherwise);
            }
            Self::Call(call) => call.arguments.iter().for_each(visit),
            Self::Unresolved(call) => call.arguments.iter().for_each(visit),
            Self::Comprehension(comprehension) => {
                visit(&comprehension.range);
                comprehension.filter.iter().for_each(&mut *visit);
                visit(&comprehension.body);
            }
            Self::Bind(bind) => {
                bind.values.iter().for_each(&mut *visit);
                visit(&bind.body);
            }
            Self::OptionalMap(map) => {
                visit(&map.target);
                visit(&map.body);
            }
            Self::Alternative(alternative) => {
                visit(&alternative.target);
                visit(&alternative.other);
            }
        }
    }
}
