//! Who decides about an entity just now.
//!
//! Two producers that drop one entity at the same moment would each leave it to the other, and one that drops it while
//! another takes it up would delete what is produced. So a plan is made, carried out and committed while its producer
//! has the turn of every entity that it sends or drops. Unchanged ones need none, so that most events wait for nobody.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Line, OwnedMutexGuard};

use crate::entity::Key;

/// Share it: turns hold among those who share it.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<Key, Arc<Line<()>>>>>);

/// The turn of some entities, over when it is dropped.
pub struct Turn {
    keys: BTreeSet<Key>,
    held: Vec<OwnedMutexGuard<()>>,
    turns: Turns,
}

impl Turns {
    /// Waits until nobody else has any of these. Whoever takes a second turn must have given back the first.
    pub async fn take(&self, keys: BTreeSet<Key>) -> Turn {
        let mut turn = Turn {
            keys,
            held: Vec::new(),
            turns: self.clone(),
        };
        // Everybody goes through them in one order, so that no two wait for each other.
        for key in &turn.keys {
            let line = self.lines(|lines| lines.entry(key.clone()).or_default().clone());
            turn.held.push(line.lock_owned().await);
        }
        turn
    }

    fn lines<T>(&self, look: impl FnOnce(&mut HashMap<Key, Arc<Line<()>>>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Turn {
    /// Whether these are among its entities. When they are not, they changed while it was waited for.
    pub fn covers(&self, keys: &BTreeSet<Key>) -> bool {
        keys.is_subset(&self.keys)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held.clear();
        self.turns.lines(|lines| {
            for key in &self.keys {
                // Who waits in a line holds it too.
                if lines
                    .get(key)
                    .is_some_and(|line| Arc::strong_count(line) == 1)
                {
                    lines.remove(key);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(identifiers: &[&str]) -> BTreeSet<Key> {
        let key = |identifier: &&str| Key {
            blueprint: "service".into(),
            identifier: (*identifier).into(),
        };
        identifiers.iter().map(key).collect()
    }

    #[tokio::test]
    async fn one_entity_is_decided_about_by_one_at_a_time() {
        let turns = Turns::default();
        let first = turns.take(keys(&["cart", "web"])).await;
        let _elsewhere = turns.take(keys(&["shop"])).await;

        let mut second = Box::pin(turns.take(keys(&["api", "web"])));
        assert!(futures_now(second.as_mut()).is_none(), "web is taken");
        drop(first);
        let second = futures_now(second.as_mut()).expect("web is free");
        assert!(second.covers(&keys(&["web"])) && !second.covers(&keys(&["cart"])));
    }

    #[tokio::test]
    async fn who_gives_up_waiting_holds_nobody_up_and_nothing_is_kept() {
        let turns = Turns::default();
        let first = turns.take(keys(&["web"])).await;
        let mut second = Box::pin(turns.take(keys(&["cart", "web"])));
        assert!(futures_now(second.as_mut()).is_none());
        drop(second);
        drop(turns.take(keys(&["cart"])).await);
        drop(first);
        assert!(turns.lines(|lines| lines.is_empty()));
    }

    /// What a future has to say without waiting.
    fn futures_now<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(done) => Some(done),
            std::task::Poll::Pending => None,
        }
    }
}
