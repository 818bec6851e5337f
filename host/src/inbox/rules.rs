//! The rules by which items are handed out and come back, without clock, lock, chance or waiting.
//!
//! Time comes in, what was worked on comes in, chance comes in; what is to be recorded and who may go next comes out.
//! So a simulation can run through years of it in a second.
//!
//! An item passes through four files: `push` lets it in, `take` hands it out, `judge` says what is to be recorded of how
//! it fared, and `settle` takes it back once that is on disk. What they know meanwhile stands here: the open lanes and
//! where each of them is, who is away, and how much waits. What an item is about, and what a plugin does, they never know.

mod judge;
mod push;
mod settle;
mod take;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::breaker::{Away, Breakers, Ticket};
use super::failure::{Destination, Failure};
use super::lane::{History, Item, Lane, State, Wanted};
use super::turns::Turns;
use crate::store::{Lease, Millis, Quarantine, Rest, Seq, Source};

pub(super) use self::settle::wait_for_room;

/// What panicked twice may have been unlucky; what panicked once more never will be lucky.
const PANICS: u32 = 3;

#[derive(Default)]
pub(super) struct Rules {
    /// By number; a number that is free is used again.
    lanes: Vec<Option<Lane>>,
    free: Vec<u32>,
    numbers: HashMap<Arc<str>, u32>,
    /// Lanes that may go: those with what a webhook brought, and those with nothing but what a sync listed.
    live: Turns,
    listed: Turns,
    /// Lanes that rest, by when that is over.
    parked: BTreeSet<(Millis, u32)>,
    breakers: Breakers,
    /// Open items of each organization.
    held: HashMap<u64, usize>,
    items: usize,
    in_hand: usize,
    /// Items handed out since the start.
    handed_out: u64,
    turn: u32,
    closed: bool,
}

/// An item in hand, as it was when it was handed out.
#[derive(Debug)]
pub(super) struct Taken {
    lane: u32,
    pub(super) key: Arc<str>,
    pub(super) lease: Lease,
    pub(super) seq: Seq,
    pub(super) source: Source,
    /// How often it was in hand before.
    pub(super) tries: u32,
    pub(super) panics: u32,
    pub(super) wanted: Wanted,
    /// Earlier items of its lane that need not be worked on because this one is.
    pub(super) stood_for: Vec<Seq>,
    ticket: Ticket,
}

/// How an item fared, as whoever worked on it says.
#[derive(Debug, Default)]
pub(super) struct Fared {
    pub(super) settled: BTreeSet<String>,
    pub(super) failures: Vec<Failure>,
    pub(super) answered: BTreeSet<Destination>,
}

/// What becomes of it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) rest: Rest,
    pub(super) quarantine: Vec<Quarantine>,
    /// Who is away that it waits for.
    pub(super) behind: Option<Destination>,
    /// What it is from now on, where it waits.
    history: History,
}

impl Rules {
    pub(super) fn has_ready(&self) -> bool {
        !self.live.is_empty() || !self.listed.is_empty()
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Open items, those in hand among them.
    pub(super) fn items(&self) -> usize {
        self.items
    }

    /// Whether an item of this lane is being worked on, so that its state may have been read already.
    pub(super) fn is_in_hand(&self, lane: &str) -> bool {
        let number = self.numbers.get(lane);
        let lane = number.and_then(|number| self.lanes.get(*number as usize)?.as_ref());
        lane.is_some_and(|lane| lane.state == State::Out)
    }

    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    pub(super) fn lanes_held(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn away(&self) -> Vec<Away> {
        self.breakers.away(|destination| match destination {
            Destination::Port | Destination::GitHub => self.items,
            Destination::Installation(organization) => {
                self.held.get(&organization).copied().unwrap_or_default()
            }
        })
    }

    fn lane(&mut self, number: u32) -> Option<&mut Lane> {
        self.lanes.get_mut(number as usize)?.as_mut()
    }

    fn history(&mut self, taken: &Taken) -> History {
        let Some(lane) = self.lane(taken.lane) else {
            return History::default();
        };
        let item = lane.find(taken.seq).and_then(|at| lane.items.get(at));
        item.map(Item::history).unwrap_or_default()
    }

    fn set_history(&mut self, taken: &Taken, history: History) {
        if let Some(lane) = self.lane(taken.lane)
            && let Some(at) = lane.find(taken.seq)
        {
            lane.items[at].set_history(history);
        }
    }
}

impl Taken {
    /// It panicked so often that it is not worked on any more.
    pub(super) fn is_hopeless(&self) -> bool {
        self.panics >= PANICS
    }

    /// Whether it finds out that somebody is back.
    #[cfg(test)]
    pub(super) fn is_probe(&self) -> bool {
        !self.ticket.probes.is_empty()
    }

    pub(super) fn wants(&self, plugin: &str) -> bool {
        match &self.wanted {
            Wanted::AllBut(held) => !held.contains(plugin),
            Wanted::Only(only) => only.contains(plugin),
        }
    }
}
