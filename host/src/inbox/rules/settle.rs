//! What comes back: what was recorded is gone or waits on; what was not recorded waits as it did before.
//!
//! Either way its lane may go again. Why anything failed is not known here.

use std::collections::BTreeSet;

use super::{Rules, Taken, Verdict};
use crate::inbox::failure::wait;
use crate::inbox::lane::{Item, State};
use crate::store::{Millis, Rest, Seq};

/// How long what panicked twice rests: it is not tried in a loop.
const REST_AFTER_PANIC: Millis = 60_000;

impl Rules {
    /// What was judged is recorded.
    pub(in crate::inbox) fn settle(&mut self, taken: &Taken, verdict: Verdict, now: Millis) {
        let mut gone: BTreeSet<Seq> = taken.stood_for.iter().copied().collect();
        match verdict.rest {
            Rest::Done => {
                gone.insert(taken.seq);
            }
            Rest::InHand | Rest::Waits { .. } => self.set_history(taken, verdict.history),
        }
        self.back(taken, &gone, now);
    }

    /// Nothing was recorded of an item in hand: it waits again as it did before, at least that long.
    pub(in crate::inbox) fn put_back(&mut self, taken: &Taken, rest: Millis, now: Millis) {
        let mut history = self.history(taken);
        let due = now + rest;
        history.due = history.due.max(due);
        for pending in history.plugins.iter_mut().flatten() {
            pending.due = pending.due.max(due);
        }
        self.set_history(taken, history);
        self.release(taken, now);
        self.back(taken, &BTreeSet::new(), now);
    }

    /// Whoever worked on an item panicked.
    pub(in crate::inbox) fn panicked(&mut self, taken: &Taken, now: Millis) {
        let mut history = self.history(taken);
        history.panics += 1;
        history.tried.tries += 1;
        let rest = match history.panics {
            2 => REST_AFTER_PANIC,
            _ => 0,
        };
        self.set_history(taken, history);
        self.put_back(taken, rest, now);
    }

    /// Somebody else holds its lane now.
    pub(in crate::inbox) fn lost(&mut self, taken: &Taken, now: Millis) {
        self.release(taken, now);
        let items = self.lane(taken.lane).map(|lane| {
            let ours = |item: &Item| item.seq;
            lane.items.iter().map(ours).collect()
        });
        self.back(taken, &items.unwrap_or_default(), now);
    }

    /// Its probes told nothing.
    fn release(&mut self, taken: &Taken, now: Millis) {
        for destination in &taken.ticket.probes {
            self.breakers.found_nothing(*destination, now);
        }
    }

    fn back(&mut self, taken: &Taken, gone: &BTreeSet<Seq>, now: Millis) {
        self.in_hand -= 1;
        let Some(lane) = self.lane(taken.lane) else {
            return;
        };
        lane.state = State::New;
        let removed = lane.remove(gone);
        let (empty, organization) = (lane.items.is_empty(), lane.organization);
        self.items -= removed;
        if let Some(held) = self.held.get_mut(&organization) {
            *held -= removed;
            if *held == 0 {
                self.held.remove(&organization);
            }
        }
        match empty {
            true => {
                self.numbers.remove(&taken.key);
                self.lanes[taken.lane as usize] = None;
                self.free.push(taken.lane);
            }
            false => self.look(taken.lane, now),
        }
    }
}

/// How long an item waits that could not be recorded for want of room.
pub(in crate::inbox) fn wait_for_room(tries: u32, chance: u64) -> Millis {
    wait(tries.clamp(2, 3), None, chance)
}
