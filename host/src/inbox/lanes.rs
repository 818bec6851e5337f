//! The rules of the lanes, without clock, lock or waiting.
//!
//! A lane exists while it holds items or one of its items is out. Lanes whose head was led to by a webhook come first;
//! what a sync listed has every eighth turn, so that it goes on however much comes in.

use std::collections::{BTreeSet, HashMap, VecDeque};

use tokio::time::Instant;

use super::Item;

/// Of so many items handed out one is a sync's, when both wait.
const TURNS: u32 = 8;

#[derive(Default)]
pub(super) struct Lanes {
    lanes: HashMap<String, Lane>,
    /// Lanes whose head may be handed out, in the order in which they became so. A lane that has left its queue
    /// for the other one, or is parked again, leaves its name behind: its state tells.
    live: VecDeque<String>,
    listed: VecDeque<String>,
    parked: BTreeSet<(Instant, String)>,
    turn: u32,
    held: Held,
    /// By organization.
    shares: HashMap<u64, Held>,
    /// Items that the next start lists again if they are lost.
    repeated: usize,
    closed: bool,
}

/// Items that are here or out, and their size.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

struct Lane {
    /// Without the one that is out.
    items: VecDeque<Item>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Live,
    Listed,
    Parked(Instant),
    Out,
}

impl Lanes {
    /// Gives back what waits no longer because the new item stands for it.
    pub(super) fn push(&mut self, mut item: Item) -> Option<Item> {
        let key = item.subject.key.clone();
        let Some(lane) = self.lanes.get_mut(&key) else {
            self.count(&item);
            let lane = Lane {
                items: VecDeque::from([item]),
                state: State::Out,
            };
            self.lanes.insert(key.clone(), lane);
            self.make_ready(&key);
            return None;
        };
        let older = lane.items.iter().position(|older| item.stands_for(older));
        let Some((place, older)) =
            older.and_then(|place| lane.items.remove(place).map(|older| (place, older)))
        else {
            // Ready, parked or with an item out: its turn comes by itself.
            lane.items.push_back(item.clone());
            self.count(&item);
            return None;
        };
        // The present state is what both are about; the newest webhook that told of it is shown to mappers.
        item.delivery = item.delivery.or_else(|| older.delivery.clone());
        item.first_sync = item.first_sync.or_else(|| older.first_sync.clone());
        lane.items.insert(place, item.clone());
        // What kept the older one waiting need not concern the newer one.
        if lane.state != State::Out {
            self.make_ready(&key);
        }
        self.count(&item);
        self.discount(&older);
        Some(older)
    }

    /// The head of a lane; the lane rests until `done` or `put_back`.
    pub(super) fn take(&mut self, now: Instant) -> Option<Item> {
        while self.parked.first().is_some_and(|(due, _)| *due <= now) {
            let (_, key) = self.parked.pop_first()?;
            self.make_ready(&key);
        }
        self.turn = (self.turn + 1) % TURNS;
        let listed_first = self.turn == 0;
        let key = match listed_first {
            true => self.next(State::Listed).or_else(|| self.next(State::Live)),
            false => self.next(State::Live).or_else(|| self.next(State::Listed)),
        }?;
        let lane = self.lanes.get_mut(&key)?;
        lane.state = State::Out;
        lane.items.pop_front()
    }

    pub(super) fn done(&mut self, item: &Item) {
        self.discount(item);
        let key = &item.subject.key;
        match self.lanes.get(key) {
            Some(lane) if !lane.items.is_empty() => self.make_ready(key),
            _ => {
                self.lanes.remove(key);
            }
        }
    }

    /// Back to the head of its lane, which rests until then. Gives back the item if a newer one stands for it.
    pub(super) fn put_back(&mut self, item: Item, due: Instant) -> Option<Item> {
        let key = item.subject.key.clone();
        let lane = self.lanes.get_mut(&key)?;
        if let Some(newer) = lane.items.iter_mut().find(|newer| newer.stands_for(&item)) {
            if newer.first_sync.is_none() && item.first_sync.is_some() {
                newer.first_sync = item.first_sync.clone();
                self.repeated += 1;
            }
            self.done(&item);
            return Some(item);
        }
        lane.items.push_front(item);
        lane.state = State::Parked(due);
        self.parked.insert((due, key));
        None
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.parked.first().map(|(due, _)| *due)
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.live.is_empty() || !self.listed.is_empty()
    }

    pub(super) fn held(&self) -> Held {
        self.held
    }

    /// What of it belongs to an organization.
    pub(super) fn share(&self, organization: u64) -> Held {
        self.shares.get(&organization).copied().unwrap_or_default()
    }

    /// Items that nothing brings again if they are lost.
    pub(super) fn irreplaceable(&self) -> usize {
        self.held.items - self.repeated
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.items == 0
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn next(&mut self, state: State) -> Option<String> {
        let queue = match state {
            State::Live => &mut self.live,
            _ => &mut self.listed,
        };
        while let Some(key) = queue.pop_front() {
            if (self.lanes.get(&key)).is_some_and(|lane| lane.state == state) {
                return Some(key);
            }
        }
        None
    }

    fn make_ready(&mut self, key: &str) {
        let Some(lane) = self.lanes.get_mut(key) else {
            return;
        };
        if let State::Parked(due) = lane.state {
            self.parked.remove(&(due, key.to_owned()));
        }
        let live = (lane.items.front()).is_some_and(|head| head.delivery.is_some());
        let (state, queue) = match live {
            true => (State::Live, &mut self.live),
            false => (State::Listed, &mut self.listed),
        };
        if lane.state != state {
            lane.state = state;
            queue.push_back(key.to_owned());
        }
    }

    fn count(&mut self, item: &Item) {
        let share = self.shares.entry(item.subject.organization.id).or_default();
        for held in [&mut self.held, share] {
            held.items += 1;
            held.bytes += item.bytes();
        }
        self.repeated += usize::from(item.first_sync.is_some());
    }

    fn discount(&mut self, item: &Item) {
        let organization = item.subject.organization.id;
        let share = self.shares.entry(organization).or_default();
        for held in [&mut self.held, &mut *share] {
            held.items -= 1;
            held.bytes -= item.bytes();
        }
        if share.items == 0 {
            self.shares.remove(&organization);
        }
        self.repeated -= usize::from(item.first_sync.is_some());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{item, led_to, star};
    use super::*;

    fn taken(lanes: &mut Lanes, now: Instant) -> Option<String> {
        lanes.take(now).map(|item| item.subject.key)
    }

    #[test]
    fn one_of_a_lane_at_a_time_and_lanes_take_turns() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for item in [star(1), star(1), star(2)] {
            assert!(lanes.push(item).is_none());
        }
        assert_eq!(taken(&mut lanes, now).as_deref(), Some("star/1"));
        assert_eq!(taken(&mut lanes, now).as_deref(), Some("star/2"));
        assert_eq!(taken(&mut lanes, now), None);
        lanes.push(star(2));
        lanes.done(&star(2));
        lanes.done(&star(1));
        assert_eq!(taken(&mut lanes, now).as_deref(), Some("star/2"));
        assert_eq!(taken(&mut lanes, now).as_deref(), Some("star/1"));
        lanes.done(&star(1));
        lanes.done(&star(2));
        assert!(lanes.is_empty() && lanes.lanes.is_empty() && lanes.shares.is_empty());
        assert_eq!(lanes.held(), Held::default());
    }

    #[test]
    fn what_was_put_back_keeps_its_place_and_its_lane_waits() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut lanes = Lanes::default();
        let mut first = star(1);
        first.tries = 3;
        lanes.push(first);
        lanes.push(star(1));
        let first = lanes.take(now).unwrap();
        assert!(lanes.put_back(first, later).is_none());
        assert_eq!(taken(&mut lanes, now), None);
        assert_eq!(lanes.next_due(), Some(later));
        assert_eq!(lanes.take(later).unwrap().tries, 3);
    }

    #[test]
    fn webhooks_come_before_what_a_sync_listed_which_still_has_its_turns() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for number in 0..20 {
            lanes.push(item(number));
            lanes.push(led_to(100 + number, "a"));
        }
        let order: Vec<_> = (0..16)
            .map(|_| lanes.take(now).unwrap().delivery.is_some())
            .collect();
        let listed: Vec<_> = (0..16).filter(|turn| !order[*turn]).collect();
        assert_eq!(listed, [7, 15]);
    }

    #[test]
    fn of_two_pushes_that_wait_the_newer_stands_for_both() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        lanes.push(item(1));
        assert!(lanes.push(led_to(1, "first")).is_some());
        let older = lanes.push(led_to(1, "second")).unwrap();
        assert_eq!(older.delivery.unwrap().id(), "first");
        // A sync tells nothing new, and the webhook is not forgotten for it.
        lanes.push(item(1));
        let out = lanes.take(now).unwrap();
        assert_eq!(out.delivery.as_ref().unwrap().id(), "second");
        // What is being worked on began before the third push.
        assert!(lanes.push(led_to(1, "third")).is_none());
        assert_eq!(lanes.held().items, 2);
        // And what failed meanwhile is of no interest any more.
        let gone = lanes.put_back(out, now + Duration::from_secs(60));
        assert_eq!(gone.unwrap().delivery.unwrap().id(), "second");
        let third = lanes.take(now).unwrap();
        lanes.done(&third);
        assert_eq!(lanes.held(), Held::default());
        assert!(lanes.lanes.is_empty());
    }

    #[test]
    fn a_new_push_does_not_wait_for_what_an_older_one_waits_for() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        lanes.push(led_to(1, "first"));
        let first = lanes.take(now).unwrap();
        lanes.put_back(first, now + Duration::from_secs(60));
        assert!(lanes.take(now).is_none());
        lanes.push(led_to(1, "second"));
        assert_eq!(lanes.next_due(), None);
        assert_eq!(lanes.take(now).unwrap().delivery.unwrap().id(), "second");
    }
}
