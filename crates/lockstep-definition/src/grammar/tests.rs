//! Holds the grammar and the checker together, by asking the checker.

mod page;

use super::*;
use crate::{Code, Source, check};

/// For each kind of mapping a file that holds one, with `@` where a further key can stand.
fn places() -> Vec<(&'static Mapping, String)> {
    let activity = |inner: &str| format!("workflow: w\nactivities:\n- activity: a\n  {inner}\n");
    let step = |inner: &str| activity(&format!("steps: [ {inner} ]"));
    let on = |inner: &str| format!("workflow: w\non: [ {inner} ]\nactivities: []\n");
    vec![
        (DOCUMENTS[0], "workflow: w\n@\n".to_owned()),
        (DOCUMENTS[1], "entity: e\n@\n".to_owned()),
        (DOCUMENTS[2], "project: p\n@\n".to_owned()),
        (&DEFAULTS, "project: p\ndefaults: { @ }\n".to_owned()),
        (&INPUT, "workflow: w\ninput: { a: { @ } }\n".to_owned()),
        (&ATTRIBUTE, "entity: e\nattributes: { a: { @ } }\n".to_owned()),
        (&INVARIANT, "entity: e\nattributes: {}\ninvariants: [ { @ } ]\n".to_owned()),
        (&ACTIVITY, activity("@")),
        (&LOCK, activity("exclusive_lock: { @ }")),
        (&WORKFLOW_LOCK, "workflow: w\nexclusive_lock: { @ }\nactivities: []\n".to_owned()),
        (&NEXT, activity("next: { @ }")),
        (&CATCH, activity("catch: { @ }")),
        (&RETRY, activity("retry: { @ }")),
        (&STEP, step("{ @ }")),
        (&LOAD, step("{ load: { @ } }")),
        (&FIND, step("{ find: { @ } }")),
        (&EXPECT, step("{ delete: a, expect: { @ } }")),
        (&RAISE, step("{ raise: { @ } }")),
        (&HTTP, step("{ http: { @ } }")),
        (&EXEC, step("{ exec: { @ } }")),
        (&TASK, step("{ task: { @ } }")),
        (&WAIT, step("{ wait: { @ } }")),
        (&CALL, step("{ workflow: { @ } }")),
        (&TRIGGER, on("{ @ }")),
        (&SCHEDULE, on("{ schedule: { @ } }")),
        (&CHANGE, on("{ change: { @ } }")),
        (&WEBHOOK, on("{ webhook: { @ } }")),
    ]
}

/// All kinds of mappings, found from the documents.
fn mappings() -> Vec<&'static Mapping> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others hold no mapping")]
    fn of(shape: &'static Shape, found: &mut Vec<&'static Mapping>) {
        match shape {
            Shape::Mapping(mapping) if found.iter().all(|known| known.name != mapping.name) => {
                found.push(mapping);
                mapping.keys.iter().for_each(|key| of(&key.shape, found));
            }
            Shape::Map(_, inner) | Shape::List(_, inner) => of(inner, found),
            Shape::Either(shapes) => shapes.iter().for_each(|shape| of(shape, found)),
            Shape::Steps => of(&STEPS, found),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for document in DOCUMENTS {
        found.push(document);
        document.keys.iter().for_each(|key| of(&key.shape, &mut found));
    }
    found
}

/// What the checker says about a key in a place.
fn told(place: &str, key: &str) -> Vec<(Code, String, String)> {
    let text = place.replace('@', &format!("{key}: null"));
    check(&[Source::new("a.yaml", text)])
        .diagnostics
        .into_iter()
        .map(|told| (told.code, told.message, told.help.unwrap_or_default()))
        .collect()
}

#[test]
fn every_mapping_has_a_place() {
    let places: Vec<&str> = places().iter().map(|(mapping, _)| mapping.name).collect();
    for mapping in mappings() {
        let known = places.contains(&mapping.name) || mapping.keys.is_empty();
        assert!(known, "`{}` has no place", mapping.name);
    }
}

#[test]
fn checker_knows_every_key_of_the_grammar() {
    let mut wrong = Vec::new();
    for (mapping, place) in places() {
        for key in mapping.keys {
            let unknown = told(&place, key.name).into_iter().find(|(code, message, _)| {
                *code == Code::UnknownKey && message.contains(&format!("`{}`", key.name))
            });
            wrong.extend(unknown.map(|(_, message, _)| format!("{}: {message}", mapping.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The checker lists the keys of a mapping when it meets one that it does not know.
#[test]
fn grammar_has_as_many_keys_as_the_checker() {
    let mut wrong = Vec::new();
    for (mapping, place) in places() {
        // It is like no key, so there is no "did you mean".
        let help = told(&place, "zzzzzzzzzzzzzzzz")
            .into_iter()
            .find(|(code, ..)| *code == Code::UnknownKey)
            .map(|(_, _, help)| help)
            .unwrap_or_default();
        let more = help.rsplit_once(" and ").and_then(|(_, rest)| rest.strip_suffix(" more"));
        let more: usize = more.and_then(|more| more.parse().ok()).unwrap_or(0);
        let count = help.matches('`').count() / 2 + more;
        if count != mapping.keys.len() {
            wrong.push(format!("{}: {} keys, but {help:?}", mapping.name, mapping.keys.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_has_a_text_and_a_readable_default() {
    for mapping in mappings() {
        for key in mapping.keys {
            assert!(key.doc.ends_with('.'), "{}.{}: {}", mapping.name, key.name, key.doc);
            if let Some(default) = key.default {
                let read = serde_json::from_str::<serde_json::Value>(default);
                assert!(read.is_ok(), "{}.{}: {default}", mapping.name, key.name);
            }
        }
    }
}

#[test]
fn keys_that_stand_beside_others_exist() {
    for mapping in mappings() {
        for choosing in mapping.one_of {
            for name in choosing.beside.iter().chain(choosing.needs).chain([&choosing.key]) {
                assert!(mapping.key(name).is_some(), "{}.{name}", mapping.name);
            }
        }
    }
}
