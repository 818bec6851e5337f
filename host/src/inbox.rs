//! What waits to be worked on: items in lanes.
//!
//! Items of one lane (one subject) are handed out in order and one at a time; lanes run side by side.
//! Bounded in number and bytes. In memory: what makes it durable comes behind the same door.
//! Knows nothing of what is done with an item.

mod lanes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{debug, error};

use crate::delivery::Delivery;
use crate::subject::Subject;
use lanes::{Held, Lanes};

/// One subject to be brought up to date.
#[derive(Debug, Clone)]
pub struct Item {
    /// The webhook that led to it; none for what a sync lists.
    pub delivery: Option<Arc<Delivery>>,
    pub subject: Subject,
    /// How often it was handed out and came back.
    pub tries: u32,
    /// How often of these nobody but the item was to blame.
    pub faults: u32,
    /// How often whoever worked on it panicked.
    panics: u32,
    /// Part of the first sync, which is over when all of these are settled; the next start lists it again if it is lost.
    pub first_sync: Option<TaskTrackerToken>,
    /// Plugins that are done with it: the next try is for the others.
    pub settled: Vec<String>,
}

impl Item {
    pub fn new(delivery: Option<Arc<Delivery>>, subject: Subject) -> Self {
        Self {
            delivery,
            subject,
            tries: 0,
            faults: 0,
            panics: 0,
            first_sync: None,
            settled: Vec::new(),
        }
    }

    /// Whether the older one, of the same lane, need not be worked on any more.
    fn stands_for(&self, older: &Self) -> bool {
        self.subject.is_read_anew() && older.subject.is_read_anew() && !older.subject.gone
    }

    fn bytes(&self) -> usize {
        let text = |text: &Arc<str>| text.len();
        self.delivery
            .as_ref()
            .map_or(0, |delivery| delivery.payload().len())
            + self.subject.object.as_ref().map_or(0, text)
            + self
                .subject
                .repository
                .as_ref()
                .map_or(0, |repository| repository.json.len())
    }
}

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
                    return Some(Claim {
                        shared: self.0.clone(),
                        held: Some(item),
                    });
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
        replaced.iter().for_each(stood_for);
        Ok(())
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lanes()
    }
}

fn stood_for(older: &Item) {
    let delivery = older.delivery.as_ref();
    debug!(
        delivery = delivery.map(|delivery| delivery.id()),
        subject = older.subject.key,
        "not mapped by itself: a newer one about the same is waiting, and maps what is there"
    );
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        // The lanes are never left half changed: what panics, panics before the lock is taken.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item being worked on; its lane waits until the claim is settled.
/// Dropping it unsettled, as a panic does, puts the item back.
pub struct Claim {
    shared: Arc<Shared>,
    held: Option<Item>,
}

impl Claim {
    pub fn item(&self) -> &Item {
        self.held
            .as_ref()
            .expect("held until the claim is settled, which consumes it")
    }

    /// The installation, where the webhook did not name it.
    pub fn belongs_to(&mut self, installation: u64) {
        if let Some(item) = &mut self.held {
            item.subject.installation = installation;
        }
    }

    /// A plugin is done with the item, whatever becomes of the others.
    pub fn settle(&mut self, plugin: &str) {
        if let Some(item) = &mut self.held {
            item.settled.push(plugin.to_owned());
        }
    }

    /// The item is settled for good.
    pub fn done(mut self) {
        self.settle_for_good();
    }

    /// Puts the item back at the head of its lane, which rests for that long.
    pub fn retry_after(mut self, rest: Duration) {
        self.put_back(rest);
    }

    /// The same for what nobody but the item is to blame for; that is counted.
    pub fn retry_faulty_after(mut self, rest: Duration) {
        if let Some(item) = &mut self.held {
            item.faults += 1;
        }
        self.put_back(rest);
    }

    fn settle_for_good(&mut self) {
        if let Some(item) = self.held.take() {
            let mut lanes = self.shared.lanes();
            lanes.done(&item);
            let last = lanes.is_closed() && lanes.is_empty();
            drop(lanes);
            self.shared.room.notify_waiters();
            if last {
                self.shared.ready.notify_waiters();
            } else {
                self.shared.ready.notify_one();
            }
        }
    }

    fn put_back(&mut self, rest: Duration) {
        if let Some(mut item) = self.held.take() {
            item.tries += 1;
            let replaced = self.shared.lanes().put_back(item, Instant::now() + rest);
            self.shared.ready.notify_one();
            if let Some(older) = replaced {
                self.shared.room.notify_waiters();
                stood_for(&older);
            }
        }
    }
}

/// What panicked once may have been unlucky; what panicked more often than this never will be lucky.
const PANICS: u32 = 2;

/// What panicked twice is not tried in a loop.
const REST_AFTER_PANIC: Duration = Duration::from_secs(60);

impl Drop for Claim {
    fn drop(&mut self) {
        let Some(item) = &mut self.held else { return };
        item.panics += 1;
        match item.panics {
            1 => self.put_back(Duration::ZERO),
            2..=PANICS => self.put_back(REST_AFTER_PANIC),
            _ => {
                error!(
                    delivery = item.delivery.as_ref().map(|delivery| delivery.id()),
                    subject = item.subject.key,
                    "put aside: {} panics, which are a bug of Portolan's",
                    item.panics
                );
                self.settle_for_good();
            }
        }
    }
}

#[cfg(test)]
mod tests;
