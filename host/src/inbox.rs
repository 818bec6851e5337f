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

use crate::delivery::Delivery;
use crate::subject::Subject;
use lanes::Lanes;

/// One subject to be brought up to date.
#[derive(Debug, Clone)]
pub struct Item {
    /// The webhook that led to it; none for what a sync lists.
    pub delivery: Option<Arc<Delivery>>,
    pub subject: Subject,
    /// How often it was handed out and came back.
    pub tries: u32,
    /// Plugins that are done with it: the next try is for the others.
    pub settled: Vec<String>,
}

impl Item {
    pub fn new(delivery: Option<Arc<Delivery>>, subject: Subject) -> Self {
        Self {
            delivery,
            subject,
            tries: 0,
            settled: Vec::new(),
        }
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
    lanes: Mutex<Lanes<Item>>,
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

    /// Takes all the items or none of them.
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
                if let Some((lane, item)) = lanes.take(Instant::now()) {
                    if lanes.has_ready() {
                        self.0.ready.notify_one();
                    }
                    return Some(Claim {
                        shared: self.0.clone(),
                        held: Some((lane, item)),
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
        self.lanes().len()
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
        {
            let mut lanes = self.lanes();
            // What is larger than the whole inbox still passes when it is alone.
            let fits = lanes.is_empty()
                || lanes.len() + items.len() <= capacity.items
                    && lanes.bytes() + bytes <= capacity.bytes;
            if lanes.is_closed() || !fits {
                return Err(items);
            }
            for item in items {
                let (lane, bytes) = (item.subject.key.clone(), item.bytes());
                lanes.push(lane, item, bytes);
            }
        }
        self.0.ready.notify_one();
        Ok(())
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes<Item>> {
        self.0.lanes()
    }
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, Lanes<Item>> {
        // The lanes are never left half changed: what panics, panics before the lock is taken.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item being worked on; its lane waits until the claim is settled.
/// Dropping it unsettled, as a panic does, puts the item back.
pub struct Claim {
    shared: Arc<Shared>,
    held: Option<(String, Item)>,
}

impl Claim {
    pub fn item(&self) -> &Item {
        &self
            .held
            .as_ref()
            .expect("held until the claim is settled, which consumes it")
            .1
    }

    /// The installation, where the webhook did not name it.
    pub fn belongs_to(&mut self, installation: u64) {
        if let Some((_, item)) = &mut self.held {
            item.subject.installation = installation;
        }
    }

    /// A plugin is done with the item, whatever becomes of the others.
    pub fn settle(&mut self, plugin: &str) {
        if let Some((_, item)) = &mut self.held {
            item.settled.push(plugin.to_owned());
        }
    }

    /// The item is settled for good.
    pub fn done(mut self) {
        if let Some((lane, item)) = self.held.take() {
            let mut lanes = self.shared.lanes();
            lanes.done(&lane, item.bytes());
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

    /// Puts the item back at the head of its lane, which rests for that long.
    pub fn retry_after(mut self, rest: Duration) {
        self.put_back(rest);
    }

    fn put_back(&mut self, rest: Duration) {
        if let Some((lane, mut item)) = self.held.take() {
            item.tries += 1;
            self.shared
                .lanes()
                .put_back(lane, item, Instant::now() + rest);
            self.shared.ready.notify_one();
        }
    }
}

/// What panicked twice is not tried in a loop.
const REST_AFTER_PANIC: Duration = Duration::from_secs(60);

impl Drop for Claim {
    fn drop(&mut self) {
        let again = self.held.as_ref().is_some_and(|(_, item)| item.tries > 0);
        self.put_back(if again {
            REST_AFTER_PANIC
        } else {
            Duration::ZERO
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::{Organization, Repository};

    fn item(repository: u64) -> Item {
        let organization = Organization {
            id: 1,
            login: "acme".into(),
        };
        let repository = Repository {
            id: repository,
            owner: "acme".into(),
            name: "shop".into(),
            default_branch: None,
            json: "{}".into(),
        };
        Item::new(None, Subject::tree(1, organization, repository))
    }

    fn inbox(items: usize) -> Inbox {
        Inbox::new(Capacity {
            items,
            ..Capacity::default()
        })
    }

    #[tokio::test]
    async fn a_lane_is_worked_on_by_one_at_a_time() {
        let inbox = inbox(10);
        inbox.push_all(vec![item(1), item(1), item(2)]).unwrap();
        let first = inbox.take().await.unwrap();
        let other = inbox.take().await.unwrap();
        assert_eq!(first.item().subject.key, "tree/1");
        assert_eq!(other.item().subject.key, "tree/2");
        let waiting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.take().await.unwrap().item().subject.key.clone() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        first.done();
        assert_eq!(waiting.await.unwrap(), "tree/1");
    }

    #[tokio::test]
    async fn all_or_nothing_is_taken_in() {
        let inbox = inbox(2);
        inbox.push_all(vec![item(1)]).unwrap();
        assert_eq!(inbox.push_all(vec![item(2), item(3)]), Err(Full));
        assert_eq!(inbox.len(), 1);
        inbox.take().await.unwrap().done();
        inbox.push_all(vec![item(2), item(3)]).unwrap();
    }

    #[tokio::test]
    async fn a_parked_lane_rests_and_others_go_on() {
        let inbox = inbox(10);
        inbox.push_all(vec![item(1), item(2)]).unwrap();
        let begun = Instant::now();
        inbox
            .take()
            .await
            .unwrap()
            .retry_after(Duration::from_millis(20));
        inbox.take().await.unwrap().done();
        let again = inbox.take().await.unwrap();
        assert_eq!(
            (again.item().subject.key.as_str(), again.item().tries),
            ("tree/1", 1)
        );
        assert!(begun.elapsed() >= Duration::from_millis(20));
    }

    #[tokio::test]
    async fn a_dropped_claim_comes_back_first() {
        let inbox = inbox(10);
        inbox.push_all(vec![item(1), item(1)]).unwrap();
        drop(inbox.take().await.unwrap());
        assert_eq!(inbox.take().await.unwrap().item().tries, 1);
    }

    #[tokio::test]
    async fn closed_and_empty_means_the_end() {
        let inbox = inbox(10);
        inbox.push_all(vec![item(1)]).unwrap();
        let claim = inbox.take().await.unwrap();
        inbox.close();
        let ends: Vec<_> = (0..3)
            .map(|_| {
                let inbox = inbox.clone();
                tokio::spawn(async move { inbox.take().await.is_none() })
            })
            .collect();
        tokio::task::yield_now().await;
        claim.done();
        for end in ends {
            assert!(end.await.unwrap());
        }
        assert_eq!(inbox.push_all(vec![item(2)]), Err(Full));
        assert_eq!(inbox.push_waiting(item(2)).await, Err(Full));
    }

    #[tokio::test]
    async fn a_sync_waits_at_half_and_leaves_room_for_webhooks() {
        let inbox = inbox(2);
        inbox.push_waiting(item(1)).await.unwrap();
        let second = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.push_waiting(item(2)).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        inbox.take().await.unwrap().done();
        second.await.unwrap().unwrap();
        inbox.push_all(vec![item(3)]).unwrap();
    }
}
