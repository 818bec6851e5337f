//! What is to be sent, what is to be dropped and what is left alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Deletion, Dropping, How, Named, Plan, Renames, Sending};
use crate::entity::{Entity, Key};
use crate::ledger::{Fate, Wish, key, previous};
use crate::store::{Producers, Row};

/// So many names tell what is wrong as well as all of them.
const NAMES: usize = 3;

impl<'a> Plan<'a> {
    pub(super) fn decide(wish: Wish<'a>, digests: Vec<Option<[u8; 32]>>, known: Producers) -> Self {
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
            warnings: Vec::new(),
            deleting: Vec::new(),
            unasked: Vec::new(),
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
        let renames = |entity: &Entity| entity.previous_identifier().is_some();
        let returned = match self.wish.entities.iter().any(renames) {
            true => self.returned(),
            false => HashSet::new(),
        };
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
            let old = previous(entity);
            let before = own.remove(&key);
            let changed = before.as_ref().and_then(|row| row.digest) != Some(digest);
            if let Some(row) = &before
                && !changed
                && !self.wish.force
            {
                self.unchanged += 1;
                let moved = row.organization != self.wish.organization
                    || row.repository != self.wish.repository
                    || row.whose != self.wish.whose
                    || row.waits.is_some();
                if moved {
                    let now = self.row(&key, row.digest, row.ours, row.written);
                    self.touched_up.push(now);
                }
                continue;
            }
            // Of what is sent once more it was said before.
            let first = changed && before.as_ref().is_none_or(|row| row.digest.is_some());
            if first && let Some(warning) = self.shared(&key, others.get(&key)) {
                self.warnings.push(warning);
            }
            let renames = old.and_then(|old| {
                if returned.contains(&old) {
                    let both = format!(
                        "{old}: it is declared under this identifier and as the former one of `{}`; both are written \
                         and nothing is renamed",
                        key.identifier
                    );
                    self.warnings.extend(first.then_some(both));
                    return None;
                }
                // Whoever wrote it knows that it is there; and what was renamed to it would count as theirs.
                let there = others.contains_key(&key);
                if there || before.as_ref().is_some_and(|row| row.written > 0) {
                    return None;
                }
                Some(Renames {
                    own: own.remove(&old),
                    others: others.get(&old).cloned().unwrap_or_default(),
                    key: old,
                })
            });
            if first
                && let Some(other) = renames.as_ref().and_then(|renames| renames.others.first())
            {
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
        if self.wish.deletions.is_empty() {
            return;
        }
        let returned = self.returned();
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

    pub(super) fn decide_dropped(&mut self, key: Key, rows: Vec<Row>, shared: bool) {
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
            true => How::Delete(Deletion::Open),
            false => How::Leave,
        };
        self.drops.push(Dropping { key, rows, how });
    }

    fn returned(&self) -> HashSet<Key> {
        self.wish.entities.iter().filter_map(Entity::key).collect()
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
}
