//! What was asked once and serves all who ask after. Knows nothing of what is asked.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;

use crate::github;

/// What the cache has, or what asking brings, once for all who want it at the same time.
///
/// A failure is shared too. What it says of rights holds for the one who asked: the others then ask for themselves.
pub(super) async fn known<K, V, A>(
    cache: &Cache<K, V>,
    key: K,
    ask: impl Fn() -> A,
) -> Result<V, github::Error>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    A: Future<Output = Result<V, github::Error>>,
{
    let mut own = false;
    let asking = async {
        own = true;
        ask().await
    };
    let found: Result<V, Arc<github::Error>> = cache.try_get_with(key.clone(), asking).await;
    match found {
        Ok(value) => Ok(value),
        Err(error) if own || matches!(*error, github::Error::Transient(_)) => {
            Err(github::Error::clone(&error))
        }
        Err(_) => {
            let value = ask().await?;
            cache.insert(key, value.clone()).await;
            Ok(value)
        }
    }
}

/// Answers by key that hold until they are too old, or until the thing they are about has moved.
pub(super) struct UntilMoved<K, T, V> {
    answers: Cache<K, Answer<V>>,
    /// When each thing moved last.
    moved: moka::sync::Cache<T, Instant>,
}

#[derive(Clone)]
struct Answer<V> {
    asked: Instant,
    what: V,
}

impl<K, T, V> UntilMoved<K, T, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(most: u64, remembered: Duration) -> Self {
        Self {
            answers: Cache::builder()
                .max_capacity(most)
                .time_to_live(remembered)
                .build(),
            moved: moka::sync::Cache::builder()
                .max_capacity(most)
                .time_to_live(remembered)
                .build(),
        }
    }

    /// What is known; asked when it is not. An answer to a question from before a move does not count.
    pub(super) async fn get<A>(
        &self,
        key: K,
        thing: &T,
        ask: impl Fn() -> A,
    ) -> Result<V, github::Error>
    where
        A: Future<Output = Result<V, github::Error>>,
    {
        let asking = || async {
            let asked = Instant::now();
            let what = ask().await?;
            Ok(Answer { asked, what })
        };
        loop {
            let found = known(&self.answers, key.clone(), asking).await?;
            match self.moved.get(thing) {
                Some(moved) if found.asked <= moved => self.answers.invalidate(&key).await,
                _ => return Ok(found.what),
            }
        }
    }

    /// What somebody asked elsewhere.
    pub(super) async fn learn(&self, key: K, what: V, asked: Instant) {
        self.answers.insert(key, Answer { asked, what }).await;
    }

    /// Forgets an answer, and says what it was.
    pub(super) async fn forget(&self, key: &K) -> Option<V> {
        self.answers.remove(key).await.map(|answer| answer.what)
    }

    pub(super) fn moved(&self, thing: T) {
        self.moved.insert(thing, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn a_refusal_is_of_the_one_who_asked() {
        let cache: Cache<u8, u8> = Cache::new(1);
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let begun = Mutex::new(Some(begun));
        let theirs = known(&cache, 1, || {
            let begun = begun.lock().expect("alone").take();
            async {
                begun.expect("asked once").await.expect("told");
                Err(github::Error::Gone { installation: 1 })
            }
        });
        let ours = async {
            let waiting = known(&cache, 1, || std::future::ready(Ok(7)));
            tokio::pin!(waiting);
            // Polled once, it waits for the other's answer.
            assert!(is_pending(waiting.as_mut()).await);
            begin.send(()).expect("somebody waits");
            waiting.await
        };
        let (theirs, ours) = tokio::join!(theirs, ours);
        assert!(matches!(theirs, Err(github::Error::Gone { .. })));
        assert_eq!(ours.expect("asked for itself"), 7);
    }

    /// Whether it is still to come.
    async fn is_pending<F: Future + Unpin>(mut future: F) -> bool {
        std::future::poll_fn(|waker| {
            let pending = std::pin::Pin::new(&mut future).poll(waker).is_pending();
            std::task::Poll::Ready(pending)
        })
        .await
    }
}
