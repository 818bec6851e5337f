//! GitHub's part: subjects change, and webhooks tell of it, each once or more often, late or out of order, until the host
//! has said that it is kept.

use super::{Event, World, Write};
use crate::inbox::simulation::Bug;
use crate::inbox::simulation::disk::{Row, all};
use crate::inbox::simulation::github::{Subject, Told, Webhook};
use crate::store::Source;

impl World {
    pub(super) fn change(&mut self, which: usize) {
        let gone = self.chance.in_1000(50);
        let subject = &mut self.subjects[which];
        if subject.state.gone {
            return;
        }
        subject.state.nth += 1;
        subject.state.gone = gone;
        let told = subject.state;
        self.guids += 1;
        let webhook = Webhook {
            guid: self.guids,
            subject: which,
            told,
        };
        self.say(|| format!("subject {which} changes: {told:?}"));
        for _ in 0..1 + self.chance.below(5) {
            let late = match self.chance.below(3) {
                0 => 20_000,
                _ => 500,
            };
            let when = self.now + self.chance.between(0, late);
            self.at(when, Event::Arrives(webhook));
        }
    }

    pub(super) fn arrives(&mut self, webhook: Webhook) {
        if self.life.is_none() {
            return self.not_accepted(webhook);
        }
        let row = self.row(
            Some(webhook.guid),
            webhook.subject,
            Source::Webhook,
            webhook.told,
        );
        if self.bug == Some(Bug::AcknowledgedTooEarly) {
            self.acknowledged.insert(webhook.guid, webhook);
        }
        self.write(Write::Accept(row, Some(webhook)));
    }

    /// GitHub's log of deliveries brings it again.
    pub(super) fn not_accepted(&mut self, webhook: Webhook) {
        if !self.acknowledged.contains_key(&webhook.guid) {
            let when = self.now + self.chance.between(1_000, 30_000);
            self.at(when, Event::Arrives(webhook));
        }
    }

    pub(super) fn row(&self, guid: Option<u64>, subject: usize, source: Source, told: Told) -> Row {
        let Subject {
            organization,
            merges,
            ..
        } = self.subjects[subject];
        let lane = match self.bug {
            // Every item in a lane of its own: nothing keeps them apart.
            Some(Bug::LanesIgnored) => format!("{subject}/{}", self.scheduled),
            _ => subject.to_string(),
        };
        Row {
            guid,
            subject,
            lane,
            organization,
            source,
            // That it is gone is said once.
            merges: merges && !told.gone,
            told: Some(told),
            plugins: None,
            tries: 0,
            faults: 0,
            due: 0,
            open_for: all(),
        }
    }
}
