//! What is known of an unfinished instance and of those whom it waits for, read from one snapshot.

use std::collections::BTreeMap;

use lockstep_core::explain::{Awaits, Explanation};
use lockstep_core::transition::InstanceRow;
use lockstep_core::{Entry, Happening, InstanceId, Time};
use lockstep_definition::{Definitions, Place};

use super::chain::Chain;
use crate::command_error::CommandError;
use crate::look::Look;
use crate::survey::Survey;

/// An outside call that had not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) since: Time,
    pub(super) attempt: u32,
}

/// What is known.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) survey: Survey,
    pub(super) explanation: Explanation,
    pub(super) chain: Chain,
    /// Where the lock was written that the instance waits for.
    pub(super) lock_place: Option<Place>,
    /// Outside calls of those who only seem to do nothing: what an engine that is taken up would do
    /// next is to make them again.
    calls: BTreeMap<InstanceId, Call>,
}

impl Facts {
    /// Reads them; or returns the survey, if no engine can take the instance up.
    pub(super) async fn of(
        look: &mut Look,
        row: &InstanceRow,
    ) -> Result<Result<Self, Survey>, CommandError> {
        let survey = look.survey().await?;
        let Some(explanation) = survey.explain(row.id) else { return Ok(Err(survey)) };
        let chain = Chain::of(&explanation, |id| survey.explain(id));
        let mut calls = BTreeMap::new();
        for it in std::iter::once(&explanation).chain(&chain.links) {
            if it.doing.iter().any(|doing| matches!(doing.what, Awaits::Nothing))
                && let Some(call) = under_way(&look.snapshot.journal(it.instance).await?)
            {
                calls.insert(it.instance, call);
            }
        }
        let definitions = Survey::definitions(&mut look.snapshot, &row.definitions).await?;
        let lock_place = definitions.and_then(|definitions| lock_place(&explanation, &definitions));
        Ok(Ok(Self { survey, explanation, chain, lock_place, calls }))
    }

    pub(super) fn call(&self, instance: InstanceId) -> Option<Call> {
        self.calls.get(&instance).copied()
    }
}

/// Returns the last call of a journal, unless it came back.
fn under_way(entries: &[Entry]) -> Option<Call> {
    let (index, entry) =
        entries.iter().enumerate().rfind(|(_, it)| matches!(it.event, Happening::Called { .. }))?;
    let Happening::Called { key: called, attempt } = &entry.event else { return None };
    let came_back = entries
        .iter()
        .skip(index)
        .any(|later| matches!(&later.event, Happening::Returned { key, .. } if key == called));
    (!came_back).then_some(Call { since: Time(entry.at), attempt: *attempt })
}

fn lock_place(it: &Explanation, definitions: &Definitions) -> Option<Place> {
    let workflow = definitions.workflows.get(&it.workflow)?;
    let lock = match &it.activity {
        None => workflow.exclusive_lock.as_ref(),
        Some(name) => {
            let mut activities = workflow.activities.iter();
            activities.find(|activity| activity.name == *name)?.exclusive_lock.as_ref()
        }
    };
    lock.map(|lock| lock.place.clone())
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
            let expected = expected.map(|since| Call { since: Time(since), attempt: 2 });
            assert_eq!(under_way(&entries), expected, "{events:?}");
        }
    }
}
