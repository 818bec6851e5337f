//! What waits to be worked on: items in lanes.
//!
//! Items of one lane (one subject) are handed out in order and one at a time; lanes run side by side.
//! Bounded in number and bytes. In memory: what makes it durable comes behind the same door.
//! Knows nothing of what is done with an item.

mod claim;
mod item;
mod lanes;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

pub use self::claim::Claim;
pub use self::item::Item;

use self::lanes::{Held, Lanes};

/// The items were not taken: there is no room, or the inbox is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is waiting already, or the host is stopping")]
pub struct Full;

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    pub items: usize,
    pub bytes: usize,
}

impl Default for Capacity {
    /// 10,000 items are the pushes of a large organization's hour; 256 MiB is what a small container can spare.
    fn default() -> Self {
        Self {
            items: 10_000,
            bytes: 256 << 20,
        }
    }
}

/// A handle; its clones share the same items.
#[derive(Clone)]
pub struct Inbox(Arc<Shared>);

struct Shared {
    lanes: Mutex<Lanes>,
    capacity: Capacity,
    /// A lane became ready, or the inbox closed.
    ready: Notify,
    /// An item left, or the inbox closed.
    room: Notify,
}

impl Inbox {
    pub fn new(capacity: Capacity) -> Self {
        Self(Arc::new(Shared {
            lanes: Mutex::new(Lanes::default()),
            capacity,
            ready: Notify::new(),
            room: Notify::new(),
        }))
    }

    /// Takes all the items or none of them. Of one organization no more than half of the inbox,
    /// so that it finds room for the others.
    pub fn push_all(&self, items: Vec<Item>) -> Result<(), Full> {
        self.push_below(self.0.capacity, items).map_err(|_| Full)
    }

    /// Waits for room. Fills no more than half of the inbox, so that webhooks find the other half.
    pub async fn push_waiting(&self, item: Item) -> Result<(), Full> {
        let half = Capacity {
            items: self.0.capacity.items / 2,
            bytes: self.0.capacity.bytes / 2,
        };
        let mut items = vec![item];
        loop {
            let mut room = std::pin::pin!(self.0.room.notified());
            room.as_mut().enable();
            items = match self.push_below(half, items) {
                Ok(()) => return Ok(()),
                Err(_) if self.lanes().is_closed() => return Err(Full),
                Err(items) => items,
            };
            room.await;
        }
    }

    /// The next item of a lane that is free, as soon as there is one. `None` once the inbox is closed and empty.
    pub async fn take(&self) -> Option<Claim> {
        loop {
            let mut ready = std::pin::pin!(self.0.ready.notified());
            ready.as_mut().enable();
            let parked_until = {
                let mut lanes = self.lanes();
                if let Some(item) = lanes.take(Instant::now()) {
                    if lanes.has_ready() {
                        self.0.ready.notify_one();
                    }
                    return Some(Claim::new(self.0.clone(), item));
                }
                if lanes.is_closed() && lanes.is_empty() {
                    return None;
                }
                lanes.next_due()
            };
            match parked_until {
                Some(due) => {
                    // Either way the lanes are looked at again.
                    let _ = tokio::time::timeout_at(due, ready).await;
                }
                None => ready.await,
            }
        }
    }

    /// Items that wait or are being worked on.
    pub fn len(&self) -> usize {
        self.lanes().held().items
    }

    /// Those of them that nothing brings again if they are lost.
    pub fn irreplaceable(&self) -> usize {
        self.lanes().irreplaceable()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing is taken in from now on; what is there is still handed out.
    pub fn close(&self) {
        self.lanes().close();
        self.0.ready.notify_waiters();
        self.0.room.notify_waiters();
    }

    fn push_below(&self, capacity: Capacity, items: Vec<Item>) -> Result<(), Vec<Item>> {
        let bytes: usize = items.iter().map(Item::bytes).sum();
        // What is larger than its part still passes when it is alone there.
        let fits = |held: Held, parts: usize| {
            held.items == 0
                || held.items + items.len() <= capacity.items / parts
                    && held.bytes + bytes <= capacity.bytes / parts
        };
        let mut replaced = Vec::new();
        {
            let mut lanes = self.lanes();
            // What one delivery touches belongs to one organization.
            let organization = items.first().map(|item| item.subject.organization.id);
            let share = lanes.share(organization.unwrap_or_default());
            if lanes.is_closed() || !fits(lanes.held(), 1) || !fits(share, 2) {
                return Err(items);
            }
            for item in items {
                replaced.extend(lanes.push(item));
            }
        }
        self.0.ready.notify_one();
        replaced.iter().for_each(Item::tell_stood_for);
        Ok(())
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lanes()
    }
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        // The lanes are never left half changed: what panics, panics before the lock is taken.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
