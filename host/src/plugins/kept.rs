//! Instances kept open between events, per plugin and configuration: opening one costs more than mapping with it.
//!
//! One that is in use is not here, so two workers on one configuration have two. What was used longest ago goes first.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::limits::MEMORY;
use super::sandbox::Guest;

/// Instances kept. The pool has 64 slots, of which 32 can be in use.
const KEPT: usize = 24;
/// What they may hold together in linear memory, in bytes.
const HELD: usize = 64 << 20;
/// Calls of one instance before it is replaced: bounds what a mapper may leak.
const CALLS: u32 = 10_000;

#[derive(Default)]
pub(super) struct Kept(Mutex<VecDeque<Place>>);

struct Place {
    key: Key,
    guest: Guest,
}

/// A loaded plugin's number and a configuration's digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub plugin: u64,
    pub configuration: [u8; 32],
}

impl Kept {
    pub(super) fn take(&self, key: Key) -> Option<Guest> {
        let mut places = self.places();
        let at = places.iter().rposition(|place| place.key == key)?;
        places.remove(at).map(|place| place.guest)
    }

    /// Keep one that answered properly.
    pub(super) fn put(&self, key: Key, guest: Guest) {
        // Grown past half of what it may have, it could fail where a fresh one does not.
        if guest.calls >= CALLS || guest.memory() > MEMORY / 2 {
            return;
        }
        let mut leaving = Vec::new();
        let mut places = self.places();
        places.push_back(Place { key, guest });
        let mut held: usize = places.iter().map(|place| place.guest.memory()).sum();
        while places.len() > KEPT || held > HELD {
            let Some(oldest) = places.pop_front() else {
                break;
            };
            held -= oldest.guest.memory();
            leaving.push(oldest);
        }
        // Tearing down an instance unmaps memory: not while others wait.
        drop(places);
        drop(leaving);
    }

    /// The plugin is gone.
    pub(super) fn forget(&self, plugin: u64) {
        let mut places = self.places();
        let (leaving, staying): (VecDeque<_>, _) = std::mem::take(&mut *places)
            .into_iter()
            .partition(|place| place.key.plugin == plugin);
        *places = staying;
        drop(places);
        drop(leaving);
    }

    fn places(&self) -> std::sync::MutexGuard<'_, VecDeque<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
