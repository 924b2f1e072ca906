//! Writes from outside: the rig's part of it.

use std::sync::Arc;

use lockstep_expr::{Value, json};

use super::Rig;
use crate::event::Event;
use crate::{Edit, Failure, Object, ObjectKey, Write, codec};

impl Rig {
    /// `write create KEY [JSON]`, `write put|patch|delete KEY vN|* [JSON]`.
    pub(super) fn write(&mut self, words: &[&str]) {
        let [verb, key, rest @ ..] = words else { panic!("VERB ENTITY/ID, not {words:?}") };
        let (version, rest) = match rest {
            ["*", rest @ ..] => (None, rest),
            [version, rest @ ..] if *verb != "create" => {
                let version = version.strip_prefix('v').expect("vN or *");
                (Some(version.parse().expect("a version")), rest)
            }
            rest => (None, rest),
        };
        let given = || match json::from_json(&rest.join(" ")) {
            Ok(Value::Map(map)) => (*map).clone(),
            other => panic!("a JSON object, not {other:?}"),
        };
        let edit = match *verb {
            "create" => Edit::Create(given()),
            "put" => Edit::Replace(given()),
            "patch" => Edit::Merge(given()),
            "delete" => Edit::Delete,
            verb => panic!("a write is no {verb}"),
        };
        let (entity, id) = key.split_once('/').expect("ENTITY/ID");
        let key = ObjectKey { entity: entity.into(), id: id.into() };
        self.writes += 1;
        let request = self.writes;
        let by = format!("w{request}").into();
        self.engine.handle(self.now, Event::Write(Write { request, key, edit, version, by }));
    }

    pub(super) fn written(&mut self, request: u64, result: Result<Option<Arc<Object>>, Failure>) {
        let told = match result {
            Ok(None) => "deleted".to_owned(),
            Ok(Some(object)) => {
                let attributes = codec::encode_map(&object.attributes);
                let (key, version) = (&object.key, object.version);
                format!("{key} v{version} {attributes} by {}", object.modified_by)
            }
            Err(failure) => format!("{}: {}", failure.code, failure.message),
        };
        self.say(&format!("w{request}: {told}"));
    }
}
