//! Tables of the extensions: every function with good values, errors and bounds.

use std::fmt::Write as _;

use super::Expression;
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
fn optional_fields_and_elements() {
    check(
        r#"
        {"a": 1}.?a                         => optional.of(1)
        {"a": 1}.?b                         => optional.none()
        {"a": null}.?a                      => optional.of(null)
        {"a": {"b": 1}}.?a.b                => optional.of(1)
        {"a": {"b": 1}}.?a.?b               => optional.of(1)
        {"a": {"b": 1}}.?a.c                => optional.none()
        {"a": {"b": 1}}.?x.b.c.d            => optional.none()
        {"a": [1, 2]}.?a[1]                 => optional.of(2)
        {"a": [1, 2]}.?a[2]                 => optional.none()
        {"a": [1, 2]}.?a["x"]               => expr.type: a position is an int, not string
        {"a-b": 1}.?`a-b`                   => optional.of(1)
        {"a": 1} . ? a                      => optional.of(1)
        [1, 2][?0]                          => optional.of(1)
        [1, 2][?2]                          => optional.none()
        [1, 2][?-1]                         => optional.none()
        [1, 2][?1.0]                        => optional.of(2)
        [1, 2][?"a"]                        => expr.type: a position is an int, not string
        {1: "x"}[?1u]                       => optional.of("x")
        {1: "x"}[?2]                        => optional.none()
        {1: "x"}[?[]]                       => optional.none()
        optional.none()[0]                  => optional.none()
        optional.none().a                   => optional.none()
        optional.of([7])[0]                 => optional.of(7)
        optional.of([7])[?1]                => optional.none()
        optional.of(1).a                    => expr.type: int has no fields, so no `a`
        null.?a                             => optional.none()
        null[?0]                            => optional.none()
        1.?a                                => expr.type: int has no fields, so no `a`
        "a"[?0]                             => expr.type: `[?]` is not defined for string
        has({"a": {"b": 1}}.?a.b)           => true
        has({"a": {"b": 1}}.?a.c)           => false
        has({"a": {"b": 1}}.?x.b)           => false
        has({"a": 1}.?a)                    => syntax: `has` takes a field, such as `has(input.name)`
        {"a": 1}.?a()                       => syntax: expected an operator or the end, found `(`
        ref("E", "1").?id                   => optional.of("1")
        ref("E", "1").?name                 => expr.no_such_field: reference has no field `name`
        "#,
    );
}

#[test]
fn optional_elements_and_entries_of_literals() {
    check(
        r#"
        [?optional.of(1), 2, ?optional.none()]        => [1, 2]
        [?optional.none()]                            => []
        [?{}.?a, ?{"a": 1}.?a,]                       => [1]
        [?1]                                          => expr.type: an optional belongs here, not int
        {?"a": optional.of(1), "b": 2}                => {"a": 1, "b": 2}
        {?"a": optional.none(), ?"b": {}.?x}          => {}
        {?"a": optional.none(), "a": 1}               => {"a": 1}
        {?"a": optional.of(1), "a": 1}                => expr.duplicate_key: the map has the key "a" twice
        {?1.5: optional.none()}                       => expr.type: a key is a string, int, uint or bool, not double
        {?"a": 1}                                     => expr.type: an optional belongs here, not int
        [optional.none()]                             => [optional.none()]
        "#,
    );
}

#[test]
fn functions_of_optionals() {
    check(
        r#"
        optional.of(1)                                => optional.of(1)
        optional.of(null)                             => optional.of(null)
        optional.of(optional.none())                  => optional.of(optional.none())
        optional.none()                               => optional.none()
        optional.ofNonZeroValue(1)                    => optional.of(1)
        [null, false, 0, 0u, 0.0, -0.0, "", b"", [], {}].all(x, !optional.ofNonZeroValue(x).hasValue()) => true
        [true, -1, 1u, 0.1, " ", b"0", [0], {0: 0}, int].all(x, optional.ofNonZeroValue(x).hasValue()) => true
        optional.ofNonZeroValue(duration("0s"))       => optional.none()
        optional.ofNonZeroValue(duration("1ns")).hasValue() => true
        optional.ofNonZeroValue(timestamp(0))         => optional.none()
        optional.ofNonZeroValue(optional.none())      => optional.none()
        optional.of(1).hasValue()                     => true
        optional.none().hasValue()                    => false
        1.hasValue()                                  => expr.type: `hasValue` is not defined for int
        optional.of(1).value()                        => 1
        optional.none().value()                       => expr.argument: the optional has no value
        optional.of(1).or(optional.of(2))             => optional.of(1)
        optional.none().or(optional.of(2))            => optional.of(2)
        optional.none().or(optional.none())           => optional.none()
        optional.of(1).or(optional.of(1 / 0))         => optional.of(1)
        optional.none().or(2)                         => expr.type: an optional belongs here, not int
        1.or(optional.of(2))                          => expr.type: an optional belongs here, not int
        optional.of(1).orValue(1 / 0)                 => 1
        optional.none().orValue(2)                    => 2
        optional.none().orValue(1 / 0)                => expr.divide_by_zero: division of 1 by zero
        1.orValue(2)                                  => expr.type: an optional belongs here, not int
        optional.of(2).optMap(x, x * 3)               => optional.of(6)
        optional.none().optMap(x, x * 3)              => optional.none()
        optional.none().optMap(x, 1 / 0)              => optional.none()
        optional.of(2).optMap(x, [1].map(y, x + y))   => optional.of([3])
        [1, 2].optMap(x, x)                           => expr.type: an optional belongs here, not list
        optional.of(2).optMap(1, 2)                   => syntax: the first argument of a macro names its variable
        optional.of(2).optFlatMap(x, optional.of(x))  => optional.of(2)
        optional.of({"a": 1}).optFlatMap(x, x.?b)     => optional.none()
        optional.none().optFlatMap(x, 1)              => optional.none()
        optional.of(2).optFlatMap(x, x)               => expr.type: an optional belongs here, not int
        optional.unwrap([optional.of(1), optional.none(), optional.of(2)]) => [1, 2]
        [optional.none(), optional.of(2)].unwrapOpt() => [2]
        [].unwrapOpt()                                => []
        [1].unwrapOpt()                               => expr.type: a list of optionals holds int
        optional.of(1) == optional.of(1.0)            => true
        optional.of(1) == optional.of(2)              => false
        optional.of(1) == 1                           => false
        optional.none() == null                       => false
        optional.none() == optional.none()            => true
        optional.of(optional.none()) == optional.none() => false
        optional.of(1) in [optional.of(1)]            => true
        optional.of(1) < optional.of(2)               => expr.type: `<` is not defined for optional and optional
        type(optional.none()) == optional_type        => true
        type(optional.of(1)) == type(optional.none()) => true
        type(optional_type) == type                   => true
        string(optional.of(1))                        => expr.type: `string` is not defined for optional
        size(optional.of([1]))                        => expr.type: `size` is not defined for optional
        optional.of(1, 2)                             => expr.unknown_function: `optional.of` takes 1 argument, not 2
        optional.some(1)                              => expr.unknown_function: there is no function `optional.some`
        "#,
    );
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
fn functions_of_numbers() {
    check(
        r#"
        math.greatest(1)                     => 1
        math.greatest(1, 2u, 1.5)            => 2u
        math.greatest(2, 2.0, 2u)            => 2
        math.greatest([1, 3, 2])             => 3
        math.greatest(-1.5, -2)              => -1.5
        math.greatest([])                    => expr.argument: `math.greatest` of an empty list
        math.greatest()                      => expr.unknown_function: `math.greatest` takes 1 or more arguments
        math.greatest("a")                   => expr.type: `math.greatest` is not defined for string
        math.greatest(1, "a")                => expr.type: `math.greatest` compares numbers, not string
        math.greatest([1, [2]])              => expr.type: `math.greatest` compares numbers, not list
        math.greatest([1], [2])              => expr.type: `math.greatest` compares numbers, not list
        math.greatest(9223372036854775807, 18446744073709551615u) => 18446744073709551615u
        math.least(1, 2u, 0.5)               => 0.5
        math.least(1, 2, 3, 4, 5, 6, -7)     => -7
        math.least([1u, 1])                  => 1u
        math.least(-9223372036854775808, 0u) => -9223372036854775808
        math.least()                         => expr.unknown_function: `math.least` takes 1 or more arguments
        [math.ceil(1.2), math.ceil(-1.2), math.ceil(3.0)]    => [2.0, -1.0, 3.0]
        [math.floor(1.2), math.floor(-1.2)]                  => [1.0, -2.0]
        [math.round(1.5), math.round(2.5), math.round(-1.5), math.round(1.4)] => [2.0, 3.0, -2.0, 1.0]
        [math.trunc(1.9), math.trunc(-1.9)]                  => [1.0, -1.0]
        math.ceil(1)                         => expr.type: `math.ceil` is not defined for int
        math.isInf(math.ceil(1.0 / 0.0))     => true
        [math.abs(-3), math.abs(3), math.abs(-9223372036854775807)] => [3, 3, 9223372036854775807]
        math.abs(-9223372036854775808)       => expr.overflow: the absolute value of -9223372036854775808 is no int
        [math.abs(-1.5), math.abs(-0.0)]     => [1.5, 0.0]
        math.abs(3u)                         => 3u
        math.abs("a")                        => expr.type: `math.abs` is not defined for string
        [math.sign(-7), math.sign(0), math.sign(7)]          => [-1, 0, 1]
        [math.sign(0u), math.sign(9u)]                       => [0u, 1u]
        [math.sign(-0.5), math.sign(0.0), math.sign(-0.0), math.sign(2.0)] => [-1.0, 0.0, 0.0, 1.0]
        math.isNaN(math.sign(0.0 / 0.0))     => true
        [math.sqrt(81), math.sqrt(81u), math.sqrt(2.25)]     => [9.0, 9.0, 1.5]
        math.isNaN(math.sqrt(-1))            => true
        math.sqrt("4")                       => expr.type: `math.sqrt` is not defined for string
        [math.isInf(1.0 / 0.0), math.isInf(-1.0 / 0.0), math.isInf(1.0)] => [true, true, false]
        [math.isNaN(0.0 / 0.0), math.isNaN(1.0)]             => [true, false]
        [math.isFinite(1.0), math.isFinite(0.0 / 0.0), math.isFinite(-1.0 / 0.0)] => [true, false, false]
        math.isNaN(1)                        => expr.type: `math.isNaN` is not defined for int
        [math.bitAnd(6, 3), math.bitAnd(-3, -5)]             => [2, -7]
        [math.bitOr(6, 3), math.bitOr(-2, -4)]               => [7, -2]
        [math.bitXor(6, 3), math.bitXor(3, -1)]              => [5, -4]
        [math.bitAnd(6u, 3u), math.bitOr(6u, 3u), math.bitXor(6u, 3u)] => [2u, 7u, 5u]
        math.bitAnd(1, 1u)                   => expr.type: `math.bitAnd` is not defined for int and uint
        [math.bitNot(1), math.bitNot(-1)]    => [-2, 0]
        math.bitNot(0u)                      => 18446744073709551615u
        [math.bitShiftLeft(1, 0), math.bitShiftLeft(1, 63), math.bitShiftLeft(1, 64)] => [1, -9223372036854775808, 0]
        [math.bitShiftLeft(-1, 2), math.bitShiftLeft(3u, 63)] => [-4, 9223372036854775808u]
        math.bitShiftLeft(1, 9223372036854775807) => 0
        math.bitShiftLeft(1, -1)             => expr.argument: bits are shifted by 0 or more places, not -1
        math.bitShiftLeft(1, 1u)             => expr.type: `math.bitShiftLeft` is not defined for int and uint
        [math.bitShiftRight(-1, 63), math.bitShiftRight(-1, 0), math.bitShiftRight(-1, 64)] => [1, -1, 0]
        [math.bitShiftRight(1024u, 3), math.bitShiftRight(1024u, 4294967296)] => [128u, 0u]
        math.bitShiftRight(1.0, 1)           => expr.type: `math.bitShiftRight` is not defined for double and int
        .math.abs(-1)                        => 1
        (math).abs(-1)                       => 1
        abs(-1)                              => expr.unknown_function: there is no function `abs`
        "#,
    );
}

#[test]
fn functions_of_lists() {
    check(
        r#"
        lists.range(3)                       => [0, 1, 2]
        [lists.range(0), lists.range(-1)]    => [[], []]
        lists.range(1000000000000000000)     => expr.limit: the evaluation takes more than 1000000 steps
        lists.range(1.0)                     => expr.type: `lists.range` is not defined for double
        [1, 2, 3, 4].slice(1, 3)             => [2, 3]
        [[1, 2].slice(0, 2), [1, 2].slice(2, 2), [].slice(0, 0)] => [[1, 2], [], []]
        [1, 2].slice(0, 3)                   => expr.index: positions 0 to 3 are no part of the list of 2
        [1, 2].slice(-1, 1)                  => expr.index: positions -1 to 1 are no part of the list of 2
        [1, 2].slice(2, 1)                   => expr.index: positions 2 to 1 are no part of the list of 2
        "ab".slice(0, 1)                     => expr.type: `slice` is not defined for string and int and int
        [1, [2, 3], [], [[4]]].flatten()     => [1, 2, 3, [4]]
        [1, [2, [3, [4]]]].flatten(2)        => [1, 2, 3, [4]]
        [1, [2, [3, [4]]]].flatten(0)        => [1, [2, [3, [4]]]]
        [1, [2, [3, [4]]]].flatten(9223372036854775807) => [1, 2, 3, 4]
        [1].flatten(-1)                      => expr.argument: a list is flattened by 0 or more levels, not -1
        [].flatten()                         => []
        {}.flatten()                         => expr.type: `flatten` is not defined for map
        [1, 2, 1, 3, 2].distinct()           => [1, 2, 3]
        [1, 1u, 1.0, "1", [1], [1.0], null, null].distinct() => [1, "1", [1], null]
        [0.0 / 0.0, 0.0 / 0.0].distinct().size() => 2
        [3, 1, 2].sort()                     => [1, 2, 3]
        [["b", "a"].sort(), [b"b", b"a"].sort(), [true, false].sort(), [2u, 1u].sort(), [1.5, -1.5].sort()] => [["a", "b"], [b"a", b"b"], [false, true], [1u, 2u], [-1.5, 1.5]]
        [duration("2s"), duration("1s")].sort() => [duration("1s"), duration("2s")]
        [timestamp(2), timestamp(1)].sort()[0] == timestamp(1) => true
        [].sort()                            => []
        [1, "a"].sort()                      => expr.type: the keys of an order are of one type, not int and string
        [1, 1u].sort()                       => expr.type: the keys of an order are of one type, not int and uint
        [[1]].sort()                         => expr.type: of type list has no place in an order
        [1.0, 0.0 / 0.0].sort()              => expr.type: NaN has no place in an order
        [{"n": 2}, {"n": 1}].sortBy(x, x.n)  => [{"n": 1}, {"n": 2}]
        ["bb", "a", "cc"].sortBy(x, size(x)) => ["a", "bb", "cc"]
        ["bb", "a"].sortBy(x, -size(x))      => ["bb", "a"]
        [].sortBy(x, 1 / 0)                  => []
        [1, 2].sortBy(x, x / 0)              => expr.divide_by_zero: division of 1 by zero
        [1, 2].sortBy(x, [x])                => expr.type: of type list has no place in an order
        [1, 2].sortBy(x, y)                  => expr.unknown_name: `y` is not bound here
        {1: 2}.sortBy(x, x)                  => expr.type: `sortBy` goes over a list, not map
        [1].sortBy(x)                        => expr.unknown_function: `sortBy` is written as `list.sortBy(item, key)`
        [1, 2, 3].reverse()                  => [3, 2, 1]
        [[].reverse(), ["a"].reverse()]      => [[], ["a"]]
        {}.reverse()                         => expr.type: `reverse` is not defined for map
        [[7, 8].first(), [7, 8].last(), [].first(), [].last()] => [optional.of(7), optional.of(8), optional.none(), optional.none()]
        "ab".first()                         => expr.type: `first` is not defined for string
        "#,
    );
}

#[test]
fn base64_and_quotes() {
    check(
        r#"
        base64.encode(b"hello")              => "aGVsbG8="
        base64.encode(b"")                   => ""
        base64.encode("hello")               => expr.type: `base64.encode` is not defined for string
        base64.decode("aGVsbG8=")            => b"hello"
        base64.decode("aGVsbG8")             => b"hello"
        base64.decode("")                    => b""
        base64.decode("/+8=") == b"\xff\xef" => true
        base64.decode("_-8=")                => expr.conversion: "_-8=" is not base64
        base64.decode("a")                   => expr.conversion: "a" is not base64
        base64.decode("aGVs bG8=")           => expr.conversion: "aGVs bG8=" is not base64
        base64.decode(b"aGVs")               => expr.type: `base64.decode` is not defined for bytes
        strings.quote("a")                   => "\"a\""
        strings.quote("") == '""'            => true
        strings.quote("\a\b\f\n\r\t\v\\\"") == r'"\a\b\f\n\r\t\v\\\""' => true
        strings.quote("ü'\u0001") == "\"ü'\u0001\"" => true
        strings.quote(1)                     => expr.type: `strings.quote` is not defined for int
        "a".quote()                          => expr.unknown_function: there is no function `quote`
        "#,
    );
}

#[test]
fn format_writes_each_verb() {
    check(
        r#"
        "no verb".format([])                 => "no verb"
        "%%".format([])                      => "%"
        "100%% %s".format(["sure"])          => "100% sure"
        "%s".format(["ü"])                   => "ü"
        "%s %s %s %s %s".format([true, -1, 2u, null, int]) => "true -1 2 null int"
        "%s %s %s %s".format([1.0, -0.5, 1e21, 1e-7]) => "1 -0.5 1000000000000000000000 0.0000001"
        "%s %s %s".format([0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0]) => "NaN Infinity -Infinity"
        "%s".format([b"a\xff\xfeb\xff"])     => "a�b�"
        "%s %s".format([duration("90m"), duration("1.5s")]) => "5400s 1.5s"
        "%s".format([timestamp("2026-01-02T03:04:05.5+01:00")]) => "2026-01-02T02:04:05.5Z"
        "%s".format([[1, "a", [null], {}]])  => "[1, a, [null], {}]"
        "%s".format([{"b": 1, "a": [2]}])    => "{a: [2], b: 1}"
        "%s".format([{2: 1, 10: 2, true: 3, "a": 4}]) => "{10: 2, 2: 1, a: 4, true: 3}"
        "%s %s".format([ip("::1"), cidr("10.0.0.0/8")]) => "::1 10.0.0.0/8"
        "%s".format([ref("E", "7")])         => "7"
        "%s".format([optional.of(1)])        => expr.type: `%s` does not write optional
        "%d %d %d".format([-1, 2u, 1.5])     => "-1 2 1.5"
        "%d %d".format([0.0 / 0.0, -1.0 / 0.0]) => "NaN -Infinity"
        "%d".format(["1"])                   => expr.type: `%d` does not write string
        "%d".format([true])                  => expr.type: `%d` does not write bool
        "%f %f %f".format([1.5, 1, 2u])      => "1.500000 1.000000 2.000000"
        "%.0f %.0f %.0f %.0f".format([0.5, 1.5, 2.5, -2.5]) => "0 2 2 -2"
        "%.1f %.2f".format([0.25, 1.005])    => "0.2 1.00"
        "%.3f".format([1e20])                => "100000000000000000000.000"
        "%f %f %f".format([0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0]) => "NaN Infinity -Infinity"
        "%f".format(["1"])                   => expr.type: `%f` does not write string
        "%e %e %e".format([1052.032911275, 0, 5u]) => "1.052033e+03 0.000000e+00 5.000000e+00"
        "%.1e %.0e %.2e".format([-3.14, 2.5, 1e-10]) => "-3.1e+00 2e+00 1.00e-10"
        "%.2e".format([1e300])               => "1.00e+300"
        "%e".format([1.0 / 0.0])             => "Infinity"
        "%x %X %x %x".format([255, 255, -255, 255u]) => "ff FF -ff ff"
        "%x %X".format(["Hi", b"\x0a\xff"])  => "4869 0AFF"
        "%x".format([-9223372036854775808])  => "-8000000000000000"
        "%x".format([1.0])                   => expr.type: `%x` does not write double
        "%x".format([true])                  => expr.type: `%x` does not write bool
        "%o %o %o".format([8, -8, 8u])       => "10 -10 10"
        "%o".format([true])                  => expr.type: `%o` does not write bool
        "%o".format(["8"])                   => expr.type: `%o` does not write string
        "%b %b %b %b %b".format([5, -5, 5u, true, false]) => "101 -101 101 1 0"
        "%b".format([1.0])                   => expr.type: `%b` does not write double
        "%b".format([null])                  => expr.type: `%b` does not write null
        "%s %s".format([1])                  => expr.argument: the text "%s %s" has more verbs than values
        "%s".format([1, 2])                  => "1"
        "%".format([1])                      => expr.argument: a text ends with `%`: write `%%` for `%`
        "%k".format([1])                     => expr.argument: there is no verb `%k`: write `%%` for `%`
        "% d".format([1])                    => expr.argument: there is no verb `% `: write `%%` for `%`
        "%.2".format([1])                    => expr.argument: a text ends with `%`: write `%%` for `%`
        "%.f".format([1])                    => expr.argument: a precision is a number from 0 to 1000
        "%.1001f".format([1])                => expr.argument: a precision is a number from 0 to 1000
        "%.99999999999999999999f".format([1]) => expr.argument: a precision is a number from 0 to 1000
        size("%.1000f".format([1]))          => 1002
        "%.2s".format(["abc"])               => expr.argument: `%s` takes no precision
        "%s".format("a")                     => expr.type: `format` is not defined for string and string
        "%s".format()                        => expr.unknown_function: `format` takes 1 argument, not 0
        "#,
    );
}

#[test]
fn functions_of_addresses() {
    check(
        r#"
        ip("192.168.0.1")                    => ip("192.168.0.1")
        ip("2001:DB8::1")                    => ip("2001:db8::1")
        ip("::ffff:c0a8:1")                  => ip("192.168.0.1")
        ip("::ffff:192.168.0.1")             => expr.conversion: "::ffff:192.168.0.1" is an IPv4 address written as IPv6, which is not allowed
        ip("fe80::1%eth0")                   => expr.conversion: "fe80::1%eth0" is an address with a zone, which is not allowed
        ip("localhost")                      => expr.conversion: "localhost" is not an internet address
        ip(1)                                => expr.type: `ip` is not defined for int
        ip(cidr("10.0.0.1/8"))               => ip("10.0.0.1")
        cidr("10.0.0.1/8")                   => cidr("10.0.0.1/8")
        cidr("10.0.0.1")                     => expr.conversion: "10.0.0.1" is not a range of addresses such as 192.168.0.0/24
        [isIP("::1"), isIP("1.2.3"), isIP("fe80::1%a")] => [true, false, false]
        [isCIDR("::1/128"), isCIDR("::1/129"), isCIDR("::1")] => [true, false, false]
        isIP(1)                              => expr.type: `isIP` is not defined for int
        [ip.isCanonical("::1"), ip.isCanonical("0::1"), ip.isCanonical("2001:DB8::1")] => [true, false, false]
        ip.isCanonical("x")                  => expr.conversion: "x" is not an internet address
        [ip("1.2.3.4").family(), ip("::1").family()] => [4, 6]
        [ip("0.0.0.0").isUnspecified(), ip("::").isUnspecified(), ip("::1").isUnspecified()] => [true, true, false]
        [ip("127.1.2.3").isLoopback(), ip("::1").isLoopback(), ip("128.0.0.1").isLoopback()] => [true, true, false]
        [ip("10.0.0.1").isGlobalUnicast(), ip("224.0.0.1").isGlobalUnicast()] => [true, false]
        [ip("224.0.0.1").isLinkLocalMulticast(), ip("ff02::1").isLinkLocalMulticast(), ip("ff05::1").isLinkLocalMulticast()] => [true, true, false]
        [ip("169.254.1.1").isLinkLocalUnicast(), ip("fe80::1").isLinkLocalUnicast(), ip("10.0.0.1").isLinkLocalUnicast()] => [true, true, false]
        "1.2.3.4".family()                   => expr.type: `family` is not defined for string
        cidr("10.0.0.0/8").containsIP(ip("10.9.9.9")) => true
        cidr("10.0.0.0/8").containsIP("11.0.0.1") => false
        cidr("10.0.0.0/8").containsIP("x")   => expr.conversion: "x" is not an internet address
        cidr("10.0.0.0/8").containsIP(1)     => expr.type: `containsIP` is not defined for cidr and int
        cidr("::/0").containsIP("1.2.3.4")   => false
        cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") => true
        cidr("10.1.0.0/16").containsCIDR(cidr("10.0.0.0/8")) => false
        cidr("10.0.0.0/8").containsCIDR("10.0.0.0") => expr.conversion: "10.0.0.0" is not a range of addresses such as 192.168.0.0/24
        cidr("10.1.2.3/8").prefixLength()    => 8
        cidr("10.1.2.3/8").ip()              => ip("10.1.2.3")
        cidr("10.1.2.3/8").masked()          => cidr("10.0.0.0/8")
        cidr("10.1.2.3/8") == cidr("10.0.0.0/8") => false
        ip("10.0.0.1") == "10.0.0.1"         => false
        [string(ip("::1")), string(cidr("::1/8"))] => ["::1", "::1/8"]
        [type(ip("::1")) == net.IP, type(cidr("::/0")) == net.CIDR] => [true, true]
        type(net.IP) == type                 => true
        ip("::1") < ip("::2")                => expr.type: `<` is not defined for ip and ip
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
