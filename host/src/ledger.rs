//! The ledger's rules: what an outcome means for the entities that its producer, and others, produced before.
//!
//! A producer is a plugin with a subject. [`plan()`] says what to send and what to delete, and turns Port's answers into
//! rows. The rules that protect the catalog stand here and nowhere else: what the ledger did not create is never
//! deleted, what somebody still produces is not, and an incomplete outcome only adds. In doubt an entity stays.
//! Knows rows and entities, neither how the ones are kept nor how the others get to Port.

mod plan;
mod turns;

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::entity::{Entity, Key, Renaming};
use crate::store::{Change, Millis, Producers, Row};

pub use plan::{Plan, Tally};
pub use turns::{Turn, Turns};

/// What a producer says that there is.
pub struct Wish<'a> {
    pub plugin: &'a str,
    /// The subject's key.
    pub subject: &'a str,
    pub organization: u64,
    pub repository: Option<u64>,
    /// `owner/name`, or the organization's login: for people.
    pub whose: &'a str,
    /// Checked, and merged to one a key. None of a subject that is gone.
    pub entities: Vec<Entity>,
    /// Asked for by name, by an event without a kind.
    pub deletions: Vec<Key>,
    /// Keep in Port what the entities do not name.
    pub merge: bool,
    pub create_missing_related: bool,
    /// Which part of the plugin's entities in the organization one event may delete without a person's consent.
    pub threshold: Option<f64>,
    /// These are all the entities there are. Otherwise they are only added to what there was.
    pub complete: bool,
    /// The subject has no kind: what it does not name stays.
    pub keeps: bool,
    /// Send also what did not change.
    pub force: bool,
    /// A person has agreed to what goes beyond the threshold.
    pub agreed: bool,
    pub now: Millis,
}

/// What became of an entity that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Written {
        /// It did not exist before.
        created: bool,
        renaming: Renaming,
    },
    /// Port did not take it, for certain; also for want of its blueprint, or of what it points at.
    Refused,
    /// It is to be sent again; whether it was written is not known.
    Waits,
}

/// What to send and what to delete. Its [`Plan::intents`] are committed before anything is sent.
pub fn plan(wish: Wish<'_>, known: Producers) -> Plan<'_> {
    Plan::new(wish, known)
}

impl Wish<'_> {
    /// What the store is to be asked for, beside what the producer has.
    pub fn keys(&self) -> BTreeSet<(String, String)> {
        let named = self.entities.iter().filter_map(Entity::key);
        let old = self.entities.iter().filter_map(previous);
        let asked = self.deletions.iter().cloned();
        named
            .chain(old)
            .chain(asked)
            .map(|key| (key.blueprint, key.identifier))
            .collect()
    }

    /// What could not be mapped this time must not be cleared.
    pub fn merges(&self) -> bool {
        self.merge || !self.complete
    }

    /// What is compared to know whether an entity changed: all that Port is told.
    fn digest(&self, entity: &Entity) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update([
            u8::from(self.merges()),
            u8::from(self.create_missing_related),
        ]);
        digest.update(entity.body());
        digest.finalize().into()
    }
}

/// The key that an entity is to lose.
fn previous(entity: &Entity) -> Option<Key> {
    let old = entity.previous_identifier()?;
    (entity.identifier() != Some(old)).then(|| Key {
        blueprint: entity.blueprint().to_owned(),
        identifier: old.to_owned(),
    })
}

fn key(row: &Row) -> Key {
    Key {
        blueprint: row.blueprint.clone(),
        identifier: row.identifier.clone(),
    }
}

fn remove(row: &Row) -> Change {
    Change::Remove {
        plugin: row.plugin.clone(),
        subject: row.subject.clone(),
        blueprint: row.blueprint.clone(),
        identifier: row.identifier.clone(),
    }
}

#[cfg(test)]
mod tests;
