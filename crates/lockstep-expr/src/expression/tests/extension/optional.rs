//! Optionals: how they are made, asked and chained.

use super::check;

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
