//! What was done about an item: what the ledger, the subject and the quarantine hold from then on, and when an item and its
//! delivery have ended.

use super::Model;
use crate::store::{Change, Millis, Progress, Rest, Seq, Waiting};

impl Model {
    pub(super) fn record(&mut self, progress: Progress) -> Vec<Waiting> {
        let (seq, now, lane) = (progress.item, progress.now, progress.lane);
        for change in progress.ledger {
            self.change(change);
        }
        if let Some(seen) = progress.seen {
            let subject = self.subjects.entry(lane.clone()).or_default();
            let is_older = seen.version.is_some() && seen.version < subject.version;
            if seen.gone || !is_older {
                subject.gone = seen.gone;
            }
            if seen.version.is_some() && !is_older {
                subject.version = seen.version;
                subject.told_by = seq;
            }
            subject.touched = now;
        }
        for given_up in progress.quarantine {
            if self.items.contains_key(&seq) {
                let plugin = given_up.plugin.unwrap_or_default();
                self.quarantine.insert((seq, plugin), (given_up.cause, now));
            }
        }
        for plugin in &progress.supersedes {
            let earlier: Vec<Seq> = self
                .items
                .range(..seq)
                .filter(|(_, item)| item.new.lane == lane && !item.open)
                .map(|(earlier, _)| *earlier)
                .collect();
            for earlier in earlier {
                if self.quarantine.remove(&(earlier, plugin.clone())).is_some() {
                    self.release(earlier, now);
                }
            }
        }
        for older in progress.stood_for {
            self.finish(older, now);
        }
        let insert = |item| self.insert(item, None, now);
        let added = progress.adds.into_iter().map(insert).collect();
        match progress.rest {
            Rest::InHand => {}
            Rest::Waits {
                plugins,
                tries,
                faults,
                due,
                why,
            } => {
                if let Some(item) = self.items.get_mut(&seq).filter(|item| item.open) {
                    item.new.plugins = plugins;
                    (item.tries, item.faults, item.due) = (tries, faults, due);
                    item.why = Some(why);
                }
            }
            Rest::Done => self.finish(seq, now),
        }
        added
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Put(row) => {
                let key = (
                    row.subject.clone(),
                    row.plugin.clone(),
                    row.blueprint.clone(),
                    row.identifier.clone(),
                );
                self.ledger.insert(key, row);
            }
            Change::Remove {
                plugin,
                subject,
                blueprint,
                identifier,
            } => {
                self.ledger
                    .remove(&(subject, plugin, blueprint, identifier));
            }
            Change::Forget {
                plugin,
                subject,
                blueprint,
                identifier,
            } => {
                for row in self.ledger.values_mut() {
                    let is_it = row.plugin == plugin && row.subject == subject;
                    if row.blueprint == blueprint && row.identifier == identifier && !is_it {
                        row.digest = None;
                    }
                }
            }
            Change::Inherit {
                blueprint,
                identifier,
            } => {
                for row in self.ledger.values_mut() {
                    if row.blueprint == blueprint && row.identifier == identifier {
                        row.ours = true;
                    }
                }
            }
        }
    }

    fn is_quarantined(&self, seq: Seq) -> bool {
        self.quarantine.keys().any(|(item, _)| *item == seq)
    }

    fn finish(&mut self, seq: Seq, now: Millis) {
        if let Some(item) = self.items.get_mut(&seq).filter(|item| item.open) {
            item.open = false;
            self.release(seq, now);
        }
    }

    /// An item ends when it is neither open nor in quarantine; a delivery is done when all its items have ended.
    pub(super) fn release(&mut self, seq: Seq, now: Millis) {
        if self.items[&seq].open || self.is_quarantined(seq) {
            return;
        }
        let delivery = self.items.remove(&seq).and_then(|item| item.delivery);
        if let Some(number) = delivery
            && self.items_of(number).is_empty()
            && let Some(delivery) = self.deliveries.get_mut(&number)
        {
            delivery.done = Some(now);
        }
    }
}
