//! What waits: one subject, the webhook that led to it, and how it fared so far.

use std::sync::Arc;

use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::debug;

use crate::delivery::Delivery;
use crate::subject::Subject;

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
    pub(super) panics: u32,
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
    pub(super) fn stands_for(&self, older: &Self) -> bool {
        self.subject.is_read_anew() && older.subject.is_read_anew() && !older.subject.gone
    }

    pub(super) fn bytes(&self) -> usize {
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

    /// Said of an older one that a newer one stands for.
    pub(super) fn tell_stood_for(&self) {
        let delivery = self.delivery.as_ref();
        debug!(
            delivery = delivery.map(|delivery| delivery.id()),
            subject = self.subject.key,
            "not mapped by itself: a newer one about the same is waiting, and maps what is there"
        );
    }
}
