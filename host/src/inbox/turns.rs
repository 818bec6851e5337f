//! Whose turn it is: organizations one after the other, and within each its lanes in the order in which they came.
//!
//! A lane that is not ready any more leaves its number behind; whoever takes it out looks at the lane.

use std::collections::{HashMap, VecDeque};

#[derive(Default)]
pub(super) struct Turns {
    lanes: HashMap<u64, VecDeque<u32>>,
    /// The organizations that have any.
    order: VecDeque<u64>,
}

impl Turns {
    pub(super) fn push(&mut self, organization: u64, lane: u32) {
        let lanes = self.lanes.entry(organization).or_default();
        if lanes.is_empty() {
            self.order.push_back(organization);
        }
        lanes.push_back(lane);
    }

    /// The next lane of an organization that may have its turn.
    pub(super) fn next(&mut self, may: impl Fn(u64) -> bool) -> Option<u32> {
        for _ in 0..self.order.len() {
            let organization = self.order.pop_front()?;
            if !may(organization) {
                self.order.push_back(organization);
                continue;
            }
            let lanes = self.lanes.get_mut(&organization)?;
            let lane = lanes.pop_front();
            if lanes.is_empty() {
                self.lanes.remove(&organization);
            } else {
                self.order.push_back(organization);
            }
            return lane;
        }
        None
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_organization_does_not_keep_another_waiting() {
        let mut turns = Turns::default();
        for lane in 0..100 {
            turns.push(1, lane);
        }
        turns.push(2, 100);
        turns.push(2, 101);
        let order: Vec<_> = (0..5).filter_map(|_| turns.next(|_| true)).collect();
        assert_eq!(order, [0, 100, 1, 101, 2]);
        assert_eq!(turns.next(|organization| organization == 2), None);
        assert_eq!(turns.next(|_| true), Some(3));
    }
}
