//! Who keeps a connection when there are more callers than places.
//!
//! A caller is a stranger until a delivery of its was accepted: nothing else tells GitHub from anybody.
//! When every place is taken, the stranger that came first gives way to who comes now. GitHub needs a place for
//! milliseconds and so is mostly gone or known before its turn comes; whoever only holds a connection open, idle or
//! byte by byte, loses it when somebody else wants it. Known callers, a proxy's kept connections, never give way.
//! So many strangers at once make room for each other, and time-outs need not be short enough to hurt the slow.
//! Against thousands of new connections in the time of one delivery this does not help: that is a firewall's work.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

pub(super) struct Places {
    free: Arc<Semaphore>,
    strangers: Arc<Strangers>,
    count: AtomicU64,
}

/// By the order in which they came, each with the bell that sends it away.
#[derive(Default)]
struct Strangers(Mutex<BTreeMap<u64, Arc<Notify>>>);

/// One caller's; dropped when it has gone.
pub(super) struct Place {
    number: u64,
    wanted: Arc<Notify>,
    strangers: Arc<Strangers>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            strangers: Arc::default(),
            count: AtomicU64::new(0),
        }
    }

    /// A place for who has just come. Waits for one to become free, which is long only if all others are known.
    pub(super) async fn take(&self) -> Place {
        if self.free.available_permits() == 0 {
            self.strangers.send_away(1);
        }
        // The semaphore is never closed.
        let permit = self.free.clone().acquire_owned().await.ok();
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let wanted = Arc::new(Notify::new());
        self.strangers.lock().insert(number, wanted.clone());
        Place {
            number,
            wanted,
            strangers: self.strangers.clone(),
            _permit: permit,
        }
    }

    /// For when something else than places has run out: those who wait outside find room soon, and the rest of the
    /// host gets some of it.
    pub(super) fn halve_strangers(&self) {
        let strangers = self.strangers.lock().len();
        self.strangers.send_away(strangers.div_ceil(2));
    }
}

impl Place {
    /// Its caller has proved to be none of the strangers.
    pub(super) fn keep(&self) {
        self.strangers.lock().remove(&self.number);
    }

    /// When another needs it more.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.keep();
    }
}

impl Strangers {
    fn send_away(&self, oldest: usize) {
        let mut strangers = self.lock();
        for _ in 0..oldest {
            if let Some((_, stranger)) = strangers.pop_first() {
                stranger.notify_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    async fn is_ready(future: impl Future) -> bool {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test]
    async fn the_stranger_that_came_first_gives_way() {
        let places = Places::new(3);
        let known = places.take().await;
        let (first, second) = (places.take().await, places.take().await);
        known.keep();
        let mut newcomer = pin!(places.take());

        assert!(!is_ready(&mut newcomer).await, "nobody has gone yet");

        assert!(is_ready(first.wanted()).await);
        assert!(!is_ready(known.wanted()).await && !is_ready(second.wanted()).await);
        drop(first);
        assert!(is_ready(newcomer).await);
    }

    #[tokio::test]
    async fn a_free_place_costs_nobody_theirs() {
        let places = Places::new(2);
        let one = places.take().await;
        let other = places.take().await;
        drop(one);

        let _third = places.take().await;

        assert!(!is_ready(other.wanted()).await);
    }

    #[tokio::test]
    async fn those_who_are_known_are_waited_for() {
        let places = Places::new(1);
        let known = places.take().await;
        known.keep();
        let mut newcomer = pin!(places.take());

        assert!(!is_ready(&mut newcomer).await && !is_ready(known.wanted()).await);

        drop(known);
        assert!(is_ready(newcomer).await);
    }
}
