//! Marks of schedules: a store that looks at what is there when a mark moves, and can fail then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lockstep_core::Time;
use lockstep_core::transition::{Outcome, Transition};
use lockstep_runner::Options;
use lockstep_store::{InstanceFilter, Store, StoreError, StoreFuture};

use crate::engine::{Engine, Written};
use crate::patience::until;
use crate::shelf::Shelf;
use crate::store_around::{Manner, StoreAround};

const TICK: &str = r#"
workflow: tick
input: { time: timestamp }
on:
  - schedule: { cron: "* * * * * *", missed: all }
    input: { time: "${schedule.time}" }
activities: [{ activity: log, steps: [{ log: "${string(input.time)}" }] }]
"#;

/// Looks at marks that move.
#[derive(Debug, Default)]
struct Marks {
    fails: AtomicBool,
    failed: AtomicUsize,
    moved: AtomicUsize,
    /// Marks that moved behind a time which has no instance.
    without: Mutex<Vec<String>>,
}

impl Manner for Marks {
    fn commit<'a>(
        &'a self,
        inner: &'a dyn Store,
        batch: Vec<Transition>,
    ) -> StoreFuture<'a, Vec<Outcome>> {
        inner.commit(batch)
    }

    fn put_marks<'a>(
        &'a self,
        inner: &'a dyn Store,
        marks: Vec<(Arc<str>, Option<Time>)>,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let known: BTreeMap<Arc<str>, Time> = inner.marks().await?.into_iter().collect();
            for (name, mark) in &marks {
                let (Some(mark), true) = (mark, known.contains_key(name)) else { continue };
                self.moved.fetch_add(1, Ordering::SeqCst);
                let key = format!("{name}/{}", mark.timestamp());
                if inner.started(key.as_str().into()).await?.is_none() {
                    self.without.lock().expect("nobody panicked").push(key);
                }
                if self.fails.load(Ordering::SeqCst) {
                    self.failed.fetch_add(1, Ordering::SeqCst);
                    return Err(StoreError::Stopped);
                }
            }
            inner.put_marks(marks).await
        })
    }

    /// Leaves the inner store open, for the next engine.
    fn close<'a>(&'a self, _: &'a dyn Store) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

async fn engine(store: Arc<dyn Store>) -> Engine {
    let options = Options { triggers: true, ..Options::default() };
    Engine::with(store, &Written::text(TICK), options).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_moves_behind_what_is_durable_and_what_it_did_not_reach_is_not_started_twice() {
    let shelf = Shelf::new();
    let inner = shelf.open().await;
    let store = StoreAround::<Marks>::on(Arc::clone(&inner));
    let first = engine(Arc::<StoreAround<Marks>>::clone(&store)).await;
    until("a mark moves", async || store.moved.load(Ordering::SeqCst) > 0).await;
    store.fails.store(true, Ordering::SeqCst);
    until("a mark is lost", async || store.failed.load(Ordering::SeqCst) > 0).await;
    drop(first.stop().await);
    store.fails.store(false, Ordering::SeqCst);
    let moved = store.moved.load(Ordering::SeqCst);
    let second = engine(Arc::<StoreAround<Marks>>::clone(&store)).await;
    // The time whose mark was lost, and the next one.
    until("two marks move", async || store.moved.load(Ordering::SeqCst) > moved + 1).await;
    second.stop().await.expect("it ends");
    let without = store.without.lock().expect("nobody panicked").clone();
    assert!(without.is_empty(), "marks behind times without an instance: {without:?}");
    let page = inner.instances(InstanceFilter::default(), 1000).await.expect("they are read");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for stored in page.instances {
        *counts.entry(stored.row.expect("it is readable").input.to_string()).or_default() += 1;
    }
    assert!(counts.len() >= 2, "{counts:?}");
    assert!(counts.values().all(|count| *count == 1), "each time has one instance: {counts:?}");
}
