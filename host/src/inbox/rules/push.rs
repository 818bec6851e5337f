//! What comes in: an item gets its place in its lane, and the lane its place among those that may go or those that rest.
//!
//! Whose turn it is, and whether anybody is away, it does not know.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Rules;
use crate::inbox::lane::{Item, Lane, Offer, State};
use crate::store::{Lease, Millis, Waiting};

impl Rules {
    /// An item that is in the store. Whether it was not here yet.
    pub(in crate::inbox) fn push(&mut self, waiting: &Waiting, now: Millis) -> bool {
        // Who holds the lane works on it.
        let Some(lease) = waiting.lease else {
            return false;
        };
        let number = match self.numbers.get(&*waiting.lane) {
            Some(number) => *number,
            None => self.open_lane(waiting, lease),
        };
        let Some(lane) = self.lane(number) else {
            return false;
        };
        lane.lease = lease;
        let organization = lane.organization;
        if !lane.insert(Item::new(waiting)) {
            return false;
        }
        self.items += 1;
        *self.held.entry(organization).or_default() += 1;
        self.look(number, now);
        true
    }

    /// What waits for a plugin alone need not wait any longer.
    pub(in crate::inbox) fn hurry(&mut self, plugin: &str, now: Millis) {
        for number in 0..self.lanes.len() as u32 {
            let Some(lane) = self.lane(number) else {
                continue;
            };
            let mut any = false;
            for item in &mut lane.items {
                any |= item.hurry(plugin);
            }
            if any {
                self.look(number, now);
            }
        }
    }

    fn open_lane(&mut self, waiting: &Waiting, lease: Lease) -> u32 {
        let key: Arc<str> = waiting.lane.as_str().into();
        let lane = Lane {
            key: key.clone(),
            organization: waiting.organization,
            lease,
            // Most lanes never hold more.
            items: VecDeque::with_capacity(1),
            state: State::New,
            live: 0,
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.lanes[number as usize] = Some(lane);
                number
            }
            None => {
                self.lanes.push(Some(lane));
                (self.lanes.len() - 1) as u32
            }
        };
        self.numbers.insert(key, number);
        number
    }

    /// Puts a lane where it belongs: among the ready ones, or those that rest.
    pub(super) fn look(&mut self, number: u32, now: Millis) {
        let Some(lane) = self.lanes.get_mut(number as usize).and_then(Option::as_mut) else {
            return;
        };
        let live = lane.live > 0;
        match lane.state {
            State::Out => return,
            // What came since can only have made it more urgent.
            State::Ready { live: already } if already || !live => return,
            State::Ready { .. } | State::New => {}
            State::Parked(due) => {
                self.parked.remove(&(due, number));
            }
        }
        match lane.offer(now) {
            Offer::Now(_) => {
                lane.state = State::Ready { live };
                let turns = match live {
                    true => &mut self.live,
                    false => &mut self.listed,
                };
                turns.push(lane.organization, number);
            }
            Offer::At(due) => {
                lane.state = State::Parked(due);
                self.parked.insert((due, number));
            }
            Offer::Nothing => lane.state = State::New,
        }
    }
}
