//! The lock of the whole system.

use expect_test::expect;

use super::check;

#[test]
fn the_whole_system_waits_for_all_and_all_wait_behind_it() {
    check(
        "a wants x, s wants *, b wants y, c wants z, a drops x, s drops *, d wants *",
        expect![[r#"
            a wants x: a has x as 1
            s wants *: waits, ticket 1, 0 ahead
            b wants y: waits, ticket 2, 1 ahead
            c wants z: waits, ticket 3, 1 ahead
            a drops x: s has * as 2
            s drops *: b has y as 3 c has z as 4
            d wants *: waits, ticket 4, 0 ahead
        "#]],
    );
}

#[test]
fn the_whole_system_shared_agrees_with_readers() {
    check(
        "a wants x shared, s wants * shared, b wants y shared, w wants y, s drops *, b drops y",
        expect![[r#"
            a wants x shared: a has x as 1
            s wants * shared: s has * as 2
            b wants y shared: b has y as 3
            w wants y: waits, ticket 1, 0 ahead
            s drops *: -
            b drops y: w has y as 4
        "#]],
    );
}

#[test]
fn whoever_holds_something_goes_before_one_who_wants_the_whole_system() {
    check(
        "a wants x, s wants *, a wants y, a drops x, a drops y, s wants q",
        expect![[r#"
        a wants x: a has x as 1
        s wants *: waits, ticket 1, 0 ahead
        a wants y: a has y as 2
        a drops x: -
        a drops y: s has * as 3
        s wants q: holds it as 3
    "#]],
    );
}

#[test]
fn a_cycle_over_the_whole_system_and_an_end_is_named() {
    check(
        "p wants x, p runs c, q wants y, q wants *, c wants y",
        expect![[r#"
        p wants x: p has x as 1
        p runs c: -
        q wants y: q has y as 2
        q wants *: waits, ticket 1, 0 ahead
        c wants y: cycle: q waits for *, p waits for the end of c
    "#]],
    );
}

#[test]
fn who_wants_the_whole_system_is_told_each_hold_once() {
    check(
        "a wants *, b wants *, b asks, a drops *, c wants x shared, c asks, b drops *, d wants *, d asks",
        expect![[r#"
            a wants *: a has * as 1
            b wants *: waits, ticket 1, 0 ahead
            b asks: * held by a
            a drops *: b has * as 2
            c wants x shared: waits, ticket 2, 0 ahead
            c asks: * held by b
            b drops *: c has x as 3
            d wants *: waits, ticket 3, 0 ahead
            d asks: x held by c
        "#]],
    );
}
