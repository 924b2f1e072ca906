//! Workflows whose effects can be counted to the last one, for processes that are killed and machines
//! that lose power.
//!
//! Each instance that counts adds to a counter under a lock and leaves, with the same commit, a mark
//! that tells how much. So at every moment that a reader can see, the counters hold what the marks
//! tell; and in the end each instance has left its one mark.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockstep_core::InstanceId;
use lockstep_core::transition::Status;
use lockstep_store::{Snapshot, State, StoreError};
use serde_json::{Value as Json, json};

use crate::engine::json;

/// Names of the workflows that can be started; each takes the counter as input `counter`.
pub(crate) const WORKFLOWS: [&str; 3] = ["once", "twice", "through"];

/// Those of them that leave the counting to others.
const DELEGATES: [&str; 1] = ["through"];

/// Counters: `c0`, `c1` and so on.
pub(crate) const COUNTERS: usize = 6;

/// More objects or instances than any test makes.
const ALL: u32 = 1_000_000;

/// Returns the definitions; the calls go to this address.
pub(crate) fn definitions(url: &str) -> String {
    let lock = r#"exclusive_lock: { context: 'ref("Counter", input.counter)' }"#;
    let load = r#"- load: { entity: Counter, id: "${input.counter}" }
        as: counter"#;
    let add = r#"- update: counter
        set: { value: "${counter.value + 1}" }"#;
    let call = format!(r#"- http: {{ method: POST, url: "{url}/", body: {{}} }}"#);
    let mark = |amount: u8| {
        format!(
            r#"- create: Mark
        id: "${{workflow.instance_id}}"
        set: {{ amount: {amount} }}"#
        )
    };
    let (once, twice) = (mark(1), mark(2));
    format!(
        r#"
project: ledger
allowed_hosts: ["127.0.0.1"]
---
entity: Counter
attributes: {{ value: {{ type: int, default: 0 }} }}
---
entity: Mark
attributes: {{ amount: int }}
---
workflow: once
input: {{ counter: string }}
activities:
  - activity: add
    {lock}
    steps:
      {load}
      {call}
      {add}
      {once}
output: "${{counter.value}}"
---
workflow: twice
input: {{ counter: string }}
activities:
  - activity: first
    auto_commit: false
    {lock}
    steps:
      {load}
      {add}
      {call}
  - activity: second
    auto_commit: false
    {lock}
    steps:
      {add}
      {call}
      {twice}
output: "${{counter.value}}"
---
workflow: through
input: {{ counter: string }}
activities:
  - activity: delegate
    steps:
      - workflow: {{ call: once, input: {{ counter: "${{input.counter}}" }} }}
        as: value
output: "${{value}}"
"#
    )
}

/// Returns the counters as a file of objects.
pub(crate) fn seed() -> String {
    let counter = |n| json!({"entity": "Counter", "id": format!("c{n}")}).to_string();
    (0..COUNTERS).map(counter).collect::<Vec<_>>().join("\n")
}

/// What was told to have ended, and with which output.
pub(crate) type Acknowledged = BTreeMap<String, Json>;

/// Adds the instances that were told to have ended, in whole lines, without the summary.
pub(crate) fn note_ends(told: &str, ends: &mut Acknowledged) {
    // What stands behind the last end of a line was cut off.
    let (whole, _) = told.rsplit_once('\n').unwrap_or_default();
    for line in whole.lines() {
        let line: Json = serde_json::from_str(line).expect("each line is JSON");
        let Some(instance) = line["instance"].as_str() else { continue };
        assert_eq!(line["status"], json!("done"), "no instance fails: {line}");
        ends.insert(instance.to_owned(), line["output"].clone());
    }
}

/// What a store holds at one moment.
#[derive(Debug)]
pub(crate) struct Account {
    /// What the instances have ended with, null for one that has not; by name.
    pub(crate) instances: Acknowledged,
    pub(crate) unfinished: u64,
    failed: u64,
    locks: usize,
    /// Those that must leave a mark, of those that are done.
    counting: BTreeSet<String>,
    marks: BTreeMap<String, i64>,
    sum: i64,
}

impl Account {
    /// Reads the store at a path; `None` if it was only being made, and nothing can be in it.
    pub(crate) async fn read_if_made(path: &Path) -> Result<Option<Self>, StoreError> {
        match Self::read(path).await {
            Ok(account) => Ok(Some(account)),
            Err(StoreError::Absent { .. } | StoreError::Older { .. } | StoreError::Open { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the store at a path.
    pub(crate) async fn read(path: &Path) -> Result<Self, StoreError> {
        let url = path.to_str().expect("the path is text");
        let mut snapshot = lockstep_store::open_snapshot(url).await?;
        let counts = snapshot.counts().await?;
        let marks = objects(&mut snapshot, "Mark", "amount").await?;
        let counters = objects(&mut snapshot, "Counter", "value").await?;
        let mut account = Self {
            instances: Acknowledged::new(),
            unfinished: counts.running,
            failed: counts.failed,
            locks: snapshot.locks().await?.len(),
            counting: BTreeSet::new(),
            marks,
            sum: counters.values().sum(),
        };
        let mut before: Option<InstanceId> = None;
        loop {
            let page = snapshot.instances(None, before, 1000).await?;
            let Some(last) = page.last() else { return Ok(account) };
            before = Some(last.id);
            for stored in page {
                let row = stored.row?;
                let id = row.id.to_string();
                let output = match &row.status {
                    Status::Done { output, .. } => json(output),
                    Status::Running(_) | Status::Failed { .. } => Json::Null,
                };
                let is_done = State::from(&row.status) == State::Done;
                if is_done && !DELEGATES.contains(&&*row.workflow) {
                    account.counting.insert(id.clone());
                }
                account.instances.insert(id, output);
            }
        }
    }

    /// Checks what holds at every moment, whatever was lost: counters and marks agree, everything
    /// that was told to have ended has ended so, and who has called is known.
    pub(crate) fn check(&self, ends: &Acknowledged, callers: &BTreeSet<String>) -> Checked {
        for (id, output) in ends {
            let stored = self.instances.get(id);
            ensure(stored == Some(output), || {
                format!("told is durable: {id} was told to end with {output}, and is {stored:?}")
            })?;
        }
        for id in callers {
            ensure(self.instances.contains_key(id), || {
                format!("called is durable: {id} has called")
            })?;
        }
        let marked: i64 = self.marks.values().sum();
        ensure(marked == self.sum, || format!("the counters hold {}, not {marked}", self.sum))?;
        let lost = self.counting.iter().find(|id| !self.marks.contains_key(*id));
        ensure(lost.is_none(), || format!("the data of {lost:?}, which is done, are lost"))?;
        ensure(self.failed == 0, || format!("{} have failed", self.failed))
    }

    /// Checks what holds when everything has ended: nothing is left behind, and nobody has counted
    /// but those that are done.
    pub(crate) fn check_end(&self) -> Checked {
        ensure(self.unfinished == 0, || format!("{} are left behind", self.unfinished))?;
        ensure(self.locks == 0, || format!("{} locks are stuck", self.locks))?;
        let extra = self.marks.keys().find(|id| !self.counting.contains(*id));
        ensure(extra.is_none(), || format!("{extra:?} has counted, and is not done"))
    }
}

/// What is wrong, if anything is.
pub(crate) type Checked = Result<(), String>;

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(why()) }
}

/// Reads an attribute of all objects of an entity, by id.
async fn objects(
    snapshot: &mut Snapshot,
    entity: &str,
    attribute: &str,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let objects = snapshot.query(&entity.into(), None, ALL).await?;
    let number = |object: &lockstep_core::Object| {
        json(object.attributes.get(attribute).expect("it has the attribute")).as_i64()
    };
    Ok(objects
        .iter()
        .map(|object| (object.key.id.to_string(), number(object).expect("it is a number")))
        .collect())
}
