//! Instances that run others, in the lock table.

use expect_test::expect;

use super::check;

#[test]
fn a_child_holds_beside_its_ancestors() {
    check(
        "p wants x, p runs c, c runs d, d wants x, e wants x, c wants x, d drops x, c wants x, \
         p drops x, c drops x",
        expect![[r#"
            p wants x: p has x as 1
            p runs c: -
            c runs d: -
            d wants x: d has x as 2
            e wants x: waits, ticket 1, 0 ahead
            c wants x: waits, ticket 2, 1 ahead
            d drops x: c has x as 3
            c wants x: holds it as 3
            p drops x: -
            c drops x: e has x as 4
        "#]],
    );
}

#[test]
fn a_child_goes_before_one_who_waits_for_its_parent() {
    check(
        "p wants x, q wants z, w wants x z, p runs c, c wants z, q drops z",
        expect![[r#"
        p wants x: p has x as 1
        q wants z: q has z as 2
        w wants x z: waits, ticket 1, 0 ahead
        p runs c: -
        c wants z: waits, ticket 2, 1 ahead
        q drops z: c has z as 3
    "#]],
    );
}

#[test]
fn a_grant_to_a_parent_lets_its_child_go_first() {
    check(
        "p runs c, h wants x, v wants x, p wants x, c wants x, h drops x, v drops x",
        expect![[r#"
            p runs c: -
            h wants x: h has x as 1
            v wants x: waits, ticket 1, 0 ahead
            p wants x: waits, ticket 2, 1 ahead
            c wants x: waits, ticket 3, 2 ahead
            h drops x: v has x as 2
            v drops x: p has x as 3 c has x as 4
        "#]],
    );
}

#[test]
fn a_fence_never_falls_while_something_is_held() {
    check(
        "a calls, a wants x, a wants y, a drops y, a calls, a runs b, b calls, b runs c, c wants z, \
         c drops z, c calls, a calls, d wants z, d calls, a drops x, a calls, c calls, a wants y, \
         a calls",
        expect![[r#"
            a calls: -
            a wants x: a has x as 1
            a wants y: a has y as 2
            a drops y: -
            a calls: as 2
            a runs b: -
            b calls: as 2
            b runs c: -
            c wants z: c has z as 3
            c drops z: -
            c calls: as 3
            a calls: as 3
            d wants z: d has z as 4
            d calls: as 4
            a drops x: -
            a calls: -
            c calls: -
            a wants y: a has y as 5
            a calls: as 5
        "#]],
    );
}
