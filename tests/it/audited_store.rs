//! A store that audits the books at every commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lockstep_core::Object;
use lockstep_core::transition::{Change, Outcome, Transition};
use lockstep_expr::Value;
use lockstep_store::{Store, StoreFuture};

use crate::store_around::{Manner, StoreAround};

/// The store.
pub(crate) type AuditedStore = StoreAround<Auditor>;

/// Keeps the books: the balances of all objects of the entity `Account`.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    books: Mutex<Books>,
}

/// What the audits have seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// By id of the account.
    pub(crate) balances: BTreeMap<Arc<str>, i64>,
    /// What the balances must come to after every transition; `None` until the books are opened.
    total: Option<i64>,
    /// Committed transitions that changed an account.
    pub(crate) audits: usize,
    /// Those after which the total was another one, in words.
    pub(crate) wrong: Vec<String>,
}

impl Auditor {
    /// Fixes the present total: no transition may change it from here on.
    pub(crate) fn open_books(&self) -> i64 {
        let mut books = self.books.lock().unwrap();
        let total = books.balances.values().sum();
        books.total = Some(total);
        total
    }

    /// Returns what the audits have seen so far.
    pub(crate) fn books(&self) -> Books {
        self.books.lock().unwrap().clone()
    }
}

impl Books {
    fn enter(&mut self, transition: &Transition) {
        let accounts = transition.objects.iter().filter(|write| &*write.key.entity == "Account");
        let mut changed = false;
        for write in accounts {
            match &write.change {
                Change::Check => {}
                Change::Delete => {
                    changed |= self.balances.remove(&write.key.id).is_some();
                }
                Change::Put(account) => {
                    let balance = balance(account);
                    let before = self.balances.insert(Arc::clone(&write.key.id), balance);
                    changed |= before != Some(balance);
                }
            }
        }
        let Some(total) = self.total.filter(|_| changed) else { return };
        self.audits += 1;
        let sum: i64 = self.balances.values().sum();
        if sum != total {
            let (number, instance) = (transition.number, transition.instance);
            self.wrong.push(format!("{sum} after transition {number} of {instance:?}"));
        }
    }
}

/// Returns what is on an account.
pub(crate) fn balance(account: &Object) -> i64 {
    match account.attributes.get("balance") {
        Some(Value::Int(balance)) => *balance,
        other => panic!("a balance is an int: {other:?}"),
    }
}

impl Manner for Auditor {
    fn commit<'a>(
        &'a self,
        inner: &'a dyn Store,
        batch: Vec<Transition>,
    ) -> StoreFuture<'a, Vec<Outcome>> {
        Box::pin(async move {
            let outcomes = inner.commit(batch.clone()).await?;
            let mut books = self.books.lock().unwrap();
            for (transition, outcome) in batch.iter().zip(&outcomes) {
                if *outcome == Outcome::Committed {
                    books.enter(transition);
                }
            }
            Ok(outcomes)
        })
    }
}
