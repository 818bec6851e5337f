//! What nobody asks for any more is forgotten, so much at a time.

use std::collections::BTreeSet;

use super::Model;
use crate::store::{Millis, Seq, retention};

impl Model {
    pub(super) fn compact(&mut self, now: Millis) -> bool {
        let mut room = retention::ROWS;
        let due = |model: &Self, kept: bool, age: Millis, room: usize| -> Vec<Seq> {
            let all = model.deliveries.iter();
            let due = all.filter_map(|(number, delivery)| {
                let done = delivery.done.filter(|done| *done <= now - age)?;
                (delivery.kept == kept).then_some((done, *number))
            });
            let due: BTreeSet<_> = due.collect();
            due.into_iter().take(room).map(|(_, seq)| seq).collect()
        };
        for number in due(self, true, retention::PAYLOAD, room) {
            if let Some(delivery) = self.deliveries.get_mut(&number) {
                delivery.kept = false;
            }
            room -= 1;
        }
        for number in due(self, false, retention::DELIVERY, room) {
            self.deliveries.remove(&number);
            room -= 1;
        }
        let old = self.subjects.iter();
        let old: BTreeSet<_> = old
            .filter(|(_, subject)| subject.touched <= now - retention::SUBJECT)
            .map(|(lane, subject)| (subject.touched, lane.clone()))
            .collect();
        for (_, lane) in old.into_iter().take(room) {
            room -= 1;
            if !self.ledger.values().any(|row| row.subject == lane) {
                self.subjects.remove(&lane);
            } else if let Some(subject) = self.subjects.get_mut(&lane) {
                subject.touched = now;
            }
        }
        room == 0
    }
}
