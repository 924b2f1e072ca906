//! Texts and values that mean harm: each ends in an error or a value, soon, on a small stack.

mod nesting;
mod tokens;

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
