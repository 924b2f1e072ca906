//! Locks, page by page.

use std::time::Duration;

use lockstep_expr::Value;
use uuid::Uuid;

use super::*;
use crate::engine::Config;
use crate::event::{Event, LockRequest};

const NOW: Time = Time(1_000_000_000_000_000);

fn id(number: u64) -> InstanceId {
    InstanceId(Uuid::from_u128(u128::from(number)))
}

/// Has a client ask for a lock; it waits if that is not free.
fn ask(engine: &mut Engine, number: u64, key: &str, mode: LockMode) {
    let asked = LockRequest {
        request: number,
        lock: id(number),
        context: Value::from(key),
        mode,
        owner: format!("client {number}").into(),
        note: "".into(),
        taker: None,
        waiting_timeout: Duration::from_mins(1),
        time_to_live: Duration::from_mins(2),
    };
    engine.handle(NOW, Event::Lock(asked));
}

/// Locks `k0` to `k9`, each held, with as many waiters as its number tells.
fn ten() -> Engine {
    let mut engine = Engine::new(Config::new(1));
    for number in 0..10 {
        for waiter in 0..=number {
            ask(&mut engine, number * 100 + waiter, &format!("k{number}"), LockMode::Exclusive);
        }
    }
    engine
}

/// All pages of so many locks, as keys and lengths of their queues.
fn pages(engine: &Engine, order: LockOrder, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = engine.lock_page(&LockPage { order, after, limit, first: 1 });
        let Some(last) = page.last() else { return pages };
        after = Some(LockMark { waiting: last.waiting, key: Arc::clone(&last.key) });
        assert!(page.iter().all(|lock| lock.holders.len() <= 1 && lock.waiters.len() <= 1));
        let told = page.iter().map(|lock| format!("{} {}", lock.key, lock.waiting));
        pages.push(told.collect());
    }
}

#[test]
fn locks_are_told_page_by_page_in_either_order() {
    let engine = ten();
    let by_key = pages(&engine, LockOrder::Key, 4);
    assert_eq!(by_key.iter().map(Vec::len).collect::<Vec<usize>>(), [4, 4, 2]);
    assert_eq!(by_key.concat().first().map(String::as_str), Some("\"k0\" 0"));
    let hottest = pages(&engine, LockOrder::Waiting, 3).concat();
    let expected: Vec<String> = (0..10).rev().map(|it| format!("\"k{it}\" {it}")).collect();
    assert_eq!(hottest, expected);
    assert_eq!(engine.locks().len(), 10);
    assert!(pages(&engine, LockOrder::Key, 0).is_empty());
}

#[test]
fn waiters_are_told_page_by_page_and_none_is_left_out_when_the_first_ones_go() {
    let mut engine = ten();
    let key: Arc<str> = "\"k9\"".into();
    let first = engine.lock_view(&key, None, 4);
    assert_eq!((first.waiting, first.before, first.waiters.len()), (9, 0, 4));
    let last = first.waiters.last().expect("there are four");
    assert_eq!((last.who, last.client.as_deref()), (id(904), Some("client 904")));
    let mark = WaiterMark { ticket: last.ticket, priority: last.priority };
    engine.handle(NOW, Event::Cancel { instance: id(901), reason: "gone".to_owned() });
    let rest = engine.lock_view(&key, Some(mark), 100);
    assert_eq!((rest.waiting, rest.before), (8, 3), "one of four has gone");
    assert_eq!(rest.waiters.first().map(|waiter| waiter.who), Some(id(905)));
    assert_eq!(rest.waiters.len(), 5);
}

#[test]
fn a_clients_lock_is_explained_while_it_waits_and_while_it_holds() {
    let engine = ten();
    let holder = engine.client(id(900)).expect("it holds");
    assert!(matches!(holder.stage, ClientStage::Held(_)), "{holder:?}");
    let waiter = engine.client(id(903)).expect("it waits");
    let ClientStage::Waits(wait) = waiter.stage else { panic!("{waiter:?}") };
    assert_eq!((wait.ahead, wait.until), (2, NOW.after(Duration::from_mins(1))));
    assert_eq!(wait.obstacles.first().and_then(|it| it.client.as_deref()), Some("client 900"));
    assert!(engine.client(id(1)).is_none(), "nobody has that");
}

#[test]
fn a_free_lock_has_neither_holders_nor_waiters() {
    let free = ten().lock_view(&"\"other\"".into(), None, 10);
    assert_eq!((free.holding, free.waiting, free.system_is_held), (0, 0, false));
}

#[test]
fn many_holders_in_the_way_are_cut() {
    let mut engine = Engine::new(Config::new(1));
    let many = u64::try_from(crate::explain::MAX_OBSTACLES).expect("a small number") + 1;
    for number in 1..=many {
        ask(&mut engine, number, "k", LockMode::Shared);
    }
    ask(&mut engine, many + 1, "k", LockMode::Exclusive);
    let waiter = engine.client(id(many + 1)).expect("it waits");
    let ClientStage::Waits(wait) = waiter.stage else { panic!("{waiter:?}") };
    assert_eq!(wait.obstacles.len(), crate::explain::MAX_OBSTACLES);
    assert!(wait.obstacles_are_cut);
}
