//! One plan: made from what is wished and what is known, then told what became of it, step by step.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Fate, Wish, key, previous, remove};
use crate::entity::{Entity, Key, Renaming};
use crate::store::{Change, Producers, Row};

/// So many deletions never need a person's consent.
const FEW: usize = 20;
/// Which part of a plugin's entities may go at once where the configuration does not say.
const THRESHOLD: f64 = 0.9;
/// A blueprint's worth of names says as much as all of them.
const NAMES: usize = 3;

pub struct Plan<'a> {
    wish: Wish<'a>,
    digests: Vec<Option<[u8; 32]>>,
    sends: Vec<Sending>,
    unchanged: usize,
    /// Rows that only change hands or say whose they are.
    touched_up: Vec<Row>,
    drops: Vec<Dropping>,
    /// Warnings about the wish alone.
    mistakes: Vec<String>,
    warnings: Vec<String>,
    /// The drops that are being deleted, in the order in which they were handed out.
    deleting: Vec<usize>,
    deletions_waiting: usize,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Somebody else produces it, or the ledger did not create it: Port is not told.
    Leave,
    Delete {
        done: bool,
    },
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
    pub(super) fn new(mut wish: Wish<'a>, known: Producers) -> Self {
        let mut mistakes = Vec::new();
        let returned: HashSet<Key> = wish.entities.iter().filter_map(Entity::key).collect();
        wish.entities = std::mem::take(&mut wish.entities)
            .into_iter()
            .map(
                |entity| match previous(&entity).filter(|old| returned.contains(old)) {
                    Some(old) => {
                        mistakes.push(format!(
                            "{old}: it is declared under this identifier and as the former one of another entity; both \
                             are written and nothing is renamed"
                        ));
                        entity.without_previous()
                    }
                    None => entity,
                },
            )
            .collect();
        let digests = wish
            .entities
            .iter()
            .map(|entity| entity.key().map(|_| wish.digest(entity)))
            .collect();
        Self::decide(wish, digests, mistakes, known)
    }

    /// The same plan from newer rows. Only while nothing of it has been handed out.
    pub fn again(self, known: Producers) -> Self {
        Self::decide(self.wish, self.digests, self.mistakes, known)
    }

    fn decide(
        wish: Wish<'a>,
        digests: Vec<Option<[u8; 32]>>,
        mistakes: Vec<String>,
        known: Producers,
    ) -> Self {
        let mut own: BTreeMap<Key, Row> =
            known.own.into_iter().map(|row| (key(&row), row)).collect();
        let mut others: HashMap<Key, Vec<Row>> = HashMap::new();
        for row in known.others {
            others.entry(key(&row)).or_default().push(row);
        }
        let mut plan = Self {
            wish,
            digests,
            sends: Vec::new(),
            unchanged: 0,
            touched_up: Vec::new(),
            drops: Vec::new(),
            warnings: mistakes.clone(),
            mistakes,
            deleting: Vec::new(),
            deletions_waiting: 0,
        };
        plan.decide_sends(&mut own, &others);
        if plan.wish.complete {
            plan.decide_asked(&mut own, &mut others);
            if !plan.wish.keeps {
                for (key, row) in own {
                    let shared = others.contains_key(&key);
                    plan.decide_dropped(key, vec![row], shared);
                }
            }
        }
        plan
    }

    fn decide_sends(&mut self, own: &mut BTreeMap<Key, Row>, others: &HashMap<Key, Vec<Row>>) {
        for at in 0..self.wish.entities.len() {
            let entity = &self.wish.entities[at];
            let blueprint = entity.blueprint().to_owned();
            let (Some(key), Some(digest)) = (entity.key(), self.digests[at]) else {
                self.sends.push(Sending {
                    at,
                    blueprint,
                    named: None,
                    fate: Fate::Waits,
                });
                continue;
            };
            let renames = previous(entity);
            let before = own.remove(&key);
            let changed = before.as_ref().and_then(|row| row.digest) != Some(digest);
            if let Some(row) = &before
                && !changed
                && !self.wish.force
            {
                self.unchanged += 1;
                let now = self.row(&key, row.digest, row.ours, row.written);
                if now != *row {
                    self.touched_up.push(now);
                }
                continue;
            }
            if changed && let Some(warning) = self.shared(&key, others.get(&key)) {
                self.warnings.push(warning);
            }
            let renames = renames.map(|old| Renames {
                own: own.remove(&old),
                others: others.get(&old).cloned().unwrap_or_default(),
                key: old,
            });
            if let Some(other) = renames.as_ref().and_then(|renames| renames.others.first()) {
                self.warnings.push(format!(
                    "{key}: it was to be called so instead of `{}`, by which {} still declares it",
                    other.identifier, other.whose
                ));
            }
            self.sends.push(Sending {
                at,
                blueprint,
                named: Some(Named {
                    key,
                    digest,
                    before,
                    renames,
                }),
                fate: Fate::Waits,
            });
        }
    }

    /// What was asked to be deleted by name: the rows of this plugin go, whichever subject has them.
    fn decide_asked(&mut self, own: &mut BTreeMap<Key, Row>, others: &mut HashMap<Key, Vec<Row>>) {
        let returned: HashSet<Key> = self.wish.entities.iter().filter_map(Entity::key).collect();
        let asked: BTreeSet<Key> = self.wish.deletions.iter().cloned().collect();
        for key in asked.into_iter().filter(|key| !returned.contains(key)) {
            let mut rows = Vec::from_iter(own.remove(&key));
            let (of_plugin, rest): (Vec<Row>, Vec<Row>) = others
                .remove(&key)
                .unwrap_or_default()
                .into_iter()
                .partition(|row| {
                    row.plugin == self.wish.plugin && row.organization == self.wish.organization
                });
            rows.extend(of_plugin);
            if rows.is_empty() {
                self.warnings.push(format!(
                    "{key}: {} asks for its deletion, but has not written it here: it stays in Port",
                    self.wish.plugin
                ));
                continue;
            }
            self.decide_dropped(key, rows, !rest.is_empty());
        }
    }

    fn decide_dropped(&mut self, key: Key, rows: Vec<Row>, shared: bool) {
        let ours = rows.iter().any(|row| row.ours);
        if !shared && !ours {
            let written = rows.iter().any(|row| row.written > 0);
            self.warnings.push(match written {
                true => format!(
                    "{key}: {} produces it no more; it stays in Port, for it was there before. Delete it there if \
                     nobody needs it",
                    self.wish.plugin
                ),
                false => format!(
                    "{key}: {} produces it no more; it stays in Port, if it is there, for it is not known who created \
                     it. Delete it there if nobody needs it",
                    self.wish.plugin
                ),
            });
        }
        let how = match ours && !shared {
            true => How::Delete { done: false },
            false => How::Leave,
        };
        self.drops.push(Dropping { key, rows, how });
    }

    /// That two repositories write one entity, which nobody can want.
    fn shared(&self, key: &Key, others: Option<&Vec<Row>>) -> Option<String> {
        let wish = &self.wish;
        let elsewhere =
            |row: &&Row| row.repository != wish.repository || row.organization != wish.organization;
        let names: BTreeSet<&str> = others?
            .iter()
            .filter(elsewhere)
            .map(|row| row.whose.as_str())
            .collect();
        let (mut said, more) = (
            Vec::from_iter(names.iter().take(NAMES).copied()),
            names.len().saturating_sub(NAMES),
        );
        let more = (more > 0).then(|| format!("{more} more"));
        said.extend(more.as_deref());
        (!said.is_empty()).then(|| {
            format!(
                "{key}: written by {} and by {}; whoever writes last wins. Declare it in one of them",
                wish.whose,
                said.join(", ")
            )
        })
    }

    fn row(&self, key: &Key, digest: Option<[u8; 32]>, ours: bool, written: i64) -> Row {
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
        }
    }

    /// The entities that this plan decides about. While it is carried out nobody else must; see [`super::Turns`].
    pub fn touches(&self) -> BTreeSet<Key> {
        let named = self.sends.iter().filter_map(|send| send.named.as_ref());
        let keys = named.flat_map(|named| {
            let old = named.renames.as_ref().map(|renames| renames.key.clone());
            std::iter::once(named.key.clone()).chain(old)
        });
        keys.chain(self.drops.iter().map(|drop| drop.key.clone()))
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

    /// Entities that would be deleted. With [`FEW`] or none, [`Plan::over`] needs no count.
    pub fn removals(&self) -> usize {
        let doomed = |drop: &&Dropping| drop.how != How::Leave;
        self.drops.iter().filter(doomed).count()
    }

    /// What must be committed before anything is sent: whatever a crash hides of the answers, nothing then counts as
    /// unchanged, and nothing as created by the ledger that perhaps was not.
    pub fn intents(&self) -> Vec<Change> {
        let mut intents = Vec::new();
        for named in self.sends.iter().filter_map(|send| send.named.as_ref()) {
            let (digest, ours, written) = match &named.before {
                Some(row) => (row.digest, row.ours, row.written),
                None => (None, false, 0),
            };
            if named.before.is_none() || digest.is_some() {
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

    /// Whoever else produces it has to send it again.
    fn forget(&self, key: &Key) -> Change {
        Change::Forget {
            plugin: self.wish.plugin.to_owned(),
            subject: self.wish.subject.to_owned(),
            blueprint: key.blueprint.clone(),
            identifier: key.identifier.clone(),
        }
    }

    /// What is to be sent, handed out once.
    pub fn upserts(&mut self) -> Vec<Entity> {
        let sent: HashSet<usize> = self.sends.iter().map(|send| send.at).collect();
        std::mem::take(&mut self.wish.entities)
            .into_iter()
            .enumerate()
            .filter_map(|(at, entity)| sent.contains(&at).then_some(entity))
            .collect()
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
                false => self.deletions_waiting += 1,
            }
        }
    }

    /// What is to be deleted now, after [`Plan::upserted`], handed out once. Nothing of a blueprint of which something
    /// could not be written: it may have been meant to take the place of what goes.
    pub fn deletions(&mut self) -> Vec<Key> {
        let stalled: BTreeSet<&str> = self
            .sends
            .iter()
            .filter(|send| !matches!(send.fate, Fate::Written { .. }))
            .map(|send| send.blueprint.as_str())
            .collect();
        let mut keys = Vec::new();
        for (index, drop) in self.drops.iter().enumerate() {
            if drop.how == How::Leave {
                continue;
            }
            if stalled.contains(drop.key.blueprint.as_str()) {
                self.deletions_waiting += 1;
            } else {
                self.deleting.push(index);
                keys.push(drop.key.clone());
            }
        }
        keys
    }

    /// Which of [`Plan::deletions`] Port has no more, in their order.
    pub fn deleted(&mut self, done: &[bool]) {
        for (index, done) in self.deleting.iter().zip(done) {
            self.drops[*index].how = How::Delete { done: *done };
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
            if drop.how == (How::Delete { done: false }) {
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
                // Nobody was there when this was decided.
                How::Delete { .. } => changes.push(self.forget(&drop.key)),
            }
        }
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
                    Some(row) if row.digest.is_some() => changes.push(Change::Put(row.clone())),
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
                    ours |= all().any(|row| row.ours);
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
        if !self.wish.merges() {
            changes.push(self.forget(&named.key));
        }
    }

    /// Whether nothing of it is left to be done.
    pub fn is_complete(&self) -> bool {
        let tally = self.tally();
        tally.refused + tally.waiting + tally.undeleted == 0
    }

    /// For people: what is written twice, what stays in Port and why.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub fn tally(&self) -> Tally {
        let mut tally = Tally {
            unchanged: self.unchanged,
            undeleted: self.deletions_waiting,
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
        for index in &self.deleting {
            match self.drops[*index].how {
                How::Delete { done: true } => tally.deleted += 1,
                _ => tally.undeleted += 1,
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

/// A row that has to be sent again if it is produced again; `None` where that is so already.
fn unsent(row: &Row) -> Option<Change> {
    row.digest.map(|_| {
        Change::Put(Row {
            digest: None,
            ..row.clone()
        })
    })
}
