//! Tables of the extensions: every function with good values, errors and bounds.

mod function;
mod optional;

use std::fmt::Write as _;

use crate::expression::Expression;
use crate::scope::Empty;
use crate::value::Value;

/// Evaluates each line `expression => value`, where the value is how it is written, or the code and
/// message of the error.
#[track_caller]
fn check(table: &str) {
    let mut wrong = String::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (text, expected) = line.split_once(" => ").expect("a line has an arrow");
        let actual = outcome(text.trim());
        if actual != expected.trim() {
            writeln!(wrong, "{text} => {actual}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "other results:\n{wrong}");
}

fn outcome(text: &str) -> String {
    match Expression::parse(text) {
        Ok(expression) => match expression.evaluate(&Empty) {
            Ok(value) => value.to_string(),
            Err(error) => format!("{}: {}", error.code, error.message),
        },
        Err(error) => format!("syntax: {}", error.message),
    }
}

#[test]
fn bindings_and_blocks() {
    check(
        r#"
        cel.bind(x, 2, x * x)                          => 4
        cel.bind(x, 2, cel.bind(y, x + 1, x * y))      => 6
        cel.bind(x, 2, cel.bind(x, x + 1, x))          => 3
        cel.bind(x, 1 / 0, true)                       => true
        cel.bind(x, 1 / 0, true || x > 1)              => true
        cel.bind(x, 1 / 0, x > 1)                      => expr.divide_by_zero: division of 1 by zero
        cel.bind(x, [1, 2], x.map(y, cel.bind(z, y * 10, z + y))) => [11, 22]
        [1, 2].map(y, cel.bind(z, y * 10, [z].map(a, a + z + y))) => [[21], [42]]
        cel.bind(x, [1].map(y, y + 1), x.map(y, y + 1)) => [3]
        cel.bind(x.y, 1, 2)                            => syntax: the first argument of a macro names its variable
        cel.bind(x, 1)                                 => expr.unknown_function: `cel.bind` is written as `cel.bind(name, value, result)`
        cel.bind(x, 1, y)                              => expr.unknown_name: `y` is not bound here
        cel.bind(math, 2, math.abs(-math))             => 2
        cel.bind(math, [1], math.size())               => 1
        cel.block([], 1)                               => 1
        cel.block([1, cel.index(0) + 1], cel.index(0) + cel.index(1)) => 3
        cel.block([1], [2, 3].map(x, x + cel.index(0))) => [3, 4]
        cel.block([[1, 2].map(x, x)], [cel.index(0), cel.index(0)]) => [[1, 2], [1, 2]]
        cel.block([1], cel.block([2], cel.index(0)) + cel.index(0)) => 3
        cel.block([1 / 0], true || cel.index(0))       => true
        cel.block([cel.index(0)], 1)                   => syntax: nothing around it binds this variable
        cel.block([1], cel.index(1))                   => syntax: nothing around it binds this variable
        cel.block([1], cel.index(-1))                  => syntax: `cel.index` is written as `cel.index(0)`
        cel.block([1], cel.index(0, 0))                => syntax: `cel.index` is written as `cel.index(0)`
        cel.block([?optional.of(1)], 1)                => syntax: the values of `cel.block` are always there: leave out `?`
        cel.block(1, 1)                                => syntax: the first argument of `cel.block` is a list of values
        [1, 2].map(cel.iterVar(0, 0), cel.iterVar( 0 , 0 ) + 1) => [2, 3]
        [1, 2].map(cel.accuVar(0, 0), cel.accuVar(0, 0) + 1) => [2, 3]
        [1].map(cel.iterVar(0, 0), cel.iterVar(0, 1))  => syntax: nothing around it binds this variable
        cel.iterVar(0, 0)                              => syntax: nothing around it binds this variable
        cel.bend(x, 1, 2)                              => expr.unknown_function: there is no function `cel.bend`
        "#,
    );
}

#[test]
fn surrogate_pairs_are_one_character() {
    check(
        r#"
        "\ud83d\ude00" == "\U0001F600"       => true
        "a\uD83D\uDE00b".size()             => 3
        "\u00e9\u00e8"                      => "éè"
        "\ud83d"                            => syntax: the escape names no character
        "\ude00\ud83d"                      => syntax: the escape names no character
        "\ud83d\u0041"                      => syntax: the escape names no character
        "\ud83dA"                           => syntax: the escape names no character
        "\ud83d\ud"                         => syntax: the escape names no character
        b"\ud83d\ude00"                     => syntax: bytes take `\x` and octal escapes, not `\u` and `\U`
        "#,
    );
}

#[test]
fn zones_have_long_and_fixed_names() {
    check(
        r#"
        timestamp("2026-07-01T12:00:00Z").getHours("UTC")        => 12
        timestamp("2026-07-01T12:00:00Z").getHours("CET")        => 14
        timestamp("2026-07-01T12:00:00Z").getHours("US/Central") => 7
        timestamp("2026-07-01T12:00:00Z").getHours("Europe/Paris") => 14
        timestamp("2026-07-01T12:00:00Z").getMinutes("+05:45")   => 45
        timestamp("2026-07-01T12:00:00Z").getHours("-00:30")     => 11
        timestamp("2026-07-01T12:00:00Z").getHours("Mars/Base")  => expr.argument: "Mars/Base" is not a time zone
        "#,
    );
}

#[test]
fn what_the_definition_asks_of_every_implementation_fits() {
    let many = |part: &str, joint: &str| vec![part; 32].join(joint);
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(32), close.repeat(32))
    };
    let cases = [
        (many("true", " && "), "true"),
        (many("false", " || "), "false"),
        (format!("1 < 2{}", " == true".repeat(32)), "true"),
        (many("1", " + "), "32"),
        (many("1", " * "), "1"),
        (format!("[{}].size()", many("1", ", ")), "32"),
        (format!("math.greatest({})", many("1", ", ")), "1"),
        (format!("{}{}", nested("{'a': ", "7", "}"), ".a".repeat(32)), "7"),
        (format!("{}{}", nested("[", "7", "]"), "[0]".repeat(32)), "7"),
        (nested("(", "7", ")"), "7"),
        (nested("(true ? ", "7", " : 0)"), "7"),
        (
            format!(
                "{{{}}}.size()",
                (0..32).map(|n| format!("{n}: {n}")).collect::<Vec<_>>().join(", ")
            ),
            "32",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(outcome(&text), expected, "{text}");
    }
}

#[test]
fn a_uint_has_no_sign() {
    check(
        r#"
        -2u                                  => expr.type: `-` is not defined for uint
        -0x2U                                => expr.type: `-` is not defined for uint
        --2u                                 => expr.type: `-` is not defined for uint
        1u - 2u                              => expr.overflow: 1u - 2u is out of range
        -2 - -2                              => 0
        "#,
    );
}

#[test]
fn macros_of_two_variables() {
    check(
        r#"
        [1, 2, 3].all(i, v, i < v)           => true
        {"a": 1}.exists(k, v, k == "a" && v == 1) => true
        [1, 1].existsOne(i, v, v == 1)       => false
        [1, 1].exists_one(i, v, i == 1)      => true
        [1, 2, 3].transformList(i, v, i * v) => [0, 2, 6]
        [1, 2, 3].transformList(i, v, i > 0, v) => [2, 3]
        {"a": 1}.transformList(k, v, k)      => ["a"]
        {"a": 1}.transformMap(k, v, v + 1)   => {"a": 2}
        {"a": 1, "b": 2}.transformMap(k, v, v > 1, v * 2) => {"b": 4}
        [5].transformMap(i, v, v)            => {0: 5}
        {"a": 1}.transformMapEntry(k, v, {v: k}) => {1: "a"}
        {"a": 1, "b": 1}.transformMapEntry(k, v, {v: k}) => expr.duplicate_key: the map has the key 1 twice
        [1].transformMapEntry(i, v, v)       => expr.type: the last argument of `transformMapEntry` makes a map
        [1].all(i, i, true)                  => syntax: the macro binds `i` twice
        [1].all(i, 2, true)                  => syntax: the first argument of a macro names its variable
        "#,
    );
}

#[test]
fn unknown_functions_get_the_name_that_was_meant() {
    let cases = [
        ("'a'.startWith('b')", Some("did you mean `startsWith`?")),
        ("'a'.tolower()", Some("did you mean `lowerAscii`?")),
        ("'a'.lower()", Some("did you mean `lowerAscii`?")),
        ("'a'.starts_with('b')", Some("did you mean `startsWith`?")),
        ("sizee([1])", Some("did you mean `size`?")),
        ("math.greatst(1)", Some("did you mean `math.greatest`?")),
        ("math.absolute(1)", None),
        ("(-1).abs()", Some("write `math.abs(...)`")),
        ("abs(-1)", Some("write `math.abs(...)`")),
        ("[1].any(x, true)", Some("did you mean `exists`?")),
        ("length([1])", Some("did you mean `size`?")),
        ("[1].exist(x, true)", Some("did you mean `exists`?")),
        ("optional.off(1)", Some("did you mean `optional.of`?")),
    ];
    for (text, expected) in cases {
        let expression = Expression::parse(text).expect("an expression");
        let calls = expression.unresolved_calls();
        assert_eq!(calls.len(), 1, "{text}");
        assert_eq!(calls[0].help.as_deref(), expected, "{text}");
    }
}

#[test]
fn namespaces_are_no_names_of_the_scope() {
    let cases = [
        ("math.abs(x) + lists.range(y)[0]", "x y"),
        ("cel.bind(a, b, a + c)", "b c"),
        ("cel.block([b, cel.index(0)], cel.index(1))", "b"),
        ("o.optMap(v, v + w)", "o w"),
        ("o.?a[?k].orValue(z)", "o.a k z"),
        ("[?x.?y, z]", "x.y z"),
        ("{?k: v}", "k v"),
        ("math.size() + math.pi", "math math.pi"),
        ("math.nothing(x)", "x"),
        ("type(x) == net.IP || type(x) == optional_type", "x x"),
        ("strings.quote(s) + ip.isCanonical(t)", "s t"),
        ("base64.decode(optional.of(cel).value())", "cel"),
    ];
    for (text, expected) in cases {
        let expression = Expression::parse(text).expect("an expression");
        let names = expression
            .free_names()
            .into_iter()
            .map(|free| std::iter::once(free.name).chain(free.path).collect::<Vec<_>>().join("."));
        assert_eq!(names.collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

#[test]
fn a_value_named_like_a_namespace_keeps_its_own_methods() {
    let scope = [("math", Value::from(vec![Value::Int(1)])), ("ip", "10.0.0.1".into())];
    let evaluated = |text: &str| {
        let result = Expression::parse(text).expect("an expression").evaluate(&scope);
        result.map_or_else(|error| error.message, |value| value.to_string())
    };
    assert_eq!(evaluated("math.size()"), "1");
    assert_eq!(evaluated("math[0]"), "1");
    assert_eq!(evaluated("math.abs(-2)"), "2");
    assert_eq!(evaluated("math.map(math, math.abs(math))"), "[1]");
    assert_eq!(evaluated("ip(ip) == ip('10.0.0.1')"), "true");
    assert_eq!(evaluated("ip.size()"), "8");
    assert_eq!(evaluated("ip.isCanonical(ip)"), "true");
}
