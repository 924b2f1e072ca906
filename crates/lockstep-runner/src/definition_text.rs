//! Definitions as text: the form in which a store keeps them, and from which they are made again.
//!
//! ```json
//! {"sources": [["orders.yaml", "workflow: ..."]], "config": {"calendar": "http://localhost:8000"}}
//! ```
//!
//! Invariants:
//!
//! * The same files and the same configuration have the same id, on every machine; others have
//!   another one, so that an unfinished instance never goes on under text that it was not begun on.
//!
//! Absent by design: the checked form, which later versions of this program make anew.

use std::sync::Arc;

use lockstep_core::codec::{self, Exact};
use lockstep_definition::{Checked, Definitions, Source, check};
use lockstep_expr::Value;
use serde_json::Value as Json;
use uuid::Uuid;

/// Files, and what replaces values of the project's configuration.
#[derive(Clone, Debug, Default)]
pub struct DefinitionText {
    /// The files, in the order in which they are checked.
    pub sources: Vec<Source>,
    /// Values that stand in place of those in the `project:` document, by name.
    pub config: Vec<(Arc<str>, Value)>,
}

impl DefinitionText {
    /// Returns the text that a store keeps.
    pub fn encode(&self) -> String {
        let sources: Vec<Json> = self
            .sources
            .iter()
            .map(|source| Json::from(vec![&*source.path, &*source.text]))
            .collect();
        let config: serde_json::Map<String, Json> = self
            .config
            .iter()
            .map(|(name, value)| {
                let value = serde_json::to_value(Exact(value));
                (name.to_string(), value.expect("values have no keys that JSON cannot write"))
            })
            .collect();
        serde_json::json!({ "sources": sources, "config": config }).to_string()
    }

    /// Returns the identity of the text: a UUID of version 5 over it.
    ///
    /// It is made of 122 bits of a SHA-1. Two texts that share one by chance are not to be feared,
    /// and whoever makes two on purpose confuses only his own instances.
    pub fn id(&self) -> Arc<str> {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.encode().as_bytes()).to_string().into()
    }

    /// Reads a text that a store has kept; `None` if it is not of this form.
    pub fn decode(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        // A list alone is that of the files, without a configuration.
        let (sources, config) = match &json {
            Json::Array(_) => (&json, None),
            Json::Object(parts) => (parts.get("sources")?, parts.get("config")),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
        };
        let sources: Option<Vec<Source>> = sources
            .as_array()?
            .iter()
            .map(|source| match source.as_array()?.as_slice() {
                [path, text] => Some(Source::new(path.as_str()?, text.as_str()?)),
                _ => None,
            })
            .collect();
        let config: Option<Vec<(Arc<str>, Value)>> = match config {
            None => Some(Vec::new()),
            Some(config) => config
                .as_object()?
                .iter()
                .map(|(name, value)| Some((name.as_str().into(), codec::from_json(value, 0).ok()?)))
                .collect(),
        };
        Some(Self { sources: sources?, config: config? })
    }

    /// Checks the files and puts the configuration in place.
    pub fn check(&self) -> Checked {
        let mut checked = check(&self.sources);
        if let Some(definitions) = &mut checked.definitions {
            self.configure(definitions);
        }
        checked
    }

    fn configure(&self, definitions: &mut Definitions) {
        let present = &mut definitions.project.config;
        for (name, value) in &self.config {
            match present.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => known.clone_from(value),
                None => present.push((Arc::clone(name), value.clone())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(config: &[(&str, Value)]) -> DefinitionText {
        DefinitionText {
            sources: vec![Source::new(
                "a.yaml",
                "project: p\nconfig: { a: 1, b: two }\n---\nentity: E\nattributes: { x: int }\n",
            )],
            config: config.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
        }
    }

    #[test]
    fn text_comes_back_as_it_was_kept() {
        let kept = text(&[("a", Value::Uint(7)), ("c", Value::from(2.0))]);
        let read = DefinitionText::decode(&kept.encode()).expect("it was just written");
        assert_eq!(format!("{read:?}"), format!("{kept:?}"));
        assert_eq!(read.id(), kept.id());
    }

    #[test]
    fn configuration_replaces_the_value_in_the_project() {
        let definitions = text(&[("b", Value::from("2"))]).check().definitions.expect("no finding");
        let config: Vec<String> =
            definitions.project.config.iter().map(|(name, v)| format!("{name}={v}")).collect();
        assert_eq!(config, ["a=1", "b=\"2\""]);
    }

    #[test]
    fn other_configuration_has_another_id() {
        assert_ne!(text(&[]).id(), text(&[("a", Value::Int(2))]).id());
    }

    #[test]
    fn list_alone_is_that_of_the_files() {
        let read = DefinitionText::decode(r#"[["a.yaml", "entity: E"]]"#).expect("it is a list");
        assert_eq!(&*read.sources[0].path, "a.yaml");
        assert!(read.config.is_empty());
    }

    #[test]
    fn text_of_another_form_is_told() {
        for text in ["", "1", "{}", "[1]", r#"[["a"]]"#, r#"{"sources": [], "config": []}"#] {
            assert!(DefinitionText::decode(text).is_none(), "{text}");
        }
    }
}
