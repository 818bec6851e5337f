//! One lane: its items in order, and which of them may be handed out.
//!
//! The head goes first. While it waits for some plugins only, the next one may go for all the others, and then waits
//! for these behind it: a plugin holds up nobody but itself. Where items merge, the newest goes for all of them.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::failure::Tried;
use crate::store::{Lease, Millis, Seq, Source, Waiting};

pub(super) struct Lane {
    pub(super) key: Arc<str>,
    pub(super) organization: u64,
    pub(super) lease: Lease,
    /// In the order of their numbers; the one in hand is among them.
    pub(super) items: VecDeque<Item>,
    pub(super) state: State,
    /// Items that a webhook brought.
    pub(super) live: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody has looked yet what it is.
    New,
    /// In the queue of what a webhook brought, or of what a sync listed.
    Ready {
        live: bool,
    },
    Parked(Millis),
    Out,
}

/// An item that waits. Most have never been tried, and of these there may be a hundred thousand: 24 bytes each.
pub(super) struct Item {
    pub(super) seq: Seq,
    pub(super) source: Source,
    pub(super) merges: bool,
    history: Option<Box<History>>,
}

/// How an item fared so far.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) tried: Tried,
    pub(super) panics: u32,
    /// Of the whole item, while `plugins` is `None`.
    pub(super) due: Millis,
    /// Those still to be called; `None` means all that want it.
    pub(super) plugins: Option<Vec<Pending>>,
}

/// A plugin that is still to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) plugin: Box<str>,
    pub(super) due: Millis,
    pub(super) faults: u32,
}

/// For which plugins an item is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// For all but those that an earlier item still waits for.
    AllBut(BTreeSet<Box<str>>),
    Only(BTreeSet<Box<str>>),
}

/// What a lane has to offer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offer {
    Now(Pick),
    At(Millis),
    Nothing,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) index: usize,
    pub(super) wanted: Wanted,
    /// Earlier items that it stands for.
    pub(super) stood_for: Vec<Seq>,
}

impl Item {
    pub(super) fn new(waiting: &Waiting) -> Self {
        let Waiting {
            tries, faults, due, ..
        } = *waiting;
        let tried = Tried { tries, faults };
        let plugins = waiting.plugins.as_ref().map(|plugins| {
            let pending = |plugin: &String| Pending {
                plugin: plugin.as_str().into(),
                due,
                faults,
            };
            plugins.iter().map(pending).collect()
        });
        let history = History {
            tried,
            panics: 0,
            due,
            plugins,
        };
        let is_new = tries == 0 && faults == 0 && due == 0 && history.plugins.is_none();
        Self {
            seq: waiting.seq,
            source: waiting.source,
            merges: waiting.merges,
            history: (!is_new).then(|| Box::new(history)),
        }
    }

    pub(super) fn history(&self) -> History {
        self.history.as_deref().cloned().unwrap_or_default()
    }

    pub(super) fn set_history(&mut self, history: History) {
        self.history = Some(Box::new(history));
    }

    /// Tried anew as soon as its turn comes, whatever it waited for.
    pub(super) fn hurry(&mut self, plugin: &str) -> bool {
        let pending = (self.history.as_mut()).and_then(|history| history.plugins.as_mut());
        let pending = (pending.into_iter().flatten()).find(|pending| &*pending.plugin == plugin);
        pending.map(|pending| pending.due = 0).is_some()
    }

    fn plugins(&self) -> Option<&[Pending]> {
        self.history.as_ref()?.plugins.as_deref()
    }

    fn due(&self) -> Millis {
        self.history.as_ref().map_or(0, |history| history.due)
    }

    /// Whether an earlier one need not be worked on any more once this one was.
    fn stands_for(&self, earlier: &Self) -> bool {
        match (self.plugins(), earlier.plugins()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ours), Some(theirs)) => {
                (theirs.iter()).all(|their| ours.iter().any(|our| our.plugin == their.plugin))
            }
        }
    }
}

impl Lane {
    pub(super) fn find(&self, seq: Seq) -> Option<usize> {
        self.items.binary_search_by_key(&seq, |item| item.seq).ok()
    }

    /// At its place by number, unless it is there already.
    pub(super) fn insert(&mut self, item: Item) -> bool {
        // Almost always the last one.
        let place = match self.items.back() {
            Some(last) if last.seq >= item.seq => {
                match self.items.binary_search_by_key(&item.seq, |item| item.seq) {
                    Ok(_) => return false,
                    Err(place) => place,
                }
            }
            _ => self.items.len(),
        };
        self.live += u32::from(item.source.is_live());
        self.items.insert(place, item);
        true
    }

    /// How many there were.
    pub(super) fn remove(&mut self, gone: &BTreeSet<Seq>) -> usize {
        let before = self.items.len();
        self.items.retain(|item| !gone.contains(&item.seq));
        let live = |item: &&Item| item.source.is_live();
        self.live = self.items.iter().filter(live).count() as u32;
        before - self.items.len()
    }

    /// What may be handed out, or when.
    pub(super) fn offer(&self, now: Millis) -> Offer {
        // Plugins that an item already looked at still waits for.
        let mut held: BTreeSet<&str> = BTreeSet::new();
        let mut earliest: Option<Millis> = None;
        let mut wait_until = |due: Millis| {
            earliest = Some(earliest.map_or(due, |earliest| earliest.min(due)));
        };
        let mut start = 0;
        while start < self.items.len() {
            let (end, covered) = self.run(start);
            for index in start..end {
                let item = &self.items[index];
                if covered.contains(&item.seq) {
                    continue;
                }
                let wanted = match item.plugins() {
                    None if item.due() > now => {
                        wait_until(item.due());
                        return earliest.map_or(Offer::Nothing, Offer::At);
                    }
                    None => Some(Wanted::AllBut(
                        held.iter().map(|plugin| (*plugin).into()).collect(),
                    )),
                    Some(pending) => {
                        let mut only = BTreeSet::new();
                        for pending in pending {
                            if held.contains(&*pending.plugin) {
                                continue;
                            }
                            match pending.due > now {
                                true => wait_until(pending.due),
                                false => {
                                    only.insert(pending.plugin.clone());
                                }
                            }
                        }
                        (!only.is_empty()).then_some(Wanted::Only(only))
                    }
                };
                if let Some(wanted) = wanted {
                    let stood_for = (self.items.range(start..index))
                        .filter(|earlier| covered.contains(&earlier.seq))
                        .filter(|earlier| item.stands_for(earlier));
                    return Offer::Now(Pick {
                        index,
                        wanted,
                        stood_for: stood_for.map(|earlier| earlier.seq).collect(),
                    });
                }
                held.extend(item.plugins().into_iter().flatten().map(|one| &*one.plugin));
            }
            start = end;
        }
        earliest.map_or(Offer::Nothing, Offer::At)
    }

    /// Items from here on that may stand for each other: where they end, and which of them a later one stands for.
    fn run(&self, start: usize) -> (usize, BTreeSet<Seq>) {
        let mut end = start + 1;
        if !self.items[start].merges {
            return (end, BTreeSet::new());
        }
        while self.items.get(end).is_some_and(|item| item.merges) {
            end += 1;
        }
        let mut covered = BTreeSet::new();
        let mut newest = &self.items[end - 1];
        for item in self.items.range(start..end - 1).rev() {
            if newest.stands_for(item) {
                covered.insert(item.seq);
            } else if item.plugins().is_none() {
                newest = item;
            }
        }
        (end, covered)
    }
}
