//! The rules of the lanes, without clock, lock or waiting.
//!
//! A lane exists while it holds items or one of its items is out.

use std::collections::{BTreeSet, HashMap, VecDeque};

use tokio::time::Instant;

pub(super) struct Lanes<T> {
    lanes: HashMap<String, Lane<T>>,
    /// Lanes whose head may be handed out, in the order in which they became so.
    ready: VecDeque<String>,
    parked: BTreeSet<(Instant, String)>,
    items: usize,
    bytes: usize,
    closed: bool,
}

/// Its items; the one that is out is not among them.
struct Lane<T>(VecDeque<T>);

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            parked: BTreeSet::new(),
            items: 0,
            bytes: 0,
            closed: false,
        }
    }
}

impl<T> Lanes<T> {
    pub(super) fn push(&mut self, key: String, item: T, bytes: usize) {
        self.items += 1;
        self.bytes += bytes;
        match self.lanes.get_mut(&key) {
            // Ready, parked or with an item out: its turn comes by itself.
            Some(lane) => lane.0.push_back(item),
            None => {
                self.ready.push_back(key.clone());
                self.lanes.insert(key, Lane(VecDeque::from([item])));
            }
        }
    }

    /// The head of the lane that has been ready longest. The lane rests until `done` or `put_back`.
    pub(super) fn take(&mut self, now: Instant) -> Option<(String, T)> {
        while self.parked.first().is_some_and(|(due, _)| *due <= now) {
            let (_, key) = self.parked.pop_first()?;
            self.ready.push_back(key);
        }
        let key = self.ready.pop_front()?;
        let item = self.lanes.get_mut(&key)?.0.pop_front()?;
        Some((key, item))
    }

    pub(super) fn done(&mut self, key: &str, bytes: usize) {
        self.items -= 1;
        self.bytes -= bytes;
        match self.lanes.get(key) {
            Some(lane) if !lane.0.is_empty() => self.ready.push_back(key.to_owned()),
            _ => {
                self.lanes.remove(key);
            }
        }
    }

    pub(super) fn put_back(&mut self, key: String, item: T, due: Instant) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.0.push_front(item);
            self.parked.insert((due, key));
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.parked.first().map(|(due, _)| *due)
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Items that are here or out.
    pub(super) fn len(&self) -> usize {
        self.items
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(lanes: &mut Lanes<u32>, now: Instant) -> Option<u32> {
        lanes.take(now).map(|(_, item)| item)
    }

    #[test]
    fn one_of_a_lane_at_a_time_and_lanes_take_turns() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for (key, item) in [("a", 1), ("a", 2), ("b", 3)] {
            lanes.push(key.to_owned(), item, 1);
        }
        assert_eq!(taken(&mut lanes, now), Some(1));
        assert_eq!(taken(&mut lanes, now), Some(3));
        assert_eq!(taken(&mut lanes, now), None);
        lanes.push("b".to_owned(), 4, 1);
        lanes.done("b", 1);
        lanes.done("a", 1);
        assert_eq!(taken(&mut lanes, now), Some(4));
        assert_eq!(taken(&mut lanes, now), Some(2));
        lanes.done("a", 1);
        lanes.done("b", 1);
        assert!(lanes.is_empty() && lanes.lanes.is_empty() && lanes.bytes() == 0);
    }

    #[test]
    fn what_was_put_back_keeps_its_place_and_its_lane_waits() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut lanes = Lanes::default();
        lanes.push("a".to_owned(), 1, 1);
        lanes.push("a".to_owned(), 2, 1);
        let (key, item) = lanes.take(now).unwrap();
        lanes.put_back(key, item, later);
        assert_eq!(taken(&mut lanes, now), None);
        assert_eq!(lanes.next_due(), Some(later));
        assert_eq!(taken(&mut lanes, later), Some(1));
    }
}
