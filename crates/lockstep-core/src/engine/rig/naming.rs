//! Names for instances, in place of their identities.

use uuid::Uuid;

use super::Rig;
use crate::InstanceId;
use crate::journal::{Entry, Happening};

impl Rig {
    /// Gives names to instances that others have started.
    pub(super) fn name_children(&mut self) {
        let mut found = Vec::new();
        for (parent, journal) in &self.shelf.journals {
            for entry in journal {
                if let Happening::ChildStarted { instance, workflow, .. } = &entry.event {
                    let id = InstanceId(instance.parse().expect("an identity"));
                    if !self.names.contains_key(&id) {
                        found.push((id, *parent, workflow.clone()));
                    }
                }
            }
        }
        // Parents before their children.
        found.sort_by_key(|(_, parent, _)| self.depth(*parent));
        for (id, parent, workflow) in found {
            let first = format!("{}/{workflow}", self.name(parent));
            let more = (2..).map(|number| format!("{first}{number}"));
            let free = |name: &String| self.names.values().all(|taken| taken != name);
            let name = std::iter::once(first.clone()).chain(more).find(free);
            self.names.insert(id, name.expect("numbers do not end"));
        }
    }

    fn depth(&self, mut id: InstanceId) -> usize {
        let parent = |id: InstanceId| {
            let told = format!("{id}");
            let started = |entry: &Entry| matches!(&entry.event, Happening::ChildStarted { instance, .. } if *instance == told);
            self.shelf.journals.iter().find(|(_, journal)| journal.iter().any(started))
        };
        let mut depth = 0;
        while let Some((above, _)) = parent(id) {
            id = *above;
            depth += 1;
        }
        depth
    }

    /// Instances are named by one or two characters, which make up their identity.
    pub(crate) fn id(&self, name: &str) -> InstanceId {
        let known = self.names.iter().find(|(_, known)| *known == name).map(|(id, _)| *id);
        known.unwrap_or_else(|| id(name))
    }

    /// Returns the name of an instance; empty if it has none.
    pub(super) fn name(&self, id: InstanceId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| {
            let bytes = id.0.into_bytes().into_iter().take_while(|byte| *byte != 0);
            bytes.map(char::from).filter(char::is_ascii_alphanumeric).collect()
        })
    }

    /// Replaces identities in a text by names.
    pub(super) fn named(&self, text: &str) -> String {
        let mut named = String::new();
        for word in text.split_inclusive(|c: char| c != '-' && !c.is_ascii_alphanumeric()) {
            let bare = word.trim_end_matches(|c: char| c != '-' && !c.is_ascii_alphanumeric());
            let id = bare.parse::<Uuid>().map(InstanceId);
            match id
                .ok()
                .map(|id| self.name(id))
                .filter(|name| name.len() == 1 || name.contains('/'))
            {
                Some(name) => {
                    named.push_str(&name);
                    named.push_str(word.strip_prefix(bare).unwrap_or_default());
                }
                None => named.push_str(word),
            }
        }
        named
    }
}

/// Returns the identity that a name makes up.
pub(crate) fn id(name: &str) -> InstanceId {
    let mut bytes = [0_u8; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    InstanceId(Uuid::from_bytes(bytes))
}
