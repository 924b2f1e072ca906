//! A shop that embeds the engine: two customers want the last lamp at the same time, and a function
//! of this program charges the card of the one who gets it.
//!
//! ```sh
//! cargo run -p lockstep --example embed                   # leaves nothing behind
//! cargo run -p lockstep --example embed -- sqlite://shop.db
//! ```

use std::io::{self, Write as _};

use lockstep::{Engine, Error, Failure, Task};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the workflow gives to `charge-card`.
#[derive(Deserialize)]
struct Charge {
    customer: String,
    cents: u64,
}

/// Charges a card. A real one would give the idempotency key to the bank, which then charges once,
/// however often this is called.
async fn charge_card(task: Task) -> Result<Value, Failure> {
    let charge: Charge = task.input()?;
    if charge.customer.is_empty() {
        return Err(Failure::new("card.unknown", "nobody has no card"));
    }
    Ok(json!({ "receipt": format!("{} cents, {}", charge.cents, task.idempotency_key) }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::args().nth(1).unwrap_or_else(|| "sqlite::memory:".to_owned());
    let definitions = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/embed/shop.yaml");
    let engine = Engine::builder()
        .store(&store)
        .definitions(definitions)
        .activity("charge-card", charge_card)
        .start()
        .await?;

    // The key makes it safe to start this program again: the goods come in once.
    engine.start_once("first-lamp", "stock", json!({ "item": "lamp" })).await?.output().await?;

    let mut out = io::stdout();
    let mut orders = Vec::new();
    for customer in ["ann", "bob"] {
        orders.push(engine.start("buy", json!({ "item": "lamp", "customer": customer })).await?);
    }
    for order in orders {
        match order.output().await {
            Ok(output) => writeln!(out, "sold: {output}")?,
            Err(Error::Failed(failure)) => writeln!(out, "not sold: {failure}")?,
            Err(error) => return Err(error.into()),
        }
    }
    engine.stop().await?;
    Ok(())
}
