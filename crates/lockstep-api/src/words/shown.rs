//! Texts from a store as a terminal may show them: names, notes, messages that others wrote.
//!
//! Invariants:
//!
//! * Nothing of them moves the cursor or changes a colour.

/// Returns a text without what would move the cursor or change the colour of a terminal.
pub fn text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Returns a text that stands in one line, in backticks.
pub fn quoted(text: &str) -> String {
    format!("`{}`", line(text))
}

/// Returns a text that stands in one line.
pub fn line(text: &str) -> String {
    let words: String =
        text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    self::text(words.trim())
}

/// Returns the first characters of a text, and three dots if there are more.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most.saturating_sub(3)) {
        Some((end, _)) if text.chars().count() > most => {
            format!("{}...", text.get(..end).unwrap_or(text))
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(text("a\u{1b}[31m\rb\nc"), "a\u{fffd}[31m\u{fffd}b\nc");
        assert_eq!(quoted(" a\n  b\u{7} "), "`a   b\u{fffd}`");
    }

    #[test]
    fn long_text_is_shortened() {
        for (given, most, expected) in
            [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc..."), ("äöüß", 4, "äöüß"), ("", 3, "")]
        {
            assert_eq!(shortened(given, most), expected);
        }
    }
}
