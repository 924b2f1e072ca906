//! Operators: how they bind, and what they make of numbers, of several types, and of errors.

use expect_test::expect;

use super::check;

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
