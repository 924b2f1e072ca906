//! Texts made of tokens: one repeated, and many at random.

use super::on_a_small_stack;
use crate::expression::Expression;
use crate::scope::Empty;

#[test]
fn every_text_of_one_repeated_token_is_refused() {
    let tokens = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "=",
        "!",
        "&",
        "|",
        "?",
        ":",
        ",",
        ".",
        "\"",
        "'",
        "`",
        "\\",
        "/",
        "//",
        "$",
        "${",
        "a",
        "1",
        "0x",
        "1.",
        ".1",
        "e",
        "r\"",
        "b'",
        "'''",
        "\"\"\"",
        "in ",
        " in",
        "?:",
        "a?",
        "a?b:",
        "a.",
        "a[",
        "{a:",
        "[a,",
        "f(",
        "has(",
        "x.all(x,",
        "\u{0}",
        "ü",
        "\u{1f600}",
        " ",
        "\n",
        "/*",
        "#",
        "a b ",
        "1 ",
        "''",
    ];
    for token in tokens {
        let text = token.repeat(16 * 1024 / token.len());
        let refused = on_a_small_stack(move || Expression::parse(&text).is_err());
        assert!(refused || ["a", "1", "e", ".1", "''"].contains(&token), "{token:?} was accepted");
    }
}

/// What random texts are made of.
const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "a",
    "b",
    "1",
    "2u",
    "1.5",
    "'s'",
    "\"t\"",
    "b'x'",
    "true",
    "null",
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    "<=",
    "&&",
    "||",
    "!",
    "?",
    ":",
    ",",
    ".",
    ".all(x,",
    ".map(x,",
    "has(",
    "size(",
    "in",
    " ",
    "//c\n",
    "`q`",
    "r'\\'",
    ".?",
    "[?",
    "{?",
    "cel.bind(x,",
    "cel.block([",
    "cel.index(0)",
    "optional.of(",
    ".optMap(x,",
    ".orValue(",
    "math.abs(",
    ".format([",
    "'%s%.2f'",
    ".sort()",
    "lists.range(",
];

/// Goal: no text makes parsing or evaluation panic, or place an error outside the text.
///
/// Method: random runs of tokens from a fixed seed, enough of which happen to be expressions.
#[test]
fn random_tokens_end_in_a_value_or_an_error() {
    let finished = on_a_small_stack(move || {
        let mut state = 7_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut parsed = 0;
        for _ in 0..6_000 {
            let text: String = (0..next(12)).map(|_| TOKENS[next(TOKENS.len())]).collect();
            match Expression::parse(&text) {
                Err(error) => {
                    assert!(text.get(error.span.start..error.span.end).is_some(), "{text}");
                }
                Ok(expression) => {
                    parsed += 1;
                    if let Err(error) = expression.evaluate(&Empty) {
                        assert!(text.get(error.span.start..error.span.end).is_some(), "{text}");
                    }
                }
            }
        }
        parsed
    });
    assert!(finished > 50, "{finished} of the random texts were expressions");
}
