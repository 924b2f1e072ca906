//! `lockstep explain INSTANCE`: one that is unfinished, one that has ended, or a client's lock, as a
//! store holds it.

use std::collections::BTreeMap;

use lockstep_api::{Activities, CallSince, Explanation};
use lockstep_core::explain::Awaits;
use lockstep_core::transition::{InstanceRow, Status};
use lockstep_core::{Entry, Happening, InstanceId, Time};

use crate::command_error::CommandError;
use crate::look::{Look, Prefix};
use crate::survey::Survey;

/// Returns the explanation.
pub(super) async fn explain(mut look: Look, wanted: &Prefix) -> Result<Explanation, CommandError> {
    let id = look.find(wanted).await?;
    if let Some(stored) = look.snapshot.instance(id).await? {
        let row = stored.row.map_err(|corrupt| {
            CommandError::failed_with(
                format!("instance {id} cannot be read: {corrupt}"),
                "all others are not concerned; `lockstep journal` may tell what it did",
            )
        })?;
        return match row.status {
            Status::Running(_) => running(&mut look, &row).await,
            Status::Done { .. } | Status::Failed { .. } => ended(&mut look, &row).await,
        };
    }
    if let Some(client) = look.survey().await?.client(id) {
        return Ok(Explanation::client(&client, look.now));
    }
    let entries = look.snapshot.journal(id).await?;
    if entries.is_empty() {
        return Err(look.absent(wanted));
    }
    Ok(Explanation::ended_client(id, &entries))
}

async fn running(look: &mut Look, row: &InstanceRow) -> Result<Explanation, CommandError> {
    let survey = look.survey().await?;
    let Some(explained) = survey.explain(row.id) else {
        let why = survey.refusal(row.id).unwrap_or("it cannot be taken up");
        return Ok(Explanation::refused(row, why, look.now));
    };
    let chain = survey.chain(&explained);
    // What an engine that takes up one who seems to do nothing would do next is to make its call
    // again.
    let mut calls: BTreeMap<InstanceId, CallSince> = BTreeMap::new();
    for it in std::iter::once(&explained).chain(&chain.links) {
        if it.doing.iter().any(|doing| matches!(doing.what, Awaits::Nothing))
            && let Some(call) = under_way(&look.snapshot.journal(it.instance).await?)
        {
            calls.insert(it.instance, call);
        }
    }
    let call = |id| calls.get(&id).copied();
    Ok(Explanation::running(&explained, &chain, call, |_, _| None, look.now))
}

async fn ended(look: &mut Look, row: &InstanceRow) -> Result<Explanation, CommandError> {
    let entries = look.snapshot.journal(row.id).await?;
    let definitions = Survey::definitions(&mut look.snapshot, &row.definitions).await?;
    let activities = Activities::of(definitions.as_deref(), &row.workflow);
    let ended = Explanation::ended(row, &entries, &activities, look.now);
    Ok(ended.unwrap_or_else(|| Explanation::refused(row, "it has not ended", look.now)))
}

/// Returns the last call of a journal, unless it came back.
fn under_way(entries: &[Entry]) -> Option<CallSince> {
    let (index, entry) =
        entries.iter().enumerate().rfind(|(_, it)| matches!(it.event, Happening::Called { .. }))?;
    let Happening::Called { key: called, attempt } = &entry.event else { return None };
    let came_back = entries
        .iter()
        .skip(index)
        .any(|later| matches!(&later.event, Happening::Returned { key, .. } if key == called));
    (!came_back).then_some((Time(entry.at), *attempt))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(key: &str) -> Happening {
        Happening::Called { key: key.to_owned(), attempt: 2 }
    }

    fn returned(key: &str) -> Happening {
        Happening::Returned { key: key.to_owned(), error: None }
    }

    #[test]
    fn call_is_under_way_until_it_comes_back() {
        for (events, expected) in [
            (vec![Happening::Started], None),
            (vec![called("a")], Some(0)),
            (vec![called("a"), returned("a")], None),
            (vec![called("a"), returned("a"), called("b"), Happening::Recovered], Some(2)),
            (vec![called("a"), called("b"), returned("a")], Some(1)),
        ] {
            let entries: Vec<Entry> = (0..)
                .zip(events.clone())
                .map(|(at, event)| Entry { at, activity: 0, event })
                .collect();
            let expected = expected.map(|since| (Time(since), 2));
            assert_eq!(under_way(&entries), expected, "{events:?}");
        }
    }
}
