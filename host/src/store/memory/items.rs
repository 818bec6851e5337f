//! Deliveries and the items they led to, from when they are accepted until somebody loads them.

use super::{Delivery, Item, Model};
use crate::store::{
    Accepted, Kept, Loaded, Millis, NewDelivery, NewItem, Seen, Seq, Source, Waiting,
};

impl Model {
    fn number(&mut self) -> Seq {
        self.last += 1;
        self.last
    }

    pub(super) fn number_of(&self, guid: &str) -> Option<Seq> {
        let mut deliveries = self.deliveries.iter();
        deliveries
            .find(|(_, delivery)| delivery.brought.guid == guid)
            .map(|(number, _)| *number)
    }

    /// The items of a delivery that have not ended.
    pub(super) fn items_of(&self, delivery: Seq) -> Vec<Seq> {
        let of = |(_, item): &(&Seq, &Item)| item.delivery == Some(delivery);
        self.items.iter().filter(of).map(|(seq, _)| *seq).collect()
    }

    pub(super) fn accept(&mut self, delivery: NewDelivery, items: Vec<NewItem>) -> Accepted {
        let (now, known) = (delivery.received, self.number_of(&delivery.guid));
        let number = match known {
            Some(number) => number,
            None => self.number(),
        };
        let ends: Vec<_> = self.items_of(number);
        if ends.iter().any(|seq| self.items[seq].open) {
            return Accepted::Waiting;
        }
        for seq in ends {
            self.items.remove(&seq);
            self.quarantine.retain(|(item, _), _| *item != seq);
        }
        let done = items.is_empty().then_some(now);
        match self.deliveries.get_mut(&number) {
            Some(again) => {
                if !again.kept {
                    again.brought.payload = delivery.payload;
                }
                (again.kept, again.items, again.done) = (true, items.clone(), done);
                Accepted::Again(self.once_more(number, items, now))
            }
            None => {
                let delivery = Delivery {
                    brought: delivery,
                    kept: true,
                    items: items.clone(),
                    done,
                };
                self.deliveries.insert(number, delivery);
                let insert = |item| self.insert(item, Some(number), now);
                Accepted::New(items.into_iter().map(insert).collect())
            }
        }
    }

    pub(super) fn once_more(
        &mut self,
        number: Seq,
        items: Vec<NewItem>,
        now: Millis,
    ) -> Vec<Waiting> {
        let insert = |item| self.insert(refreshed(item), Some(number), now);
        items.into_iter().map(insert).collect()
    }

    pub(super) fn insert(&mut self, new: NewItem, brought: Option<Seq>, now: Millis) -> Waiting {
        let delivery = match &new.delivery {
            Some(guid) => self
                .number_of(guid)
                .filter(|number| self.deliveries[number].kept),
            None => brought,
        };
        if let Some(delivery) = delivery.and_then(|number| self.deliveries.get_mut(&number)) {
            delivery.done = None;
        }
        let seq = self.number();
        let item = Item {
            new,
            delivery,
            added: now,
            tries: 0,
            faults: 0,
            due: 0,
            why: None,
            open: true,
        };
        self.items.insert(seq, item);
        self.waiting(seq)
    }

    fn waiting(&self, seq: Seq) -> Waiting {
        let item = &self.items[&seq];
        let is_ours = !self.unclaimed.contains(&item.new.lane);
        Waiting {
            seq,
            lease: is_ours.then_some(self.lease),
            lane: item.new.lane.clone(),
            source: item.new.source,
            organization: item.new.organization,
            merges: item.new.merges,
            tries: item.tries,
            faults: item.faults,
            due: item.due,
            plugins: item.new.plugins.clone(),
        }
    }

    pub(super) fn claim(&mut self, lanes: usize) -> Vec<Waiting> {
        let open = |lane: &String| -> Vec<(&Seq, &Item)> {
            let items = self.items.iter();
            items
                .filter(|(_, item)| item.open && item.new.lane == *lane)
                .collect()
        };
        let mut order: Vec<_> = self
            .unclaimed
            .iter()
            .map(|lane| {
                let items = open(lane);
                let live = items.iter().any(|(_, item)| item.new.source.is_live());
                let seqs: Vec<Seq> = items.iter().map(|(seq, _)| **seq).collect();
                (!live, seqs, lane.clone())
            })
            .collect();
        order.sort();
        order.truncate(lanes);
        let mut claimed = Vec::new();
        for (_, seqs, lane) in order {
            self.unclaimed.remove(&lane);
            claimed.extend(seqs.into_iter().map(|seq| self.waiting(seq)));
        }
        claimed
    }

    pub(super) fn load(&self, seq: Seq) -> Option<Loaded> {
        let item = self.items.get(&seq).filter(|item| item.open)?;
        let delivery = item
            .delivery
            .and_then(|number| self.deliveries.get(&number));
        let kept = delivery.filter(|delivery| delivery.kept);
        let subject = self.subjects.get(&item.new.lane);
        Some(Loaded {
            delivery: kept.map(|delivery| Kept {
                guid: delivery.brought.guid.clone(),
                event: delivery.brought.event.clone(),
                payload: delivery.brought.payload.clone(),
            }),
            subject: item.new.subject.clone(),
            fresh: item.new.fresh,
            force: item.new.force,
            told: subject.is_some_and(|subject| subject.told_by == seq),
            seen: subject.map_or_else(Seen::default, |subject| Seen {
                version: subject.version.clone(),
                gone: subject.gone,
            }),
        })
    }
}

/// The same once more, its state read anew.
pub(super) fn refreshed(item: NewItem) -> NewItem {
    NewItem {
        source: Source::Refresh,
        fresh: true,
        delivery: None,
        ..item
    }
}
