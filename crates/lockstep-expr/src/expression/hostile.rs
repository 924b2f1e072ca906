//! Texts and values that mean harm: each ends in an error or a value, soon, on a small stack.

use super::Expression;
use crate::error::code;
use crate::scope::Empty;
use crate::template::Template;
use crate::value::Value;

/// Half of what a worker thread of the runner has. Debug builds must do with it too.
const STACK: usize = 1024 * 1024;

/// Runs `work` on a small stack and returns what it returns.
#[track_caller]
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread.expect("a thread starts").join().expect("the work ends without a panic")
}

/// Parses and evaluates; returns the value or error as text, on a line.
#[track_caller]
fn outcome(text: impl Into<String>) -> String {
    let text = text.into();
    on_a_small_stack(move || match Expression::parse(&text) {
        Ok(expression) => match expression.evaluate(&Empty) {
            Ok(value) => value.to_string(),
            Err(error) => error.code.to_owned(),
        },
        Err(error) => error.message,
    })
}

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

#[test]
fn nested_macros_end_at_the_limit_of_work() {
    let numbers = format!("[{}]", (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let bomb =
        format!("{numbers}.all(a,{numbers}.all(b,{numbers}.all(c,{numbers}.all(d,a+b+c+d>=0))))");
    assert_eq!(outcome(bomb), code::LIMIT);
    let absorbed =
        format!("{numbers}.exists(a,{numbers}.exists(b,{numbers}.exists(c,1/0>a)))||true");
    assert_eq!(outcome(absorbed), code::LIMIT);
    assert_eq!(outcome(format!("{numbers}.map(a,{numbers}.map(b,{numbers}))")), code::LIMIT);
    assert_eq!(
        outcome(format!(
            "{numbers}.filter(a,{numbers}.map(b,{numbers})=={numbers}.map(b,{numbers}))"
        )),
        code::LIMIT
    );
}

#[test]
fn doubling_ends_at_the_limit_of_memory() {
    let doubled = |seed: &str, body: &str| {
        format!("[{seed}]{}[0].size()", format!(".map(s,{body})").repeat(60))
    };
    assert_eq!(outcome(doubled("'abcdefgh'", "s+s")), code::LIMIT);
    assert_eq!(outcome(doubled("b'abcdefgh'", "s+s")), code::LIMIT);
    assert_eq!(outcome(doubled("[1]", "s+s")), code::LIMIT);
    assert_eq!(outcome(doubled("'ab'", "s.replace('',s)")), code::LIMIT);
    assert_eq!(outcome(doubled("'ab'", "[s,s].join(s)")), code::LIMIT);
}

#[test]
fn a_result_is_measured_as_it_would_be_written_out() {
    let shared = format!("[1]{}", ".map(s,[s,s])".repeat(60));
    assert_eq!(outcome(shared.clone()), code::LIMIT);
    assert_eq!(outcome(format!("{shared}[0]")), code::LIMIT);
    assert_eq!(outcome(format!("{shared} == {shared}")), code::LIMIT);
    let text = format!("['{}']{}", "x".repeat(10_000), ".map(s,[s,s,s,s])".repeat(8));
    assert_eq!(outcome(text), code::LIMIT);
}

#[test]
fn messages_never_write_out_a_large_value() {
    let shared = format!("[1]{}", ".map(s,[s,s])".repeat(60));
    let error = |text: String| {
        on_a_small_stack(move || Expression::parse(&text).unwrap().evaluate(&Empty).unwrap_err())
    };
    assert_eq!(error(format!("{{}}[{shared}]")).message, "the map has no key of type list");
    assert_eq!(error(format!("[1][{shared}]")).message, "a position is an int, not list");
    assert_eq!(
        error(format!("{{{shared}: 1}}")).message,
        "a key is a string, int, uint or bool, not list"
    );
    let long = "x".repeat(7_000);
    for text in [
        format!("int('{long}')"),
        format!("{{}}['{long}']"),
        format!("{{'{long}': 1, '{long}': 1}}.a"),
        format!("timestamp(0).getDate('{long}')"),
        format!("'a'.matches('({long}')"),
    ] {
        let message = error(text).message;
        assert!(message.len() < 200, "{message}");
    }
}

#[test]
fn patterns_are_bounded() {
    assert_eq!(outcome("'a'.matches('((((a{1,90}){1,90}){1,90}){1,90}){1,90}')"), code::ARGUMENT);
    assert_eq!(
        outcome(format!("'a'.matches('{}a{}')", "(".repeat(500), ")".repeat(500))),
        code::ARGUMENT
    );
    assert_eq!(
        outcome("'a'.matches(lists.range(20000).map(n, '{').join())"),
        code::ARGUMENT,
        "a pattern has a limit"
    );
    assert_eq!(outcome(format!("'a'.matches('{}')", "{".repeat(1_000))), "false");
    assert_eq!(outcome(format!("'a'.matches(r'{}')", r"\w".repeat(8_000))), code::ARGUMENT);
    let calls = vec!["''.matches('')"; 65].join("&&");
    assert_eq!(outcome(calls), "an expression calls `matches` at most 64 times");
    let text = format!("'{}'.split('').map(s,'ab').join()", "x".repeat(8_000));
    let counted =
        format!("[1,2,3,4,5,6,7,8].all(n,!{text}.matches('([ab]*a[ab]{{12}}){{1,20}}z'))");
    assert_eq!(outcome(counted), code::LIMIT);
    let slow = format!("'{}'.matches('(a*)*(a*)*(a*)*b')", "a".repeat(10_000));
    assert_eq!(outcome(slow), "false");
    let many = format!(
        "[{}].all(p,'a'.matches('a'+string(p)+'|a'))",
        (0..2_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    );
    assert_eq!(outcome(many), code::LIMIT);
}

#[test]
fn extensions_end_at_the_limits() {
    let limit = code::LIMIT;
    assert_eq!(outcome("lists.range(1000000000000000000)"), limit);
    assert_eq!(outcome("lists.range(9223372036854775807)"), limit);
    assert_eq!(outcome("lists.range(500000).map(a, lists.range(500000))"), limit);
    assert_eq!(outcome("lists.range(2000).distinct().size()"), limit);
    assert_eq!(outcome("lists.range(20000).sortBy(x, 0 - x).first().value()"), "19999");
    assert_eq!(outcome("lists.range(100000).map(n, lists.range(n).sort())"), limit);
    assert_eq!(
        outcome("lists.range(100).map(n, lists.range(200).sortBy(x, '%.1000f'.format([x])))"),
        limit
    );
    assert_eq!(outcome("lists.range(20000).map(n, 'ab').join().size()"), "40000");
    assert_eq!(outcome("lists.range(20000).map(n, '%.1000f'.format([1e300]))"), limit);
    assert_eq!(outcome("lists.range(20000).map(n, '%.1000e'.format([1e300]))"), limit);
    let shared = format!("[1]{}", ".map(s,[s,s])".repeat(60));
    assert_eq!(outcome(format!("'%s'.format([{shared}])")), limit);
    assert_eq!(outcome(format!("{shared}.flatten(1000).size()")), limit);
    assert_eq!(outcome(format!("[{shared}].distinct().map(x, {shared}).distinct()")), limit);
    let text = format!("'{}'", "%s".repeat(2_000));
    assert_eq!(
        outcome(format!("cel.bind(t, {text}, t.format(lists.range(2000).map(n, t)).size())")),
        "8000000"
    );
    assert_eq!(
        outcome(format!(
            "cel.bind(t, {text}, cel.bind(u, t.format(lists.range(2000).map(n, t)), u + u).size())"
        )),
        limit
    );
    let doubled = |seed: &str, body: &str| {
        format!("[{seed}]{}[0].size()", format!(".map(s,{body})").repeat(60))
    };
    assert_eq!(outcome(doubled("'\"\"\"\"'", "strings.quote(s)")), limit);
    assert_eq!(outcome(doubled("b'abcdefgh'", "bytes(base64.encode(s))")), limit);
    assert_eq!(outcome(doubled("'abcdefgh'", "'%x'.format([s])")), limit);
    assert_eq!(outcome(doubled("'ab'", "'%s%s'.format([s, s])")), limit);
    assert_eq!(outcome(doubled("[1]", "[s, s].flatten()")), limit);
    assert_eq!(outcome(doubled("[1]", "(s + s).reverse()")), limit);
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

#[test]
fn hostile_templates_are_refused() {
    let refused = |text: String| on_a_small_stack(move || Template::parse(&text).is_err());
    assert!(refused("${".repeat(16_000)));
    assert!(refused(format!("${{{}", "(".repeat(10_000))));
    assert!(refused(format!("${{{}1{}}}", "[".repeat(70), "]".repeat(70))));
    assert!(refused("x".repeat(300 * 1024)));
    assert!(!refused("$${".repeat(16_000)));
    assert!(!refused("${1}".repeat(16_000)));
}

#[test]
fn the_expressions_of_a_template_share_their_limits() {
    let work = format!("${{[{}].all(a,true)}}", vec!["1"; 5_000].join(","));
    let evaluated = |text: String| {
        on_a_small_stack(move || {
            Template::parse(&text).unwrap().evaluate(&Empty).map_err(|e| e.code)
        })
    };
    assert_eq!(evaluated(work.repeat(2)), Ok("truetrue".into()));
    assert_eq!(evaluated(work.repeat(25)), Ok("true".repeat(25).into()));
    let work = format!("${{[{0}].all(a,[{0}].all(b,true))}}", vec!["1"; 400].join(","));
    assert_eq!(evaluated(work.clone()), Ok(Value::Bool(true)));
    assert_eq!(evaluated(work.repeat(25)), Err(code::LIMIT));
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
