//! What waits to be worked on: items in lanes, over a store that outlives the process.
//!
//! Items of one lane (one subject) are handed out in order and one at a time; lanes run side by side. What fails waits,
//! is tried again or goes to quarantine by the table in `failure`; while a destination is away, one item at a time finds
//! out whether it is back (`breaker`). `rules` decides all of it without clock, lock or waiting; here are these three.
//! Knows nothing of what is done with an item, and does no I/O but through the store.

mod about;
mod breaker;
mod claim;
mod ended;
mod failure;
mod guard;
mod lane;
mod rules;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{error, warn};

pub use self::about::{items, listed};
pub use self::breaker::Away;
pub use self::claim::Claim;
pub use self::ended::{Ended, Waits};
pub use self::failure::{Class, Destination, Failure};
pub use self::guard::is_news;

use self::rules::Rules;
use crate::store::{Accepted, Error, Filter, Millis, NewDelivery, NewItem, Source, Store, Waiting};

/// Lanes claimed at once: small enough that the first of them are soon worked on.
const PAGE: usize = 1_000;

/// A handle; its clones share the same items.
#[derive(Clone)]
pub struct Inbox(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    rules: Mutex<Rules>,
    /// A lane became ready, or the inbox closed.
    ready: Notify,
    started: (Millis, Instant),
}

/// How much waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open items, those in hand among them.
    pub items: usize,
    pub in_hand: usize,
    /// Subjects they are about.
    pub lanes: usize,
}

impl Inbox {
    pub fn new(store: Arc<dyn Store>) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self(Arc::new(Shared {
            store,
            rules: Mutex::default(),
            ready: Notify::new(),
            started: (
                i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(Millis::MAX),
                Instant::now(),
            ),
        }))
    }

    /// Claims what waits from before the start, page by page; each may be worked on at once. How many items there were.
    pub async fn load(&self) -> Result<usize, Error> {
        let mut loaded = 0;
        loop {
            let page = self.0.store.claim(PAGE).await?;
            if page.is_empty() {
                return Ok(loaded);
            }
            loaded += page.len();
            self.0.take_over(&page);
        }
    }

    /// Keeps a delivery and its items. What was answered `Ok` for is on disk.
    pub async fn accept(
        &self,
        delivery: NewDelivery,
        items: Vec<NewItem>,
    ) -> Result<Accepted, Error> {
        let (guid, lanes) = (delivery.guid.clone(), items.clone());
        let accepted = self.0.store.accept(delivery, items).await?;
        match &accepted {
            Accepted::New(items) | Accepted::Again(items) => self.0.take_over(items),
            Accepted::Waiting => {
                let again = self.once_more(guid, lanes).await?;
                return Ok(again.unwrap_or(accepted));
            }
        }
        Ok(accepted)
    }

    /// What came again while it is being worked on may be about a state that was not there yet when that was read.
    async fn once_more(
        &self,
        guid: String,
        items: Vec<NewItem>,
    ) -> Result<Option<Accepted>, Error> {
        let in_hand: Vec<NewItem> = {
            let rules = self.0.rules();
            let items = items.into_iter();
            items.filter(|item| rules.is_in_hand(&item.lane)).collect()
        };
        if in_hand.is_empty() {
            return Ok(None);
        }
        let again = |item| NewItem {
            source: Source::Refresh,
            fresh: true,
            delivery: Some(guid.clone()),
            ..item
        };
        let added = (self.0.store)
            .add(in_hand.into_iter().map(again).collect())
            .await?;
        self.0.take_over(&added);
        Ok(Some(Accepted::Again(added)))
    }

    /// Keeps items that no delivery brought.
    pub async fn add(&self, items: Vec<NewItem>) -> Result<(), Error> {
        let added = self.0.store.add(items).await?;
        self.0.take_over(&added);
        Ok(())
    }

    /// What is in the store already and waits from now on.
    pub fn take_over(&self, waiting: &[Waiting]) {
        self.0.take_over(waiting);
    }

    /// Something exists in Port now: what was given up for want of it is queued again. How many there were.
    pub async fn appeared(&self, awaited: &str) -> Result<u64, Error> {
        let filter = Filter {
            awaits: Some(awaited.to_owned()),
            ..Filter::default()
        };
        let (found, waiting) = self.0.store.replay(filter, self.0.now(), false).await?;
        self.0.take_over(&waiting);
        Ok(found)
    }

    /// Another version of a plugin is in force: what waits for that plugin alone need not wait any longer.
    pub fn plugin_changed(&self, plugin: &str) {
        let now = self.0.now();
        self.0.rules().hurry(plugin, now);
        self.0.ready.notify_one();
    }

    /// The next item that may be worked on, as soon as there is one. `None` once the inbox is closed.
    pub async fn take(&self) -> Option<Claim> {
        loop {
            let mut ready = std::pin::pin!(self.0.ready.notified());
            ready.as_mut().enable();
            let (taken, due) = {
                let now = self.0.now();
                let mut rules = self.0.rules();
                if rules.is_closed() {
                    return None;
                }
                let taken = rules.take(now);
                if taken.is_some() && rules.has_ready() {
                    self.0.ready.notify_one();
                }
                (taken, rules.next_due(now).map(|due| due - now))
            };
            match (taken, due) {
                (Some(taken), _) => {
                    let claim = Claim::new(self.0.clone(), taken);
                    if !claim.is_hopeless() {
                        return Some(claim);
                    }
                    self.give_up(claim).await;
                }
                (None, Some(due)) => {
                    let wait = Duration::from_millis(due.max(1).unsigned_abs());
                    // Either way the lanes are looked at again.
                    let _ = tokio::time::timeout(wait, ready).await;
                }
                (None, None) => ready.await,
            }
        }
    }

    pub fn counts(&self) -> Counts {
        let rules = self.0.rules();
        Counts {
            items: rules.items(),
            in_hand: rules.in_hand(),
            lanes: rules.lanes_held(),
        }
    }

    pub fn in_hand(&self) -> usize {
        self.0.rules().in_hand()
    }

    /// Who is away.
    pub fn away(&self) -> Vec<Away> {
        self.0.rules().away()
    }

    /// Nothing is handed out from now on; what is in hand may still end.
    pub fn close(&self) {
        self.0.rules().close();
        self.0.ready.notify_waiters();
    }

    /// What panics again and again goes to quarantine without being worked on.
    async fn give_up(&self, claim: Claim) {
        let (lane, seq) = (claim.lane().to_owned(), claim.seq());
        match claim.end().await {
            Ok(ended) => error!(subject = lane, item = seq, "{ended}"),
            Err(failed) => warn!(subject = lane, item = seq, "not given up: {failed}"),
        }
    }
}

impl Shared {
    fn take_over(&self, waiting: &[Waiting]) {
        if waiting.is_empty() {
            return;
        }
        let now = self.now();
        let mut rules = self.rules();
        for waiting in waiting {
            rules.push(waiting, now);
        }
        drop(rules);
        self.ready.notify_one();
    }

    /// Never goes back, whatever is done to the machine's clock.
    fn now(&self) -> Millis {
        let (begun, instant) = self.started;
        begun + failure::millis(instant.elapsed())
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        // Never left half changed: what panics, panics while the lock is not held.
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
