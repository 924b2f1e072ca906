//! What a misspelt name probably means.
//!
//! Invariants: *bounded*: long names are not compared, nor more than [`MAX_CANDIDATES`].

/// Longest name that is compared, in bytes.
const MAX_COMPARED: usize = 64;
/// Most names that one is compared with.
const MAX_CANDIDATES: usize = 1_000;

/// Returns the candidate that is written most like `name`, if one is alike enough.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if name.len() > MAX_COMPARED {
        return None;
    }
    let wanted = plain(name);
    let allowed = if wanted.len() < 2 { 0 } else { (wanted.len() / 3).clamp(1, 3) };
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len() <= MAX_COMPARED)
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and `-` beside `_` make no difference.
fn plain(text: &str) -> Vec<char> {
    text.replace('-', "_").to_lowercase().chars().collect()
}

/// Returns how many letters must be put in, left out, replaced, or swapped with their neighbour.
///
/// Source: the restricted edit distance of Damerau, "A technique for computer detection and
/// correction of spelling errors", 1964.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last_left = None;
    for (number, letter) in left.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(number + 1);
        let mut last_right = None;
        for (column, other) in right.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, column) + usize::from(letter != other);
            let least = replaced.min(at(&row, column + 1) + 1).min(at(&next, column) + 1);
            let swapped = last_left == Some(other) && last_right == Some(letter);
            let least = match column.checked_sub(1) {
                Some(column) if swapped => least.min(at(&before, column) + 1),
                _ => least,
            };
            next.push(least);
            last_right = Some(other);
        }
        before = std::mem::replace(&mut row, next);
        last_left = Some(letter);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_name_has_the_nearest_candidate() {
        let names = ["booked", "places", "starts_at", "id"];
        for (name, expected) in [
            ("boked", Some("booked")),
            ("bokoed", Some("booked")),
            ("Places", Some("places")),
            ("startsat", Some("starts_at")),
            ("starts-at", Some("starts_at")),
            ("di", Some("id")),
            ("i", None),
            ("customer", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
