//! Outside calls: their answers, how long they take, and what they outlive.

use super::*;

#[test]
fn answers_take_their_time_on_the_virtual_clock() {
    let activities = r#"
  - activity: call
    steps:
      - http: { method: POST, url: "http://h/x", body: { a: 1 } }
        as: remote
        retry: { max_attempts: 3, backoff: 1s, factor: 2 }
      - exec: { program: charge, args: ["${remote.body.id}"] }
        as: charged
output: "${charged.output}"
"#;
    let mocks = r#"[
        {"url": "http://h/*", "status": 503, "times": 1, "takes": "100ms"},
        {"url": "http://h/*", "method": "GET", "error": "never"},
        {"url": "http://h/*", "error": "http.refused", "message": "no route", "times": 1},
        {"url": "http://h/*", "body": {"id": "r1"}, "takes": "5s"},
        {"program": "charge", "output": {"paid": true}}
    ]"#;
    told(
        activities,
        mocks,
        expect![[r#"
        0 call: call 1 POST http://h/x = http.status
        1100 call: call 2 POST http://h/x = http.refused
        3100 call: call 3 POST http://h/x = {"status": 200, "headers": {}, "body": {"id": "r1"}}
        8100 call: call 1 charge ["r1"] = {"exit_code": 0, "output": {"paid": true}}
        8100 done {"paid": true}
    "#]],
    );
    told(
        activities,
        "[]",
        expect![[r#"
        0 call: call 1 POST http://h/x = {"status": 200, "headers": {}, "body": {}} (assumed)
        0 expr.no_such_key: the map has no key `id` (in `remote.body.id`)
    "#]],
    );
}

#[test]
fn call_that_outlives_the_hold_timeout_loses_the_lock() {
    let activities = r#"
  - activity: slow
    exclusive_lock: { context: '"k"', hold_timeout: 2s }
    steps:
      - load: { entity: Item, id: a }
        as: item
      - http: { url: "http://h/" }
      - update: item
        set: { n: 1 }
    catch:
      - error: lock.lost
        steps:
          - log: "lost: ${error.code}"
"#;
    told(
        activities,
        r#"[{"url": "*", "takes": "3s"}]"#,
        expect![[r#"
            0 slow: lock Some("\"k\"") "k" after 0ns
            0 slow: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
            0 slow: call 1 GET http://h/ = {"status": 200, "headers": {}, "body": {}}
            2000 slow: CallEnded
            2000 slow: LockLost { key: "\"k\"" }
            2000 slow: Caught { error: "lock.lost" }
            2000 slow: Logged("lost: lock.lost")
            2000 done null
        "#]],
    );
    told(
        activities,
        r#"[{"url": "*", "takes": "1999ms"}]"#,
        expect![[r#"
        0 slow: lock Some("\"k\"") "k" after 0ns
        0 slow: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
        0 slow: call 1 GET http://h/ = {"status": 200, "headers": {}, "body": {}}
        1999 slow: commit Item/a 1->2 {n 0->1}
        1999 done null
    "#]],
    );
}

#[test]
fn call_that_takes_longer_than_it_may_is_a_timeout() {
    told(
        r#"
  - activity: slow
    steps:
      - http: { url: "http://h/" }
        timeout: 1s
    retry: { max_attempts: 2, backoff: 10s }
"#,
        r#"[{"url": "*", "takes": "1h"}]"#,
        expect![[r#"
            0 slow: call 1 GET http://h/ = http.timeout
            1000 slow: Retried { error: "http.timeout" }
            11000 slow: call 1 GET http://h/ = http.timeout
            12000 http.timeout: http://h/ has not answered within 1s
        "#]],
    );
}
