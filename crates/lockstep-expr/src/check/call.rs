//! Calls of functions: which of the ways to call a function is meant.

use std::sync::Arc;

use super::FindingKind;
use super::checker::Checker;
use super::message::{alternatives, wanted};
use crate::expression::ast::{Call, Kind, Node, Unresolved};
use crate::function::{self, Function};
use crate::signature::{self, Signature};
use crate::static_type::StaticType;
use crate::value::Value;

/// Most types that a message lists.
const MAX_ALTERNATIVES: usize = 6;

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &Call) -> StaticType {
        let name = function::name(call.function);
        let result = self.apply(name, signature::of(name), &call.arguments);
        // The entity of a reference is known where it is written out.
        match (call.function, call.arguments.first().map(|node| &node.kind)) {
            (Function::Reference, Some(Kind::Literal(Value::String(entity))))
                if matches!(result, StaticType::Reference(_)) =>
            {
                self.find_other_entity(entity, call.arguments.get(1));
                StaticType::Reference(Some(Arc::clone(entity)))
            }
            _ => result,
        }
    }

    /// Finds a reference to an object of one entity that is taken as the id of another one's.
    fn find_other_entity(&mut self, entity: &Arc<str>, id: Option<&Node>) {
        let Some(id) = id else { return };
        let Some(StaticType::Reference(Some(other))) = self.type_at(id.span) else { return };
        if other != *entity {
            let message = format!("this refers to an object of `{other}`, not of `{entity}`");
            let help = format!("take its id: `{}.id`", self.excerpt(id.span));
            self.find(FindingKind::WrongType, id.span, message, Some(help));
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
            let Some(result) = self.result(signature, types) else { continue };
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

    /// Returns what a signature gives for arguments of such types, if it takes them.
    fn result(&mut self, signature: &Signature, types: &[StaticType]) -> Option<StaticType> {
        let mark = self.unifier.mark();
        if !is_generic(signature) {
            let fits = self.all_agree(&signature.parameters, types);
            if !fits {
                self.unifier.undo(mark);
            }
            return fits.then(|| signature.result.clone());
        }
        let (parameters, result) = self.unifier.instantiate(signature);
        if self.all_agree(&parameters, types) {
            return Some(self.unifier.settled(&result));
        }
        self.unifier.undo(mark);
        None
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
                let alike = overloads.iter().filter(|one| one.parameters.len() == types.len());
                let alike: Vec<&Signature> = alike.collect();
                self.find_null_inside(name, (&alike, place), (argument, ty));
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
                self.not_null(ty, argument, &format!("and `{name}` needs a value"));
            }
        }
    }

    /// Finds a list of which elements may be null where the function does not take null.
    fn find_null_inside(
        &mut self,
        name: &str,
        (overloads, place): (&[&Signature], usize),
        (argument, ty): (&Node, &StaticType),
    ) {
        let ty = self.unifier.shallow(ty);
        let StaticType::List(of) = &ty else { return };
        let of = self.unifier.shallow(of);
        if !of.may_be_null() {
            return;
        }
        let refuses = |signature: &Signature| match signature.parameters.get(place) {
            Some(StaticType::List(wanted)) => !matches!(
                **wanted,
                StaticType::Dyn
                    | StaticType::Parameter(_)
                    | StaticType::Nullable(_)
                    | StaticType::Null
            ),
            _ => false,
        };
        let fitting = overloads.iter().filter(|signature| {
            signature.parameters.get(place).is_some_and(|wanted| self.unifier.agree(wanted, &ty))
        });
        let fitting: Vec<&Signature> = fitting.copied().collect();
        if fitting.is_empty() || !fitting.into_iter().all(refuses) {
            return;
        }
        let shown = self.excerpt(argument.span);
        let message = format!("elements of `{shown}` may be null, and `{name}` needs values");
        let help = format!("leave them out: `{shown}.filter(x, x != null)`");
        self.find(FindingKind::MayBeNull, argument.span, message, Some(help));
    }

    /// Finds the argument that fits no signature.
    fn find_wrong(
        &mut self,
        name: &str,
        overloads: &[Signature],
        (arguments, types): (&[Node], &[StaticType]),
    ) -> StaticType {
        let overloads: Vec<Signature> =
            overloads.iter().filter(|one| one.parameters.len() == types.len()).cloned().collect();
        // The last argument without which the others fit; else the first that fits nowhere.
        let alone = (0..types.len())
            .rev()
            .find(|place| overloads.iter().any(|one| self.wanted(one, *place, types).is_some()));
        let place = alone.unwrap_or_else(|| {
            let misfit = |(place, ty): &(usize, &StaticType)| !self.fits(&overloads, *place, ty);
            types.iter().enumerate().find(misfit).map_or(0, |(place, _)| place)
        });
        let (Some(argument), Some(ty)) = (arguments.get(place), types.get(place)) else {
            return StaticType::Dyn;
        };
        let mut words: Vec<String> = Vec::new();
        for signature in &overloads {
            let parameter = match alone {
                Some(_) => self.wanted(signature, place, types),
                None => signature.parameters.get(place).cloned(),
            };
            let word = parameter.as_ref().map(wanted);
            words.extend(word.filter(|word| !words.contains(word)));
        }
        let target = place == 0 && overloads.first().is_some_and(|one| one.method);
        let ty = self.unifier.resolve(ty);
        let (verb, preposition) = if target { ("is called on", "on ") } else { ("takes", "") };
        let message = if words.len() > MAX_ALTERNATIVES {
            let refuses = if target { "is not called on" } else { "does not take" };
            format!("`{name}` {refuses} {ty}")
        } else {
            let words = alternatives(&words);
            format!("`{name}` {verb} {words}, not {preposition}{ty}")
        };
        let help = match words.as_slice() {
            [one] => self.conversion_to(one, &ty, argument),
            _ => None,
        };
        self.find(FindingKind::WrongType, argument.span, message, help)
    }

    /// Returns what a signature takes in a place, if all other arguments fit.
    fn wanted(
        &mut self,
        signature: &Signature,
        place: usize,
        types: &[StaticType],
    ) -> Option<StaticType> {
        let mark = self.unifier.mark();
        let (parameters, _) = self.unifier.instantiate(signature);
        let mut pairs = parameters.iter().zip(types).enumerate();
        let fits =
            pairs.all(|(number, (wanted, ty))| number == place || self.unifier.agree(wanted, ty));
        let wanted = parameters.get(place).filter(|_| fits);
        let wanted = wanted.map(|wanted| self.unifier.settled(wanted));
        self.unifier.undo(mark);
        wanted
    }

    fn conversion_to(&self, wanted: &str, ty: &StaticType, argument: &Node) -> Option<String> {
        let signatures = match wanted {
            "string" | "int" | "double" | "timestamp" | "duration" => signature::of(wanted),
            _ => return None,
        };
        if matches!(argument.kind, Kind::Literal(_)) && *ty == StaticType::String {
            return None;
        }
        let known = signatures.iter().any(|one| one.parameters.first() == Some(ty));
        let shown = self.excerpt(argument.span);
        known.then(|| format!("convert it: `{wanted}({shown})`"))
    }
}

/// Returns whether a signature may have parameters: those without are its own instance.
fn is_generic(signature: &Signature) -> bool {
    let mut generic = false;
    for ty in signature.parameters.iter().chain([&signature.result]) {
        generic = generic || matches!(ty, StaticType::Parameter(_));
        ty.for_each_part(&mut |_| generic = true);
    }
    generic
}
