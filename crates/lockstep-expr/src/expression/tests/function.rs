//! Functions and macros: what they return, and what they cannot take.

use expect_test::expect;

use super::check;

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
