//! What an authentic delivery leads to: kept in the inbox with what it touches, or acknowledged and forgotten.
//!
//! What it touches is decided by `subject`; nothing is fetched or mapped here, for the caller waits.

use std::sync::atomic::Ordering;

use tracing::{debug, info, warn};

use super::{Pipeline, now};
use crate::delivery::{Delivery, pack};
use crate::inbox;
use crate::store::{self, Accepted, NewDelivery, Source};
use crate::subject::{self, Chore, Touch};

impl Pipeline {
    /// Keeps a delivery that somebody wants. Once it is answered `Ok` it cannot be lost.
    pub async fn accept(&self, delivery: Delivery, source: Source) -> Result<(), store::Error> {
        let touches = match subject::touches(&delivery) {
            Ok(touches) => touches,
            Err(unreadable) => {
                let (delivery, event) = (delivery.id(), delivery.event());
                warn!(delivery, event, "{unreadable}");
                return Ok(());
            }
        };
        for touch in &touches {
            // A moved head must be known before the event that was caused by it begins.
            if let Touch::Chore(Chore::HeadMoved { repository, .. }) = touch {
                self.configurations.head_moved(repository);
            }
        }
        let wanted: Vec<&Touch> = touches.iter().filter(|touch| self.wants(touch)).collect();
        let items = inbox::items(&wanted, source);
        if items.is_empty() {
            self.unwanted.fetch_add(1, Ordering::Relaxed);
            debug!(
                delivery = delivery.id(),
                event = delivery.event(),
                "acknowledged {}: no plugin maps it",
                delivery.event()
            );
            return Ok(());
        }
        let repository = wanted.iter().find_map(|touch| touch.repository());
        let new = NewDelivery {
            guid: delivery.id().to_owned(),
            event: delivery.event().to_owned(),
            action: delivery.action().map(str::to_owned),
            repository: repository.map(subject::Repository::full_name),
            source,
            received: now(),
            payload: pack(delivery.payload()),
        };
        match self.inbox.accept(new, items).await? {
            Accepted::New(_) => {}
            Accepted::Again(_) => info!(
                delivery = delivery.id(),
                event = delivery.event(),
                "{} came again: what it touches is read anew",
                delivery.event()
            ),
            Accepted::Waiting => debug!(
                delivery = delivery.id(),
                event = delivery.event(),
                "{} came again while it waits",
                delivery.event()
            ),
        }
        Ok(())
    }

    /// Whether a delivery of this event might lead to anything, as far as its name tells.
    pub fn may_want(&self, event: &str) -> bool {
        let set = self.plugins.current();
        subject::may_concern(event, |kind| set.wanting(kind).next().is_some())
    }

    /// Whether anything is to be done about it.
    fn wants(&self, touch: &Touch) -> bool {
        match touch {
            // With it goes what was mapped of it, whoever wants to hear of repositories.
            Touch::Subject(subject) if subject.gone && subject.kind == "repository" => true,
            Touch::Subject(subject) => {
                let set = self.plugins.current();
                set.wanting(&subject.kind).next().is_some()
            }
            Touch::Chore(Chore::HeadMoved { .. }) => false,
            Touch::Chore(Chore::Configured { .. }) => {
                let set = self.plugins.current();
                set.iter()
                    .any(|plugin| plugin.reads_an_organizations_files())
            }
            Touch::Chore(_) => true,
        }
    }
}
