//! The table of routes: who may do what.

use expect_test::expect;

use super::*;
use crate::document::operations;

#[test]
fn the_table_says_who_may_do_what() {
    let rows = routes().into_iter().map(|mut route| {
        let (role, path) = (route.needs.name(), route.path);
        let methods = operations(&mut route.described).map(|(method, _)| method);
        format!("{:6} {path:46} {role}\n", methods.collect::<Vec<_>>().join(" "))
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort_by(|one, other| one.split_at(7).1.cmp(other.split_at(7).1));
    expect![[r#"
        GET    /                                              anyone
        GET    /assets/{folder}/{name}                        anyone
        GET    /assets/{name}                                 anyone
        GET    /healthz                                       anyone
        GET    /metrics                                       viewer
        GET    /readyz                                        anyone
        GET    /v1/caller                                     viewer
        GET    /v1/definitions                                viewer
        PUT    /v1/definitions/{name}                         admin
        DELETE /v1/definitions/{name}                         admin
        GET    /v1/definitions/{name}                         viewer
        POST   /v1/entities/{entity}/objects                  starter
        GET    /v1/entities/{entity}/objects                  viewer
        PUT    /v1/entities/{entity}/objects/{id}             starter
        PATCH  /v1/entities/{entity}/objects/{id}             starter
        DELETE /v1/entities/{entity}/objects/{id}             starter
        GET    /v1/entities/{entity}/objects/{id}             viewer
        GET    /v1/events                                     viewer
        GET    /v1/instances                                  viewer
        GET    /v1/instances/{id}                             viewer
        GET    /v1/instances/{id}/explain                     viewer
        GET    /v1/instances/{id}/journal                     viewer
        POST   /v1/instances/{id}/signals/{name}              starter
        POST   /v1/instances/{id}:cancel                      operator
        POST   /v1/instances/{id}:retry                       operator
        GET    /v1/locks                                      viewer
        GET    /v1/locks/{key}                                viewer
        POST   /v1/locks/{key}:acquire                        starter
        POST   /v1/locks/{key}:break                          operator
        POST   /v1/locks/{key}:release                        starter
        POST   /v1/locks/{key}:renew                          starter
        GET    /v1/openapi.json                               anyone
        GET    /v1/overview                                   viewer
        GET    /v1/tasks                                      viewer
        POST   /v1/tasks/{id}:complete                        worker
        POST   /v1/tasks/{id}:fail                            worker
        POST   /v1/tasks/{id}:heartbeat                       worker
        POST   /v1/tasks:complete                             worker
        POST   /v1/tasks:poll                                 worker
        GET    /v1/triggers                                   viewer
        POST   /v1/webhooks/{name}                            anyone
        POST   /v1/workflows/{workflow}/instances             starter
        POST   /v1/workflows/{workflow}/instances:batch       starter
    "#]]
    .assert_eq(&rows.concat());
}

#[test]
fn who_only_looks_changes_nothing() {
    for mut route in routes() {
        for (method, _) in operations(&mut route.described) {
            assert!(route.needs != Role::Viewer || method == "GET", "{method} {}", route.path);
        }
    }
}

#[test]
fn a_role_grants_what_it_is_for() {
    let granted = Role::ALL.map(|role| Role::ALL.map(|needed| role.grants(needed)));
    assert_eq!(
        granted,
        [
            [true, false, false, false, false, false],
            [true, true, false, false, false, false],
            [true, true, true, false, false, false],
            [true, true, false, true, false, false],
            [true, true, false, false, true, false],
            [true, true, true, true, true, true],
        ]
    );
}
