//! Functions by the names that other languages have for them.

/// What people write who know other languages, and what it is called here.
const HABITS: [(&[&str], &str); 8] = [
    (&["length", "len", "count"], "size"),
    (&["tolower", "tolowercase", "lower", "lowercase", "downcase"], "lowerAscii"),
    (&["toupper", "touppercase", "upper", "uppercase", "upcase"], "upperAscii"),
    (&["strip"], "trim"),
    (&["includes", "has"], "contains"),
    (&["tostring", "str"], "string"),
    (&["any", "some"], "exists"),
    (&["every"], "all"),
];

/// Returns what a function is called here that other languages have by the name of `name`.
pub(crate) fn habit(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    HABITS.iter().find(|(names, _)| names.contains(&&*name)).map(|(_, here)| *here)
}
