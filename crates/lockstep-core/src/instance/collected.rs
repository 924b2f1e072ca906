//! What a `for_each` collects: one value for each item, in the order of the items, in whatever order
//! they come.
//!
//! Kept in chunks, so that neither a savepoint nor a row of the instance copies what has long been
//! complete.
//!
//! Invariants:
//!
//! * A chunk that is full never changes.

use std::sync::Arc;

use lockstep_expr::Value;

/// Values of one chunk.
const CHUNK: usize = 100;

/// Values that were collected so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    pub(crate) chunks: Vec<Chunk>,
}

/// Values of neighbouring items.
#[derive(Clone, Debug)]
pub(crate) enum Chunk {
    /// All of them, a list.
    Full(Value),
    /// Some of them.
    Open(Vec<Option<Value>>),
}

impl Collected {
    /// Takes the value of the item with this index.
    pub(crate) fn set(&mut self, index: usize, value: Value) {
        let (number, place) = (index / CHUNK, index % CHUNK);
        while self.chunks.len() <= number {
            self.chunks.push(Chunk::Open(Vec::new()));
        }
        let Some(chunk) = self.chunks.get_mut(number) else { return };
        let Chunk::Open(values) = chunk else { return };
        if values.len() <= place {
            values.resize(place + 1, None);
        }
        if let Some(to) = values.get_mut(place) {
            *to = Some(value);
        }
        if values.len() == CHUNK && values.iter().all(Option::is_some) {
            let full: Vec<Value> = std::mem::take(values).into_iter().flatten().collect();
            *chunk = Chunk::Full(Value::List(Arc::new(full)));
        }
    }

    /// Returns all values, as a list.
    pub(crate) fn into_list(self) -> Value {
        let mut all = Vec::new();
        for chunk in self.chunks {
            match chunk {
                Chunk::Full(Value::List(values)) => all.extend(values.iter().cloned()),
                Chunk::Full(other) => all.push(other),
                Chunk::Open(values) => {
                    all.extend(values.into_iter().map(|value| value.unwrap_or(Value::Null)));
                }
            }
        }
        Value::List(Arc::new(all))
    }
}
