//! Texts that nest, and texts that are long: both end before the stack does.

use super::{on_a_small_stack, outcome};
use crate::error::code;
use crate::expression::Expression;
use crate::value::Value;

#[test]
fn brackets_beyond_the_limit_are_refused() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{1:", "}"), ("f(", ")"), ("a[", "]"), ("-(", ")")]
    {
        for count in [65, 1_000, 10_000, 16 * 1024 / open.len()] {
            let message = "brackets nest more than 64 levels deep";
            assert_eq!(outcome(open.repeat(count)), message, "{open}");
            let closed = format!("{}1{}", open.repeat(count), close.repeat(count));
            let too_long = "an expression has at most 16384 bytes";
            let refused = outcome(closed);
            assert!(refused == message || refused == too_long, "{open}: {refused}");
        }
    }
}

#[test]
fn brackets_at_the_limit_are_evaluated_on_a_small_stack() {
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(64), close.repeat(64))
    };
    assert_eq!(outcome(nested("(", "7", ")")), "7");
    assert_eq!(
        outcome(nested("size([", "7", "])").replace("size([", "size(").replace("])", ")")),
        "expr.type"
    );
    assert_eq!(
        outcome(format!("size({})", nested("[", "7", "]").trim_start_matches('['))),
        "`]` cannot close `(`"
    );
    assert_eq!(outcome(nested("dyn(", "7", ")")), "7");
    assert_eq!(
        outcome(
            nested("(true?(1==", "1", "):0)").replace("(true?(1==", "(1+").replace("):0)", ")")
        ),
        "65"
    );
    assert_eq!(outcome(nested("(false||!", "true", ")")), "true");
    assert_eq!(outcome(nested("(1<2&&true?1*1+", "0", ":0)")), "64");
}

#[test]
fn long_runs_of_prefix_operators_are_one() {
    assert_eq!(outcome(format!("{}true", "!".repeat(16_000))), "true");
    assert_eq!(outcome(format!("{}true", "!".repeat(15_999))), "false");
    assert_eq!(outcome(format!("{}1", "-".repeat(15_999))), "-1");
    assert_eq!(outcome(format!("{}1", "- ".repeat(8_000))), "1");
    assert_eq!(outcome("!".repeat(20_000)), "an expression has at most 16384 bytes");
    assert_eq!(outcome("!".repeat(16_384)), "a value is missing");
    assert_eq!(outcome("!-".repeat(8_000)), "expected a value, found `-`");
}

#[test]
fn long_flat_chains_are_evaluated() {
    let chain = |joint: &str, operand: &str, count: usize| vec![operand; count].join(joint);
    assert_eq!(outcome(chain("+", "1", 8_000)), "8000");
    assert_eq!(outcome(chain("-", "1", 8_000)), "-7998");
    assert_eq!(outcome(chain("*", "1", 8_000)), "1");
    assert_eq!(outcome(chain("&&", "true", 2_700)), "true");
    assert_eq!(outcome(chain("||", "false", 2_300)), "false");
    assert_eq!(outcome(chain("==", "true", 2_700)), "true");
    assert_eq!(outcome(format!("{}1", "false?2:".repeat(2_000))), "1");
    assert_eq!(outcome(format!("size([{}])", chain(",", "1", 8_000))), "8000");
    assert_eq!(outcome(format!("size([{}])", chain(",", "[]", 5_000))), "5000");
}

#[test]
fn long_chains_of_members_are_refused() {
    let too_deep = "the expression nests more than 160 levels deep";
    assert_eq!(outcome(format!("a{}", ".b".repeat(8_000))), too_deep);
    assert_eq!(outcome(format!("a{}", "[0]".repeat(5_000))), too_deep);
    assert_eq!(outcome(format!("a{}", ".b()".repeat(4_000))), too_deep);
    assert_eq!(outcome(format!("[1]{}", ".map(x,x)".repeat(1_000))), too_deep);
    assert_eq!(outcome(format!("[1]{}", ".map(x,x)".repeat(150))), "[1]");
    assert_eq!(outcome(format!("{{}}{}", ".b".repeat(158))), code::NO_SUCH_KEY);
}

#[test]
fn bindings_and_optionals_nest_within_the_limits() {
    let too_deep = "the expression nests more than 160 levels deep";
    let nested = |open: &str, inner: &str, close: &str, count: usize| {
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let bind = "cel.bind(a, 1, ";
    assert_eq!(outcome(nested(bind, "a", ")", 64)), "1");
    assert_eq!(outcome(nested(bind, "a", ")", 65)), "brackets nest more than 64 levels deep");
    assert_eq!(outcome(nested("cel.bind(a, ", "1", ", a)", 64)), "1");
    assert_eq!(outcome(nested("cel.block([1, ", "1", "], cel.index(1))", 32)), "1");
    assert_eq!(outcome(nested("optional.of(1).optMap(a, ", "a", ")", 40)).len(), 40 * 13 + 1);
    assert_eq!(outcome(nested("optional.of(", "1", ")", 64)).len(), 64 * 13 + 1);
    assert_eq!(outcome(format!("optional.of(1){}", ".optMap(a, a)".repeat(1_000))), too_deep);
    assert_eq!(outcome(format!("optional.of(1){}", ".optMap(a, a)".repeat(150))), "optional.of(1)");
    assert_eq!(outcome(format!("{{}}{}", ".?a".repeat(4_000))), too_deep);
    assert_eq!(outcome(format!("{{}}{}", ".?a".repeat(150))), "optional.none()");
    assert_eq!(outcome(format!("[]{}", "[?0]".repeat(4_000))), too_deep);
    let or = ".or(optional.none())";
    assert_eq!(outcome(format!("optional.none(){}", or.repeat(800))), too_deep);
    let values: Vec<String> = (0..500).map(|n| format!("cel.index({n})+1")).collect();
    let block = format!("cel.block([0,{}],cel.index(500))", values.join(","));
    assert_eq!(outcome(block), "500");
    let sums: Vec<String> = (0..300).map(|n| format!("cel.index({n})+cel.index({n})")).collect();
    let doubling = format!("cel.block(['ab',{}],cel.index(299))", sums.join(","));
    assert_eq!(outcome(doubling), code::LIMIT);
    let failing: Vec<String> =
        (0..300).map(|n| format!("cel.index({n})||cel.index({n})")).collect();
    let failing = format!("cel.block([1/0>0,{}],true||cel.index(299))", failing.join(","));
    assert_eq!(outcome(failing), "true");
}

/// Goal: optionals in one another, as a workflow could make them step by step, never exhaust the
/// stack.
#[test]
fn optionals_deeper_than_any_result_are_refused() {
    let wrap = |levels: usize| format!("[1]{}[0]", ".map(s,optional.of(s))".repeat(levels));
    assert_eq!(outcome(format!("{} == {}", wrap(140), wrap(140))), "true");
    assert_eq!(outcome(wrap(101)), code::LIMIT);
    assert!(outcome(wrap(99)).starts_with("optional.of(optional.of("));
    let scope = |levels: usize| {
        let value = (0..levels).fold(Value::Int(1), |value, _| Value::some(value));
        [("deep", value)]
    };
    let evaluated = |text: &'static str| {
        on_a_small_stack(move || {
            let result = Expression::parse(text).expect("an expression").evaluate(&scope(1_000));
            result.map_or_else(|error| error.code.to_owned(), |value| value.to_string())
        })
    };
    assert_eq!(evaluated("deep == deep"), "true");
    assert_eq!(evaluated("[deep].distinct().size()"), "1");
    assert_eq!(evaluated("deep.hasValue()"), "true");
    assert_eq!(evaluated("deep.a"), code::TYPE);
    assert_eq!(evaluated("optional.of(deep)"), code::LIMIT);
    assert!(evaluated("deep").len() < 1_000, "what lies deep is not written");
    let json = on_a_small_stack(move || crate::json::to_json(&scope(1_000)[0].1));
    assert_eq!(json, "null", "what lies deep is not written");
}
