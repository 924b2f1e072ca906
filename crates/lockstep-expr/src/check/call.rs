//! Calls of functions: which of the ways to call a function is meant.

use std::sync::Arc;

use super::FindingKind;
use super::checker::Checker;
use super::message::alternatives;
use crate::expression::ast::{Call, Kind, Node, Unresolved};
use crate::function::{self, Function};
use crate::signature::{self, Signature};
use crate::static_type::StaticType;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &Call) -> StaticType {
        let name = function::name(call.function);
        let result = self.apply(name, signature::of(name), &call.arguments);
        // The entity of a reference is known where it is written out.
        match (call.function, call.arguments.first().map(|node| &node.kind)) {
            (Function::Reference, Some(Kind::Literal(Value::String(entity))))
                if matches!(result, StaticType::Reference(_)) =>
            {
                StaticType::Reference(Some(Arc::clone(entity)))
            }
            _ => result,
        }
    }

    /// Checks a call that no function of the language answers: the host may declare one.
    pub(super) fn unresolved(&mut self, call: &Unresolved) -> StaticType {
        let span = call.error.span;
        let name = self.text.get(span.start..span.end).unwrap_or("");
        let method = call.arguments.first().is_some_and(|first| first.span.end <= span.start);
        let declared: Vec<Signature> = self.scope.functions(name);
        let declared: Vec<Signature> = declared
            .into_iter()
            .filter(|signature| {
                signature.method == method && signature.parameters.len() == call.arguments.len()
            })
            .collect();
        if !declared.is_empty() {
            return self.apply(name, &declared, &call.arguments);
        }
        for argument in &call.arguments {
            self.ty(argument);
        }
        let kind = if function::exists(name) {
            FindingKind::WrongArguments
        } else {
            FindingKind::UnknownFunction
        };
        self.find(kind, span, call.error.message.clone(), call.error.help.clone())
    }

    fn apply(&mut self, name: &str, overloads: &[Signature], arguments: &[Node]) -> StaticType {
        let types: Vec<StaticType> = arguments.iter().map(|argument| self.ty(argument)).collect();
        if let [Node { kind: Kind::List(items), .. }] = arguments
            && matches!(name, "math.greatest" | "math.least")
            && let Some(wrong) = items.iter().find(|item| !self.is_numeric(item))
        {
            let ty = self.ty(wrong);
            let message = format!("`{name}` compares numbers, not {}", self.unifier.resolve(&ty));
            return self.find(FindingKind::WrongType, wrong.span, message, None);
        }
        match self.first_result(overloads, &types) {
            Some(result) => {
                self.find_null(name, overloads, (arguments, &types));
                result
            }
            None => self.find_wrong(name, overloads, (arguments, &types)),
        }
    }

    /// Returns whether an element of a list may be a number.
    fn is_numeric(&self, item: &Node) -> bool {
        use StaticType::{Double, Dyn, Int, Nullable, Parameter, Uint};
        matches!(
            self.type_at(item.span),
            None | Some(Int | Uint | Double | Dyn | Nullable(_) | Parameter(_))
        )
    }

    /// Returns the type that the fitting signatures give: of several, what holds the values of all;
    /// `None` if none fits.
    pub(super) fn first_result(
        &mut self,
        overloads: &[Signature],
        types: &[StaticType],
    ) -> Option<StaticType> {
        let mut whole: Option<StaticType> = None;
        for signature in overloads.iter().filter(|one| one.parameters.len() == types.len()) {
            let mark = self.unifier.mark();
            let (parameters, result) = self.unifier.instantiate(signature);
            if !self.all_agree(&parameters, types) {
                self.unifier.undo(mark);
                continue;
            }
            let result = self.unifier.settled(&result);
            whole = Some(match whole {
                Some(before) if before == result => before,
                Some(before) => {
                    let (before, result) =
                        (self.unifier.resolve(&before), self.unifier.resolve(&result));
                    before.or(&result)
                }
                None => result,
            });
        }
        whole
    }

    fn all_agree(&mut self, parameters: &[StaticType], types: &[StaticType]) -> bool {
        parameters.iter().zip(types).all(|(parameter, ty)| self.unifier.agree(parameter, ty))
    }

    /// Returns whether a signature takes values of a type in a place.
    pub(super) fn fits(&mut self, overloads: &[Signature], place: usize, ty: &StaticType) -> bool {
        overloads.iter().any(|signature| {
            let mark = self.unifier.mark();
            let (parameters, _) = self.unifier.instantiate(signature);
            let fits = parameters.get(place).is_some_and(|wanted| self.unifier.agree(wanted, ty));
            self.unifier.undo(mark);
            fits
        })
    }

    /// Finds arguments that may be null where the function does not take null.
    fn find_null(
        &mut self,
        name: &str,
        overloads: &[Signature],
        (arguments, types): (&[Node], &[StaticType]),
    ) {
        for (place, (argument, ty)) in arguments.iter().zip(types).enumerate() {
            if !matches!(ty, StaticType::Nullable(_)) {
                continue;
            }
            let takes_null = overloads.iter().any(|signature| {
                signature.parameters.len() == types.len()
                    && matches!(
                        signature.parameters.get(place),
                        Some(StaticType::Dyn | StaticType::Parameter(_) | StaticType::Nullable(_))
                    )
            });
            if !takes_null {
                let shown = self.excerpt(argument.span);
                let message = format!("`{name}` does not take null, and `{shown}` may be null");
                self.may_be_null(argument, message);
            }
        }
    }

    /// Finds the argument that fits no signature.
    fn find_wrong(
        &mut self,
        name: &str,
        overloads: &[Signature],
        (arguments, types): (&[Node], &[StaticType]),
    ) -> StaticType {
        let wanted: Vec<&Signature> =
            overloads.iter().filter(|one| one.parameters.len() == types.len()).collect();
        let place = (0..types.len())
            .max_by_key(|place| {
                // The signatures that fit if this argument did not count, and the first of equals.
                let others = wanted.iter().filter(|one| self.fits_but(one, *place, types)).count();
                (others.min(1), std::cmp::Reverse(*place))
            })
            .unwrap_or(0);
        let fitting: Vec<&&Signature> =
            wanted.iter().filter(|one| self.fits_but(one, place, types)).collect();
        let shown = if fitting.is_empty() { wanted.iter().collect() } else { fitting };
        let mut words: Vec<String> = Vec::new();
        for signature in &shown {
            let word = signature.parameters.get(place).map(ToString::to_string).unwrap_or_default();
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let method = shown.first().is_some_and(|signature| signature.method);
        let (Some(argument), Some(ty)) = (arguments.get(place), types.get(place)) else {
            return StaticType::Dyn;
        };
        let ty = self.unifier.resolve(ty);
        let words = alternatives(&words);
        let message = if method && place == 0 {
            format!("`{name}` is called on {words}, not on {ty}")
        } else {
            format!("`{name}` takes {words} here, not {ty}")
        };
        let help = self.conversion_to(&words, &ty, argument);
        self.find(FindingKind::WrongType, argument.span, message, help)
    }

    fn fits_but(&mut self, signature: &Signature, place: usize, types: &[StaticType]) -> bool {
        let mark = self.unifier.mark();
        let (parameters, _) = self.unifier.instantiate(signature);
        let mut pairs = parameters.iter().zip(types).enumerate();
        let fits =
            pairs.all(|(number, (wanted, ty))| number == place || self.unifier.agree(wanted, ty));
        self.unifier.undo(mark);
        fits
    }

    fn conversion_to(&self, wanted: &str, ty: &StaticType, argument: &Node) -> Option<String> {
        let signatures = match wanted {
            "string" | "int" | "double" | "timestamp" | "duration" => signature::of(wanted),
            _ => return None,
        };
        let known = signatures.iter().any(|one| one.parameters.first() == Some(ty));
        let shown = self.excerpt(argument.span);
        known.then(|| format!("convert it: `{wanted}({shown})`"))
    }
}
