//! The names that an expression can see at one moment, with their types.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{StaticType, TypeScope};

use super::known::Known;
use super::state::{Binding, Cell, State};
use crate::reader::{Around, Candidate};

/// The scope of one use of names.
///
/// A name that cannot be used here has the type `dyn`: its finding is told by [`super::name`].
pub(super) struct InScope<'a> {
    pub(super) known: &'a Known,
    pub(super) input: &'a StaticType,
    pub(super) names: &'a BTreeMap<Arc<str>, usize>,
    pub(super) around: &'a Around,
    pub(super) state: &'a State,
    /// Whether findings are still kept.
    pub(super) kept: bool,
}

impl InScope<'_> {
    /// The type of a name that has a meaning of its own.
    pub(super) fn built_in(&self, name: &str) -> Option<StaticType> {
        let object = match &self.around.object {
            Candidate::Of(entity) => self.known.object(entity),
            Candidate::Absent | Candidate::Unknown => StaticType::Dyn,
        };
        match name {
            "input" => Some(self.input.clone()),
            "config" => Some(self.known.config.clone()),
            "workflow" => Some(self.known.workflow.clone()),
            "now" => Some(StaticType::Timestamp),
            "lock" if self.around.lock => Some(self.known.lock.clone()),
            "error" if self.around.catch => Some(self.known.error.clone()),
            "object" => Some(object),
            // Of a secret only the name is looked at.
            "lock" | "error" | "secret" => Some(StaticType::Dyn),
            _ => None,
        }
    }
}

impl TypeScope for InScope<'_> {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        if let Some(setting) = &self.around.setting {
            let ty = setting.type_of(name, self.known);
            return ty.or_else(|| (!crate::name::TYPES.contains(&name)).then_some(StaticType::Dyn));
        }
        if let Some(number) = self.names.get(name) {
            return Some(match self.state.cells.get(*number) {
                Some(Cell { binding: Binding::Always | Binding::Sometimes(..), ty }) => ty.clone(),
                Some(Cell { binding: Binding::Never, .. }) | None => StaticType::Dyn,
            });
        }
        if let Some(ty) = self.built_in(name) {
            return Some(ty);
        }
        // A name of a type means that type; of others it is told that nothing is called so.
        (!crate::name::TYPES.contains(&name)).then_some(StaticType::Dyn)
    }

    fn names(&self) -> Vec<Arc<str>> {
        match &self.around.setting {
            Some(setting) => setting.names(),
            None => self.names.keys().cloned().collect(),
        }
    }

    fn wants_suggestions(&self) -> bool {
        self.kept
    }

    fn is_known_present(&self, path: &[&str]) -> bool {
        self.state.present.iter().any(|known| known == path)
    }
}
