//! The writer: one task that owns the one connection which writes.
//!
//! Invariants:
//!
//! * Orders are carried out one after another, each to its end, whether or not anybody still waits
//!   for the answer.
//! * After an order that failed, or the end, every further one is answered with
//!   [`StoreError::Stopped`]: what failed may or may not have reached the disk, and only opening
//!   the file anew tells.
//!
//! Source: A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020, for
//! why a failed flush is never tried again.

use std::sync::Arc;

use lockstep_core::Time;
use lockstep_core::transition::{Outcome, Transition};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Executor as _, Row as _};
use tokio::sync::{mpsc, oneshot};

use super::error::store_error;
use super::owner::Owner;
use super::row::corrupt;
use super::statement::{BEGIN, DROP_MARKS, PUT_MARKS, Questions, Rest, WRITE, WRITE_REST, Writes};
use crate::error::StoreError;
use crate::judge::{Present, Stamped, Wanted, judge};
use crate::store::Published;
use crate::timings::{Meter, Stopwatch, Timings};

/// Last epoch: numbers that an engine issues have room for no more.
const LAST_EPOCH: i64 = (1 << 23) - 1;

/// Where the answer to an order goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer can be asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    Commit(Vec<Transition>, Answer<Vec<Outcome>>),
    RaiseEpoch(Answer<u32>),
    PutDefinitions(Arc<str>, String, Answer<()>),
    Publish(Published, String, Answer<()>),
    PutMarks(Vec<(Arc<str>, Option<Time>)>, Answer<()>),
    Close(Answer<()>),
}

/// The one connection that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    /// None after a failure or the end.
    connection: Option<SqliteConnection>,
    /// Outlives the connection.
    owner: Option<Owner>,
    meter: Arc<Meter>,
}

impl Writer {
    pub(crate) fn new(connection: SqliteConnection, owner: Owner, meter: Arc<Meter>) -> Self {
        Self { connection: Some(connection), owner: Some(owner), meter }
    }

    /// Carries out orders until nobody can give one any more.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            // An answer that nobody waits for is dropped.
            let _unheard = match order {
                Order::Commit(batch, answer) => {
                    let outcomes = self.commit(&batch).await;
                    answer.send(outcomes).is_err()
                }
                Order::RaiseEpoch(answer) => answer.send(self.raise_epoch().await).is_err(),
                Order::PutDefinitions(id, sources, answer) => {
                    answer.send(self.put_definitions(&id, sources).await).is_err()
                }
                Order::Publish(published, sources, answer) => {
                    answer.send(self.publish(&published, sources).await).is_err()
                }
                Order::PutMarks(marks, answer) => {
                    answer.send(self.put_marks(&marks).await).is_err()
                }
                Order::Close(answer) => answer.send(self.close().await).is_err(),
            };
        }
        // A failure to close loses nothing: what was answered is on the disk.
        let _closed = self.close().await;
    }

    /// Takes the connection for an order; it is given back only if the order succeeds.
    fn take(&mut self) -> Result<SqliteConnection, StoreError> {
        self.connection.take().ok_or(StoreError::Stopped)
    }

    async fn commit(&mut self, batch: &[Transition]) -> Result<Vec<Outcome>, StoreError> {
        let mut connection = self.take()?;
        let mut timings = Timings {
            batches: 1,
            transitions: u64::try_from(batch.len()).unwrap_or(u64::MAX),
            ..Timings::default()
        };
        let outcomes = transact(&mut connection, batch, &mut timings).await?;
        self.meter.add(&timings);
        self.connection = Some(connection);
        Ok(outcomes)
    }

    async fn raise_epoch(&mut self) -> Result<u32, StoreError> {
        let mut connection = self.take()?;
        let row = sqlx::query("UPDATE epoch SET number = number + 1 RETURNING number")
            .fetch_one(&mut connection)
            .await
            .map_err(store_error)?;
        let number: i64 = row.try_get(0).map_err(store_error)?;
        let epoch = u32::try_from(number).ok().filter(|epoch| i64::from(*epoch) <= LAST_EPOCH);
        let epoch = epoch.ok_or_else(|| corrupt("the epoch", format!("{number} is no epoch")))?;
        self.connection = Some(connection);
        Ok(epoch)
    }

    async fn put_definitions(&mut self, id: &str, sources: String) -> Result<(), StoreError> {
        let mut connection = self.take()?;
        sqlx::query("INSERT OR IGNORE INTO definitions (id, sources) VALUES (?1, ?2)")
            .bind(id)
            .bind(sources)
            .execute(&mut connection)
            .await
            .map_err(store_error)?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn publish(&mut self, published: &Published, sources: String) -> Result<(), StoreError> {
        let from_api: Vec<&str> = published.from_api.iter().map(|name| &**name).collect();
        let mut connection = self.take()?;
        let mut both = connection.begin().await.map_err(store_error)?;
        sqlx::query("INSERT OR IGNORE INTO definitions (id, sources) VALUES (?1, ?2)")
            .bind(&*published.id)
            .bind(sources)
            .execute(&mut *both)
            .await
            .map_err(store_error)?;
        sqlx::query(
            "INSERT OR REPLACE INTO published (only, definitions, since, from_api) \
             VALUES (1, ?1, ?2, ?3)",
        )
        .bind(&*published.id)
        .bind(published.since.0)
        .bind(serde_json::json!(from_api).to_string())
        .execute(&mut *both)
        .await
        .map_err(store_error)?;
        both.commit().await.map_err(store_error)?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn put_marks(&mut self, marks: &[(Arc<str>, Option<Time>)]) -> Result<(), StoreError> {
        let mut connection = self.take()?;
        let marks: Vec<(&str, Option<String>)> = marks
            .iter()
            // A number in text keeps all its digits.
            .map(|(name, time)| (&**name, time.map(|time| time.0.to_string())))
            .collect();
        let marks = serde_json::to_string(&marks).expect("texts can be written");
        connection.execute("BEGIN IMMEDIATE").await.map_err(store_error)?;
        for statement in [PUT_MARKS, DROP_MARKS] {
            let query = sqlx::query(statement).bind(&marks);
            connection.execute(query).await.map_err(store_error)?;
        }
        connection.execute("COMMIT").await.map_err(store_error)?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn close(&mut self) -> Result<(), StoreError> {
        let closed = match self.connection.take() {
            Some(connection) => connection.close().await.map_err(store_error),
            None => Ok(()),
        };
        self.owner = None;
        closed
    }
}

/// Judges and writes a batch in one transaction. After an error the transaction is open or ended,
/// and the connection must not be used again; closing it rolls back what was not committed.
async fn transact(
    connection: &mut SqliteConnection,
    batch: &[Transition],
    timings: &mut Timings,
) -> Result<Vec<Outcome>, StoreError> {
    let mut watch = Stopwatch::start();
    let wanted = Wanted::of(batch);
    let (contents, lists) = Questions::of(&wanted).into_parameters();
    timings.encode += watch.lap();
    let answers = sqlx::query(BEGIN)
        .bind(contents)
        .bind(lists)
        .fetch_all(&mut *connection)
        .await
        .map_err(store_error)?;
    timings.database += watch.lap();

    let verdict = judge(batch, &wanted, present(&wanted, &answers)?);
    let (writes, rest) = (Writes::of(&verdict), Rest::of(&verdict));
    let outcomes = verdict.outcomes;
    timings.encode += watch.lap();
    if !writes.is_empty() {
        let (contents, lists) = writes.into_parameters();
        let query = sqlx::query(WRITE).bind(contents).bind(lists);
        connection.execute(query).await.map_err(store_error)?;
    }
    if !rest.is_empty() {
        let (contents, lists) = rest.into_parameters();
        let query = sqlx::query(WRITE_REST).bind(contents).bind(lists);
        connection.execute(query).await.map_err(store_error)?;
    }
    timings.database += watch.lap();
    connection.execute("COMMIT").await.map_err(store_error)?;
    timings.flush += watch.lap();
    Ok(outcomes)
}

/// Reads the answers to [`BEGIN`].
fn present(wanted: &Wanted<'_>, answers: &[SqliteRow]) -> Result<Present, StoreError> {
    let mut present = Present {
        objects: vec![None; wanted.objects.keys().len()],
        unique: vec![None; wanted.unique.keys().len()],
        locks: vec![false; wanted.locks.keys().len()],
        fenced: vec![Vec::new(); wanted.fenced.keys().len()],
    };
    for row in answers {
        let kind: i64 = row.try_get(0).map_err(store_error)?;
        let answer: &str = row.try_get(2).map_err(store_error)?;
        match kind {
            0 => {
                for (position, stamp, version) in numbers::<(usize, i64, i64)>(answer)? {
                    *place(&mut present.objects, position)? = Some(Stamped { stamp, version });
                }
            }
            1 => {
                let position: i64 = row.try_get(1).map_err(store_error)?;
                let position = usize::try_from(position).unwrap_or(usize::MAX);
                *place(&mut present.unique, position)? = Some(answer.into());
            }
            2 => {
                for position in numbers::<usize>(answer)? {
                    *place(&mut present.locks, position)? = true;
                }
            }
            _ => {
                for (position, token) in numbers::<(usize, i64)>(answer)? {
                    place(&mut present.fenced, position)?.push(token);
                }
            }
        }
    }
    Ok(present)
}

fn numbers<T: serde::de::DeserializeOwned>(answer: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(answer).map_err(|error| not_understood(error.to_string()))
}

fn place<T>(list: &mut [T], position: usize) -> Result<&mut T, StoreError> {
    let place = list.get_mut(position);
    place.ok_or_else(|| not_understood(format!("there is no position {position}")))
}

fn not_understood(reason: String) -> StoreError {
    StoreError::Corrupt(corrupt("the present state of a batch", reason))
}
