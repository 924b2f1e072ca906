//! Calls: of functions, of functions with a namespace, and of macros, which bind names.
//!
//! Invariants: *functions first*: `math.abs(x)` is the function even where a value is named `math`.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::{Builder, Parsed, Part, Rule, span};
use crate::error::ParseError;
use crate::expression::ast::{
    Alternative, Bind, Call, Comprehension, Kind, Macro, Node, OptionalMap, Unresolved,
};
use crate::function::{self, Form, Function, MAX_PATTERNS};
use crate::span::Span;

/// How macros are written.
const MACROS: [(&str, &str); 13] = [
    ("has", "has(value.field)"),
    ("all", "list.all(item, condition)"),
    ("exists", "list.exists(item, condition)"),
    ("exists_one", "list.exists_one(item, condition)"),
    ("existsOne", "list.existsOne(item, condition)"),
    ("filter", "list.filter(item, condition)"),
    ("map", "list.map(item, value)"),
    ("sortBy", "list.sortBy(item, key)"),
    ("transformList", "list.transformList(index, item, value)"),
    ("transformMap", "map.transformMap(key, value, other)"),
    ("transformMapEntry", "map.transformMapEntry(key, value, {other: value})"),
    ("optMap", "optional.optMap(item, value)"),
    ("optFlatMap", "optional.optFlatMap(item, optional)"),
];
/// How what is in the namespace `cel` is written.
const CEL: [(&str, &str); 5] = [
    ("cel.bind", "cel.bind(name, value, result)"),
    ("cel.block", "cel.block([value, ...], result)"),
    ("cel.index", "cel.index(0)"),
    ("cel.iterVar", "cel.iterVar(0, 0)"),
    ("cel.accuVar", "cel.accuVar(0, 0)"),
];

/// A function's name and its place.
type Named<'n> = (&'n str, Span);

impl<'a> Builder<'a> {
    /// Reads the macro `has`.
    pub(super) fn has(&mut self, argument: Part<'a>, whole: Span) -> Parsed {
        let place = span(&argument);
        let node = self.expression(argument)?;
        if let Kind::Field(field) = node.kind {
            return self.node(Kind::Has(field), whole);
        }
        Err(ParseError::new(place, "`has` takes a field, such as `has(input.name)`"))
    }

    /// Reads a call behind a dot.
    pub(super) fn member_call(
        &mut self,
        target: Node,
        name: &Part<'a>,
        arguments: Part<'a>,
        whole: Span,
    ) -> Parsed {
        let text = name.as_str();
        let arguments: Vec<_> = arguments.into_inner().collect();
        if let Some(space) = self.namespace(&target) {
            let full = format!("{space}.{text}");
            if function::exists(&full) || !function::exists(text) {
                let place = target.span.to(span(name));
                return self.namespaced((&full, place), arguments, whole);
            }
        }
        if self.macros {
            if let Some(action) = find_macro(text, arguments.len()) {
                return self.comprehension(action, target, arguments, whole);
            }
            if let ("optMap" | "optFlatMap", 2) = (text, arguments.len()) {
                return self.optional_map(text == "optFlatMap", target, arguments, whole);
            }
        }
        let mut all = vec![target];
        all.extend(self.expressions(arguments.into_iter())?);
        if let "or" | "orValue" = text {
            match <[Node; 2]>::try_from(all) {
                Ok([target, other]) => {
                    let unwraps = text == "orValue";
                    let alternative = Alternative { target, other, unwraps };
                    return self.node(Kind::Alternative(Box::new(alternative)), whole);
                }
                Err(nodes) => all = nodes,
            }
        }
        self.call((text, span(name)), Form::Method, all.into(), whole)
    }

    /// Returns the namespace that a target is the name of.
    fn namespace(&self, target: &Node) -> Option<&'static str> {
        let name = if let Kind::Name(name) = &target.kind {
            &*name.text
        } else if let Kind::Local(slot) = target.kind {
            self.variables.get(slot)?
        } else {
            return None;
        };
        function::NAMESPACES.into_iter().find(|space| *space == name)
    }

    /// Reads a call of a function with a namespace.
    fn namespaced(&mut self, name: Named<'_>, arguments: Vec<Part<'a>>, whole: Span) -> Parsed {
        let (text, place) = name;
        let is_greatest = matches!(text, "math.greatest" | "math.least");
        match (text, arguments.as_slice()) {
            ("cel.bind", [_, _, _]) if self.macros => return self.bind(arguments, whole),
            ("cel.block", [values, _]) if self.macros => {
                let Some(values) = single(values.clone(), Rule::list) else {
                    let message = "the first argument of `cel.block` is a list of values";
                    return Err(ParseError::new(span(values), message));
                };
                return self.block(values, arguments, whole);
            }
            ("cel.index" | "cel.iterVar" | "cel.accuVar", _) => {
                return self.numbered(text, &arguments, whole);
            }
            _ => {}
        }
        let mut nodes = self.expressions(arguments.into_iter())?;
        if is_greatest && nodes.len() > 1 {
            nodes = Box::new([self.node(Kind::List(nodes), whole)?]);
        } else if is_greatest && nodes.is_empty() {
            let error = ParseError::new(place, format!("`{text}` takes 1 or more arguments"));
            let unresolved = Unresolved { error, arguments: nodes };
            return self.node(Kind::Unresolved(Box::new(unresolved)), whole);
        }
        self.call(name, Form::Global, nodes, whole)
    }

    /// Makes a call of a function, or one that nothing answers.
    pub(super) fn call(
        &mut self,
        (name, place): Named<'_>,
        form: Form,
        arguments: Box<[Node]>,
        whole: Span,
    ) -> Parsed {
        let written = arguments.len() - usize::from(form == Form::Method);
        let kind = match function::resolve(name, form, written) {
            Ok(function) => {
                self.patterns += usize::from(function == Function::Matches);
                if self.patterns > MAX_PATTERNS {
                    let message =
                        format!("an expression calls `matches` at most {MAX_PATTERNS} times");
                    return Err(ParseError::new(place, message));
                }
                Kind::Call(Box::new(Call { function, arguments, pattern: OnceLock::new() }))
            }
            Err(_)
                if let Some((_, usage)) =
                    MACROS.iter().chain(&CEL).find(|(macro_, _)| *macro_ == name) =>
            {
                let error = ParseError::new(place, format!("`{name}` is written as `{usage}`"));
                Kind::Unresolved(Box::new(Unresolved { error, arguments }))
            }
            Err(problem) => {
                let error =
                    ParseError { span: place, message: problem.message, help: problem.help };
                Kind::Unresolved(Box::new(Unresolved { error, arguments }))
            }
        };
        self.node(kind, whole)
    }

    /// Reads the name of a variable that a macro binds.
    fn variable(argument: Part<'a>) -> Parsed<Cow<'a, str>> {
        let place = span(&argument);
        let text = argument.as_str();
        let name = single(argument, Rule::name).map(|name| Cow::Borrowed(name.as_str()));
        name.or_else(|| block_variable(text).map(Cow::Owned)).ok_or_else(|| {
            ParseError::new(place, "the first argument of a macro names its variable")
                .with_help("write a plain name, such as `item` in `items.all(item, item > 0)`")
        })
    }

    /// Reads an expression that may use some more variables.
    fn with_variables(
        &mut self,
        variables: impl IntoIterator<Item = Cow<'a, str>>,
        depth: usize,
        read: impl FnOnce(&mut Self) -> Parsed,
    ) -> Parsed {
        let before = self.variables.len();
        self.variables.extend(variables);
        self.depth += depth;
        let node = read(self);
        self.depth -= depth;
        self.variables.truncate(before);
        node
    }

    fn comprehension(
        &mut self,
        action: Macro,
        range: Node,
        arguments: Vec<Part<'a>>,
        whole: Span,
    ) -> Parsed {
        let (two_variables, has_filter) = match action {
            Macro::Map => (false, arguments.len() == 3),
            Macro::TransformList | Macro::TransformMap | Macro::TransformEntries => {
                (true, arguments.len() == 4)
            }
            Macro::All | Macro::Exists | Macro::ExistsOne => (arguments.len() == 3, false),
            Macro::Filter | Macro::SortBy => (false, false),
        };
        let slot = self.variables.len();
        let mut arguments = arguments.into_iter();
        let mut variables = Vec::new();
        for argument in arguments.by_ref().take(1 + usize::from(two_variables)) {
            let place = span(&argument);
            let variable = Self::variable(argument)?;
            if variables.contains(&variable) {
                let message = format!("the macro binds `{variable}` twice");
                return Err(ParseError::new(place, message));
            }
            variables.push(variable);
        }
        let count = variables.len();
        let mut filter = None;
        let body = self.with_variables(variables, count, |builder| {
            if has_filter && let Some(argument) = arguments.next() {
                filter = Some(builder.expression(argument)?);
            }
            builder.expression(arguments.next().expect("a macro's arguments were counted"))
        })?;
        let comprehension = Comprehension { action, range, slot, two_variables, filter, body };
        self.node(Kind::Comprehension(Box::new(comprehension)), whole)
    }

    fn optional_map(
        &mut self,
        flat: bool,
        target: Node,
        arguments: Vec<Part<'a>>,
        whole: Span,
    ) -> Parsed {
        let slot = self.variables.len();
        let mut arguments = arguments.into_iter();
        let variable = Self::variable(arguments.next().expect("a macro's arguments were counted"))?;
        let body = arguments.next().expect("a macro's arguments were counted");
        let body = self.with_variables([variable], 1, |builder| builder.expression(body))?;
        self.node(Kind::OptionalMap(Box::new(OptionalMap { target, slot, body, flat })), whole)
    }

    /// Reads `cel.bind(name, value, result)`.
    fn bind(&mut self, arguments: Vec<Part<'a>>, whole: Span) -> Parsed {
        let slot = self.variables.len();
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next().expect("a macro's arguments were counted");
        let variable = Self::variable(next())?;
        let values = Box::new([self.expression(next())?]);
        let body = next();
        let body = self.with_variables([variable], 1, |builder| builder.expression(body))?;
        self.node(Kind::Bind(Box::new(Bind { slot, values, body })), whole)
    }

    /// Reads `cel.block([value, ...], result)`, whose values are `cel.index(0)` and so on.
    fn block(&mut self, list: Part<'a>, arguments: Vec<Part<'a>>, whole: Span) -> Parsed {
        let slot = self.variables.len();
        let mut values = Vec::new();
        self.depth += 1;
        for (place, part) in list.into_inner().enumerate() {
            if part.as_rule() == Rule::maybe {
                let message = "the values of `cel.block` are always there: leave out `?`";
                return Err(ParseError::new(span(&part), message));
            }
            values.push(self.expression(part)?);
            self.variables.push(Cow::Owned(format!("cel.index {place}")));
        }
        let body = arguments.into_iter().nth(1).expect("a macro's arguments were counted");
        let body = self.expression(body)?;
        self.depth -= 1;
        self.variables.truncate(slot);
        self.node(Kind::Bind(Box::new(Bind { slot, values: values.into(), body })), whole)
    }

    /// Reads a variable that has numbers in the place of a name.
    fn numbered(&mut self, name: &str, arguments: &[Part<'a>], whole: Span) -> Parsed {
        let numbers: Option<Vec<usize>> = arguments
            .iter()
            .map(|argument| single(argument.clone(), Rule::integer)?.as_str().parse().ok())
            .collect();
        let wanted = if name == "cel.index" { 1 } else { 2 };
        let variable = numbers.filter(|numbers| numbers.len() == wanted);
        let Some(variable) = variable.map(|numbers| variable_name(name, &numbers)) else {
            let usage = CEL.iter().find(|(known, _)| *known == name).map_or("", |(_, usage)| usage);
            let message = format!("`{name}` is written as `{usage}`");
            return Err(ParseError::new(whole, message));
        };
        match self.variables.iter().rposition(|known| **known == variable) {
            Some(slot) => self.node(Kind::Local(slot), whole),
            None => Err(ParseError::new(whole, "nothing around it binds this variable")),
        }
    }
}

/// Returns what a variable with numbers is called among the variables, which no name can be.
fn variable_name(function: &str, numbers: &[usize]) -> String {
    numbers.iter().fold(function.to_owned(), |name, number| format!("{name} {number}"))
}

/// Returns the variable that `cel.iterVar(0, 0)` or `cel.accuVar(0, 0)` names.
fn block_variable(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    let (function, numbers) = text.strip_suffix(')')?.split_once('(')?;
    let numbers: Option<Vec<usize>> =
        numbers.split(',').map(|number| number.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() == 2)?;
    matches!(function, "cel.iterVar" | "cel.accuVar").then(|| variable_name(function, &numbers))
}

/// Returns the part of that rule if the part holds nothing else.
fn single(part: Part<'_>, rule: Rule) -> Option<Part<'_>> {
    let mut part = part;
    while part.as_rule() != rule {
        let mut parts = part.into_inner();
        part = parts.next()?;
        if parts.next().is_some() {
            return None;
        }
    }
    Some(part)
}

/// Returns what the macro of that name does with that many arguments.
fn find_macro(name: &str, arguments: usize) -> Option<Macro> {
    match (name, arguments) {
        ("all", 2 | 3) => Some(Macro::All),
        ("exists", 2 | 3) => Some(Macro::Exists),
        ("exists_one" | "existsOne", 2 | 3) => Some(Macro::ExistsOne),
        ("map", 2 | 3) => Some(Macro::Map),
        ("filter", 2) => Some(Macro::Filter),
        ("sortBy", 2) => Some(Macro::SortBy),
        ("transformList", 3 | 4) => Some(Macro::TransformList),
        ("transformMap", 3 | 4) => Some(Macro::TransformMap),
        ("transformMapEntry", 3 | 4) => Some(Macro::TransformEntries),
        _ => None,
    }
}
