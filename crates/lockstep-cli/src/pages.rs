//! The pages about codes of diagnostics: what the finding means, a wrong and a right example, why.

/// The first sentence of a page: its first line that is no heading and not empty.
pub(crate) fn summary(page: &str) -> &str {
    let line = page.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    line.unwrap_or_default()
}
