//! What goes with what, and when: the rules by which waiting entities become calls.
//!
//! A full batch goes at once, a partial one when nothing of its group is under way: batches fill by themselves under
//! load, and an idle host adds no latency. One entity is never twice under way; later writes of it wait their turn.
//! Pure: knows no socket, no clock and no task.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use super::{Source, Write};

/// Port API reference, "Create multiple entities": no more than 20 a request.
const WRITES: usize = 20;
/// Port API reference, "Delete multiple entities": no more than 100 a request.
const DELETIONS: usize = 100;
/// Port's limit is 1 MiB a request; 1 KiB is left for what surrounds and separates the entities.
const BATCH_BYTES: usize = (1 << 20) - 1024;
/// As many as Port's own integrations keep under way.
const CALLS: usize = 5;

/// What the entities of one call have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) blueprint: Arc<str>,
    pub(super) verb: Verb,
    pub(super) source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Verb {
    Upsert(Write),
    Delete {
        /// Those that point at it go with it.
        dependents: bool,
    },
}

/// One entity to be written or deleted; `R` is where its answer goes.
pub(super) struct Item<R> {
    /// `None` where it is found by a search.
    pub(super) identifier: Option<Arc<str>>,
    /// To be renamed first.
    pub(super) previous: Option<Arc<str>>,
    /// Nothing where it is to be deleted.
    pub(super) body: Bytes,
    pub(super) reply: R,
}

/// Items of one group that go in one call.
pub(super) struct Batch<R> {
    pub(super) group: Group,
    pub(super) items: Vec<(Turn, Item<R>)>,
}

/// What an item under way holds, to be given back by [`Queue::release`].
pub(super) struct Turn(Vec<Key>);

/// Blueprint and identifier. Searches of one blueprint share a key, for two of them may mean the same entity.
type Key = (Arc<str>, Option<Arc<str>>);
type Ticket = u64;

pub(super) struct Queue<R> {
    lanes: HashMap<Group, Lane<R>>,
    /// Groups with something ready, each once, in turn.
    ready: VecDeque<Group>,
    calls: usize,
    tickets: Ticket,
    /// Who wants each entity, first come first.
    wanted: HashMap<Key, VecDeque<Ticket>>,
    parked: HashMap<Ticket, Parked<R>>,
}

struct Lane<R> {
    ready: VecDeque<(Turn, Item<R>)>,
    calls: usize,
}

struct Parked<R> {
    group: Group,
    turn: Turn,
    item: Item<R>,
    /// How many of its keys somebody else holds.
    waits_for: usize,
}

impl<R> Item<R> {
    pub(super) fn with_reply<S>(self, reply: impl FnOnce(R) -> S) -> Item<S> {
        Item {
            identifier: self.identifier,
            previous: self.previous,
            body: self.body,
            reply: reply(self.reply),
        }
    }

    /// One search refused would refuse its neighbors, and a renaming is two requests.
    fn goes_alone(&self) -> bool {
        self.identifier.is_none() || self.previous.is_some()
    }
}

impl Verb {
    /// How many entities go in one call.
    fn batch(self) -> usize {
        match self {
            Self::Upsert(_) => WRITES,
            Self::Delete { dependents: true } => DELETIONS,
            // One that others depend on would keep its neighbors from being deleted.
            Self::Delete { dependents: false } => 1,
        }
    }
}

impl<R> Queue<R> {
    pub(super) fn new() -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            calls: 0,
            tickets: 0,
            wanted: HashMap::new(),
            parked: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, group: &Group, item: Item<R>) {
        let ticket = self.tickets;
        self.tickets += 1;
        let mut keys = vec![(group.blueprint.clone(), item.identifier.clone())];
        if item.previous.is_some() && item.previous != item.identifier {
            keys.push((group.blueprint.clone(), item.previous.clone()));
        }
        let mut waits_for = 0;
        for key in &keys {
            let line = self.wanted.entry(key.clone()).or_default();
            waits_for += usize::from(!line.is_empty());
            line.push_back(ticket);
        }
        if waits_for == 0 {
            self.make_ready(group.clone(), Turn(keys), item);
        } else {
            self.parked.insert(
                ticket,
                Parked {
                    group: group.clone(),
                    turn: Turn(keys),
                    item,
                    waits_for,
                },
            );
        }
    }

    /// The next call to make now, if any.
    pub(super) fn next(&mut self) -> Option<Batch<R>> {
        if self.calls == CALLS {
            return None;
        }
        for _ in 0..self.ready.len() {
            let group = self.ready.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&group) else {
                continue;
            };
            let items = lane.take(group.verb.batch());
            if !lane.ready.is_empty() {
                self.ready.push_back(group.clone());
            }
            if !items.is_empty() {
                lane.calls += 1;
                self.calls += 1;
                return Some(Batch { group, items });
            }
        }
        None
    }

    /// An item has its answer: whoever waits for the same entity may go.
    pub(super) fn release(&mut self, turn: Turn) {
        for key in turn.0 {
            let Entry::Occupied(mut line) = self.wanted.entry(key) else {
                continue;
            };
            line.get_mut().pop_front();
            let Some(first) = line.get().front().copied() else {
                line.remove();
                continue;
            };
            let Entry::Occupied(mut parked) = self.parked.entry(first) else {
                continue;
            };
            parked.get_mut().waits_for -= 1;
            if parked.get().waits_for == 0 {
                let Parked {
                    group, turn, item, ..
                } = parked.remove();
                self.make_ready(group, turn, item);
            }
        }
    }

    /// A call is over.
    pub(super) fn finish(&mut self, group: Group) {
        self.calls = self.calls.saturating_sub(1);
        if let Entry::Occupied(mut lane) = self.lanes.entry(group) {
            lane.get_mut().calls = lane.get().calls.saturating_sub(1);
            if lane.get().calls == 0 && lane.get().ready.is_empty() {
                lane.remove();
            }
        }
    }

    fn make_ready(&mut self, group: Group, turn: Turn, item: Item<R>) {
        let lane = self.lanes.entry(group.clone()).or_insert_with(|| Lane {
            ready: VecDeque::new(),
            calls: 0,
        });
        if lane.ready.is_empty() {
            self.ready.push_back(group);
        }
        lane.ready.push_back((turn, item));
    }
}

impl<R> Lane<R> {
    /// A batch, or nothing where it is worth waiting for more.
    fn take(&mut self, most: usize) -> Vec<(Turn, Item<R>)> {
        let (mut count, mut bytes, mut full) = (0, 0, false);
        for (_, item) in &self.ready {
            bytes += item.body.len() + 1;
            full = count == most || (count > 0 && (item.goes_alone() || bytes > BATCH_BYTES));
            if full {
                break;
            }
            count += 1;
            full = count == most || item.goes_alone();
            if full {
                break;
            }
        }
        if full || self.calls == 0 {
            self.ready.drain(..count).collect()
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
