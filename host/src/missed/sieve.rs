//! Which of the deliveries in GitHub's log never arrived: rules alone.
//!
//! The log has an attempt a line, the newest first; a delivery that was sent again has several, with one GUID.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::github::Attempt;
use crate::settings::WebhookMode;

/// A delivery that nobody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) guid: String,
    /// The latest attempt, which GitHub's log keeps longest.
    pub(super) attempt: u64,
    /// When it was first sent, as far as the log was read.
    pub(super) sent: Timestamp,
    /// Its place among those of the same second.
    first: u64,
}

pub(super) struct Sieve {
    mode: WebhookMode,
    lost: HashMap<String, Lost>,
    /// Sent again and taken then. Of what was taken at once nothing older is in the log.
    arrived: HashSet<String>,
    unwanted: usize,
}

impl Sieve {
    pub(super) fn new(mode: WebhookMode) -> Self {
        Self {
            mode,
            lost: HashMap::new(),
            arrived: HashSet::new(),
            unwanted: 0,
        }
    }

    pub(super) fn take(&mut self, attempt: Attempt, wanted: &impl Fn(&str, Option<&str>) -> bool) {
        // Where the log is the only way in, who answered GitHub was not the host.
        if self.mode == WebhookMode::Push {
            if attempt.succeeded() {
                self.lost.remove(&attempt.guid);
                if attempt.redelivery {
                    self.arrived.insert(attempt.guid);
                }
                return;
            }
            if self.arrived.contains(&attempt.guid) {
                return;
            }
        }
        if !wanted(&attempt.event, attempt.action.as_deref()) {
            self.unwanted += usize::from(!attempt.redelivery);
            return;
        }
        let lost = self.lost.entry(attempt.guid.clone());
        let lost = lost.or_insert_with(|| Lost {
            guid: attempt.guid,
            attempt: attempt.id,
            sent: attempt.delivered_at,
            first: attempt.id,
        });
        lost.sent = lost.sent.min(attempt.delivered_at);
        lost.first = lost.first.min(attempt.id);
    }

    /// The oldest first; and how many nobody wants.
    pub(super) fn lost(self) -> (Vec<Lost>, usize) {
        let mut lost: Vec<_> = self.lost.into_values().collect();
        lost.sort_by_key(|lost| (lost.sent, lost.first));
        (lost, self.unwanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: u64, guid: &str, status_code: i64, redelivery: bool) -> Attempt {
        Attempt {
            id,
            guid: guid.to_owned(),
            delivered_at: Timestamp::from_second(id as i64).unwrap(),
            redelivery,
            status_code,
            event: if guid == "ping" { "ping" } else { "push" }.to_owned(),
            action: None,
        }
    }

    /// Goes through a log, the newest first, and gives what was lost with the attempt to fetch.
    fn sift(mode: WebhookMode, log: Vec<Attempt>) -> (Vec<(String, u64)>, usize) {
        let mut sieve = Sieve::new(mode);
        for attempt in log {
            sieve.take(attempt, &|event: &str, _: Option<&str>| event != "ping");
        }
        let (lost, unwanted) = sieve.lost();
        let lost = lost.into_iter().map(|lost| (lost.guid, lost.attempt));
        (lost.collect(), unwanted)
    }

    #[test]
    fn a_delivery_is_lost_when_no_attempt_of_it_succeeded() {
        let log = || {
            vec![
                attempt(9, "never", 502, true),
                attempt(8, "later", 202, true),
                attempt(7, "at once", 502, true),
                attempt(6, "once", 503, false),
                attempt(5, "at once", 200, false),
                attempt(4, "ping", 0, false),
                attempt(3, "later", 0, true),
                attempt(2, "later", 0, false),
                attempt(1, "never", 0, false),
            ]
        };
        let (lost, unwanted) = sift(WebhookMode::Push, log());
        assert_eq!(
            lost,
            [("never".to_owned(), 9), ("once".to_owned(), 6)],
            "the oldest first, the latest attempt of each"
        );
        assert_eq!(unwanted, 1);
        let (lost, unwanted) = sift(WebhookMode::Pull, log());
        let guids: Vec<_> = lost.iter().map(|(guid, _)| &**guid).collect();
        assert_eq!(guids, ["never", "later", "at once", "once"]);
        assert_eq!(unwanted, 1);
    }
}
