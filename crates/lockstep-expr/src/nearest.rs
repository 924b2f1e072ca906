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
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len() <= MAX_COMPARED)
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
