//! From tree and scope to value.
//!
//! Invariants:
//! - *Bounded*: every node and every element is paid for (see [`Meter`]), and no operator hides that
//!   a limit was reached. The depth of calls follows the tree, which is shallow.
//! - *Absorbing*: `&&`, `||`, `all` and `exists` come to the same result whatever the order of their
//!   operands: one that decides wins over one that fails.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of value that is not named has no such operation"
)]

mod comprehension;
mod operator;
mod optional;
mod size;

use std::borrow::Cow;
use std::sync::Arc;

use super::ast::{Bind, Call, Chain, Conditional, Field, Kind, Name, Node, Operator, Unresolved};
use crate::error::{EvalError, code};
use crate::fault::{Fault, Outcome, shown};
use crate::function::{self, Function, MAX_ARGUMENTS};
use crate::meter::Meter;
use crate::scope::Scope;
use crate::value::Value;
use crate::value::map::{Key, Map};

/// Bytes that a value takes in a list.
const SLOT: usize = size_of::<Value>();
/// Bytes that an entry takes in a map.
const ENTRY: usize = 2 * SLOT + size_of::<u64>();

/// Computes the value of an expression within what `meter` has left.
pub(super) fn evaluate(
    root: &Node,
    text: &Arc<str>,
    scope: &dyn Scope,
    meter: &mut Meter,
) -> Result<Value, EvalError> {
    let dotted = scope.has_dotted_names();
    let mut evaluation = Evaluation { scope, dotted, meter, locals: Vec::new() };
    let mut outcome = evaluation.value(root);
    // A truth value is copied as what it is: a copy of the whole would wait for its parts.
    if let Ok(Value::Bool(flag)) = outcome {
        return Ok(Value::Bool(flag));
    }
    if let Ok(value) = &outcome
        && !is_path(root)
        && let Err(fault) = size::check(value, evaluation.meter)
    {
        outcome = Err(fault);
    }
    outcome.map_err(|fault| fault.into_error(text))
}

/// Returns whether the node only passes on what the scope has.
fn is_path(node: &Node) -> bool {
    let mut node = node;
    loop {
        node = match &node.kind {
            Kind::Literal(_) | Kind::Name(_) => return true,
            Kind::Field(field) => &field.target,
            Kind::Index(pair) => pair.first().expect("a pair has a first part"),
            _ => return false,
        }
    }
}

struct Evaluation<'a> {
    scope: &'a dyn Scope,
    /// Whether the scope binds names with dots.
    dotted: bool,
    meter: &'a mut Meter,
    /// Values of the macros' and bindings' variables around the place, outermost first. A binding
    /// that has no value fails where it is used.
    locals: Vec<Outcome>,
}

impl Evaluation<'_> {
    #[inline]
    fn value(&mut self, node: &Node) -> Outcome {
        match self.meter.work(1).and_then(|()| self.kind(&node.kind)) {
            Ok(value) => Ok(value),
            Err(fault) => Err(fault.at(node.span)),
        }
    }

    // `value` is part of its callers, which take the parts of the outcome from where this put them;
    // were both one function, each outcome would be copied once more.
    #[inline(never)]
    fn kind(&mut self, kind: &Kind) -> Outcome {
        match kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Name(name) => self.name(name),
            Kind::Local(slot) => self.local(*slot),
            Kind::Field(field) => self.field(field),
            Kind::OptionalField(field) => self.optional_field(field),
            Kind::Has(field) => self.has(field),
            Kind::Index(pair) => self.index(pair),
            Kind::OptionalIndex(pair) => self.optional_index(pair),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::SparseList(items) => self.sparse_list(items),
            Kind::SparseMap(entries) => self.sparse_map(entries),
            Kind::Not(operand) => self.not(operand),
            Kind::Negate(operand) => self.negate(operand),
            Kind::Binary(operator, pair) => self.binary(*operator, pair),
            Kind::Chain(chain) => self.chain(chain),
            Kind::And(operands) => self.decide(operands, false),
            Kind::Or(operands) => self.decide(operands, true),
            Kind::Conditional(conditional) => self.conditional(conditional),
            Kind::Call(call) => self.call(call),
            Kind::Unresolved(call) => Err(unresolved(call)),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind(bind) => self.bind(bind),
            Kind::OptionalMap(map) => self.optional_map(map),
            Kind::Alternative(alternative) => self.alternative(alternative),
        }
    }

    /// Returns a value that is only looked at: of a literal, the one in the tree.
    #[inline]
    fn operand<'a>(&mut self, node: &'a Node) -> Outcome<Cow<'a, Value>> {
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            _ => self.value(node).map(Cow::Owned),
        }
    }

    fn local(&self, slot: usize) -> Outcome {
        match self.locals.get(slot).expect("the parser numbers variables as they are bound") {
            Ok(value) => Ok(value.clone()),
            Err(fault) => Err(again(fault)),
        }
    }

    /// Computes all values at once: none has an effect, so nobody can tell that it was not needed.
    #[inline(never)]
    fn bind(&mut self, bind: &Bind) -> Outcome {
        debug_assert_eq!(self.locals.len(), bind.slot, "variables are bound as they were numbered");
        for value in &bind.values {
            match self.value(value) {
                Err(fault) if fault.is_limit() => return Err(fault),
                outcome => self.locals.push(outcome),
            }
        }
        let result = self.value(&bind.body);
        self.locals.truncate(bind.slot);
        result
    }

    fn name(&self, name: &Name) -> Outcome {
        match self.lookup(name) {
            Some(value) => Ok(value),
            None => denoted(name),
        }
    }

    fn lookup(&self, name: &Name) -> Option<Value> {
        if name.absolute {
            self.scope.lookup_absolute(&name.text)
        } else {
            self.scope.lookup(&name.text)
        }
    }

    fn field(&mut self, field: &Field) -> Outcome {
        if let Some(dotted) = &field.dotted
            && (self.dotted || dotted.denotes.is_some())
            && let Some(value) = self.dotted(dotted)
        {
            return Ok(value);
        }
        // A value that a scope or map has just written is looked at where it lies: the processor
        // would wait for the writes before it could copy the whole.
        if let Kind::Name(name) = &field.target.kind {
            self.meter.work(1).map_err(|fault| fault.at(field.target.span))?;
            if let Some(target) = &self.lookup(name) {
                return operator::select(target, &field.name, self.meter);
            }
            let target = denoted(name).map_err(|fault| fault.at(field.target.span))?;
            return operator::select(&target, &field.name, self.meter);
        }
        match self.value(&field.target) {
            Ok(ref target) => operator::select(target, &field.name, self.meter),
            Err(fault) => Err(fault),
        }
    }

    #[inline(never)]
    fn dotted(&self, name: &Name) -> Option<Value> {
        let bound = if self.dotted { self.lookup(name) } else { None };
        bound.or_else(|| name.denotes.clone())
    }

    #[inline(never)]
    fn has(&mut self, field: &Field) -> Outcome {
        let target = self.value(&field.target)?;
        operator::has(&target, &field.name, self.meter)
    }

    #[inline(never)]
    fn index(&mut self, pair: &[Node; 2]) -> Outcome {
        let [target, key] = pair;
        let target = self.value(target)?;
        let key = self.value(key)?;
        operator::index(&target, &key, self.meter)
    }

    #[inline(never)]
    fn list(&mut self, items: &[Node]) -> Outcome {
        self.meter.make(items.len() * SLOT)?;
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            list.push(self.value(item)?);
        }
        Ok(list.into())
    }

    #[inline(never)]
    fn map(&mut self, entries: &[[Node; 2]]) -> Outcome {
        self.meter.make(entries.len() * ENTRY)?;
        let mut map = Map::with_capacity(entries.len());
        for [key, value] in entries {
            let place = key.span;
            let key = self.value(key)?;
            let key = operator::key(key, self.meter).map_err(|fault| fault.at(place))?;
            let value = self.value(value)?;
            if map.get_key(&key).is_some() {
                return Err(duplicate(&key).at(place));
            }
            map.insert(key, value);
        }
        Ok(map.into())
    }

    #[inline(never)]
    fn not(&mut self, operand: &Node) -> Outcome {
        match self.value(operand)? {
            Value::Bool(flag) => Ok(Value::Bool(!flag)),
            other => Err(Fault::no_overload("!", &[other])),
        }
    }

    #[inline(never)]
    fn negate(&mut self, operand: &Node) -> Outcome {
        let operand = self.value(operand)?;
        operator::negate(&operand)
    }

    fn binary(&mut self, operator: Operator, pair: &[Node; 2]) -> Outcome {
        let [left, right] = pair;
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        operator::apply(operator, &left, &right, self.meter)
    }

    #[inline(never)]
    fn chain(&mut self, chain: &Chain) -> Outcome {
        let mut left = self.value(&chain.first)?;
        for (operator, right) in &chain.rest {
            let operand = self.operand(right)?;
            left = operator::apply(*operator, &left, &operand, self.meter)
                .map_err(|fault| fault.at(chain.first.span.to(right.span)))?;
        }
        Ok(left)
    }

    /// Returns the truth of a condition.
    fn truth(&mut self, node: &Node) -> Outcome<bool> {
        match self.value(node)? {
            Value::Bool(flag) => Ok(flag),
            other => {
                let message = format!("a condition is a bool, not {}", other.type_name());
                Err(Fault::new(code::TYPE, message).at(node.span))
            }
        }
    }

    /// Returns `decisive` if an operand has that value; else the first fault; else its opposite.
    fn decide(&mut self, operands: &[Node], decisive: bool) -> Outcome {
        let mut verdict = Verdict::new(decisive);
        for operand in operands {
            let truth = self.truth(operand);
            if verdict.is_decided_by(truth)? {
                break;
            }
        }
        verdict.finish()
    }

    #[inline(never)]
    fn conditional(&mut self, conditional: &Conditional) -> Outcome {
        for [condition, value] in &conditional.branches {
            if self.truth(condition)? {
                return self.value(value);
            }
        }
        self.value(&conditional.otherwise)
    }

    #[inline(never)]
    fn call(&mut self, call: &Call) -> Outcome {
        let mut values = [const { Value::Null }; MAX_ARGUMENTS];
        for (value, argument) in values.iter_mut().zip(&call.arguments) {
            *value = self.value(argument)?;
        }
        let is_literal = |node: &Node| matches!(node.kind, Kind::Literal(_));
        let keeps_pattern =
            call.function == Function::Matches && call.arguments.last().is_some_and(is_literal);
        let pattern = keeps_pattern.then_some(&call.pattern);
        let values = values.get(..call.arguments.len()).unwrap_or(&values);
        function::call(call.function, values, pattern, self.meter)
    }
}

/// Returns what a name means that the scope does not bind.
#[cold]
fn denoted(name: &Name) -> Outcome {
    name.denotes
        .clone()
        .ok_or_else(|| Fault::new(code::UNKNOWN_NAME, format!("`{}` is not bound here", name.text)))
}

/// Returns the fault of a binding once more.
#[cold]
fn again(fault: &Fault) -> Fault {
    fault.clone()
}

#[cold]
fn unresolved(call: &Unresolved) -> Fault {
    Fault::new(code::UNKNOWN_FUNCTION, call.error.message.as_str()).at(call.error.span)
}

fn duplicate(key: &Key) -> Fault {
    Fault::new(
        code::DUPLICATE_KEY,
        format!("the map has the key {} twice", shown(&key.clone().into())),
    )
}

/// What the operands of an absorbing operator come to.
struct Verdict {
    decisive: bool,
    decided: bool,
    fault: Option<Fault>,
}

impl Verdict {
    fn new(decisive: bool) -> Self {
        Self { decisive, decided: false, fault: None }
    }

    /// Takes the truth of one more operand; returns whether the others are of no account.
    fn is_decided_by(&mut self, truth: Outcome<bool>) -> Outcome<bool> {
        match truth {
            Ok(truth) => self.decided = truth == self.decisive,
            Err(fault) if fault.is_limit() => return Err(fault),
            Err(fault) => {
                self.fault.get_or_insert(fault);
            }
        }
        Ok(self.decided)
    }

    fn finish(self) -> Outcome {
        match self.fault {
            Some(fault) if !self.decided => Err(fault),
            _ => Ok(Value::Bool(self.decided == self.decisive)),
        }
    }
}
