//! From node to type.
//!
//! Invariants: *scoped*: the types of macros' variables, and what is known about paths, are there
//! while the parts that they are for are checked, and gone afterwards.

use super::path::{Path, Reader, Root};
use super::unify::Unifier;
use super::{FindingKind, TypeFinding, TypeScope, Typing};
use crate::expression::ast::{Kind, Name, Node};
use crate::nearest::nearest;
use crate::span::Span;
use crate::static_type::StaticType;

/// Most findings about one expression.
const MAX_FINDINGS: usize = 100;

/// Most misspelt names of one expression that are compared with those that exist.
const MAX_SUGGESTIONS: usize = 20;

/// The check of one expression.
pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    pub(super) scope: &'a dyn TypeScope,
    /// Whether the scope binds names with dots.
    pub(super) dotted: bool,
    pub(super) unifier: Unifier,
    /// Types of the macros' variables around the place, outermost first.
    pub(super) locals: Vec<StaticType>,
    /// Paths that are not null at the place.
    pub(super) present: Vec<Path>,
    pub(super) reader: Reader,
    /// Suggestions that may still be looked for.
    suggestions: usize,
    findings: Vec<TypeFinding>,
    types: Vec<(Span, StaticType)>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, scope: &'a dyn TypeScope) -> Self {
        Self {
            text,
            scope,
            dotted: scope.has_dotted_names(),
            unifier: Unifier::new(),
            locals: Vec::new(),
            present: Vec::new(),
            reader: Reader::new(),
            suggestions: if scope.wants_suggestions() { MAX_SUGGESTIONS } else { 0 },
            findings: Vec::new(),
            types: Vec::new(),
        }
    }

    /// Returns what was found out.
    pub(super) fn finish(mut self, ty: &StaticType) -> Typing {
        let ty = self.unifier.resolve(ty);
        let types = std::mem::take(&mut self.types);
        let types = types.into_iter().map(|(span, ty)| (span, self.unifier.resolve(&ty))).collect();
        let mut findings = self.findings;
        findings.sort_by_key(|finding| finding.span);
        Typing { ty, findings, types }
    }

    /// Adds a finding and returns the type of the expression that it is about.
    pub(super) fn find(
        &mut self,
        kind: FindingKind,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) -> StaticType {
        if !self.unifier.is_spent() && self.findings.len() < MAX_FINDINGS {
            self.findings.push(TypeFinding { span, kind, message: message.into(), help });
        }
        StaticType::Dyn
    }

    /// Returns whether there is time to look for what a misspelt name may mean, and counts it.
    pub(super) fn may_suggest(&mut self) -> bool {
        let may = self.suggestions > 0;
        self.suggestions = self.suggestions.saturating_sub(1);
        may
    }

    /// Returns the text of a part, for messages.
    pub(super) fn excerpt(&self, span: Span) -> String {
        super::message::excerpt(self.text, span)
    }

    /// Returns the type of an expression.
    pub(super) fn ty(&mut self, node: &Node) -> StaticType {
        let ty = self.kind(node);
        let ty = if ty.may_be_null() && self.is_present(node) { ty.without_null() } else { ty };
        self.types.push((node.span, ty.clone()));
        ty
    }

    fn kind(&mut self, node: &Node) -> StaticType {
        match &node.kind {
            Kind::Literal(value) => StaticType::of_value(value),
            Kind::Name(name) => self.name(name, node.span),
            Kind::Local(slot) => self.locals.get(*slot).cloned().unwrap_or(StaticType::Dyn),
            Kind::Field(field) => self.field(field),
            Kind::OptionalField(field) => self.optional_field(field),
            Kind::Has(field) => self.has(field),
            Kind::Index(pair) => self.index(pair),
            Kind::OptionalIndex(pair) => self.optional_index(pair),
            Kind::List(items) => self.list(items.iter().map(|item| (item, false)).collect()),
            Kind::SparseList(items) => {
                self.list(items.iter().map(|item| (&item.part, item.optional)).collect())
            }
            Kind::Map(entries) => self.map(entries.iter().map(|entry| (entry, false)).collect()),
            Kind::SparseMap(entries) => {
                self.map(entries.iter().map(|entry| (&entry.part, entry.optional)).collect())
            }
            Kind::Not(operand) => {
                self.condition(operand);
                StaticType::Bool
            }
            Kind::Negate(operand) => self.negate(operand),
            Kind::Binary(operator, pair) => {
                let [left, right] = pair.as_ref();
                self.binary(*operator, left, right)
            }
            Kind::Chain(chain) => self.chain(chain),
            Kind::And(operands) => self.decide(operands, true),
            Kind::Or(operands) => self.decide(operands, false),
            Kind::Conditional(conditional) => self.conditional(conditional),
            Kind::Call(call) => self.call(call),
            Kind::Unresolved(call) => self.unresolved(call),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind(bind) => self.bind(bind),
            Kind::OptionalMap(map) => self.optional_map(map),
            Kind::Alternative(alternative) => self.alternative(alternative),
        }
    }

    pub(super) fn lookup(&self, name: &Name) -> Option<StaticType> {
        if name.absolute {
            self.scope.type_of_absolute(&name.text)
        } else {
            self.scope.type_of(&name.text)
        }
    }

    fn name(&mut self, name: &Name, span: Span) -> StaticType {
        let denoted = || name.denotes.as_ref().map(StaticType::of_value);
        if let Some(ty) = self.lookup(name).or_else(denoted) {
            return ty;
        }
        let names = if self.may_suggest() { self.scope.names() } else { Vec::new() };
        let near = nearest(&name.text, names.iter().map(|name| &**name));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("`{}` is not bound here", name.text);
        self.find(FindingKind::UnknownName, span, message, help)
    }

    /// Returns whether it is known that the value of an expression is not null.
    pub(super) fn is_present(&self, node: &Node) -> bool {
        let Some(path) = Path::of(node) else { return false };
        if self.present.iter().any(|present| present.tells_of(&path)) {
            return true;
        }
        let Root::Name(name) = &path.root else { return false };
        let names: Vec<&str> = std::iter::once(name).chain(&path.fields).map(|n| &**n).collect();
        self.scope.is_known_present(&names)
    }

    /// Returns the type of a list of elements, some of which are optionals that may leave them out.
    fn list(&mut self, items: Vec<(&Node, bool)>) -> StaticType {
        let mut of: Option<StaticType> = None;
        for (item, optional) in items {
            let ty = self.element(item, optional);
            of = Some(match of {
                Some(of) => self.unifier.join(&of, &ty),
                None => ty,
            });
        }
        of.unwrap_or_else(|| self.unifier.fresh()).list()
    }

    /// Returns the type of a map of entries, some of which are optionals that may leave them out.
    fn map(&mut self, entries: Vec<(&[Node; 2], bool)>) -> StaticType {
        let mut of: Option<(StaticType, StaticType)> = None;
        for ([key, value], optional) in entries {
            let key = self.key(key);
            let value = self.element(value, optional);
            of = Some(match of {
                Some((keys, values)) => {
                    (self.unifier.join(&keys, &key), self.unifier.join(&values, &value))
                }
                None => (key, value),
            });
        }
        let (key, value) = of.unwrap_or_else(|| (self.unifier.fresh(), self.unifier.fresh()));
        StaticType::map(key, value)
    }

    /// Returns the type of an element of a literal; of an optional one, of the optional's value.
    fn element(&mut self, node: &Node, optional: bool) -> StaticType {
        let ty = self.ty(node);
        if optional { self.unwrapped(&ty, node) } else { ty }
    }

    /// Returns the type of a key of a map.
    fn key(&mut self, node: &Node) -> StaticType {
        use StaticType::{Bool, Dyn, Int, Parameter, String, Uint};
        let ty = self.ty(node);
        let ty = self.not_null(&ty, node, "which is no key");
        let ty = self.unifier.shallow(&ty);
        if let Bool | Int | Uint | String | Dyn | Parameter(_) = ty {
            return ty;
        }
        let shown = self.unifier.resolve(&ty);
        let message = format!("a key is a string, int, uint or bool, not {shown}");
        self.find(FindingKind::WrongType, node.span, message, None)
    }

    /// Returns the type without null, and finds that the value may be null where it must not.
    /// `because` says what null is not: `which has no fields`.
    pub(super) fn not_null(&mut self, ty: &StaticType, node: &Node, because: &str) -> StaticType {
        let StaticType::Nullable(of) = ty else { return ty.clone() };
        let shown = self.excerpt(node.span);
        let help = if Path::of(node).is_some() {
            format!("test it first: `{shown} != null && ...`, or `{shown} == null ? ... : ...`")
        } else {
            "say what to take instead of null: `value == null ? other : value`".to_owned()
        };
        let message = format!("`{shown}` may be null, {because}");
        self.find(FindingKind::MayBeNull, node.span, message, Some(help));
        (**of).clone()
    }

    /// Does so unless something else has been found since there were `before` findings: a value of a
    /// wrong type is one mistake, not two.
    pub(super) fn not_null_unless_found(
        &mut self,
        before: usize,
        ty: &StaticType,
        (node, because): (&Node, &str),
    ) {
        if self.found() == before {
            self.not_null(ty, node, because);
        }
    }

    /// Returns how many findings there are.
    pub(super) fn found(&self) -> usize {
        self.findings.len()
    }

    /// Returns the type of a part that has been checked, if it is among the last ones.
    pub(super) fn type_at(&self, span: Span) -> Option<StaticType> {
        let found = self.types.iter().rev().find(|(place, _)| *place == span);
        found.map(|(_, ty)| self.unifier.shallow(ty))
    }

    /// Forgets what is known about variables from a number on.
    pub(super) fn leave(&mut self, slot: usize) {
        self.locals.truncate(slot);
        self.present.retain(|path| !matches!(path.root, Root::Local(local) if local >= slot));
    }
}

/// Returns the paths of names that are known not to be null when an expression came to `truth`.
pub(super) fn present_when(root: &Node, truth: bool) -> Vec<Vec<String>> {
    let mut present: Vec<Vec<String>> = Vec::new();
    for path in Reader::new().present_when(root, truth) {
        let Root::Name(name) = path.root else { continue };
        let names = std::iter::once(name).chain(path.fields).map(|name| (*name).to_owned());
        let names = names.collect();
        if !present.contains(&names) {
            present.push(names);
        }
    }
    present
}
