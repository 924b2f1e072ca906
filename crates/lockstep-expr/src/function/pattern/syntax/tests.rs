//! Patterns as RE2 reads them.

use crate::function::pattern::compile;

#[test]
fn patterns_mean_what_they_mean_in_re2() {
    let cases = [
        // Classes of letters are ASCII.
        (r"^\d$", "7", true),
        (r"^\d$", "\u{667}", false),
        (r"^\D$", "\u{667}", true),
        (r"^\w+$", "a_9", true),
        (r"^\w$", "é", false),
        (r"^\W$", "é", true),
        (r"^\s$", "\t", true),
        (r"^\s$", "\u{a0}", false),
        (r"^\s$", "\u{b}", false),
        (r"^\S$", "\u{a0}", true),
        (r"^[\d.]+$", "1.5", true),
        (r"^[^\d]$", "x", true),
        (r"^[\D]$", "x", true),
        (r"^[\D5]$", "5", true),
        (r"^[a-f\d]+$", "c0ffee", true),
        (r"\bcat\b", "a cat.", true),
        (r"\bcat\b", "écaté", true),
        (r"\bcat\b", "ecate", false),
        (r"\Bat", "cat", true),
        (r"\Bat", "at", false),
        // Classes hold characters, and named classes, but no classes.
        (r"^[[]$", "[", true),
        (r"^[[a]$", "a", true),
        (r"^[]]$", "]", true),
        (r"^[^]]$", "a", true),
        (r"^[a&&b]$", "&", true),
        (r"^[a~~b]$", "b", true),
        (r"^[--a]$", "A", true),
        (r"^[a^]$", "^", true),
        (r"^[a-]$", "-", true),
        (r"^[\-\]\\]+$", r"-]\", true),
        (r"^[[:alpha:]_]+$", "a_b", true),
        (r"^[[:alpha:]]$", "é", false),
        (r"^[[:^digit:]]$", "a", true),
        (r"^[[:word:]]$", "_", true),
        // Braces that count nothing are themselves.
        (r"^a{2}$", "aa", true),
        (r"^a{2,}$", "aaaa", true),
        (r"^a{1,2}$", "aa", true),
        (r"^{$", "{", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^a{x}$", "a{x}", true),
        (r"^{name}$", "{name}", true),
        // Quotes and codes of characters.
        (r"^\Qa.b*\E.$", "a.b*c", true),
        (r"^\Qa.b", "a.b", true),
        (r"^\Q\\E$", r"\", true),
        (r"^\101\x42\x{43}$", "ABC", true),
        (r"^\0$", "\0", true),
        (r"^\<\>\#\-$", "<>#-", true),
        (r"^\.\*\[\]$", ".*[]", true),
        // The rest is the same.
        (r"^\pL+$", "äz", true),
        (r"^\p{Greek}+$", "αβ", true),
        (r"^\P{Greek}$", "a", true),
        (r"(?i)^ada$", "ADA", true),
        (r"(?s)^a.b$", "a\nb", true),
        (r"^a.b$", "a\nb", false),
        (r"(?m)^b$", "a\nb\nc", true),
        (r"^b$", "a\nb\nc", false),
        (r"^(?P<year>[0-9]{4})-(?:0|1)", "2026-1", true),
        (r"\Aa\z", "a", true),
        (r"^a+?$", "aaa", true),
        (r"", "anything", true),
    ];
    for (pattern, text, expected) in cases {
        let compiled = compile(pattern);
        let compiled = compiled.unwrap_or_else(|message| panic!("{pattern}: {message}"));
        assert_eq!(compiled.is_match(text), expected, "{pattern} on {text:?}");
    }
}

#[test]
fn what_re2_does_not_have_is_refused() {
    for pattern in [
        r"(a)\1",
        r"a\",
        r"[a",
        r"[",
        r"[]",
        r"[[:nothing:]]",
        r"[[:alpha",
        r"(?=a)",
        r"(?<!a)",
        r"(",
        r"a)",
        r"*",
        r"[b-a]",
        r"\p{Nothing}",
        r"\p{Greek",
        r"\x{41",
        r"[\b]",
        r"\8",
    ] {
        assert!(compile(pattern).is_err(), "{pattern}");
    }
}
