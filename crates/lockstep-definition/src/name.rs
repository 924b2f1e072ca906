//! Which names authors may give.
//!
//! Invariants:
//!
//! * A name is at most [`MAX_NAME`] characters long.

/// Longest name in characters.
pub const MAX_NAME: usize = 100;

/// Names that expressions give a meaning.
pub(crate) const BUILT_IN: &[&str] =
    &["input", "config", "workflow", "now", "lock", "error", "secret", "object"];

/// Names of types in expressions.
pub(crate) const TYPES: &[&str] = &[
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "timestamp",
    "duration",
    "dyn",
    "optional_type",
    "google",
];

/// Words of the grammar of expressions.
const WORDS: &[&str] = &["true", "false", "null", "in"];

/// Words that the definition of the Common Expression Language keeps for itself.
const KEPT: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// What kind of thing a name is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// Bound names, inputs, attributes, entities: letters, digits and `_`.
    Identifier,
    /// Workflows and activities: also `-`, but a letter first.
    Label,
}

impl NameKind {
    pub(crate) fn fits(self, name: &str) -> bool {
        let mut chars = name.chars();
        let Some(first) = chars.next() else { return false };
        let first_fits = first.is_ascii_alphabetic() || (self == Self::Identifier && first == '_');
        let rest_fits = chars
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || (self == Self::Label && c == '-'));
        first_fits && rest_fits && name.len() <= MAX_NAME
    }

    pub(crate) fn rule(self) -> String {
        match self {
            Self::Identifier => format!(
                "use letters, digits and `_`, no digit first, at most {MAX_NAME} characters"
            ),
            Self::Label => format!(
                "use letters, digits, `_` and `-`, a letter first, at most {MAX_NAME} characters"
            ),
        }
    }
}

/// Whether an identifier means something in every expression and so cannot be given to a value.
pub(crate) fn is_reserved(name: &str) -> bool {
    [BUILT_IN, TYPES, WORDS, KEPT].iter().any(|names| names.contains(&name))
}

/// Whether a text is an error code: words with dots.
pub fn is_error_code(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.split('.').all(|word| {
            word.starts_with(|c: char| c.is_ascii_alphabetic())
                && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        })
}
