//! What an authentic delivery leads to: items in lanes, and chores.
//!
//! What it touches is decided by `subject`; nothing is fetched or mapped here, for the caller waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::{debug, warn};

use super::Pipeline;
use crate::delivery::Delivery;
use crate::inbox::{Full, Item};
use crate::subject::{self, Chore, Touch};

impl Pipeline {
    /// Put what an authentic delivery touches into its lanes. All of it or, when there is no room, nothing.
    pub fn accept(&self, delivery: Delivery) -> Result<(), Full> {
        let touches = match subject::touches(&delivery) {
            Ok(touches) => touches,
            Err(unreadable) => {
                warn!(
                    delivery = delivery.id(),
                    event = delivery.event(),
                    "{unreadable}"
                );
                return Ok(());
            }
        };
        let delivery = Arc::new(delivery);
        let set = self.plugins.current();
        let (mut items, mut chores) = (Vec::new(), Vec::new());
        for touch in touches {
            match touch {
                Touch::Chore(chore) => chores.push(chore),
                Touch::Subject(subject) if set.wanting(&subject.kind).next().is_some() => {
                    items.push(Item::new(Some(delivery.clone()), subject));
                }
                Touch::Subject(_) => {}
            }
        }
        if items.is_empty() && chores.is_empty() {
            self.unwanted.fetch_add(1, Ordering::Relaxed);
            debug!(
                delivery = delivery.id(),
                event = delivery.event(),
                "acknowledged {}: no plugin maps it",
                delivery.event()
            );
            return Ok(());
        }
        // A moved head must be known before the event that was caused by it begins.
        let (moves, chores): (Vec<_>, Vec<_>) = chores
            .into_iter()
            .partition(|chore| matches!(chore, Chore::HeadMoved { .. }));
        moves
            .into_iter()
            .for_each(|chore| self.resync.take_on(chore));
        self.inbox.push_all(items)?;
        chores
            .into_iter()
            .for_each(|chore| self.resync.take_on(chore));
        Ok(())
    }
}
