//! How others fail the host: destinations that are away, plugins that are sick or rest. In the end all are well.

use super::World;
use crate::inbox::simulation::disk::PLUGINS;
use crate::inbox::{Class, Destination, Failure};
use crate::store::Millis;

impl World {
    pub(super) fn is_well(&self) -> bool {
        self.now >= self.well_from
    }

    /// How somebody fails who is away, or was when asked.
    pub(super) fn away(&mut self, destination: Destination, since: Millis) -> Option<Failure> {
        let outages = self.outages.get(&destination).into_iter().flatten();
        let outage =
            (outages.copied()).find(|outage| outage.covers(since) || outage.covers(self.now));
        let blip = self.bug.is_none() && !self.is_well() && self.chance.in_1000(3);
        let after = match outage {
            Some(outage) if outage.says => Some(outage.until - self.now),
            Some(_) => None,
            None if blip => None,
            None => return None,
        };
        let after = after.filter(|after| *after > 0);
        let class = match after {
            Some(_) => Class::Wait,
            None => Class::Transient,
        };
        let after = after.map(|after| std::time::Duration::from_millis(after.unsigned_abs()));
        Some(Failure {
            after,
            ..self.failure(None, class, Some(destination))
        })
    }

    pub(super) fn plugin_fails(&mut self, plugin: usize) -> Option<Failure> {
        let name = PLUGINS[plugin];
        if plugin == 1 && self.rests.iter().any(|rest| rest.covers(self.now)) {
            return Some(self.failure(Some(name), Class::Rests, None));
        }
        if self.is_well() || !self.chance.in_1000(self.sick) {
            return None;
        }
        let class = match self.chance.below(7) {
            0 => Class::Data,
            1 => Class::Missing,
            2 => Class::Failed,
            3 => Class::Permission,
            4 => Class::Plugin,
            5 => Class::Held,
            _ => Class::Failed,
        };
        let answered = matches!(class, Class::Missing | Class::Failed | Class::Permission);
        let destination = answered.then_some(Destination::Port);
        // Who is away gives no other answer.
        let away = self.outages.get(&Destination::Port).into_iter().flatten();
        if answered && away.into_iter().any(|outage| outage.covers(self.now)) {
            return None;
        }
        Some(self.failure(Some(name), class, destination))
    }

    pub(super) fn failure(
        &self,
        plugin: Option<&str>,
        class: Class,
        destination: Option<Destination>,
    ) -> Failure {
        Failure {
            plugin: plugin.map(str::to_owned),
            class,
            destination,
            after: None,
            why: class.word().to_owned(),
            awaits: None,
        }
    }
}
