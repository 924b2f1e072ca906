//! Facts about texts that are made to harm: each gives an error, and soon.

use std::fmt::Write;

use super::tests::EXAMPLE;
use crate::{Code, MAX_FILE_BYTES, MAX_VALUES, Source, check};

/// The codes of the findings, each once, in order.
fn codes(text: impl Into<String>) -> Vec<Code> {
    let text: String = text.into();
    let mut codes: Vec<Code> =
        check(&[Source::new("a.yaml", text)]).diagnostics.iter().map(|d| d.code).collect();
    codes.dedup();
    codes
}

#[test]
fn file_of_100_megabytes_is_refused_by_its_size() {
    assert_eq!(codes("x".repeat(100_000_000)), [Code::FileTooLarge]);
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        "? ".repeat(10_000),
        "[".repeat(10_000) + &"]".repeat(10_000),
        "a: [".to_owned() + &"{b: [".repeat(5_000),
        (0..1_000).map(|level| " ".repeat(level) + "a:\n").collect(),
        "[".repeat(MAX_FILE_BYTES),
        "- ".repeat(MAX_FILE_BYTES / 2),
    ] {
        assert_eq!(codes(text.as_str()), [Code::YamlDepth], "{}", text.get(..20).unwrap());
    }
}

#[test]
fn brackets_behind_a_mistake_cost_nothing() {
    // The scanner of places stops at the mistake; the other parser must not see the brackets.
    for mistake in ["a: 'x' y\n", "a: \"\\q\"\n", "@\n", "a: *x\n", "%FOO\n"] {
        let text = mistake.to_owned() + &"[".repeat(MAX_FILE_BYTES - 100);
        assert!(!codes(text).is_empty(), "{mistake:?}");
    }
}

#[test]
fn nesting_of_64_is_allowed() {
    let text = format!("project: p\nconfig: {{ a: {}1{} }}\n", "[".repeat(62), "]".repeat(62));
    assert_eq!(codes(text), []);
    let text = format!("project: p\nconfig: {{ a: {}1{} }}\n", "[".repeat(63), "]".repeat(63));
    assert_eq!(codes(text), [Code::YamlDepth]);
}

#[test]
fn values_beyond_the_limit_are_refused() {
    assert_eq!(codes("- a\n".repeat(MAX_VALUES + 1)), [Code::YamlValues]);
    assert_eq!(codes(format!("[{}]", "a,".repeat(MAX_VALUES + 1))), [Code::YamlValues]);
}

#[test]
fn aliases_that_grow_are_refused() {
    // Each level repeats the one before ten times.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{items}]").unwrap();
    }
    let found = codes(bomb);
    assert!(found == [Code::YamlAliases] || found == [Code::YamlValues], "{found:?}");
    // One large list, repeated many times: below the factor of repetitions, above the values.
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(2_000), "*a, ".repeat(150));
    let found = codes(wide);
    assert!(found == [Code::YamlAliases] || found == [Code::YamlValues], "{found:?}");
}

#[test]
fn anchor_that_holds_itself_is_refused() {
    assert_eq!(codes("a: &a [*a]\n"), [Code::YamlAliases]);
}

#[test]
fn long_keys_and_names_are_shortened_in_messages() {
    let long = "k".repeat(900_000);
    for text in [
        format!("? {long}\n: 1\n"),
        format!("workflow: {long}\nactivities: []\n"),
        format!("workflow: a\n? {long}\n: 1\nactivities: []\n"),
        format!("entity: A\nattributes: {{ a: {long} }}\n"),
        format!(
            "workflow: a\nactivities: [{{ activity: a, steps: [{{ log: \"${{{long}}}\" }}] }}]\n"
        ),
    ] {
        let checked = check(&[Source::new("a.yaml", text)]);
        assert!(!checked.diagnostics.is_empty());
        for diagnostic in &checked.diagnostics {
            let help = diagnostic.help.as_deref().unwrap_or_default();
            assert!(diagnostic.message.len() + help.len() < 2_000, "{}", diagnostic.code);
        }
    }
}

#[test]
fn many_mistakes_are_cut_off_with_a_word() {
    let mut text = "workflow: a\n".to_owned();
    for n in 0..5_000 {
        writeln!(text, "key{n}: 1").unwrap();
    }
    let checked = check(&[Source::new("a.yaml", text)]);
    assert!(checked.definitions.is_none());
    assert!(checked.diagnostics.len() <= 201);
    assert_eq!(checked.diagnostics.last().unwrap().code, Code::TooManyFindings);
}

#[test]
fn many_names_and_jumps_are_checked_soon() {
    let mut text = "workflow: a\nactivities:\n".to_owned();
    for n in 0..2_000 {
        let (used, target) = (1_999 - n, n / 2);
        writeln!(text, "  - activity: a{n}").unwrap();
        writeln!(text, "    steps: [{{ set: {{ x{n}: \"${{x{used}}}\" }} }}]").unwrap();
        writeln!(text, "    next: [{{ when: 1 < 2, goto: a{target} }}]").unwrap();
    }
    assert_eq!(codes(text), [Code::GotoLoop]);
}

/// One activity with a step many times.
fn steps(step: &str) -> String {
    let line = format!("      - {step}\n");
    let head = "workflow: a\nactivities:\n  - activity: a\n    steps:\n";
    head.to_owned() + &line.repeat(MANY)
}

const MANY: usize = 5_000;

#[test]
fn many_mistakes_of_one_kind_are_found_soon() {
    let mut names = "workflow: a\nactivities:\n  - activity: a\n    steps:\n".to_owned();
    let mut jumps = "workflow: a\nactivities:\n".to_owned();
    let mut attributes = "entity: A\nattributes:\n".to_owned();
    for n in 0..MANY {
        writeln!(names, "      - set: {{ name_{n}: \"${{nam_{n}}}\" }}").unwrap();
        let next = format!("next: [{{ goto: b{n} }}]");
        writeln!(jumps, "  - {{ activity: a{n}, steps: [commit], {next} }}").unwrap();
        writeln!(attributes, "  a{n}: ref<B{n}>").unwrap();
    }
    for (text, code) in [
        (steps("{ requir: x }"), Code::UnknownKey),
        (steps("{ load: { entity: Nothing, id: a } }"), Code::UnknownEntity),
        (steps("commit: 1"), Code::WrongKind),
        (names, Code::UnknownName),
        (jumps, Code::UnknownActivity),
        (attributes, Code::UnknownEntity),
    ] {
        let found = codes(text);
        assert!(found.len() <= 3 && found.contains(&code), "{code}: {found:?}");
    }
}

#[test]
fn name_bound_many_times_is_checked_soon() {
    assert_eq!(codes(steps("set: { x: \"${x}\" }")), [Code::UnboundName]);
    let entity = "entity: S\nattributes: { n: { type: int, optional: true } }\n---\n";
    let pairs = steps("{ create: S, as: x }").replace("as: x }", "as: x }\n      - delete: x");
    assert_eq!(codes(entity.to_owned() + &pairs), []);
}

#[test]
fn many_broken_documents_are_told_soon() {
    let mut found = codes("---\na: 'x\n".repeat(100_000));
    found.dedup();
    assert_eq!(found, [Code::YamlSyntax, Code::TooManyFindings]);
    // The brackets that the second parser may see are counted for all documents together.
    assert!(!codes(format!("---\na: @ {}\n", "[".repeat(2_000)).repeat(500)).is_empty());
}

#[test]
fn many_allowances_are_looked_through_soon() {
    let mut text = "workflow: a\nactivities:\n  - activity: a\n    steps:\n".to_owned();
    for n in 0..MANY {
        writeln!(text, "      - {{ set: {{ x{n}: 1 }}, allow: {{ unused-name: r }} }}").unwrap();
    }
    assert_eq!(codes(text), []);
}

#[test]
fn many_loops_with_one_name_are_checked_soon() {
    assert_eq!(codes(steps("{ for_each: [1], steps: [{ log: '${item}' }] }")), []);
}

#[test]
fn long_run_of_blanks_costs_no_more_than_its_length() {
    let blanks = " ".repeat(500_000);
    let head = "workflow: a\nactivities:\n  - activity: a\n    steps:\n";
    assert_eq!(codes(format!("{head}      - log: \"{blanks}${{x\"\n")), [Code::ExpressionSyntax]);
}

#[test]
fn every_beginning_of_a_correct_file_is_checked() {
    for (end, _) in EXAMPLE.char_indices() {
        check(&[Source::new("a.yaml", EXAMPLE.get(..end).unwrap())]);
    }
}

#[test]
fn correct_file_with_any_byte_exchanged_is_checked() {
    let signs: Vec<char> = "\t\"'{]:-&*!|>%$\u{0}é\n".chars().collect();
    for (at, old) in EXAMPLE.char_indices() {
        // Every sign comes to stand in many places, and every place sees two signs.
        for sign in [signs[at % signs.len()], signs[(at * 7 + 5) % signs.len()]] {
            let mut text = EXAMPLE.to_owned();
            text.replace_range(at..at + old.len_utf8(), sign.encode_utf8(&mut [0; 4]));
            let checked = check(&[Source::new("a.yaml", text)]);
            for diagnostic in checked.diagnostics {
                assert!(diagnostic.span.start <= diagnostic.span.end);
                assert!(diagnostic.span.end <= EXAMPLE.len() + 4);
            }
        }
    }
}
