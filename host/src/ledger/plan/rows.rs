//! What a plan means for the ledger's rows: before anything is sent, and when all is told.

use super::{Deletion, How, Named, Plan, waits};
use crate::entity::{Key, Renaming};
use crate::ledger::{Fate, remove};
use crate::store::{Change, Millis, Row};

impl Plan<'_> {
    /// What must be committed before anything is sent: whatever a crash hides of the answers, nothing then counts as
    /// unchanged, and nothing as created by the ledger that perhaps was not.
    pub fn intents(&self) -> Vec<Change> {
        let mut intents = Vec::new();
        for named in self.sends.iter().filter_map(|send| send.named.as_ref()) {
            let (digest, ours, written) = match &named.before {
                Some(row) => (row.digest, row.ours, row.written),
                None => (None, false, 0),
            };
            let waited = (named.before.as_ref()).is_some_and(|row| row.waits.is_some());
            if named.before.is_none() || digest.is_some() || waited {
                intents.push(Change::Put(self.row(&named.key, None, ours, written)));
            }
            if !self.wish.merges() {
                intents.push(self.forget(&named.key));
            }
            // What is renamed is no longer there for those who declare it by its former identifier.
            if let Some(renames) = &named.renames {
                intents.extend(renames.own.iter().filter_map(unsent));
                intents.push(self.forget(&renames.key));
            }
        }
        for drop in self.drops.iter().filter(|drop| drop.how != How::Leave) {
            intents.extend(drop.rows.iter().filter_map(unsent));
        }
        intents
    }

    /// What changes in the ledger where nothing was done: what would be deleted waits for a person's consent.
    pub fn held(&self) -> Vec<Change> {
        let doomed = self.drops.iter().filter(|drop| drop.how != How::Leave);
        doomed
            .flat_map(|drop| &drop.rows)
            .filter_map(|row| waiting(row, row.digest, waits::CONSENT))
            .collect()
    }

    /// Whoever else produces it has to send it again.
    fn forget(&self, key: &Key) -> Change {
        Change::Forget {
            plugin: self.wish.plugin.to_owned(),
            subject: self.wish.subject.to_owned(),
            blueprint: key.blueprint.clone(),
            identifier: key.identifier.clone(),
        }
    }

    /// What changes in the ledger, now that everything is told; [`Plan::intents`] are in it already.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.touched_up.iter().cloned().map(Change::Put).collect();
        for send in &self.sends {
            if let Some(named) = &send.named {
                self.settle(named, send.fate, &mut changes);
            }
        }
        for drop in &self.drops {
            if let How::Delete(Deletion::Open) = drop.how {
                continue;
            }
            if let How::Delete(Deletion::Waits(why)) = &drop.how {
                changes.extend(drop.rows.iter().filter_map(|row| waiting(row, None, why)));
                continue;
            }
            changes.extend(drop.rows.iter().map(remove));
            let ours = drop.rows.iter().any(|row| row.ours);
            match drop.how {
                How::Leave if ours => changes.push(Change::Inherit {
                    blueprint: drop.key.blueprint.clone(),
                    identifier: drop.key.identifier.clone(),
                }),
                How::Leave => {}
                // Nobody was there when this was decided, but another host may have gone on.
                How::Delete(_) => changes.push(self.forget(&drop.key)),
            }
        }
        let unasked = self.unasked.iter();
        changes.extend(unasked.filter_map(|row| waiting(row, None, waits::UNASKED)));
        changes
    }

    fn settle(&self, named: &Named, fate: Fate, changes: &mut Vec<Change>) {
        let before = named.before.as_ref();
        let (created, renaming) = match fate {
            Fate::Written { created, renaming } => (created, renaming),
            // The intent stands.
            Fate::Waits => return,
            Fate::Refused => {
                match before {
                    // It may have got its new name all the same.
                    _ if named.renames.is_some() => {}
                    Some(row) if row.digest.is_some() => changes.push(Change::Put(Row {
                        waits: None,
                        ..row.clone()
                    })),
                    // Sent before, and nobody knows with what success.
                    Some(_) => {}
                    None => changes.push(remove(&self.row(&named.key, None, false, 0))),
                }
                return;
            }
        };
        let mut ours = created || before.is_some_and(|row| row.ours);
        if let Some(renames) = &named.renames {
            let all = || renames.own.iter().chain(&renames.others);
            match renaming {
                Renaming::Done => {
                    // There was nothing of its name before, whatever the ledger thought.
                    ours = all().any(|row| row.ours);
                    changes.extend(all().map(remove));
                }
                Renaming::NothingThere => {
                    // It was about to be renamed before: that was done, and the answer got lost.
                    let tried = before.is_some_and(|row| row.written == 0);
                    ours |= tried && all().any(|row| row.ours);
                    changes.extend(renames.own.iter().map(remove));
                }
                Renaming::NotAsked | Renaming::BothThere => {}
            }
        }
        let row = self.row(&named.key, Some(named.digest), ours, self.wish.now);
        changes.push(Change::Put(row));
        // Once more after the intents: another host may have written meanwhile.
        if !self.wish.merges() {
            changes.push(self.forget(&named.key));
        }
    }

    pub(super) fn row(
        &self,
        key: &Key,
        digest: Option<[u8; 32]>,
        ours: bool,
        written: Millis,
    ) -> Row {
        Row {
            plugin: self.wish.plugin.to_owned(),
            subject: self.wish.subject.to_owned(),
            organization: self.wish.organization,
            repository: self.wish.repository,
            whose: self.wish.whose.to_owned(),
            blueprint: key.blueprint.clone(),
            identifier: key.identifier.clone(),
            digest,
            ours,
            written,
            waits: None,
        }
    }
}

/// A row whose entity is still to be deleted; `None` where it says so already.
fn waiting(row: &Row, digest: Option<[u8; 32]>, why: &str) -> Option<Change> {
    (row.waits.as_deref() != Some(why)).then(|| {
        Change::Put(Row {
            digest,
            waits: Some(why.to_owned()),
            ..row.clone()
        })
    })
}

/// A row that has to be sent again if it is produced again; `None` where that is so already.
fn unsent(row: &Row) -> Option<Change> {
    row.digest.map(|_| {
        Change::Put(Row {
            digest: None,
            ..row.clone()
        })
    })
}
