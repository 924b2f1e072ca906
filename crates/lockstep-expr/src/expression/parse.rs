//! From text to tree: the wall around the parser generator.
//!
//! Invariants:
//! - *Bounded*: `scan` has bounded the brackets before the grammar sees a text, and every node is
//!   checked against [`MAX_HEIGHT`], so neither the grammar's parser nor this one runs out of stack.
//! - *Linear*: the grammar never reads a part of a text twice in two ways, so the parser generator's
//!   count of calls needs no limit: 16 KiB of the worst tokens take some 12 ms.
//! - *People's words*: no message names a rule of the grammar.
//!
//! Absent by design: types; what a name or field means is not known here.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not named is no path of names, or the grammar admits nothing else"
)]

mod call;
mod literal;
mod mistake;
mod operators;

use std::borrow::Cow;
use std::sync::Arc;

use pest::Parser as _;
use pest::iterators::Pair;

use super::ast::{Conditional, Field, Kind, Name, Node, Sparse};
use super::{MAX_HEIGHT, scan};
use crate::error::ParseError;
use crate::function::Form;
use crate::span::Span;
use crate::value::Value;

/// Words that mean a type where the scope does not bind them.
const TYPE_WORDS: [&str; 11] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "optional_type",
    "type",
];
/// Types whose names have dots.
const DOTTED_TYPES: [&str; 4] =
    ["google.protobuf.Timestamp", "google.protobuf.Duration", "net.IP", "net.CIDR"];

/// The parser that `grammar/expression.pest` describes.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/expression.pest"]
struct Grammar;

type Part<'a> = Pair<'a, Rule>;
type Parsed<T = Node> = Result<T, ParseError>;

/// Reads an expression; without `macros`, what looks like one is a call like every other.
pub(super) fn parse(text: &str, macros: bool) -> Parsed {
    scan::check(text)?;
    let mut parts =
        Grammar::parse(Rule::whole, text).map_err(|error| mistake::explain(text, &error))?;
    let whole = parts.next().expect("a whole text holds an expression");
    Builder { macros, variables: Vec::new(), depth: 0, patterns: 0 }.expression(whole)
}

/// Returns whether the text is a name that an expression can use: a letter or `_`, then letters,
/// digits and `_`, but no reserved word and no type's name.
pub(super) fn is_name(text: &str) -> bool {
    let whole = Grammar::parse(Rule::name, text)
        .is_ok_and(|mut name| name.next().is_some_and(|name| name.as_str().len() == text.len()));
    whole && !TYPE_WORDS.contains(&text)
}

fn span(part: &Part<'_>) -> Span {
    Span::new(part.as_span().start(), part.as_span().end())
}

struct Builder<'a> {
    macros: bool,
    /// Variables of the macros and bindings around the place, outermost first.
    variables: Vec<Cow<'a, str>>,
    /// Macros and bindings around the place, one for each variable; of a block, one.
    depth: usize,
    /// Calls of `matches` so far.
    patterns: usize,
}

impl<'a> Builder<'a> {
    fn node(&self, kind: Kind, span: Span) -> Parsed {
        let mut below = 0;
        kind.for_each_child(&mut |child| below = child.height.max(below));
        let height = below + 1;
        if height + self.depth > MAX_HEIGHT {
            let message = format!("the expression nests more than {MAX_HEIGHT} levels deep");
            return Err(ParseError::new(span, message));
        }
        Ok(Node { kind, span, height })
    }

    fn expression(&mut self, part: Part<'a>) -> Parsed {
        let start = span(&part).start;
        let mut chains = part.into_inner().filter(|part| part.as_rule() == Rule::chain);
        let first = chains.next().expect("an expression begins with a chain");
        let mut last = self.chain(first)?;
        let mut branches = Vec::new();
        while let (Some(value), Some(next)) = (chains.next(), chains.next()) {
            let value = self.chain(value)?;
            branches.push([std::mem::replace(&mut last, self.chain(next)?), value]);
        }
        if branches.is_empty() {
            return Ok(last);
        }
        let whole = Span::new(start, last.span.end);
        self.node(Kind::Conditional(Box::new(Conditional { branches, otherwise: last })), whole)
    }

    fn expressions(&mut self, parts: impl Iterator<Item = Part<'a>>) -> Parsed<Box<[Node]>> {
        parts.map(|part| self.expression(part)).collect()
    }

    fn chain(&mut self, part: Part<'a>) -> Parsed {
        let mut fold = operators::Fold::new();
        let mut parts = part.into_inner();
        let first = parts.next().expect("a chain begins with an operand");
        let mut current = self.operand(first)?;
        while let (Some(operator), Some(next)) = (parts.next(), parts.next()) {
            fold.push(self, current, operator.as_rule())?;
            current = self.operand(next)?;
        }
        fold.finish(self, current)
    }

    fn operand(&mut self, part: Part<'a>) -> Parsed {
        let start = span(&part).start;
        let (mut bangs, mut minuses) = (0_usize, 0_usize);
        let mut last_minus = None;
        let mut node: Option<Node> = None;
        for part in part.into_inner() {
            let rule = part.as_rule();
            node = Some(match node.take() {
                None if rule == Rule::bang => {
                    bangs += 1;
                    continue;
                }
                None if rule == Rule::minus => {
                    minuses += 1;
                    last_minus = Some(span(&part).start);
                    continue;
                }
                // A uint has no sign: a minus in front of it is an operator that it does not have.
                None if rule == Rule::integer && part.as_str().ends_with(['u', 'U']) => {
                    self.number(&part, None)?
                }
                None if matches!(rule, Rule::integer | Rule::double) => {
                    minuses = minuses.saturating_sub(1);
                    self.number(&part, last_minus)?
                }
                None => self.primary(part)?,
                Some(target) if rule == Rule::index => self.index(target, part)?,
                Some(target) => self.member(target, part)?,
            });
        }
        let mut node = node.expect("an operand has a primary");
        let whole = Span::new(start, node.span.end);
        // Two of a kind undo each other, and fail as one does: an even number needs two.
        for _ in 0..repeats(bangs) {
            node = self.node(Kind::Not(Box::new(node)), whole)?;
        }
        for _ in 0..repeats(minuses) {
            node = self.node(Kind::Negate(Box::new(node)), whole)?;
        }
        Ok(node)
    }

    /// Reads a number. A minus sign right in front, at byte `minus`, belongs to it.
    fn number(&self, part: &Part<'_>, minus: Option<usize>) -> Parsed {
        let digits = span(part);
        let whole = Span::new(minus.unwrap_or(digits.start), digits.end);
        let value = if part.as_rule() == Rule::integer {
            literal::integer(part.as_str(), whole, minus.is_some())?
        } else {
            literal::double(part.as_str(), whole, minus.is_some())?
        };
        self.node(Kind::Literal(value), whole)
    }

    fn primary(&mut self, part: Part<'a>) -> Parsed {
        let whole = span(&part);
        let text = part.as_str();
        let kind = match part.as_rule() {
            Rule::text => Kind::Literal(literal::text(text, whole)?),
            Rule::constant => Kind::Literal(match text {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::Null,
            }),
            Rule::group => {
                let inner = part.into_inner().next().expect("a group holds an expression");
                let node = self.expression(inner)?;
                return Ok(Node { span: whole, ..node });
            }
            Rule::list => self.list(part)?,
            Rule::map => self.map(part)?,
            _ => return self.global(part),
        };
        self.node(kind, whole)
    }

    fn list(&mut self, part: Part<'a>) -> Parsed<Kind> {
        let mut items = Vec::new();
        let mut optional = false;
        for part in part.into_inner() {
            if part.as_rule() == Rule::maybe {
                optional = true;
                continue;
            }
            let part = self.expression(part)?;
            items.push(Sparse { optional: std::mem::take(&mut optional), part });
        }
        if items.iter().any(|item| item.optional) {
            return Ok(Kind::SparseList(items.into()));
        }
        Ok(Kind::List(items.into_iter().map(|item| item.part).collect()))
    }

    fn map(&mut self, part: Part<'a>) -> Parsed<Kind> {
        let entries: Vec<_> =
            part.into_inner().map(|entry| self.entry(entry)).collect::<Parsed<_>>()?;
        if entries.iter().any(|entry| entry.optional) {
            return Ok(Kind::SparseMap(entries.into()));
        }
        Ok(Kind::Map(entries.into_iter().map(|entry| entry.part).collect()))
    }

    fn entry(&mut self, part: Part<'a>) -> Parsed<Sparse<[Node; 2]>> {
        let mut parts = part.into_inner().peekable();
        let optional = parts.next_if(|part| part.as_rule() == Rule::maybe).is_some();
        let key = parts.next().expect("an entry has a key");
        let value = parts.next().expect("an entry has a value");
        Ok(Sparse { optional, part: [self.expression(key)?, self.expression(value)?] })
    }

    /// Reads a name, or a call of a function that is no method.
    fn global(&mut self, part: Part<'a>) -> Parsed {
        let start = span(&part).start;
        let mut parts = part.into_inner().peekable();
        let absolute = parts.next_if(|part| part.as_rule() == Rule::root).is_some();
        let name = parts.next().expect("a global has a name");
        let text = name.as_str();
        let arguments = parts.next();
        let whole = Span::new(start, span(arguments.as_ref().unwrap_or(&name)).end);
        if let Some(arguments) = arguments {
            let arguments: Vec<_> = arguments.into_inner().collect();
            if let ("has", [field], true) = (text, arguments.as_slice(), self.macros) {
                return self.has(field.clone(), whole);
            }
            let arguments = self.expressions(arguments.into_iter())?;
            return self.call((text, span(&name)), Form::Global, arguments, whole);
        }
        let slot = self.variables.iter().rposition(|variable| variable == text);
        let kind = match slot {
            Some(slot) if !absolute => Kind::Local(slot),
            _ => {
                let denotes = TYPE_WORDS.contains(&text).then(|| Value::Type(text.into()));
                Kind::Name(Box::new(Name { text: text.into(), absolute, denotes }))
            }
        };
        self.node(kind, whole)
    }

    fn index(&mut self, target: Node, part: Part<'a>) -> Parsed {
        let whole = target.span.to(span(&part));
        let mut parts = part.into_inner().peekable();
        let optional = parts.next_if(|part| part.as_rule() == Rule::maybe).is_some();
        let key = parts.next().expect("an index holds an expression");
        let pair = Box::new([target, self.expression(key)?]);
        self.node(if optional { Kind::OptionalIndex(pair) } else { Kind::Index(pair) }, whole)
    }

    /// Reads a field, or a call of a method, macro or function with a namespace.
    fn member(&mut self, target: Node, part: Part<'a>) -> Parsed {
        let mut parts = part.into_inner().peekable();
        let optional = parts.next_if(|part| part.as_rule() == Rule::maybe).is_some();
        let name = parts.next().expect("a member has a name");
        let arguments = parts.next();
        let whole = target.span.to(span(arguments.as_ref().unwrap_or(&name)));
        match arguments {
            Some(arguments) => self.member_call(target, &name, arguments, whole),
            None => self.field(target, name.as_str(), optional, whole),
        }
    }

    fn field(&mut self, target: Node, name: &str, optional: bool, whole: Span) -> Parsed {
        let quoted = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        let name: Arc<str> = quoted.unwrap_or(name).into();
        let before = match &target.kind {
            Kind::Name(name) => Some(name.as_ref()),
            Kind::Field(field) => field.dotted.as_ref(),
            _ => None,
        };
        let dotted = before.filter(|_| quoted.is_none() && !optional).map(|before| {
            let text = format!("{}.{name}", before.text);
            let denotes =
                DOTTED_TYPES.contains(&text.as_str()).then(|| Value::Type(text.as_str().into()));
            Name { text: text.into(), absolute: before.absolute, denotes }
        });
        let field = Box::new(Field { target, name, dotted, span: whole });
        self.node(if optional { Kind::OptionalField(field) } else { Kind::Field(field) }, whole)
    }
}

/// Returns how many of `count` equal prefix operators to apply.
fn repeats(count: usize) -> usize {
    match count {
        0 => 0,
        odd if odd % 2 == 1 => 1,
        _ => 2,
    }
}
