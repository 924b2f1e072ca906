//! Tables of expressions with their values, errors and names.

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};

use super::{Expression, is_name};
use crate::scope::Scope;
use crate::value::map::Map;
use crate::value::{Record, Value};

/// An object with one field that is set and one that is not.
#[derive(Debug)]
struct Contact {
    name: &'static str,
}

impl Record for Contact {
    fn type_name(&self) -> &'static str {
        "Contact"
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields().into_iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }

    fn fields(&self) -> Vec<(Arc<str>, Value)> {
        vec![("name".into(), self.name.into()), ("email".into(), Value::Null)]
    }
}

fn scope() -> impl Scope {
    let slot: Map = [("places", Value::Int(5)), ("booked", Value::Int(3))].into_iter().collect();
    vec![
        ("slot", slot.into()),
        ("name", "Ada".into()),
        ("contact", Value::Record(Arc::new(Contact { name: "Ada" }))),
        ("same", Value::Record(Arc::new(Contact { name: "Ada" }))),
        ("other", Value::Record(Arc::new(Contact { name: "Bob" }))),
    ]
}

/// Evaluates each line; a line's result is its value, or the code, message and place of its error.
#[track_caller]
fn check(lines: &str, expected: Expect) {
    let mut table = String::from("\n");
    for text in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let result = match Expression::parse(text) {
            Ok(expression) => match expression.evaluate(&scope()) {
                Ok(value) => value.to_string(),
                Err(error) => format!("{} at `{}`: {}", error.code, error.excerpt(), error.message),
            },
            Err(error) => {
                let at = text.get(error.span.start..error.span.end).expect("a place in the text");
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("syntax at `{at}`: {}{help}", error.message)
            }
        };
        writeln!(table, "{text}  =>  {result}").unwrap();
    }
    expected.assert_eq(&table);
}

#[test]
fn operators_bind_as_the_language_says() {
    check(
        "
        1 + 2 * 3
        (1 + 2) * 3
        10 - 4 - 3
        100 / 10 / 5
        7 % 4 * 2
        1 + 1 == 2 && 2 < 3
        true || false && false
        false == false || true
        !false == true
        -2 + 3
        - - 2
        1 < 2 == true
        2 in [1, 2] && !(3 in [1, 2])
        true ? 1 : false ? 2 : 3
        false ? 1 : false ? 2 : 3
        ",
        expect![[r#"

            1 + 2 * 3  =>  7
            (1 + 2) * 3  =>  9
            10 - 4 - 3  =>  3
            100 / 10 / 5  =>  2
            7 % 4 * 2  =>  6
            1 + 1 == 2 && 2 < 3  =>  true
            true || false && false  =>  true
            false == false || true  =>  true
            !false == true  =>  true
            -2 + 3  =>  1
            - - 2  =>  2
            1 < 2 == true  =>  true
            2 in [1, 2] && !(3 in [1, 2])  =>  true
            true ? 1 : false ? 2 : 3  =>  1
            false ? 1 : false ? 2 : 3  =>  3
        "#]],
    );
}

#[test]
fn literals_have_all_forms() {
    check(
        r#"
        [0, 7, -7, 0x1F, -0x10, 5u, 0xFFu]
        [1.5, .5, 1e3, -2.5E-3, 1.0]
        9223372036854775807
        -9223372036854775808
        9223372036854775808
        -9223372036854775809
        18446744073709551615u
        18446744073709551616u
        1e999
        ["double", 'single', """a "quoted" b""", '''it's''']
        "\a\b\f\n\r\t\v\\\?\"\'\`"
        "\x41\X42\u0043\U00000044\105"
        "\q"
        "\x4"
        "\ud800"
        "\400"
        r"\n" + R'\t'
        b"\xff\000a"
        b"ü"
        br"\x"
        b"\u0041"
        b"ab" + b'c'
        {"a": 1, 2: "b", true: null, 3u: [],}
        [1, 2,]
        1 // a comment
        "a // no comment"
        "#,
        expect![[r#"

            [0, 7, -7, 0x1F, -0x10, 5u, 0xFFu]  =>  [0, 7, -7, 31, -16, 5u, 255u]
            [1.5, .5, 1e3, -2.5E-3, 1.0]  =>  [1.5, 0.5, 1000.0, -0.0025, 1.0]
            9223372036854775807  =>  9223372036854775807
            -9223372036854775808  =>  -9223372036854775808
            9223372036854775808  =>  syntax at `9223372036854775808`: the number does not fit an int of 64 bits
            -9223372036854775809  =>  syntax at `-9223372036854775809`: the number does not fit an int of 64 bits
            18446744073709551615u  =>  18446744073709551615u
            18446744073709551616u  =>  syntax at `18446744073709551616u`: the number does not fit a uint of 64 bits
            1e999  =>  syntax at `1e999`: the number does not fit a double
            ["double", 'single', """a "quoted" b""", '''it's''']  =>  ["double", "single", "a \"quoted\" b", "it's"]
            "\a\b\f\n\r\t\v\\\?\"\'\`"  =>  "\u0007\u0008\u000c\n\r\t\u000b\\?\"'`"
            "\x41\X42\u0043\U00000044\105"  =>  "ABCDE"
            "\q"  =>  syntax at `\q`: unknown escape `\q` (write `\\` for a backslash, or put `r` in front of the string)
            "\x4"  =>  syntax at `\x`: the escape needs 2 hexadecimal digits (write `\\` for a backslash, or put `r` in front of the string)
            "\ud800"  =>  syntax at `\ud800`: the escape names no character (write `\\` for a backslash, or put `r` in front of the string)
            "\400"  =>  syntax at `\4`: unknown escape `\4` (write `\\` for a backslash, or put `r` in front of the string)
            r"\n" + R'\t'  =>  "\\n\\t"
            b"\xff\000a"  =>  b"\xff\x00a"
            b"ü"  =>  b"\xc3\xbc"
            br"\x"  =>  b"\\x"
            b"\u0041"  =>  syntax at `\u0041`: bytes take `\x` and octal escapes, not `\u` and `\U`
            b"ab" + b'c'  =>  b"abc"
            {"a": 1, 2: "b", true: null, 3u: [],}  =>  {"a": 1, 2: "b", true: null, 3u: []}
            [1, 2,]  =>  [1, 2]
            1 // a comment  =>  1
            "a // no comment"  =>  "a // no comment"
        "#]],
    );
}

#[test]
fn numbers_never_leave_their_range() {
    check(
        "
        9223372036854775807 + 1
        -9223372036854775808 - 1
        -9223372036854775807 * 2
        -9223372036854775808 / -1
        -9223372036854775808 % -1
        -(-9223372036854775808)
        0u - 1u
        18446744073709551615u + 1u
        -(1u)
        1 / 0
        1 % 0
        1u / 0u
        1.0 / 0.0
        1 + 1.0
        1 + 1u
        5 / 2
        -5 / 2
        -5 % 3
        ",
        expect![[r#"

            9223372036854775807 + 1  =>  expr.overflow at `9223372036854775807 + 1`: 9223372036854775807 + 1 is out of range
            -9223372036854775808 - 1  =>  expr.overflow at `-9223372036854775808 - 1`: -9223372036854775808 - 1 is out of range
            -9223372036854775807 * 2  =>  expr.overflow at `-9223372036854775807 * 2`: -9223372036854775807 * 2 is out of range
            -9223372036854775808 / -1  =>  expr.overflow at `-9223372036854775808 / -1`: -9223372036854775808 / -1 is out of range
            -9223372036854775808 % -1  =>  expr.overflow at `-9223372036854775808 % -1`: -9223372036854775808 % -1 is out of range
            -(-9223372036854775808)  =>  expr.overflow at `-(-9223372036854775808)`: -(-9223372036854775808) is out of range
            0u - 1u  =>  expr.overflow at `0u - 1u`: 0u - 1u is out of range
            18446744073709551615u + 1u  =>  expr.overflow at `18446744073709551615u + 1u`: 18446744073709551615u + 1u is out of range
            -(1u)  =>  expr.type at `-(1u)`: `-` is not defined for uint
            1 / 0  =>  expr.divide_by_zero at `1 / 0`: division of 1 by zero
            1 % 0  =>  expr.divide_by_zero at `1 % 0`: remainder of 1 by zero
            1u / 0u  =>  expr.divide_by_zero at `1u / 0u`: division of 1u by zero
            1.0 / 0.0  =>  inf
            1 + 1.0  =>  expr.type at `1 + 1.0`: `+` is not defined for int and double
            1 + 1u  =>  expr.type at `1 + 1u`: `+` is not defined for int and uint
            5 / 2  =>  2
            -5 / 2  =>  -2
            -5 % 3  =>  -2
        "#]],
    );
}

#[test]
fn equality_crosses_types_and_order_only_numbers() {
    check(
        "
        1 == 1u && 1u == 1.0 && 1.0 == 1
        [1, 2u] == [1.0, 2]
        {'a': 1} == {'a': 1.0}
        {'a': 1, 'b': 2} == {'b': 2, 'a': 1}
        1 == '1'
        null == 0
        0.0 / 0.0 == 0.0 / 0.0
        1 < 1.5 && 2u > 1.5 && -1 < 0u
        'a' < 'b' && b'a' < b'b' && false < true
        timestamp(1) < timestamp(2) && duration('1s') < duration('2s')
        1 < '2'
        [1] < [2]
        null < null
        contact == same
        contact == other
        ref('Contact', 'c1') == ref('Contact', 'c1')
        ref('Contact', 'c1') == ref('Slot', 'c1')
        ",
        expect![[r#"

            1 == 1u && 1u == 1.0 && 1.0 == 1  =>  true
            [1, 2u] == [1.0, 2]  =>  true
            {'a': 1} == {'a': 1.0}  =>  true
            {'a': 1, 'b': 2} == {'b': 2, 'a': 1}  =>  true
            1 == '1'  =>  false
            null == 0  =>  false
            0.0 / 0.0 == 0.0 / 0.0  =>  false
            1 < 1.5 && 2u > 1.5 && -1 < 0u  =>  true
            'a' < 'b' && b'a' < b'b' && false < true  =>  true
            timestamp(1) < timestamp(2) && duration('1s') < duration('2s')  =>  true
            1 < '2'  =>  expr.type at `1 < '2'`: `<` is not defined for int and string
            [1] < [2]  =>  expr.type at `[1] < [2]`: `<` is not defined for list and list
            null < null  =>  expr.type at `null < null`: `<` is not defined for null and null
            contact == same  =>  true
            contact == other  =>  false
            ref('Contact', 'c1') == ref('Contact', 'c1')  =>  true
            ref('Contact', 'c1') == ref('Slot', 'c1')  =>  false
        "#]],
    );
}

#[test]
fn a_deciding_operand_wins_over_a_failing_one() {
    check(
        "
        missing || true
        true || missing
        missing && false
        missing || false
        false || missing
        1 / 0 == 0 && missing
        1 || true
        1 || false
        [1, 2].exists(x, x == 2 || 1 / 0 > 0)
        [0, 2].exists(x, 2 / x == 1)
        [0, 2].all(x, 2 / x == 1)
        [0, 2].all(x, 2 / x == 2)
        [0, 2].exists_one(x, 2 / x == 1)
        missing ? 1 : 2
        1 ? 1 : 2
        no_such() || true
        ",
        expect![[r#"

            missing || true  =>  true
            true || missing  =>  true
            missing && false  =>  false
            missing || false  =>  expr.unknown_name at `missing`: `missing` is not bound here
            false || missing  =>  expr.unknown_name at `missing`: `missing` is not bound here
            1 / 0 == 0 && missing  =>  expr.divide_by_zero at `1 / 0`: division of 1 by zero
            1 || true  =>  true
            1 || false  =>  expr.type at `1`: a condition is a bool, not int
            [1, 2].exists(x, x == 2 || 1 / 0 > 0)  =>  true
            [0, 2].exists(x, 2 / x == 1)  =>  true
            [0, 2].all(x, 2 / x == 1)  =>  expr.divide_by_zero at `2 / x`: division of 2 by zero
            [0, 2].all(x, 2 / x == 2)  =>  false
            [0, 2].exists_one(x, 2 / x == 1)  =>  expr.divide_by_zero at `2 / x`: division of 2 by zero
            missing ? 1 : 2  =>  expr.unknown_name at `missing`: `missing` is not bound here
            1 ? 1 : 2  =>  expr.type at `1`: a condition is a bool, not int
            no_such() || true  =>  true
        "#]],
    );
}

#[test]
fn fields_and_elements_are_found_or_told() {
    check(
        "
        slot.booked < slot.places && name != ''
        slot.boked
        slot['booked']
        slot['boked']
        name.first
        slots.booked
        contact.name
        contact.phone
        has(contact.name)
        has(contact.email)
        has(contact.phone)
        has(slot.booked) && !has(slot.boked)
        has(name)
        [10, 20][1]
        [10, 20][2]
        [10, 20][-1]
        [10, 20][1u] + [10, 20][0.0 + 1.0]
        [10, 20]['1']
        {1: 'a'}[1.0] + {1u: 'b'}[1]
        {'a.b': 1}.`a.b`
        {1.5: 1}
        {'a': 1, 'a': 2}
        ref('Slot', 7).id + ref('Slot', 'x').entity
        type(contact)
        .name + name
        ",
        expect![[r#"

            slot.booked < slot.places && name != ''  =>  true
            slot.boked  =>  expr.no_such_key at `slot.boked`: the map has no key `boked`
            slot['booked']  =>  3
            slot['boked']  =>  expr.no_such_key at `slot['boked']`: the map has no key "boked"
            name.first  =>  expr.type at `name.first`: string has no fields, so no `first`
            slots.booked  =>  expr.unknown_name at `slots`: `slots` is not bound here
            contact.name  =>  "Ada"
            contact.phone  =>  expr.no_such_field at `contact.phone`: Contact has no field `phone`
            has(contact.name)  =>  true
            has(contact.email)  =>  false
            has(contact.phone)  =>  expr.no_such_field at `has(contact.phone)`: Contact has no field `phone`
            has(slot.booked) && !has(slot.boked)  =>  true
            has(name)  =>  syntax at `name`: `has` takes a field, such as `has(input.name)`
            [10, 20][1]  =>  20
            [10, 20][2]  =>  expr.index at `[10, 20][2]`: position 2 is outside the list of 2
            [10, 20][-1]  =>  expr.index at `[10, 20][-1]`: position -1 is outside the list of 2
            [10, 20][1u] + [10, 20][0.0 + 1.0]  =>  40
            [10, 20]['1']  =>  expr.type at `[10, 20]['1']`: a position is an int, not string
            {1: 'a'}[1.0] + {1u: 'b'}[1]  =>  "ab"
            {'a.b': 1}.`a.b`  =>  1
            {1.5: 1}  =>  expr.type at `1.5`: a key is a string, int, uint or bool, not double
            {'a': 1, 'a': 2}  =>  expr.duplicate_key at `'a'`: the map has the key "a" twice
            ref('Slot', 7).id + ref('Slot', 'x').entity  =>  "7Slot"
            type(contact)  =>  Contact
            .name + name  =>  "AdaAda"
        "#]],
    );
}

#[test]
fn references_need_an_id() {
    check(
        "
        ref('Slot', 's1')
        ref('Slot', 7)
        ref('Slot', 7u)
        ref('Slot', '')
        ref('', 's1')
        ref('Slot', null)
        ref('Slot', 1.5)
        ref('Slot', ref('Slot', 's1'))
        ref('Slot', ref('Contact', 's1'))
        ref(1, 's1')
        ref('Slot')
        ",
        expect![[r#"

            ref('Slot', 's1')  =>  ref("Slot", "s1")
            ref('Slot', 7)  =>  ref("Slot", "7")
            ref('Slot', 7u)  =>  ref("Slot", "7")
            ref('Slot', '')  =>  expr.argument at `ref('Slot', '')`: the id of a reference is empty
            ref('', 's1')  =>  expr.argument at `ref('', 's1')`: the entity of a reference is empty
            ref('Slot', null)  =>  expr.type at `ref('Slot', null)`: the id of a reference is a string or int, not null
            ref('Slot', 1.5)  =>  expr.type at `ref('Slot', 1.5)`: the id of a reference is a string or int, not double
            ref('Slot', ref('Slot', 's1'))  =>  ref("Slot", "s1")
            ref('Slot', ref('Contact', 's1'))  =>  expr.type at `ref('Slot', ref('Contact', 's1'))`: the id of a reference is a string or int, not reference
            ref(1, 's1')  =>  expr.type at `ref(1, 's1')`: `ref` is not defined for int and string
            ref('Slot')  =>  expr.unknown_function at `ref`: `ref` takes 2 arguments, not 1
        "#]],
    );
}

#[test]
fn macros_bind_their_variables_inside_only() {
    check(
        "
        [1, 2, 3].map(x, x * 2)
        [1, 2, 3].map(x, x > 1, x * 2)
        [1, 2, 3].filter(x, x > 1)
        {'a': 1, 'b': 2}.map(k, k)
        {'a': 1, 'b': 2}.filter(k, k == 'b')
        [1, 2].map(x, [3, 4].map(y, x * y))
        [1, 2].map(name, name)
        [[1], [2]].map(x, x.map(x, x + 1))
        [1].map(x, x) == [1] && x == 1
        [1].all(.x, true)
        [1].all(x.y, true)
        [1].all(1, true)
        [1].all(x)
        1.all(x, true)
        [1].all(x, x)
        [5, 6].exists(i, v, i == 1 && v == 6)
        [5, 6].transformList(i, v, i * v)
        {'a': 1}.transformMap(k, v, k + string(v))
        {'a': 1}.transformMapEntry(k, v, {v: k})
        {'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k})
        [].exists_one(x, true)
        ",
        expect![[r#"

            [1, 2, 3].map(x, x * 2)  =>  [2, 4, 6]
            [1, 2, 3].map(x, x > 1, x * 2)  =>  [4, 6]
            [1, 2, 3].filter(x, x > 1)  =>  [2, 3]
            {'a': 1, 'b': 2}.map(k, k)  =>  ["a", "b"]
            {'a': 1, 'b': 2}.filter(k, k == 'b')  =>  ["b"]
            [1, 2].map(x, [3, 4].map(y, x * y))  =>  [[3, 4], [6, 8]]
            [1, 2].map(name, name)  =>  [1, 2]
            [[1], [2]].map(x, x.map(x, x + 1))  =>  [[2], [3]]
            [1].map(x, x) == [1] && x == 1  =>  expr.unknown_name at `x`: `x` is not bound here
            [1].all(.x, true)  =>  syntax at `.x`: the first argument of a macro names its variable (write a plain name, such as `item` in `items.all(item, item > 0)`)
            [1].all(x.y, true)  =>  syntax at `x.y`: the first argument of a macro names its variable (write a plain name, such as `item` in `items.all(item, item > 0)`)
            [1].all(1, true)  =>  syntax at `1`: the first argument of a macro names its variable (write a plain name, such as `item` in `items.all(item, item > 0)`)
            [1].all(x)  =>  expr.unknown_function at `all`: `all` is written as `list.all(item, condition)`
            1.all(x, true)  =>  expr.type at `1`: a macro goes over a list or map, not int
            [1].all(x, x)  =>  expr.type at `x`: a condition is a bool, not int
            [5, 6].exists(i, v, i == 1 && v == 6)  =>  true
            [5, 6].transformList(i, v, i * v)  =>  [0, 6]
            {'a': 1}.transformMap(k, v, k + string(v))  =>  {"a": "a1"}
            {'a': 1}.transformMapEntry(k, v, {v: k})  =>  {1: "a"}
            {'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k})  =>  expr.duplicate_key at `{v: k}`: the map has the key 1 twice
            [].exists_one(x, true)  =>  false
        "#]],
    );
}

#[test]
fn string_functions_count_characters() {
    check(
        r"
        size('äöü') + 'äöü'.size()
        size(b'\xff\xfe')
        'tacocat'.charAt(3) + 'a'.charAt(1)
        'ab'.charAt(3)
        'äbäb'.indexOf('b')
        'äbäb'.indexOf('b', 2)
        'äbäb'.indexOf('x')
        'äbäb'.indexOf('b', -1)
        'äbäb'.lastIndexOf('ä')
        'äbäb'.lastIndexOf('ä', 1)
        'äbc'.substring(1) + 'äbc'.substring(0, 1)
        'abc'.substring(2, 1)
        'abc'.substring(0, 4)
        'a,b,c'.split(',')
        'a,b,c'.split(',', 2)
        'a,b'.split(',', 0)
        'äb'.split('')
        ['a', 'b'].join('-') + ['c'].join()
        ['a', 1].join('-')
        'aXbX'.replace('X', '-') + 'aXbX'.replace('X', '-', 1)
        'ab'.replace('', '-')
        'ÄBc'.lowerAscii() + 'äbC'.upperAscii()
        '  a '.trim() + 'abc'.reverse()
        'abc'.contains('b') && 'abc'.startsWith('ab') && 'abc'.endsWith('bc')
        'abc'.matches('^a.c$') && matches('abc', 'b')
        'abc'.matches('(')
        'abc'.matches(1)
        'abc'.trim(1)
        trim('abc')
        'abc'.size(1)
        name.lenght()
        ",
        expect![[r#"

            size('äöü') + 'äöü'.size()  =>  6
            size(b'\xff\xfe')  =>  2
            'tacocat'.charAt(3) + 'a'.charAt(1)  =>  "o"
            'ab'.charAt(3)  =>  expr.index at `'ab'.charAt(3)`: position 3 is outside the string
            'äbäb'.indexOf('b')  =>  1
            'äbäb'.indexOf('b', 2)  =>  3
            'äbäb'.indexOf('x')  =>  -1
            'äbäb'.indexOf('b', -1)  =>  expr.index at `'äbäb'.indexOf('b', -1)`: position -1 is outside the string
            'äbäb'.lastIndexOf('ä')  =>  2
            'äbäb'.lastIndexOf('ä', 1)  =>  0
            'äbc'.substring(1) + 'äbc'.substring(0, 1)  =>  "bcä"
            'abc'.substring(2, 1)  =>  expr.index at `'abc'.substring(2, 1)`: the end of the part lies before its start, 2
            'abc'.substring(0, 4)  =>  expr.index at `'abc'.substring(0, 4)`: position 4 is outside the string
            'a,b,c'.split(',')  =>  ["a", "b", "c"]
            'a,b,c'.split(',', 2)  =>  ["a", "b,c"]
            'a,b'.split(',', 0)  =>  []
            'äb'.split('')  =>  ["ä", "b"]
            ['a', 'b'].join('-') + ['c'].join()  =>  "a-bc"
            ['a', 1].join('-')  =>  expr.type at `['a', 1].join('-')`: `join` is not defined for list and string
            'aXbX'.replace('X', '-') + 'aXbX'.replace('X', '-', 1)  =>  "a-b-a-bX"
            'ab'.replace('', '-')  =>  "-a-b-"
            'ÄBc'.lowerAscii() + 'äbC'.upperAscii()  =>  "ÄbcäBC"
            '  a '.trim() + 'abc'.reverse()  =>  "acba"
            'abc'.contains('b') && 'abc'.startsWith('ab') && 'abc'.endsWith('bc')  =>  true
            'abc'.matches('^a.c$') && matches('abc', 'b')  =>  true
            'abc'.matches('(')  =>  expr.argument at `'abc'.matches('(')`: "(" is not a pattern: unclosed group
            'abc'.matches(1)  =>  expr.type at `'abc'.matches(1)`: `matches` is not defined for string and int
            'abc'.trim(1)  =>  expr.unknown_function at `trim`: `trim` takes no arguments, not 1
            trim('abc')  =>  expr.unknown_function at `trim`: `trim` is called on a value
            'abc'.size(1)  =>  expr.unknown_function at `size`: `size` takes no arguments, not 1
            name.lenght()  =>  expr.unknown_function at `lenght`: there is no function `lenght`
        "#]],
    );
}

#[test]
fn conversions_say_what_they_cannot_read() {
    check(
        "
        [int('42'), int(3.9), int(-3.9), int(7u), int(timestamp('1970-01-01T00:01:00Z'))]
        int('4x')
        int(1e19)
        int(0.0 / 0.0)
        uint(-1)
        [uint('7'), uint(7.9)]
        [double('1.5'), double(2), double('1e3')]
        [string(1), string(1u), string(true), string(b'ab')]
        [string(1.0), string(0.1), string(1e20), string(1e21), string(1e-5), string(-0.0)]
        string(b'\\xff')
        string([1])
        [bool('true'), bool('0')]
        bool('yes')
        [bytes('ä')]
        [type(1), type(null), type([]), type({}), type(timestamp(0)), type(duration('1s'))]
        type(type(1)) == type && type(1) == int
        type(timestamp(0)) == google.protobuf.Timestamp
        dyn(1)
        dyn
        int
        ",
        expect![[r#"

            [int('42'), int(3.9), int(-3.9), int(7u), int(timestamp('1970-01-01T00:01:00Z'))]  =>  [42, 3, -3, 7, 60]
            int('4x')  =>  expr.conversion at `int('4x')`: "4x" is not an int
            int(1e19)  =>  expr.overflow at `int(1e19)`: 1e19 does not fit an int
            int(0.0 / 0.0)  =>  expr.overflow at `int(0.0 / 0.0)`: NaN does not fit an int
            uint(-1)  =>  expr.overflow at `uint(-1)`: -1 does not fit a uint
            [uint('7'), uint(7.9)]  =>  [7u, 7u]
            [double('1.5'), double(2), double('1e3')]  =>  [1.5, 2.0, 1000.0]
            [string(1), string(1u), string(true), string(b'ab')]  =>  ["1", "1", "true", "ab"]
            [string(1.0), string(0.1), string(1e20), string(1e21), string(1e-5), string(-0.0)]  =>  ["1", "0.1", "100000000000000000000", "1e+21", "1e-05", "-0"]
            string(b'\xff')  =>  expr.conversion at `string(b'\xff')`: the bytes are not UTF-8
            string([1])  =>  expr.type at `string([1])`: `string` is not defined for list
            [bool('true'), bool('0')]  =>  [true, false]
            bool('yes')  =>  expr.conversion at `bool('yes')`: "yes" is not a bool: write `true` or `false`
            [bytes('ä')]  =>  [b"\xc3\xa4"]
            [type(1), type(null), type([]), type({}), type(timestamp(0)), type(duration('1s'))]  =>  [int, null_type, list, map, google.protobuf.Timestamp, google.protobuf.Duration]
            type(type(1)) == type && type(1) == int  =>  true
            type(timestamp(0)) == google.protobuf.Timestamp  =>  true
            dyn(1)  =>  1
            dyn  =>  expr.unknown_name at `dyn`: `dyn` is not bound here
            int  =>  int
        "#]],
    );
}

#[test]
fn timestamps_and_durations_compute() {
    check(
        "
        timestamp('2030-01-31T18:00:00.5+02:00')
        timestamp('2030-02-29T00:00:00Z')
        timestamp('2030-01-31')
        timestamp(253402300799)
        timestamp(253402300800)
        timestamp('2030-01-01T00:00:00Z') + duration('1h30m')
        duration('1h') + timestamp('2030-01-01T00:00:00Z')
        timestamp('2030-01-01T00:00:00Z') - timestamp('2029-12-31T00:00:00Z')
        timestamp('9999-12-31T23:59:59Z') + duration('1s')
        [duration('1.5s'), duration('-200ms'), duration('1m0.25s'), duration('0')]
        duration('1d')
        duration('5')
        -duration('5s')
        duration('1h30m').getMinutes() + duration('1.25s').getMilliseconds()
        timestamp('2030-03-31T00:59:59Z').getHours('Europe/Berlin')
        timestamp('2030-03-31T01:00:00Z').getHours('Europe/Berlin')
        timestamp('2030-01-01T00:00:00Z').getFullYear('-01:00')
        timestamp('9999-12-31T23:59:59Z').getDate('Asia/Tokyo')
        timestamp('2030-01-01T00:00:00Z').getHours('Mars/Base')
        timestamp('2024-12-31T00:00:00Z').getDayOfYear()
        timestamp('2024-12-31T00:00:00Z').getDayOfWeek()
        duration('1h').getFullYear()
        ",
        expect![[r#"

            timestamp('2030-01-31T18:00:00.5+02:00')  =>  timestamp("2030-01-31T16:00:00.5Z")
            timestamp('2030-02-29T00:00:00Z')  =>  expr.conversion at `timestamp('2030-02-29T00:00:00Z')`: "2030-02-29T00:00:00Z" is not a timestamp: write `2030-01-31T18:00:00Z`, or an offset such as `+02:00` for `Z`
            timestamp('2030-01-31')  =>  expr.conversion at `timestamp('2030-01-31')`: "2030-01-31" is not a timestamp: write `2030-01-31T18:00:00Z`, or an offset such as `+02:00` for `Z`
            timestamp(253402300799)  =>  timestamp("9999-12-31T23:59:59Z")
            timestamp(253402300800)  =>  expr.overflow at `timestamp(253402300800)`: 253402300800 does not fit a timestamp: it lies in the years 1 to 9999
            timestamp('2030-01-01T00:00:00Z') + duration('1h30m')  =>  timestamp("2030-01-01T01:30:00Z")
            duration('1h') + timestamp('2030-01-01T00:00:00Z')  =>  timestamp("2030-01-01T01:00:00Z")
            timestamp('2030-01-01T00:00:00Z') - timestamp('2029-12-31T00:00:00Z')  =>  duration("86400s")
            timestamp('9999-12-31T23:59:59Z') + duration('1s')  =>  expr.overflow at `timestamp('9999-12-31T23:59:59Z') + duration('1s')`: timestamp("9999-12-31T23:59:59Z") + duration("1s") is out of range
            [duration('1.5s'), duration('-200ms'), duration('1m0.25s'), duration('0')]  =>  [duration("1.5s"), duration("-0.2s"), duration("60.25s"), duration("0s")]
            duration('1d')  =>  expr.conversion at `duration('1d')`: "1d" is not a duration: write `5s`, `1h30m`, `1.5s` or `200ms`
            duration('5')  =>  expr.conversion at `duration('5')`: "5" is not a duration: write `5s`, `1h30m`, `1.5s` or `200ms`
            -duration('5s')  =>  duration("-5s")
            duration('1h30m').getMinutes() + duration('1.25s').getMilliseconds()  =>  340
            timestamp('2030-03-31T00:59:59Z').getHours('Europe/Berlin')  =>  1
            timestamp('2030-03-31T01:00:00Z').getHours('Europe/Berlin')  =>  3
            timestamp('2030-01-01T00:00:00Z').getFullYear('-01:00')  =>  2029
            timestamp('9999-12-31T23:59:59Z').getDate('Asia/Tokyo')  =>  1
            timestamp('2030-01-01T00:00:00Z').getHours('Mars/Base')  =>  expr.argument at `timestamp('2030-01-01T00:00:00Z').getHours('Mars/Base')`: "Mars/Base" is not a time zone
            timestamp('2024-12-31T00:00:00Z').getDayOfYear()  =>  365
            timestamp('2024-12-31T00:00:00Z').getDayOfWeek()  =>  2
            duration('1h').getFullYear()  =>  expr.type at `duration('1h').getFullYear()`: `getFullYear` is not defined for duration
        "#]],
    );
}

#[test]
fn missing_and_foreign_tokens_are_told_in_peoples_words() {
    check(
        "
        1 +
        1 + * 2
        (1 + 2
        1 + 2)
        [1, 2}
        a = 1
        a and b
        not a
        a & b
        1 2
        a.1
        a.
        a.true
        ",
        expect![[r#"

            1 +  =>  syntax at ``: a value is missing
            1 + * 2  =>  syntax at `*`: expected a value, found `*`
            (1 + 2  =>  syntax at `(`: `(` is never closed
            1 + 2)  =>  syntax at `)`: `)` closes nothing
            [1, 2}  =>  syntax at `}`: `}` cannot close `[`
            a = 1  =>  syntax at `=`: expected an operator or the end, found `=` (write `==` to compare)
            a and b  =>  syntax at `and`: expected an operator or the end, found `and` (write `&&`)
            not a  =>  syntax at `a`: expected an operator or the end, found `a` (write `!`)
            a & b  =>  syntax at `&`: expected an operator or the end, found `&` (write `&&`)
            1 2  =>  syntax at `2`: expected an operator or the end, found `2`
            a.1  =>  syntax at `1`: expected a field's name, found `1`
            a.  =>  syntax at ``: a field's name is missing
            a.true  =>  syntax at `true`: expected a field's name, found `true`
        "#]],
    );
}

#[test]
fn mistakes_are_told_in_peoples_words() {
    check(
        "
        for == 1
        in
        f(1,)
        [,]
        {1}
        {1: 2, }
        Point{x: 1}
        'open
        'wrong\"
        'a\\
        ${a}
        a ? b
        a ? b : c : d
        has(a)
        has(a.b, c)
        @
        ä
        !
        ;
        1;
        ",
        expect![[r#"

            for == 1  =>  syntax at `for`: `for` is a reserved word
            in  =>  syntax at `in`: `in` is a reserved word
            f(1,)  =>  syntax at `)`: expected a value, found `)`
            [,]  =>  syntax at `,`: expected a value, found `,`
            {1}  =>  syntax at `}`: `:` and a value are missing (a map is written as `{"key": value}`)
            {1: 2, }  =>  {1: 2}
            Point{x: 1}  =>  syntax at `{`: expected an operator or the end, found `{` (messages are not part of the language: write a map, `{"name": value}`)
            'open  =>  syntax at `'`: the string has no end
            'wrong"  =>  syntax at `'`: the string has no end
            'a\  =>  syntax at `'`: the string has no end
            ${a}  =>  syntax at `$`: expected a value, found `$` (this is an expression already: leave out `${` and `}`)
            a ? b  =>  syntax at ``: `:` and a value are missing (a condition is written as `condition ? value : other`)
            a ? b : c : d  =>  syntax at `:`: expected an operator or the end, found `:`
            has(a)  =>  syntax at `a`: `has` takes a field, such as `has(input.name)`
            has(a.b, c)  =>  expr.unknown_function at `has`: `has` is written as `has(value.field)`
            @  =>  syntax at `@`: expected a value, found `@`
            ä  =>  syntax at `ä`: expected a value, found `ä`
            !  =>  syntax at ``: a value is missing
            ;  =>  syntax at `;`: expected a value, found `;` (an expression is one value: nothing is assigned, nothing follows)
            1;  =>  syntax at `;`: expected an operator or the end, found `;` (an expression is one value: nothing is assigned, nothing follows)
        "#]],
    );
}

#[test]
fn free_names_leave_out_what_macros_bind() {
    let names = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        let free = expression.free_names().into_iter().map(|free| {
            let place = text.get(free.span.start..free.span.end).unwrap();
            format!("{}{:?} {place}", free.name, free.path)
        });
        free.collect::<Vec<_>>().join("; ")
    };
    let table = [
        "a",
        "a.b.c + d",
        "a.b().c",
        "a[b.c].d",
        "[1].map(x, x + y)",
        "x.map(x, x.y)",
        "[1].map(x, .x)",
        "has(a.b)",
        "type(a) == int",
        "{a: b}['k'].c",
        "!a || -b > c ? d : e",
        "ref('Slot', input.id)",
    ];
    let table: String = table.iter().fold(String::from("\n"), |mut out, text| {
        writeln!(out, "{text}  =>  {}", names(text)).unwrap();
        out
    });
    expect![[r#"

        a  =>  a[] a
        a.b.c + d  =>  a["b", "c"] a.b.c; d[] d
        a.b().c  =>  a[] a
        a[b.c].d  =>  a[] a; b["c"] b.c
        [1].map(x, x + y)  =>  y[] y
        x.map(x, x.y)  =>  x[] x
        [1].map(x, .x)  =>  x[] .x
        has(a.b)  =>  a["b"] a.b
        type(a) == int  =>  a[] a
        {a: b}['k'].c  =>  a[] a; b[] b
        !a || -b > c ? d : e  =>  a[] a; b[] b; c[] c; d[] d; e[] e
        ref('Slot', input.id)  =>  input["id"] input.id
    "#]]
    .assert_eq(&table);
}

#[test]
fn unresolved_calls_are_listed_with_their_places() {
    let text = "lenght(a) + b.size(1) || startsWith(a, b) || a.int() || a.split()";
    let expression = Expression::parse(text).unwrap();
    let errors: String =
        expression.unresolved_calls().iter().fold(String::from("\n"), |mut out, e| {
            let place = text.get(e.span.start..e.span.end).unwrap();
            writeln!(out, "{place}: {} {:?}", e.message, e.help).unwrap();
            out
        });
    expect![[r#"

        lenght: there is no function `lenght` None
        size: `size` takes no arguments, not 1 None
        startsWith: `startsWith` is called on a value Some("write the value in front: `value.startsWith(...)`")
        int: `int` is not called on a value Some("write the value as an argument: `int(value)`")
        split: `split` takes 1 to 2 arguments, not 0 None
    "#]].assert_eq(&errors);
}

#[test]
fn an_error_shows_the_expression_and_the_place() {
    let error = Expression::parse("1 + (ä.b)").unwrap_err().to_string();
    assert_eq!(error, "expected a value, found `ä`");
    let scope: Map = [("a", Value::from("ä"))].into_iter().collect();
    let error = Expression::parse("'ä' == a || a.size() + b > 1").unwrap();
    assert_eq!(error.evaluate(&scope), Ok(Value::Bool(true)));
    let error =
        Expression::parse("'ö' == a || a.size() + b > 1").unwrap().evaluate(&scope).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`b` is not bound here (in `'ö' == a || a.size() + b > 1`, at `b`, column 24)"
    );
}

#[test]
fn dotted_names_win_where_the_scope_has_them() {
    struct Dotted;
    impl Scope for Dotted {
        fn lookup(&self, name: &str) -> Option<Value> {
            match name {
                "a.b" => Some(Value::Int(1)),
                "a" => Some(
                    [("b", Value::Int(2)), ("c", Value::Int(3))]
                        .into_iter()
                        .collect::<Map>()
                        .into(),
                ),
                _ => None,
            }
        }

        fn has_dotted_names(&self) -> bool {
            true
        }
    }
    assert_eq!(
        Expression::parse("[a.b, a.c]").unwrap().evaluate(&Dotted),
        Ok(vec![Value::Int(1), Value::Int(3)].into())
    );
}

#[test]
fn names_that_can_be_bound_are_known() {
    for name in ["a", "slot_1", "_x", "INPUT", "truely", "ints"] {
        assert!(is_name(name), "{name}");
    }
    for name in
        ["", "1a", "a-b", "a.b", "a ", " a", "in", "true", "null", "for", "int", "list", "ä", "a\n"]
    {
        assert!(!is_name(name), "{name}");
    }
}
