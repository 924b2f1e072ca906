//! Values of a type that an operator, a condition, a function or a macro does not take.

use expect_test::expect;

use super::check;

#[test]
fn wrong_operands_of_arithmetic_are_told() {
    check(
        &[
            "slot.booked + 'a'",
            "'a' + slot.booked + 'b'",
            "slot.booked + slot.price",
            "1 + true",
            "true + 1",
            "null + 1",
            "1 - 'a' * 2",
            "slot.starts_at - 60",
            "-'a'",
            "1 % 2.0",
        ],
        expect![[r#"
            slot.booked + 'a' : any
              14 `'a'` WrongType: `+` does not add int and string
                help: convert one: `string(...)`
            'a' + slot.booked + 'b' : string
              6 `slot.booked` WrongType: `+` does not add string and int
                help: convert one: `string(...)`
            slot.booked + slot.price : any
              14 `slot.price` WrongType: `+` does not add int and double
                help: convert one: `double(...)`
            1 + true : any
              4 `true` WrongType: `+` does not add int and bool
            true + 1 : any
              0 `true` WrongType: `+` does not add bool and int
            null + 1 : any
              0 `null` WrongType: `+` does not add null and int
            1 - 'a' * 2 : int
              4 `'a'` WrongType: `*` does not multiply string and int
                help: convert one: `int(...)`
            slot.starts_at - 60 : any
              17 `60` WrongType: `-` does not take int from timestamp
                help: write a length of time: `duration('60s')`
            -'a' : any
              1 `'a'` WrongType: `-` is not defined for string
            1 % 2.0 : any
              4 `2.0` WrongType: `%` has no remainder of int by double
                help: convert one: `int(...)`
        "#]],
    );
}

#[test]
fn wrong_operands_of_comparisons_are_told() {
    check(
        &["slot.booked < 'a'", "slot.starts_at > '2020'", "slot < slot"],
        expect![[r#"
        slot.booked < 'a' : bool
          14 `'a'` WrongType: `<` does not compare int and string
            help: convert one: `int(...)`
        slot.starts_at > '2020' : bool
          17 `'2020'` WrongType: `>` does not compare timestamp and string
            help: convert one: `timestamp(...)`
        slot < slot : bool
          0 `slot` WrongType: `<` does not compare Timeslot and Timeslot
    "#]],
    );
}

#[test]
fn values_that_are_never_equal_are_told() {
    check(
        &[
            "slot.booked == 'a'",
            "slot.price == 'a'",
            "slot.booked == null",
            "null != slot.tags",
            "slot == slot.id",
            "slot.room == 'r1'",
            "[1] == ['a']",
            "'a' in [1]",
            "'a' in 'abc'",
            "1 in counts",
            "null in [1]",
        ],
        expect![[r#"
            slot.booked == 'a' : bool
              15 `'a'` WrongType: int and string are never equal, so this is always false
                help: convert one: `string(...)`
            slot.price == 'a' : bool
              14 `'a'` WrongType: double and string are never equal, so this is always false
                help: convert one: `string(...)`
            slot.booked == null : bool
              0 `slot.booked` NeverNull: `slot.booked` (int) is never null, so this is always false
            null != slot.tags : bool
              8 `slot.tags` NeverNull: `slot.tags` (list<string>) is never null, so this is always true
            slot == slot.id : bool
              8 `slot.id` WrongType: Timeslot and string are never equal, so this is always false
                help: compare its id: `slot.id`
            slot.room == 'r1' : bool
              13 `'r1'` WrongType: ref<Room> and string are never equal, so this is always false
                help: compare its id: `slot.room.id`
            [1] == ['a'] : bool
              7 `['a']` WrongType: list<int> and list<string> are never equal, so this is always false
            'a' in [1] : bool
              7 `[1]` WrongType: string is never in list<int>
                help: convert one: `string(...)`
            'a' in 'abc' : bool
              7 `'abc'` WrongType: `in` looks in a list or the keys of a map, not in string
                help: look for a part of a text with `text.contains(part)`
            1 in counts : bool
              5 `counts` WrongType: int is never in map<string, int>
                help: convert one: `string(...)`
            null in [1] : bool
              8 `[1]` WrongType: null is never in list<int>
        "#]],
    );
}

#[test]
fn what_is_no_condition_is_told() {
    check(
        &[
            "!slot.booked",
            "slot.booked && true",
            "slot.booked ? 1 : 2",
            "any ? 1 : 'a'",
            "any ? 1 : any ? 'a' : 2",
            "slot.tags.all(tag, tag)",
            "slot.tags.map(tag, tag, 1)",
        ],
        expect![[r#"
            !slot.booked : bool
              1 `slot.booked` WrongType: a condition is a bool, not int
                help: write what is true or false, such as a comparison: `value != ""`
            slot.booked && true : bool
              0 `slot.booked` WrongType: a condition is a bool, not int
                help: write what is true or false, such as a comparison: `value != ""`
            slot.booked ? 1 : 2 : int
              0 `slot.booked` WrongType: a condition is a bool, not int
                help: write what is true or false, such as a comparison: `value != ""`
            any ? 1 : 'a' : any
              10 `'a'` WrongType: the other value of the condition is int, this one is string
                help: make them one type, or write `dyn(...)` around one of them
            any ? 1 : any ? 'a' : 2 : any
              16 `'a'` WrongType: the other value of the condition is int, this one is string
                help: make them one type, or write `dyn(...)` around one of them
            slot.tags.all(tag, tag) : bool
              19 `tag` WrongType: a condition is a bool, not string
                help: write what is true or false, such as a comparison: `value != ""`
            slot.tags.map(tag, tag, 1) : list<int>
              19 `tag` WrongType: a condition is a bool, not string
                help: write what is true or false, such as a comparison: `value != ""`
        "#]],
    );
}

#[test]
fn wrong_arguments_are_told() {
    check(
        &[
            "'a'.charAt('b')",
            "slot.booked.startsWith('a')",
            "size(slot.booked)",
            "slot.tags.join(1)",
            "math.greatest(1, 'a')",
            "duration(1)",
            "'a'.substring('b', true)",
            "pair(1, 'a')",
            "[[1]].sort()",
            "'a'.substring(1, 'b')",
            "slot.booked.getHours()",
        ],
        expect![[r#"
            'a'.charAt('b') : any
              11 `'b'` WrongType: `charAt` takes int, not string
            slot.booked.startsWith('a') : any
              0 `slot.booked` WrongType: `startsWith` is called on string, not on int
                help: convert it: `string(slot.booked)`
            size(slot.booked) : any
              5 `slot.booked` WrongType: `size` takes string, bytes, list or map, not int
            slot.tags.join(1) : any
              15 `1` WrongType: `join` takes string, not int
                help: convert it: `string(1)`
            math.greatest(1, 'a') : any
              17 `'a'` WrongType: `math.greatest` compares numbers, not string
            duration(1) : any
              9 `1` WrongType: `duration` takes duration or string, not int
            'a'.substring('b', true) : any
              14 `'b'` WrongType: `substring` takes int, not string
            pair(1, 'a') : any
              8 `'a'` WrongType: `pair` takes int, not string
            [[1]].sort() : any
              0 `[[1]]` WrongType: `sort` is not called on list<list<int>>
            'a'.substring(1, 'b') : any
              17 `'b'` WrongType: `substring` takes int, not string
            slot.booked.getHours() : any
              0 `slot.booked` WrongType: `getHours` is called on timestamp or duration, not on int
        "#]],
    );
}

#[test]
fn wrong_elements_and_keys_are_told() {
    check(
        &["slot.tags['a']", "counts[1]", "counts[?1]", "{1.5: 2}", "remote[1]"],
        expect![[r#"
        slot.tags['a'] : any
          10 `'a'` WrongType: a position is an int, not string
        counts[1] : any
          7 `1` WrongType: the keys of this map are string, not int
        counts[?1] : optional<any>
          8 `1` WrongType: the keys of this map are string, not int
        {1.5: 2} : map<any, int>
          1 `1.5` WrongType: a key is a string, int, uint or bool, not double
        remote[1] : any
          7 `1` WrongType: the keys of an http answer are string, not int
    "#]],
    );
}

#[test]
fn what_macros_do_not_go_over_is_told() {
    check(
        &[
            "slot.booked.all(x, x)",
            "slot.tags.map(tag, tag + 1)",
            "[1].sortBy(n, [n])",
            "slot.tags.transformMapEntry(i, tag, tag)",
        ],
        expect![[r#"
            slot.booked.all(x, x) : bool
              0 `slot.booked` WrongType: a macro goes over a list or map, not int
            slot.tags.map(tag, tag + 1) : list<any>
              25 `1` WrongType: `+` does not add string and int
                help: convert one: `string(...)`
            [1].sortBy(n, [n]) : list<int>
              14 `[n]` WrongType: a list cannot be sorted by list<int>
            slot.tags.transformMapEntry(i, tag, tag) : any
              36 `tag` WrongType: `transformMapEntry` collects maps, not string
        "#]],
    );
}

#[test]
fn what_is_no_optional_is_told() {
    check(
        &[
            "optional.of(1).orValue('a')",
            "slot.owner.orValue('a')",
            "[?1]",
            "{?'a': 1}",
            "slot.booked.optMap(n, n)",
            "optional.of(1).or(2)",
        ],
        expect![[r#"
            optional.of(1).orValue('a') : any
              23 `'a'` WrongType: the optional holds int, the value in its place is string
            slot.owner.orValue('a') : any
              0 `slot.owner` WrongType: an optional belongs here, not string or null
                help: write `.?` before the field, or `optional.of(...)`
            [?1] : list<any>
              2 `1` WrongType: an optional belongs here, not int
                help: write `.?` before the field, or `optional.of(...)`
            {?'a': 1} : map<string, any>
              7 `1` WrongType: an optional belongs here, not int
                help: write `.?` before the field, or `optional.of(...)`
            slot.booked.optMap(n, n) : optional<any>
              0 `slot.booked` WrongType: an optional belongs here, not int
                help: write `.?` before the field, or `optional.of(...)`
            optional.of(1).or(2) : optional<any>
              18 `2` WrongType: an optional belongs here, not int
                help: write `.?` before the field, or `optional.of(...)`
        "#]],
    );
}

#[test]
fn elements_that_may_be_null_and_ranges_of_a_wrong_kind_are_told() {
    check(
        &[
            "[1, null].sort()",
            "[[1], null].flatten()",
            "[slot.owner].join(',')",
            "[slot.owner].filter(x, x != null).distinct()",
            "input.sortBy(key, key)",
            "ref('Slot', ref('Person', 'a'))",
            "ref('Slot', ref('Slot', 'a'))",
        ],
        expect![[r#"
            [1, null].sort() : list<int>
              0 `[1, null]` MayBeNull: elements of `[1, null]` may be null, and `sort` needs values
                help: leave them out: `[1, null].filter(x, x != null)`
            [[1], null].flatten() : list<int>
              0 `[[1], null]` MayBeNull: elements of `[[1], null]` may be null, and `flatten` needs values
                help: leave them out: `[[1], null].filter(x, x != null)`
            [slot.owner].join(',') : string
              0 `[slot.owner]` MayBeNull: elements of `[slot.owner]` may be null, and `join` needs values
                help: leave them out: `[slot.owner].filter(x, x != null)`
            [slot.owner].filter(x, x != null).distinct() : list<string>
            input.sortBy(key, key) : list<string>
              0 `input` WrongType: `sortBy` goes over a list, not input
            ref('Slot', ref('Person', 'a')) : ref<Slot>
              12 `ref('Person', 'a')` WrongType: this refers to an object of `Person`, not of `Slot`
                help: take its id: `ref('Person', 'a').id`
            ref('Slot', ref('Slot', 'a')) : ref<Slot>
        "#]],
    );
}
