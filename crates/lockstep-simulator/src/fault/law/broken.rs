//! Locks that somebody takes away: the reason is in the journal, the holder cannot go on under it.

use lockstep_core::{FencingToken, InstanceId};
use lockstep_store::{Memory, Store as _};

use super::{Laws, Violation};
use crate::ready::ready;

impl Laws {
    /// Whoever breaks a lock is told so: the holds are void, durably.
    pub(crate) fn broken(
        &mut self,
        holds: &[(InstanceId, FencingToken)],
        reason: &str,
        memory: &Memory,
    ) -> Result<(), Violation> {
        let rows = ready(memory.locks()).expect("the store in memory is open");
        for (who, token) in holds {
            if rows.iter().any(|row| row.token == *token) {
                let text = format!("{who} has a row under {token}, which was broken");
                return Violation::of("broken-is-durable", text);
            }
            self.void.insert(*token);
        }
        let [(who, _)] = holds else { return Ok(()) };
        if self.reasons.contains(reason) {
            return Ok(());
        }
        Violation::of("broken-is-durable", format!("the journal of {who} does not say: {reason}"))
    }
}
