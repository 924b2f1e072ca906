//! What may be null, and what is known not to be.

use expect_test::expect;

use super::check;

#[test]
fn field_of_a_value_that_may_be_null_is_told() {
    check(
        &[
            "slot.person.id",
            "slot.person['id']",
            "has(slot.person.age)",
            "slot.owner.size()",
            "size(slot.owner)",
        ],
        expect![[r#"
            slot.person.id : string
              0 `slot.person` MayBeNull: `slot.person` may be null, which has no `id`
                help: test it first: `slot.person != null && ...`, or `slot.person == null ? ... : ...`
            slot.person['id'] : any
              0 `slot.person` WrongType: `slot.person` (Person) has no elements
                help: write the attribute's name behind a dot: `slot.person.id`
            has(slot.person.age) : bool
              4 `slot.person` MayBeNull: `slot.person` may be null, which has no `age`
                help: test it first: `slot.person != null && ...`, or `slot.person == null ? ... : ...`
            slot.owner.size() : int
              0 `slot.owner` MayBeNull: `slot.owner` may be null, and `size` needs a value
                help: test it first: `slot.owner != null && ...`, or `slot.owner == null ? ... : ...`
            size(slot.owner) : int
              5 `slot.owner` MayBeNull: `slot.owner` may be null, and `size` needs a value
                help: test it first: `slot.owner != null && ...`, or `slot.owner == null ? ... : ...`
        "#]],
    );
}

#[test]
fn key_whose_value_may_be_null_is_told() {
    check(
        &["has(input.note) && input.note.size() > 3", "input.?note.orValue('').size()"],
        expect![[r#"
            has(input.note) && input.note.size() > 3 : bool
              4 `input.note` MayBeNull: `has` asks for a key, and `input.note` has one though it is null
                help: write `input.note != null`
            input.?note.orValue('').size() : int
              0 `input.?note.orValue('')` MayBeNull: `input.?note.orValue('')` may be null, and `size` needs a value
                help: say what to take instead of null: `value == null ? other : value`
        "#]],
    );
}

#[test]
fn operand_that_may_be_null_is_told() {
    check(
        &[
            "slot.limit + 1",
            "-maybe",
            "[slot.limit].map(n, n * 2)",
            "'a' in slot.owner",
            "ref('Room', slot.owner)",
            "slot.tags[maybe]",
            "{maybe: 1}",
            "any ? maybe + 1 : 0",
        ],
        expect![[r#"
            slot.limit + 1 : int
              0 `slot.limit` MayBeNull: `slot.limit` may be null, and `+` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            -maybe : int
              1 `maybe` MayBeNull: `maybe` may be null, and `-` needs a value
                help: test it first: `maybe != null && ...`, or `maybe == null ? ... : ...`
            [slot.limit].map(n, n * 2) : list<int>
              20 `n` MayBeNull: `n` may be null, and `*` needs a value
                help: test it first: `n != null && ...`, or `n == null ? ... : ...`
            'a' in slot.owner : bool
              7 `slot.owner` WrongType: `in` looks in a list or the keys of a map, not in string
                help: look for a part of a text with `text.contains(part)`
            ref('Room', slot.owner) : ref<Room>
              12 `slot.owner` MayBeNull: `slot.owner` may be null, and `ref` needs a value
                help: test it first: `slot.owner != null && ...`, or `slot.owner == null ? ... : ...`
            slot.tags[maybe] : string
              10 `maybe` MayBeNull: `maybe` may be null, which is neither key nor position
                help: test it first: `maybe != null && ...`, or `maybe == null ? ... : ...`
            {maybe: 1} : map<int, int>
              1 `maybe` MayBeNull: `maybe` may be null, which is no key
                help: test it first: `maybe != null && ...`, or `maybe == null ? ... : ...`
            any ? maybe + 1 : 0 : int
              6 `maybe` MayBeNull: `maybe` may be null, and `+` needs a value
                help: test it first: `maybe != null && ...`, or `maybe == null ? ... : ...`
        "#]],
    );
}

#[test]
fn condition_holds_only_where_it_was_met() {
    check(
        &[
            "slot.limit < 3 && slot.limit > 1",
            "slot.limit != null || slot.limit > 3",
            "slot.limit == null && slot.limit > 3",
            "(slot.limit != null || any) && slot.limit > 3",
            "(slot.limit != null ? 1 : 2) + slot.limit",
            "slot.limit == null ? slot.limit + 1 : 0",
            "[1, null].all(n, n != null) && [null, 2].all(n, n > 1)",
        ],
        expect![[r#"
            slot.limit < 3 && slot.limit > 1 : bool
              0 `slot.limit` MayBeNull: `slot.limit` may be null, and `<` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            slot.limit != null || slot.limit > 3 : bool
              22 `slot.limit` MayBeNull: `slot.limit` may be null, and `>` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            slot.limit == null && slot.limit > 3 : bool
              22 `slot.limit` MayBeNull: `slot.limit` may be null, and `>` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            (slot.limit != null || any) && slot.limit > 3 : bool
              31 `slot.limit` MayBeNull: `slot.limit` may be null, and `>` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            (slot.limit != null ? 1 : 2) + slot.limit : int
              31 `slot.limit` MayBeNull: `slot.limit` may be null, and `+` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            slot.limit == null ? slot.limit + 1 : 0 : int
              21 `slot.limit` MayBeNull: `slot.limit` may be null, and `+` needs a value
                help: test it first: `slot.limit != null && ...`, or `slot.limit == null ? ... : ...`
            [1, null].all(n, n != null) && [null, 2].all(n, n > 1) : bool
              48 `n` MayBeNull: `n` may be null, and `>` needs a value
                help: test it first: `n != null && ...`, or `n == null ? ... : ...`
        "#]],
    );
}
