//! What a runner tells of itself: how much it has done, and what has become durable.
//!
//! Invariants:
//!
//! * What a batch tells is told before anybody is answered who waited for it.
//!
//! Absent by design: decisions. Without a recorder the engine would go the same way.

use std::sync::Arc;

use lockstep_core::transition::{Outcome, Transition};
use lockstep_core::{CallRequest, Failure};
use lockstep_expr::Value;
use lockstep_store::{Store, StoreError};

use crate::clock::Clock;
use crate::feed::Feed;
use crate::stats::Counters;
use crate::tally::{Kind, Notes, Spent, Tallies};

/// All that a runner tells of itself.
#[derive(Debug)]
pub(crate) struct Recorder {
    clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) tallies: Tallies,
    pub(crate) feed: Arc<Feed>,
}

impl Recorder {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            counters: Counters::default(),
            tallies: Tallies::default(),
            feed: Arc::new(Feed::new(clock)),
        }
    }

    /// Has the store write a batch, and tells of it when it is durable.
    pub(crate) async fn commit(
        self: Arc<Self>,
        store: Arc<dyn Store>,
        batch: Vec<Transition>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let (notes, draft) = (Notes::of(&batch), self.feed.draft(&batch));
        let (began, flushed) = (self.clock.elapsed(), store.timings().flush);
        let outcomes = store.commit(batch).await?;
        // One batch is under way at a time: what was flushed since then is this one.
        let spent = Spent {
            commit: self.clock.elapsed().saturating_sub(began),
            flush: store.timings().flush.saturating_sub(flushed),
        };
        self.tallies.landed(notes, &outcomes, spent);
        self.feed.landed(draft, &outcomes);
        Ok(outcomes)
    }

    /// Counts an outside call.
    pub(crate) async fn call(
        &self,
        request: &CallRequest,
        call: impl Future<Output = Result<Value, Failure>>,
    ) -> Result<Value, Failure> {
        let began = self.clock.elapsed();
        let result = call.await;
        let error = result.as_ref().err().map(|failure| &*failure.code);
        let took = self.clock.elapsed().saturating_sub(began);
        self.tallies.called(Kind::of(&request.target), error, took);
        result
    }
}
