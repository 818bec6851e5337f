//! One plan: made from what is wished and what is known, then told what became of it, step by step.

mod decide;
mod rows;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use super::{Fate, Wish, key};
use crate::entity::{Entity, Key, Renaming};
use crate::store::{Producers, Row};

/// So many deletions never need a person's consent.
const FEW: usize = 20;
/// Which part of a plugin's entities may go at once where the configuration does not say.
const THRESHOLD: f64 = 0.9;

pub struct Plan<'a> {
    wish: Wish<'a>,
    digests: Vec<Option<[u8; 32]>>,
    sends: Vec<Sending>,
    unchanged: usize,
    /// Rows that only change hands or say whose they are.
    touched_up: Vec<Row>,
    drops: Vec<Dropping>,
    warnings: Vec<String>,
    /// The drops that are being deleted, in the order in which they were handed out.
    deleting: Vec<usize>,
    /// Entities of former identifiers, about which nobody could be asked any more.
    unasked: Vec<Row>,
}

/// An entity to be sent.
struct Sending {
    /// Its place among the wish's.
    at: usize,
    blueprint: String,
    /// What else is of an entity that is not found by a search.
    named: Option<Named>,
    fate: Fate,
}

struct Named {
    key: Key,
    digest: [u8; 32],
    before: Option<Row>,
    renames: Option<Renames>,
}

/// Whose rows an entity's former identifier has.
struct Renames {
    key: Key,
    own: Option<Row>,
    others: Vec<Row>,
}

/// An entity that is produced no more.
struct Dropping {
    key: Key,
    /// What goes from the ledger.
    rows: Vec<Row>,
    how: How,
}

#[derive(Clone, PartialEq, Eq)]
enum How {
    /// Somebody else produces it, or the ledger did not create it: Port is not told.
    Leave,
    Delete(Deletion),
}

#[derive(Clone, PartialEq, Eq)]
enum Deletion {
    /// Nothing is known of it yet.
    Open,
    /// It is still in Port, and this is what it waits for.
    Waits(String),
    Done,
}

/// What a plan came to, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub written: usize,
    pub created: usize,
    pub renamed: usize,
    pub unchanged: usize,
    pub refused: usize,
    pub waiting: usize,
    pub deleted: usize,
    /// Deletions that wait for a refused or waiting entity of their blueprint, or that Port did not carry out.
    pub undeleted: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(wish: Wish<'a>, known: Producers) -> Self {
        let digests = wish
            .entities
            .iter()
            .map(|entity| entity.identifier().map(|_| wish.digest(entity)))
            .collect();
        Self::decide(wish, digests, known)
    }

    /// The same plan from newer rows. Only while nothing of it has been handed out.
    pub fn again(self, known: Producers) -> Self {
        Self::decide(self.wish, self.digests, known)
    }

    /// The entities that this plan decides about. While it is carried out nobody else must; see [`super::Turns`].
    pub fn touches(&self) -> BTreeSet<Key> {
        let named = self.sends.iter().filter_map(|send| send.named.as_ref());
        let keys = named.flat_map(|named| {
            let old = named.renames.as_ref().map(|renames| renames.key.clone());
            std::iter::once(named.key.clone()).chain(old)
        });
        keys.chain(self.drops.iter().map(|drop| drop.key.clone()))
            .chain(self.touched_up.iter().map(key))
            .collect()
    }

    /// Why a person has to agree first, of a plugin that holds so many entities in the organization.
    pub fn over(&self, held: u64) -> Option<String> {
        let removals = self.removals();
        let threshold = self.wish.threshold.unwrap_or(THRESHOLD).clamp(0.0, 1.0);
        // A threshold that is not a number lets nothing through.
        if self.wish.agreed || removals <= FEW || removals as f64 <= threshold * held as f64 {
            return None;
        }
        Some(format!(
            "{removals} of the {held} entities that {} holds in the organization would be deleted for {}, more than \
             the entityDeletionThreshold of {threshold} allows. Nothing was changed: replay it if that is wanted",
            self.wish.plugin, self.wish.whose
        ))
    }

    /// Entities that would be deleted. Of twenty or fewer [`Plan::over`] asks nobody.
    pub fn removals(&self) -> usize {
        let doomed = |drop: &&Dropping| drop.how != How::Leave;
        self.drops.iter().filter(doomed).count()
    }

    /// What is to be sent, handed out once.
    pub fn upserts(&mut self) -> Vec<Entity> {
        let mut entities: Vec<Option<Entity>> = std::mem::take(&mut self.wish.entities)
            .into_iter()
            .map(Some)
            .collect();
        let sent = self.sends.iter().filter_map(|send| {
            let entity = entities.get_mut(send.at)?.take()?;
            let renames = send
                .named
                .as_ref()
                .is_some_and(|named| named.renames.is_some());
            Some(if renames {
                entity
            } else {
                entity.without_previous()
            })
        });
        sent.collect()
    }

    /// What became of [`Plan::upserts`], in their order. What is not told waits.
    pub fn upserted(&mut self, fates: &[Fate]) {
        for (send, fate) in self.sends.iter_mut().zip(fates) {
            send.fate = *fate;
        }
        // An identifier that was to be renamed and could not, because there are entities of both, is one more that
        // nobody produces.
        let mut left = Vec::new();
        for named in self
            .sends
            .iter_mut()
            .filter(|send| send.renamed() == Some(Renaming::BothThere))
            .filter_map(|send| send.named.as_mut())
        {
            if let Some(renames) = named.renames.take()
                && let Some(row) = renames.own
            {
                left.push((renames.key, row, !renames.others.is_empty()));
            }
        }
        if !self.wish.complete || self.wish.keeps {
            return;
        }
        // Nobody was asked about these; the next event finds them dropped like any other.
        let few = self.wish.agreed || self.removals() + left.len() <= FEW;
        for (key, row, shared) in left {
            match few || shared || !row.ours {
                true => self.decide_dropped(key, vec![row], shared),
                false => self.unasked.push(row),
            }
        }
    }

    /// What is to be deleted now, after [`Plan::upserted`], handed out once. Nothing of a blueprint of which something
    /// could not be written: it may have been meant to take the place of what goes.
    pub fn deletions(&mut self) -> Vec<Key> {
        let mut stalled: BTreeMap<&str, Vec<&Sending>> = BTreeMap::new();
        for send in &self.sends {
            if !matches!(send.fate, Fate::Written { .. }) {
                stalled.entry(&send.blueprint).or_default().push(send);
            }
        }
        let mut keys = Vec::new();
        for (index, drop) in self.drops.iter_mut().enumerate() {
            if drop.how == How::Leave {
                continue;
            }
            match stalled.get(drop.key.blueprint.as_str()) {
                Some(behind) => drop.how = How::Delete(Deletion::Waits(waits::behind(behind))),
                None => {
                    self.deleting.push(index);
                    keys.push(drop.key.clone());
                }
            }
        }
        keys
    }

    /// What became of [`Plan::deletions`], in their order: why Port has it still, or that it has not.
    pub fn deleted(&mut self, answers: impl IntoIterator<Item = Result<(), String>>) {
        for (index, answer) in self.deleting.iter().zip(answers) {
            self.drops[*index].how = How::Delete(match answer {
                Ok(()) => Deletion::Done,
                Err(why) => Deletion::Waits(waits::refused(&why)),
            });
        }
    }

    /// For people: what is written twice, what stays in Port and why.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub fn tally(&self) -> Tally {
        let mut tally = Tally {
            unchanged: self.unchanged,
            undeleted: self.unasked.len(),
            ..Tally::default()
        };
        for send in &self.sends {
            match send.fate {
                Fate::Written { created, renaming } => {
                    tally.written += 1;
                    tally.created += usize::from(created);
                    tally.renamed += usize::from(renaming == Renaming::Done);
                }
                Fate::Refused => tally.refused += 1,
                Fate::Waits => tally.waiting += 1,
            }
        }
        for drop in &self.drops {
            match drop.how {
                How::Leave => {}
                How::Delete(Deletion::Done) => tally.deleted += 1,
                How::Delete(_) => tally.undeleted += 1,
            }
        }
        tally
    }
}

impl Sending {
    fn renamed(&self) -> Option<Renaming> {
        match self.fate {
            Fate::Written { renaming, .. } => Some(renaming),
            _ => None,
        }
    }
}
