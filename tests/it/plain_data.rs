//! Values of types that JSON has no form for come in as plain data.

use serde_json::json;

use crate::engine::{Engine, Written, error_code};
use crate::shelf::Shelf;

#[tokio::test]
async fn inputs_of_every_type_are_taken_from_plain_data() {
    let shelf = Shelf::new();
    let text = r#"
workflow: take
input: { u: uint, b: bytes, d: double, t: timestamp, l: duration }
activities:
  - activity: look
    steps:
      - require: input.u + 1u == 8u && input.b == b"hi" && input.d * 2.0 == 6.0
      - require: input.t + input.l == timestamp("2026-01-01T01:00:00Z")
"#;
    let engine = Engine::start(shelf.open().await, &Written::text(text)).await;
    let given =
        |u: i64, b: &str| json!({"u": u, "b": b, "d": 3, "t": "2026-01-01T00:00:00Z", "l": "1h"});
    assert_eq!(engine.run("take", given(7, "aGk=")).await.unwrap(), json!(null));
    for wrong in [given(-7, "aGk="), given(7, "a!")] {
        let refused = engine.begin("take", wrong).await.ending().await;
        assert!(refused.is_err() || refused.is_ok_and(|ended| ended.is_err()));
    }
    assert_eq!(error_code(&engine.run("take", given(8, "aGk=")).await), "require.failed");
}
