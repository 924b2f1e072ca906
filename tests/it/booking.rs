//! Problem 2: the last place of a timeslot, and a calendar that belongs to another system.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::engine::{Engine, Written, split};
use crate::patience::stopwatch;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const CUSTOMERS: usize = 200;

async fn engine(shelf: &Shelf, server: &Server) -> Engine {
    let written = Written::workflow("last-place.yaml").configured("calendar", &server.url());
    Engine::start(shelf.open().await, &written).await
}

fn timeslot(places: usize) -> Json {
    json!({"starts_at": "2030-01-07T09:00:00Z", "places": places})
}

async fn appointments(engine: &Engine) -> usize {
    let found = engine.store().query("Appointment".into(), None, 10_000).await;
    found.expect("the store answers").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_place_is_given_once_and_the_calendar_is_called_once() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let engine = engine(&shelf, &server).await;
    engine.seed("Timeslot", "monday-9", timeslot(1)).await;
    let booking = |n: usize| json!({"timeslot": "monday-9", "customer": format!("c{n}")});
    let inputs = (0..CUSTOMERS).map(booking).collect();
    let endings = engine.run_all("last-place", inputs, CUSTOMERS).await;
    let (booked, full) = split(&endings, "timeslot.full");
    assert_eq!((booked, full), (1, 199), "mutual exclusion: one place, one booking");
    assert_eq!(server.requests().len(), 1, "nobody else calls the calendar");
    assert_eq!(appointments(&engine).await, 1, "the others leave nothing behind");
    let slot = engine.object("Timeslot", "monday-9").await.expect("the timeslot is there");
    assert_eq!(slot["booked"], json!(1), "no lost update");
    let message = &endings.iter().find_map(|ended| ended.as_ref().err()).expect("199").message;
    assert_eq!(message, "No place is left at 2030-01-07T09:00:00Z.", "the customer is told why");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bookings_of_different_timeslots_do_not_wait_for_each_other() {
    const CALL: Duration = Duration::from_millis(200);
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::after(CALL)).await);
    let engine = engine(&shelf, &server).await;
    for n in 0..CUSTOMERS {
        engine.seed("Timeslot", &format!("t{n}"), timeslot(1)).await;
    }
    let booking = |n: usize| json!({"timeslot": format!("t{n}"), "customer": "ann"});
    let inputs = (0..CUSTOMERS).map(booking).collect();
    let elapsed = stopwatch();
    let endings = engine.run_all("last-place", inputs, CUSTOMERS).await;
    let elapsed = elapsed();
    assert!(endings.iter().all(Result::is_ok), "every timeslot has a place");
    assert_eq!(server.requests().len(), CUSTOMERS, "each booking calls the calendar");
    let serial = CALL * 200;
    assert!(elapsed < serial / 10, "they wait for each other: {elapsed:?} of {serial:?}");
    engine.stop().await.expect("the engine stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seat_is_never_given_twice_even_without_a_lock() {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::ok()).await);
    let engine = engine(&shelf, &server).await;
    engine.seed("Timeslot", "monday-9", timeslot(3)).await;
    // Someone has written the first seat's appointment without counting it.
    let taken = json!({"timeslot": "monday-9", "seat": 1, "customer": "carol"});
    engine.seed("Appointment", "a1", taken).await;
    let input = json!({"timeslot": "monday-9", "customer": "ann"});
    let ended = engine.run("last-place", input).await;
    let failure = ended.expect_err("the unique constraint refuses it");
    assert_eq!(&*failure.code, "data.unique", "{}", failure.message);
    assert_eq!(appointments(&engine).await, 1, "a refused commit leaves nothing behind");
    let slot = engine.object("Timeslot", "monday-9").await.expect("the timeslot is there");
    assert_eq!(slot["booked"], json!(0), "a refused commit leaves nothing behind");
    engine.stop().await.expect("the engine stops");
}
