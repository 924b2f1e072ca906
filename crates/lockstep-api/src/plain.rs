//! Any JSON: inputs, outputs, details. It is passed on as text and not looked into.

use std::borrow::Cow;

use lockstep_expr::{Value, json};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType};
use utoipa::{PartialSchema, ToSchema};

/// Any JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plain(Box<RawValue>);

impl Plain {
    /// Returns the JSON as text.
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl From<&Value> for Plain {
    fn from(value: &Value) -> Self {
        let text = RawValue::from_string(json::to_json(value));
        Self(text.unwrap_or_else(|_| to_raw_value(&()).expect("null can be written")))
    }
}

impl From<Box<RawValue>> for Plain {
    fn from(text: Box<RawValue>) -> Self {
        Self(text)
    }
}

impl Eq for Plain {}

impl PartialEq for Plain {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl ToSchema for Plain {
    fn name() -> Cow<'static, str> {
        "Plain".into()
    }
}

impl PartialSchema for Plain {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        any.description(Some("Any JSON.")).into()
    }
}
