//! Signatures as the table writes them: `string.(int) -> string`.

use crate::static_type::StaticType;

use super::Signature;

/// Reads a signature; `None` if it is not well-formed.
pub(super) fn signature(text: &str) -> Option<Signature> {
    let (arguments, result) = text.split_once(" -> ")?;
    let (target, arguments) = arguments.strip_suffix(')')?.split_once('(')?;
    let mut parameters = Vec::new();
    if let Some(target) = target.strip_suffix('.') {
        parameters.push(read(target)?);
    }
    parameters.extend(list(arguments)?);
    Some(Signature { method: !target.is_empty(), parameters, result: read(result)? })
}

/// Reads types between commas.
fn list(text: &str) -> Option<Vec<StaticType>> {
    let mut types = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (place, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                types.push(read(text.get(start..place)?)?);
                start = place + 1;
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        types.push(read(text.get(start..)?)?);
    }
    Some(types)
}

fn read(text: &str) -> Option<StaticType> {
    let text = text.trim();
    if let Some((name, inner)) = text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        let mut parts = list(inner)?.into_iter();
        let first = parts.next()?;
        return Some(match (name, parts.next()) {
            ("list", None) => first.list(),
            ("map", Some(value)) => StaticType::map(first, value),
            ("optional", None) => first.optional(),
            ("type", None) => first.type_of(),
            _ => return None,
        });
    }
    Some(match text {
        "any" => StaticType::Dyn,
        "ref" => StaticType::Reference(None),
        "timestamp" => StaticType::Timestamp,
        "duration" => StaticType::Duration,
        "ip" => StaticType::opaque("net.IP"),
        "cidr" => StaticType::opaque("net.CIDR"),
        "null" | "bool" | "int" | "uint" | "double" | "string" | "bytes" => {
            StaticType::named(if text == "null" { "null_type" } else { text })
        }
        letter => {
            let [letter @ b'A'..=b'Z'] = letter.as_bytes() else { return None };
            StaticType::Parameter(u32::from(letter - b'A'))
        }
    })
}
