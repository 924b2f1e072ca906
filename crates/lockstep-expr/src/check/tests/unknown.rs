//! Names, fields and functions that there are not.

use expect_test::expect;

use super::check;

#[test]
fn unknown_names_are_told() {
    check(
        &["slto.booked", "any.map(x, y)", "nothing + 1 < 2 && nothing", ".slto"],
        expect![[r#"
        slto.booked : any
          0 `slto` UnknownName: `slto` is not bound here
            help: did you mean `slot`?
        any.map(x, y) : list<any>
          11 `y` UnknownName: `y` is not bound here
        nothing + 1 < 2 && nothing : bool
          0 `nothing` UnknownName: `nothing` is not bound here
          19 `nothing` UnknownName: `nothing` is not bound here
        .slto : any
          0 `.slto` UnknownName: `slto` is not bound here
            help: did you mean `slot`?
    "#]],
    );
}

#[test]
fn unknown_fields_are_told() {
    check(
        &[
            "slot.boked < slot.places",
            "slot.room.floor",
            "slot.room.di",
            "input.custmer",
            "input['custmer']",
            "slot.zzz",
            "slot.person.nmae",
            "has(slot.boked)",
            "slot.?boked",
        ],
        expect![[r#"
            slot.boked < slot.places : bool
              5 `boked` UnknownField: `slot` (Timeslot) has no attribute `boked`
                help: did you mean `booked`?
            slot.room.floor : any
              10 `floor` UnknownField: a reference has an `id` and an `entity`, but no `floor`
                help: load the object first: `load: { entity: Room, id: ... }`
            slot.room.di : any
              10 `di` UnknownField: a reference has an `id` and an `entity`, but no `di`
                help: load the object first: `load: { entity: Room, id: ... }`
            input.custmer : any
              6 `custmer` UnknownField: `input` has no `custmer`
                help: did you mean `customer`?
            input['custmer'] : any
              6 `'custmer'` UnknownField: `input` has no `custmer`
                help: did you mean `customer`?
            slot.zzz : any
              5 `zzz` UnknownField: `slot` (Timeslot) has no attribute `zzz`
                help: it has `id`, `starts_at`, `places`, `booked`, `price`, `owner`, `limit`, `tags` and others
            slot.person.nmae : any
              12 `nmae` UnknownField: `slot.person` (Person) has no attribute `nmae`
                help: did you mean `name`?
            has(slot.boked) : bool
              9 `boked` UnknownField: `slot` (Timeslot) has no attribute `boked`
                help: did you mean `booked`?
            slot.?boked : optional<any>
              6 `boked` UnknownField: `slot` (Timeslot) has no attribute `boked`
                help: did you mean `booked`?
        "#]],
    );
}

#[test]
fn what_has_no_fields_is_told() {
    check(
        &[
            "slot.starts_at.year",
            "slot.owner.size",
            "slot.tags.length",
            "slot.booked.x",
            "slot.booked[0]",
            "slot['booked']",
            "null.x",
            "{1: 2}.x",
        ],
        expect![[r#"
            slot.starts_at.year : any
              15 `year` WrongType: `slot.starts_at` (timestamp) has no fields, so no `year`
                help: call the function: `slot.starts_at.getFullYear()`
            slot.owner.size : any
              11 `size` WrongType: `slot.owner` (string) has no fields, so no `size`
                help: call the function: `slot.owner.size()`
            slot.tags.length : any
              10 `length` WrongType: `slot.tags` (list<string>) has no fields, so no `length`
                help: call the function: `slot.tags.size()`
            slot.booked.x : any
              12 `x` WrongType: `slot.booked` (int) has no fields, so no `x`
            slot.booked[0] : any
              0 `slot.booked` WrongType: `slot.booked` (int) has no elements
            slot['booked'] : any
              0 `slot` WrongType: `slot` (Timeslot) has no elements
                help: write the attribute's name behind a dot: `slot.booked`
            null.x : any
              5 `x` WrongType: `null` (null) has no fields, so no `x`
            {1: 2}.x : any
              7 `x` WrongType: the keys of this map are int, so it has no `x`
        "#]],
    );
}

#[test]
fn unknown_functions_are_told() {
    check(
        &[
            "slot.tags.siez()",
            "frobnicate(1)",
            "size(1, 2)",
            "slot.tags.all(1)",
            "slot.tags.length()",
            "input.customer.toUpperCase()",
        ],
        expect![[r#"
            slot.tags.siez() : any
              10 `siez` UnknownFunction: there is no function `siez`
                help: did you mean `size`?
            frobnicate(1) : any
              0 `frobnicate` UnknownFunction: there is no function `frobnicate`
            size(1, 2) : any
              0 `size` WrongArguments: `size` takes 1 argument, not 2
            slot.tags.all(1) : any
              10 `all` WrongArguments: `all` is written as `list.all(item, condition)`
            slot.tags.length() : any
              10 `length` UnknownFunction: there is no function `length`
                help: did you mean `size`?
            input.customer.toUpperCase() : any
              15 `toUpperCase` UnknownFunction: there is no function `toUpperCase`
                help: did you mean `upperAscii`?
        "#]],
    );
}
