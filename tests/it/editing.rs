//! Problems 3 and 4: whoever has not seen the latest version is told, and changes nothing.

use std::sync::Arc;

use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Ended, Engine, Written, ended, error_code, json};

async fn contacts() -> Engine {
    let written = Written::workflow("edit-contact.yaml");
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Contact", "c1", json!({"name": "Carol", "phone": "555-0100"})).await;
    engine
}

async fn save(engine: &Engine, by: &str, phone: &str, more: Json) -> Json {
    let mut input = json!({"contact": "c1", "version": 1, "phone": phone});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let started = engine.begin_by(by, "edit-contact", input).await;
    ended(started).await.expect("a conflict is an answer here, no error")
}

#[tokio::test]
async fn second_to_save_is_told_who_was_first_and_when() {
    let engine = contacts().await;
    let first = save(&engine, "ann", "555-0101", json!({})).await;
    assert_eq!(first, json!({"saved": true, "version": 2}));
    let second = save(&engine, "bob", "555-0102", json!({})).await;
    let contact = engine.object("Contact", "c1").await.expect("the contact is there");
    let told = json!({
        "saved": false,
        "version": 2,
        "changed_by": "ann",
        "changed_at": contact["metadata"]["modified_at"],
    });
    assert_eq!(second, told, "explained");
    assert_eq!(contact["phone"], json!("555-0101"), "no lost update");
    assert_eq!(contact["metadata"]["version"], json!(2), "nothing was written");
}

#[tokio::test]
async fn second_to_save_may_force_his_version() {
    let engine = contacts().await;
    save(&engine, "ann", "555-0101", json!({})).await;
    let forced = save(&engine, "bob", "555-0102", json!({"force": true})).await;
    assert_eq!(forced, json!({"saved": true, "version": 3}));
    let contact = engine.object("Contact", "c1").await.expect("the contact is there");
    assert_eq!(contact["phone"], json!("555-0102"), "he said so");
    assert_eq!(contact["metadata"]["modified_by"], json!("bob"));
    assert_eq!(contact["metadata"]["created_by"], json!("tester"), "kept");
}

#[tokio::test]
async fn of_many_who_save_at_once_one_is_first() {
    let engine = contacts().await;
    let save = |n: usize| json!({"contact": "c1", "version": 1, "phone": format!("555-{n:04}")});
    let endings = engine.run_all("edit-contact", (0..100).map(save).collect(), 100).await;
    let saved = |ended: &&Ended| ended.as_ref().expect("an answer")["saved"] == json!(true);
    assert_eq!(endings.iter().filter(saved).count(), 1, "no lost update: all had seen version 1");
}

async fn products() -> Engine {
    let written = Written::workflow("product-version.yaml");
    let engine = Engine::start(Arc::new(Memory::new()), &written).await;
    engine.seed("Product", "p1", json!({"name": "Desk lamp", "cents": 5900})).await;
    engine
}

async fn change(engine: &Engine, input: Json) -> Ended {
    let mut all = json!({"product": "p1"});
    all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    engine.run("product-version", all).await
}

async fn product(engine: &Engine) -> Json {
    engine.object("Product", "p1").await.expect("the product is there")
}

#[tokio::test]
async fn put_replaces_and_the_version_grows_by_one() {
    let engine = products().await;
    let before = product(&engine).await;
    assert_eq!(before["metadata"]["version"], json!(1), "versions start at 1");
    let put = json!({"method": "PUT", "version": 1, "name": "Lamp", "cents": 4900});
    let answer = change(&engine, put).await.expect("1 is the present version");
    let after = product(&engine).await;
    assert_eq!((&after["name"], &after["cents"]), (&json!("Lamp"), &json!(4900)));
    assert_eq!(after["metadata"]["version"], json!(2), "versions grow by 1");
    assert_eq!(after["metadata"]["created_at"], before["metadata"]["created_at"], "kept");
    for name in ["version", "created_at", "modified_at"] {
        assert_eq!(answer[name], after["metadata"][name], "what is told is what is stored: {name}");
    }
}

#[tokio::test]
async fn put_must_be_complete_and_carry_a_version() {
    let engine = products().await;
    for (input, code) in [
        (json!({"name": "Lamp", "cents": 4900}), "version.missing"),
        (json!({"version": 1, "name": "Lamp"}), "product.incomplete"),
        (json!({"method": "POST", "version": 1}), "method.unknown"),
    ] {
        let ended = change(&engine, input.clone()).await;
        assert_eq!(error_code(&ended), code, "{input}");
    }
    assert_eq!(product(&engine).await["metadata"]["version"], json!(1), "nothing was changed");
}

#[tokio::test]
async fn patch_changes_a_part_and_may_carry_a_version() {
    let engine = products().await;
    let patch = |more: Json| {
        let mut input = json!({"method": "PATCH"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    change(&engine, patch(json!({"cents": 3900}))).await.expect("without a version");
    change(&engine, patch(json!({"name": "Lamp", "version": 2}))).await.expect("with one");
    let product = product(&engine).await;
    assert_eq!((&product["name"], &product["cents"]), (&json!("Lamp"), &json!(3900)));
    assert_eq!(product["metadata"]["version"], json!(3));
}

#[tokio::test]
async fn stale_version_is_a_conflict_and_changes_nothing() {
    for method in ["PUT", "PATCH"] {
        let engine = products().await;
        let input = json!({"method": method, "version": 1, "name": "Lamp", "cents": 4900});
        change(&engine, input.clone()).await.expect("1 is the present version");
        let before = product(&engine).await;
        for version in [1, 3] {
            let mut input = input.clone();
            input["version"] = json!(version);
            input["name"] = json!("Chair");
            let failure = change(&engine, input).await.expect_err("2 is the present version");
            assert_eq!(&*failure.code, "data.conflict", "{method}: {}", failure.message);
            let details = json(&failure.details);
            assert_eq!(details["expected_version"], json!(version), "{method}: explained");
            assert_eq!(details["actual_version"], json!(2), "{method}: explained");
        }
        assert_eq!(product(&engine).await, before, "{method}: nothing was changed");
    }
}
