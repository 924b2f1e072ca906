//! The table of routes: who may do what.

use super::*;

#[test]
fn every_route_takes_a_role_and_only_health_takes_none() {
    for Route { method, path, needs, .. } in routes() {
        let is_health = matches!(path, "/healthz" | "/readyz");
        assert_eq!(needs == Role::Anyone, is_health, "{method:?} {path}");
        // Who only looks changes nothing.
        assert!(needs != Role::Viewer || method == MethodFilter::GET, "{method:?} {path}");
    }
}

#[test]
fn a_role_grants_what_it_is_for() {
    let roles = [Role::Anyone, Role::Viewer, Role::Starter, Role::Operator, Role::Admin];
    let granted = roles.map(|role| roles.map(|needed| role.grants(needed)));
    assert_eq!(
        granted,
        [
            [true, false, false, false, false],
            [true, true, false, false, false],
            [true, true, true, false, false],
            [true, true, false, true, false],
            [true, true, true, true, true],
        ]
    );
}
