//! The floor: what the store costs, and the core, each without the other.
//!
//! The core runs without a store and its batches are kept; then these batches, and nothing else, are
//! given to a store. So the floor writes the very rows that the engine writes.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::Outcome;
use lockstep_core::{Batch, Config, Effect, Engine, Event, InstanceId, Start, Time};
use lockstep_expr::{Expression, Template, Value};
use uuid::Uuid;

use super::load::count;
use super::{Bench, Error, counters, inputs};

/// Instances in the batches of a floor.
const INSTANCES: u64 = 100_000;

/// Instances whose batches are kept in memory at a time.
const KEPT: u64 = 10_000;

/// Times that each expression is evaluated.
const EVALUATIONS: u32 = 100_000;

/// Figures of one floor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floor {
    pub(crate) name: &'static str,
    /// Instances whose rows the store takes in a second.
    pub(crate) store_per_second: f64,
    /// Instances that the core runs in a second.
    pub(crate) core_per_second: f64,
}

impl Bench {
    pub(super) async fn floor(
        &self,
        name: &'static str,
        keys: u32,
        batch: u64,
    ) -> Result<Floor, Error> {
        let batch = batch.max(1);
        let store =
            lockstep_store::open(&self.store_path(&format!("floor {name}")).to_string_lossy())
                .await?;
        let mut engine = Engine::new(Config::new(store.raise_epoch().await?));
        let mut now = Time(self.clock.now().0);
        let definitions = Arc::clone(&self.definitions);
        engine.handle(now, Event::Publish { id: "bench".into(), definitions });
        engine.handle(now, Event::Import { by: "bench".into(), objects: counters(keys) });
        if let Some(batch) = engine.take_batch() {
            let outcomes = store.commit(batch).await?;
            engine.handle(now, Event::Judged(outcomes));
            drop(engine.take_effects());
        }
        let inputs = inputs(keys);
        let mut inputs = inputs.iter().cycle();
        let (mut in_core, mut in_store, mut instances) = (Duration::ZERO, Duration::ZERO, 0_u64);
        while instances < INSTANCES {
            let began = self.clock.elapsed();
            let mut batches: Vec<Batch> = Vec::new();
            let until = instances + KEPT;
            while instances < until {
                for _ in 0..batch {
                    now = Time(now.0 + 1);
                    let input = inputs.next().cloned().unwrap_or(Value::Null);
                    let start = Start {
                        instance: InstanceId(Uuid::now_v7()),
                        workflow: "count".into(),
                        input,
                        by: "bench".into(),
                        key: None,
                        trace: None,
                    };
                    engine.handle(now, Event::Start(start));
                    instances += 1;
                }
                let taken = engine.take_batch().ok_or("the core has stopped")?;
                engine.handle(now, Event::Judged(vec![Outcome::Committed; taken.len()]));
                let answered = engine.take_effects();
                if !answered.iter().all(|effect| matches!(effect, Effect::Answer { .. })) {
                    return Err("the core asks for something that a floor has not".into());
                }
                batches.push(taken);
            }
            let ran = self.clock.elapsed();
            in_core += ran.saturating_sub(began);
            for batch in batches {
                store.commit(batch).await?;
            }
            in_store += self.clock.elapsed().saturating_sub(ran);
        }
        store.close().await?;
        Ok(Floor {
            name,

            store_per_second: count(instances) / in_store.as_secs_f64(),
            core_per_second: count(instances) / in_core.as_secs_f64(),
        })
    }

    /// Measures the expressions of one instance, by themselves.
    pub(super) fn expressions(&self) -> Result<Duration, Error> {
        let mut counter = lockstep_expr::Map::new();
        counter.insert("value", Value::Int(41));
        counter.insert("limit", Value::Int(i64::MAX));
        let input = inputs(1).pop().ok_or("no input")?;
        let scope = [("input", input), ("counter", Value::Map(Arc::new(counter)))];
        let bare = [r#"ref("Counter", input.key)"#, "counter.value < counter.limit"]
            .map(|text| Expression::parse(text).map_err(|error| error.to_string()));
        let templates = ["${input.key}", "${counter.value + 1}", "${counter.value}"]
            .map(|text| Template::parse(text).map_err(|error| error.to_string()));
        let bare: Vec<Expression> = bare.into_iter().collect::<Result<_, _>>()?;
        let templates: Vec<Template> = templates.into_iter().collect::<Result<_, _>>()?;
        let began = self.clock.elapsed();
        for _ in 0..EVALUATIONS {
            for expression in &bare {
                std::hint::black_box(expression.evaluate(&scope)?);
            }
            for template in &templates {
                std::hint::black_box(template.evaluate(&scope)?);
            }
        }
        Ok(self.clock.elapsed().saturating_sub(began) / EVALUATIONS)
    }
}
