//! Values: how they are written, and how their parts are named.

use expect_test::expect;

use super::check;

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
