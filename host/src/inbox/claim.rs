//! An item in hand: settled for good, put back, or dropped by a panic and put back all the same.
//!
//! How long a lane rests is said by whoever worked on the item.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::error;

use super::{Item, Shared};

/// What panicked once may have been unlucky; what panicked more often than this never will be lucky.
pub(super) const PANICS: u32 = 2;

/// What panicked twice is not tried in a loop.
const REST_AFTER_PANIC: Duration = Duration::from_secs(60);

/// An item being worked on; its lane waits until the claim is settled.
/// Dropping it unsettled, as a panic does, puts the item back.
pub struct Claim {
    shared: Arc<Shared>,
    held: Option<Item>,
}

impl Claim {
    pub(super) fn new(shared: Arc<Shared>, item: Item) -> Self {
        Self {
            shared,
            held: Some(item),
        }
    }

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
                older.tell_stood_for();
            }
        }
    }
}

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
