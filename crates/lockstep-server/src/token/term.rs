//! Terms: for how long a token counts, for the requests that were made with it.
//!
//! Invariants:
//!
//! * A term ends when its token is taken away, becomes another one, or its time is over; whoever
//!   waits for that is told why.
//! * Whoever begins to wait later is told the same.

use tokio::sync::watch;

use super::Refused;

/// The term of a token, as it is kept beside the token.
#[derive(Clone, Debug)]
pub(super) struct Keeper(watch::Sender<Option<Refused>>);

/// The term of a token, for one who has shown it.
#[derive(Clone, Debug)]
pub(crate) struct Term(watch::Receiver<Option<Refused>>);

impl Keeper {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(super) fn term(&self) -> Term {
        Term(self.0.subscribe())
    }

    /// Ends the term; who has been told why is not told anything else.
    pub(super) fn end(&self, why: Refused) {
        self.0.send_if_modified(|over| {
            let goes_on = over.is_none();
            over.get_or_insert(why);
            goes_on
        });
    }
}

impl Term {
    /// Waits for its end; returns why the token does not count any more.
    pub(crate) async fn over(self) -> Refused {
        let Self(mut term) = self;
        let over = term.wait_for(Option::is_some).await;
        over.ok().and_then(|over| *over).unwrap_or(Refused::Unknown)
    }
}
