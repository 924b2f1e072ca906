//! A store that audits the books at every commit: a wrapper around another one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lockstep_core::transition::{Change, LockRow, Outcome, Transition};
use lockstep_core::{Entry, InstanceId, Object, ObjectKey};
use lockstep_expr::Value;
use lockstep_store::{Counts, LoadedObject, State, Store, StoreFuture, StoredInstance};

/// The wrapper. The books are the balances of all objects of the entity `Account`.
#[derive(Debug)]
pub(crate) struct AuditedStore {
    inner: Arc<dyn Store>,
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

impl AuditedStore {
    pub(crate) fn on(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { inner, books: Mutex::new(Books::default()) })
    }

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

impl Store for AuditedStore {
    fn commit(&self, batch: Vec<Transition>) -> StoreFuture<'_, Vec<Outcome>> {
        Box::pin(async move {
            let outcomes = self.inner.commit(batch.clone()).await?;
            let mut books = self.books.lock().unwrap();
            for (transition, outcome) in batch.iter().zip(&outcomes) {
                if *outcome == Outcome::Committed {
                    books.enter(transition);
                }
            }
            Ok(outcomes)
        })
    }

    fn raise_epoch(&self) -> StoreFuture<'_, u32> {
        self.inner.raise_epoch()
    }

    fn load(&self, keys: Vec<ObjectKey>) -> StoreFuture<'_, Vec<LoadedObject>> {
        self.inner.load(keys)
    }

    fn query(
        &self,
        entity: Arc<str>,
        after: Option<Arc<str>>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<Arc<Object>>> {
        self.inner.query(entity, after, limit)
    }

    fn put_definitions(&self, id: Arc<str>, sources: String) -> StoreFuture<'_, ()> {
        self.inner.put_definitions(id, sources)
    }

    fn definitions(&self, id: Arc<str>) -> StoreFuture<'_, Option<String>> {
        self.inner.definitions(id)
    }

    fn unfinished(
        &self,
        after: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>> {
        self.inner.unfinished(after, limit)
    }

    fn locks(&self) -> StoreFuture<'_, Vec<LockRow>> {
        self.inner.locks()
    }

    fn instance(&self, id: InstanceId) -> StoreFuture<'_, Option<StoredInstance>> {
        self.inner.instance(id)
    }

    fn instances(
        &self,
        state: Option<State>,
        before: Option<InstanceId>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<StoredInstance>> {
        self.inner.instances(state, before, limit)
    }

    fn journal(&self, id: InstanceId) -> StoreFuture<'_, Vec<Entry>> {
        self.inner.journal(id)
    }

    fn counts(&self) -> StoreFuture<'_, Counts> {
        self.inner.counts()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.inner.close()
    }
}
