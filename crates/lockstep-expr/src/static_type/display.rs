//! Types in authors' words.

use std::fmt;

use super::{MAX_DEPTH, StaticType};

impl fmt::Display for StaticType {
    /// Writes the type as authors declare it: `list<string>`, `ref<Message>`, `int or null`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, 0)
    }
}

fn write(ty: &StaticType, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    if depth > MAX_DEPTH {
        return f.write_str("...");
    }
    let wrapped = |f: &mut fmt::Formatter<'_>, name: &str, parts: &[&StaticType]| {
        write!(f, "{name}<")?;
        for (number, part) in parts.iter().enumerate() {
            f.write_str(if number > 0 { ", " } else { "" })?;
            write(part, f, depth + 1)?;
        }
        f.write_str(">")
    };
    match ty {
        StaticType::Dyn => f.write_str("any"),
        StaticType::Null => f.write_str("null"),
        StaticType::Bool => f.write_str("bool"),
        StaticType::Int => f.write_str("int"),
        StaticType::Uint => f.write_str("uint"),
        StaticType::Double => f.write_str("double"),
        StaticType::String => f.write_str("string"),
        StaticType::Bytes => f.write_str("bytes"),
        StaticType::Timestamp => f.write_str("timestamp"),
        StaticType::Duration => f.write_str("duration"),
        StaticType::List(of) => wrapped(f, "list", &[of]),
        StaticType::Map(key, value) => wrapped(f, "map", &[key, value]),
        StaticType::Type(_) => f.write_str("type"),
        StaticType::Optional(of) => wrapped(f, "optional", &[of]),
        StaticType::Reference(None) => f.write_str("ref"),
        StaticType::Reference(Some(entity)) => write!(f, "ref<{entity}>"),
        StaticType::Record(shape) => f.write_str(&shape.name),
        StaticType::Nullable(of) => {
            write(of, f, depth + 1)?;
            f.write_str(" or null")
        }
        StaticType::Opaque(name, parts) if parts.is_empty() => f.write_str(name),
        StaticType::Opaque(name, parts) => wrapped(f, name, &parts.iter().collect::<Vec<_>>()),
        StaticType::Parameter(number) => {
            let letter = u8::try_from(number % 26).unwrap_or(0);
            write!(f, "{}", char::from(b'A' + letter))
        }
    }
}
