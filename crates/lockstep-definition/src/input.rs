//! Declared inputs: of a workflow, and the fields of a form.

use std::sync::Arc;

use lockstep_expr::{Type, Value};

use crate::catalog::Catalog;
use crate::code::Code;
use crate::conform::conform;
use crate::definition;
use crate::diagnostic::Finding;
use crate::entity::{declared, displaced};
use crate::fields::{Field, Keys, at_most, entries};
use crate::flow::DeclaredInput;
use crate::name::NameKind;
use crate::remedy::remedied;
use crate::report::Report;
use crate::values::checked_name;
use crate::workflow::Input;
use crate::yaml::node::{Node, Value as YamlValue};

const KNOWN: &[&str] = &["type", "optional", "default", "description"];

/// Who asks for values, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    /// The key that holds the declarations.
    key: &'static str,
    /// "the name of an input"
    name: &'static str,
    /// "a workflow"
    owner: &'static str,
    /// "inputs"
    plural: &'static str,
    keys: Keys,
}

/// A workflow asks who starts it.
pub(crate) const WORKFLOW: Asker = Asker {
    key: "`input`",
    name: "the name of an input",
    owner: "a workflow",
    plural: "inputs",
    keys: Keys { what: "an input", known: KNOWN },
};
/// A form asks a person.
pub(crate) const FORM: Asker = Asker {
    key: "`fields`",
    name: "the name of a field",
    owner: "a form",
    plural: "fields",
    keys: Keys { what: "a field of a form", known: KNOWN },
};

/// Most inputs of a workflow.
const MAX_INPUTS: usize = 1_000;

/// What a workflow asks for.
#[derive(Debug, Default)]
pub(crate) struct Signature {
    /// Names as they are written; `None` if they cannot be read.
    pub(crate) names: Option<Vec<Arc<str>>>,
    /// `None` if some cannot be read.
    pub(crate) inputs: Option<Vec<Input>>,
    /// Those that can be read.
    pub(crate) read: Vec<Input>,
}

/// Reads declarations; there may be none.
pub(crate) fn signature(
    report: &mut Report<'_>,
    node: Option<&Node>,
    catalog: &Catalog,
    asker: Asker,
) -> Signature {
    let fields = match node {
        Some(node) if !matches!(node.value, YamlValue::Null) => {
            let Some(fields) = entries(report, node, asker.key) else {
                return Signature::default();
            };
            fields
        }
        Some(_) | None => Vec::new(),
    };
    let fields = at_most(report, fields, MAX_INPUTS, asker.owner, asker.plural);
    let names = fields.iter().map(|field| Arc::from(field.key)).collect();
    let inputs: Vec<Option<Input>> =
        fields.into_iter().map(|field| input(report, field, catalog, asker)).collect();
    let read = inputs.iter().flatten().cloned().collect();
    Signature { names: Some(names), inputs: inputs.into_iter().collect(), read }
}

impl Signature {
    /// The declarations one by one, as far as they can be read.
    pub(crate) fn declared(&self) -> Option<Vec<DeclaredInput>> {
        let declared = self.names.as_ref()?.iter().map(|name| {
            let read = self.read.iter().find(|input| input.name == *name);
            let ty = read.map(|input| (input.ty.clone(), input.optional));
            DeclaredInput { name: Arc::clone(name), ty }
        });
        Some(declared.collect())
    }
}

fn input(
    report: &mut Report<'_>,
    field: Field<'_>,
    catalog: &Catalog,
    asker: Asker,
) -> Option<Input> {
    if displaced(report, field, definition::WORKFLOW, asker.key.trim_matches('`'), asker.owner) {
        return None;
    }
    let (key, span) = (field.key, field.key_span);
    let name = checked_name(report, key, span, asker.name, NameKind::Identifier)?;
    let declared = declared(report, field, asker.keys, catalog)?;
    let mut default = None;
    if let Some((value, span)) = declared.default {
        let null = matches!(value, Value::Null) && (declared.optional || declared.ty == Type::Any);
        match conform(&declared.ty, value) {
            Ok(value) => default = Some(value),
            Err(_) if null => {}
            Err(error) => report.add(remedied(
                Finding::new(Code::TypeMismatch, span, format!("`{name}`: {error}")),
                &declared.ty,
                &report.source.text,
            )),
        }
    }
    Some(Input { name, ty: declared.ty, optional: declared.optional, default })
}
