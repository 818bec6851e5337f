//! Bytes that are shared by all bodies in flight.
//!
//! When they are used up, the largest share gives way, so that who sends much and slowly keeps out nobody but
//! others who send as much: with 1,024 connections, a body below 256 KiB is never the largest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(super) struct Budget(Mutex<Shares>);

struct Shares {
    left: usize,
    /// So many were given out, to tell them apart.
    count: u64,
    held: BTreeMap<u64, Held>,
}

struct Held {
    bytes: usize,
    withdrawn: Arc<Notify>,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Mutex::new(Shares {
            left: bytes,
            count: 0,
            held: BTreeMap::new(),
        }))
    }

    /// Nothing yet; what it grows to is given back when it is dropped.
    pub(super) fn share(&self) -> Share<'_> {
        let withdrawn = Arc::new(Notify::new());
        let mut shares = self.lock();
        let number = shares.count;
        shares.count += 1;
        let held = Held {
            bytes: 0,
            withdrawn: withdrawn.clone(),
        };
        shares.held.insert(number, held);
        Share {
            budget: self,
            number,
            withdrawn,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Share<'a> {
    budget: &'a Budget,
    number: u64,
    withdrawn: Arc<Notify>,
}

impl Share<'_> {
    /// Taken as bytes arrive rather than as announced: a header alone reserves nothing.
    /// `false` if this share would be the largest itself, or was withdrawn.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let mut shares = self.budget.lock();
        let Some(own) = shares.held.get(&self.number).map(|held| held.bytes + bytes) else {
            return false;
        };
        while shares.left < bytes {
            let largest = shares.held.iter().max_by_key(|(_, held)| held.bytes);
            let Some((&number, held)) = largest.filter(|(_, held)| held.bytes > own) else {
                return false;
            };
            // Its holder is woken to drop what it has; meanwhile the budget is exceeded by that much.
            held.withdrawn.notify_one();
            shares.give_back(number);
        }
        shares.left -= bytes;
        if let Some(held) = shares.held.get_mut(&self.number) {
            held.bytes = own;
        }
        true
    }

    /// When another needs it more.
    pub(super) fn withdrawn(&self) -> impl Future<Output = ()> + use<> {
        let withdrawn = self.withdrawn.clone();
        async move { withdrawn.notified().await }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.lock().give_back(self.number);
    }
}

impl Shares {
    fn give_back(&mut self, number: u64) {
        if let Some(held) = self.held.remove(&number) {
            self.left += held.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn what_is_dropped_can_be_had_again() {
        let budget = Budget::new(10);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.grow(6) && other.grow(4));
        assert!(!one.grow(1));
        drop(other);
        assert!(one.grow(4) && !one.grow(1));
    }

    #[tokio::test]
    async fn the_largest_gives_way_and_is_told() {
        let budget = Budget::new(10);
        let (mut large, mut small, mut late) = (budget.share(), budget.share(), budget.share());
        assert!(large.grow(7) && small.grow(2));

        assert!(late.grow(5));

        let told = timeout(Duration::from_secs(1), large.withdrawn()).await;
        assert!(told.is_ok(), "the largest is told");
        assert!(!large.grow(1), "what was withdrawn does not grow");
        drop(large);
        assert!(small.grow(3), "7 were given back once, not twice");
        assert!(!small.grow(1), "equals do not give way to each other");
    }
}
