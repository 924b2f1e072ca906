//! A store file belongs to one process at a time.

use crate::binary::run;
use crate::shelf::Shelf;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_process_on_a_store_is_told_who_has_it() {
    let shelf = Shelf::new();
    let workflow = shelf.path("workflow.yaml");
    let text = "workflow: w\nactivities: [{ activity: a, steps: [{ log: here }] }]\n";
    std::fs::write(&workflow, text).expect("the folder can be written");
    let (workflow, url) = (workflow.to_str().unwrap(), shelf.url());
    let store = shelf.open().await;
    let told = run(&["run", workflow, "--store", &url]).await;
    assert_eq!(told.status, Some(3), "the store cannot be had: {told:?}");
    let pid = std::process::id().to_string();
    assert!(told.stderr.contains("is in use by"), "it says why: {}", told.stderr);
    assert!(told.stderr.contains(&pid), "it says by whom: {}", told.stderr);
    assert_eq!(told.stdout, "", "nothing was done");
    store.close().await.expect("the store can be closed");
    drop(store);

    let told = run(&["run", workflow, "--store", &url]).await;
    assert_eq!(told.status, Some(0), "the store is free again: {}", told.stderr);
}
