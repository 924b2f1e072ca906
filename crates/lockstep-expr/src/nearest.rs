//! The name that a misspelt one probably means.

/// Longest name that is compared, in bytes.
const MAX_COMPARED: usize = 100;
/// Most candidates that are compared.
const MAX_CANDIDATES: usize = 1_000;

/// Returns the candidate that a misspelt name probably means: of the least edit distance, which is
/// at most a third of the name's characters and at most 3. Case, `-`, `_` and spaces do not count.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > MAX_COMPARED {
        return None;
    }
    let plain = |text: &str| text.replace(['-', ' '], "_").to_lowercase();
    let wanted = plain(name);
    let length = wanted.chars().count();
    let allowed = if length < 2 { 0 } else { (length / 3).clamp(1, 3) };
    let occurring = occurring_in(&wanted);
    let most_apart = u32::try_from(2 * allowed).unwrap_or(u32::MAX);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| {
            candidate.len() <= MAX_COMPARED && candidate.chars().count().abs_diff(length) <= allowed
        })
        .map(|candidate| (plain(candidate), candidate))
        // An edit changes at most two of the characters that occur.
        .filter(|(plain, _)| (occurring ^ occurring_in(plain)).count_ones() <= most_apart)
        .map(|(plain, candidate)| (strsim::damerau_levenshtein(&wanted, &plain), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A set of the characters of a text, some of which count as one.
fn occurring_in(text: &str) -> u64 {
    text.bytes().fold(0, |set, byte| set | 1 << (byte & 63))
}
