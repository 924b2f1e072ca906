//! The workflow of most tests: it loads a counter, calls outside, and adds one to the counter.

use crate::engine::Engine;
use crate::server::Server;

/// Returns definitions with the workflow `count`, whose activity has these further keys (one line),
/// and the workflow `add`, which has neither a lock nor a call.
pub(crate) fn definitions(server: &Server, keys: &str) -> String {
    let url = server.url();
    format!(
        r#"
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
workflow: count
input:
  counter: {{ type: string, default: c1 }}
  note: {{ type: string, default: "" }}
activities:
  - activity: count
    {keys}
    steps:
      - load: {{ entity: Counter, id: "${{input.counter}}" }}
        as: counter
      - http: {{ method: POST, url: "{url}/count", body: {{ note: "${{input.note}}" }} }}
      - update: counter
        set: {{ value: "${{counter.value + 1}}" }}
output: "${{counter.value}}"
---
workflow: add
input:
  counter: {{ type: string, default: c1 }}
activities:
  - activity: add
    steps:
      - load: {{ entity: Counter, id: "${{input.counter}}" }}
        as: counter
      - update: counter
        set: {{ value: "${{counter.value + 1}}" }}
output: "${{counter.value}}"
"#
    )
}

/// Reads a counter, and checks that it was changed once for each that it counted.
pub(crate) async fn value(engine: &Engine, id: &str) -> i64 {
    let counter = engine.object("Counter", id).await.expect("the counter is there");
    let (value, version) = (&counter["value"], &counter["metadata"]["version"]);
    let (value, version) = (value.as_i64().unwrap(), version.as_i64().unwrap());
    assert_eq!(version, value + 1, "versions: 1 at creation, one more with each change");
    value
}
