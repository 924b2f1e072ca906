//! Objects as they are written and read.

use lockstep_core::{ObjectKey, Time};
use lockstep_expr::json;

use super::*;

fn object(attributes: &[(&str, Value)]) -> lockstep_core::Object {
    let mut map = Map::new();
    for (name, value) in attributes {
        map.insert(*name, value.clone());
    }
    lockstep_core::Object {
        key: ObjectKey { entity: "Contact".into(), id: "c1".into() },
        version: 3,
        stamp: 7,
        created_at: Time(1_000_000_000_000_000),
        created_by: "ann".into(),
        modified_at: Time(1_000_000_001_500_000),
        modified_by: "bob".into(),
        attributes: map,
    }
}

fn text(map: Map) -> String {
    json::to_json(&Value::from(map))
}

fn read(text: &str) -> Result<ObjectChange, String> {
    match json::from_json(text) {
        Ok(Value::Map(sent)) => ObjectChange::read(&sent, "Contact"),
        other => Err(format!("{text} is no object: {other:?}")),
    }
}

#[test]
fn what_is_received_can_be_sent_back() {
    let object = object(&[("name", Value::from("Carol")), ("calls", Value::Int(2))]);
    let written = serde_json::to_string(&Object::from(&object)).expect("it can be written");
    assert_eq!(
        written,
        r#"{"entity":"Contact","id":"c1","name":"Carol","calls":2,"metadata":{"version":3,"created_at":"2001-09-09T01:46:40Z","created_by":"ann","modified_at":"2001-09-09T01:46:41.5Z","modified_by":"bob"}}"#
    );
    let read_back: Object = serde_json::from_str(&written).expect("it can be read");
    assert_eq!(read_back, Object::from(&object));
    let change = read(&written).expect("it can be sent back");
    assert_eq!((change.id.as_deref(), change.version), (Some("c1"), Some(3)));
    assert_eq!(text(change.attributes), text(object.attributes));
}

#[test]
fn an_attribute_called_entity_is_kept() {
    let object = object(&[("entity", Value::from("ACME"))]);
    let written = serde_json::to_string(&Object::from(&object)).expect("it can be written");
    assert!(written.starts_with(r#"{"id":"c1","entity":"ACME""#), "{written}");
    let change = read(&written).expect("it can be sent back");
    assert_eq!(text(change.attributes), text(object.attributes));
}

#[test]
fn what_is_no_object_is_told() {
    for (sent, told) in [
        (r#"{"id": 1}"#, "`id` is a text"),
        (r#"{"metadata": null}"#, "`metadata` is an object, with a `version`"),
        (r#"{"metadata": {"version": "1"}}"#, "`metadata.version` is a whole number, from 1"),
        (r#"{"metadata": {"version": 0}}"#, "`metadata.version` is a whole number, from 1"),
        (r#"{"metadata": {"versoin": 1}}"#, "metadata has no \"versoin\""),
    ] {
        assert_eq!(read(sent).expect_err(sent), told);
    }
    assert_eq!(read(r#"{"metadata": {}}"#).map(|change| change.version), Ok(None));
}
