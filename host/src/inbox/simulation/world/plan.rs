//! What a seed has in store, whatever the host does: who is there, when things change, and who is away for how long.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::{BEGIN, Event, LIVELY, Tally, World};
use crate::inbox::Destination;
use crate::inbox::rules::Rules;
use crate::inbox::simulation::Bug;
use crate::inbox::simulation::chance::Chance;
use crate::inbox::simulation::checks::Checks;
use crate::inbox::simulation::disk::Disk;
use crate::inbox::simulation::github::{Outage, Subject, Told};
use crate::store::Millis;

impl World {
    pub(in crate::inbox::simulation) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut chance = Chance::new(seed);
        let organizations = 1 + chance.below(3);
        let subjects = (0..1 + chance.below(6))
            .map(|_| Subject {
                organization: 1 + chance.below(organizations),
                merges: chance.in_1000(300),
                state: Told {
                    nth: 1,
                    gone: false,
                },
            })
            .collect();
        let mut world = Self {
            bug,
            now: BEGIN,
            events: BinaryHeap::new(),
            happening: Vec::new(),
            unused: Vec::new(),
            scheduled: 0,
            subjects,
            outages: BTreeMap::new(),
            rests: Vec::new(),
            sick: [0, 0, 10, 100][chance.below(4) as usize],
            guids: 0,
            acknowledged: BTreeMap::new(),
            well_from: BEGIN + LIVELY,
            disk: Disk::default(),
            writing: VecDeque::new(),
            disk_free: 0,
            rules: Rules::default(),
            life: None,
            lives: 0,
            workers: 1 + chance.below(8) as usize,
            hands: BTreeMap::new(),
            woken_at: None,
            checks: Checks::default(),
            tally: Tally::default(),
            trace: false,
            chance,
        };
        world.plan(organizations);
        world
    }

    /// What will happen, whatever the host does.
    fn plan(&mut self, organizations: u64) {
        self.at(BEGIN, Event::Start);
        let subjects = self.subjects.len() as u64;
        for _ in 0..5 + self.chance.below(30) {
            let (when, which) = (self.sometime(), self.chance.below(subjects) as usize);
            self.at(when, Event::Change(which));
        }
        for _ in 0..self.chance.below(6) {
            let (when, which) = (self.sometime(), self.chance.below(subjects) as usize);
            self.at(when, Event::List(which));
        }
        for _ in 0..self.chance.below(4) {
            let when = self.sometime();
            self.at(when, Event::Crash);
        }
        let who = [
            Destination::Port,
            Destination::GitHub,
            Destination::Installation(1 + self.chance.below(organizations)),
        ];
        for destination in who {
            for _ in 0..self.chance.below(3) {
                let outage = self.outage();
                self.outages.entry(destination).or_default().push(outage);
            }
        }
        if self.chance.in_1000(300) {
            let outage = self.outage();
            self.rests.push(outage);
        }
    }

    fn outage(&mut self) -> Outage {
        let from = self.sometime();
        // Some are over before anybody notices, some last an hour.
        let lasts = match self.chance.below(4) {
            0 => self.chance.between(1, 2_000),
            1 | 2 => self.chance.between(5_000, 60_000),
            _ => self.chance.between(60_000, 3_600_000),
        };
        self.well_from = self.well_from.max(from + lasts);
        let says = self.chance.in_1000(300);
        Outage {
            from,
            until: from + lasts,
            says,
        }
    }

    fn sometime(&mut self) -> Millis {
        BEGIN + self.chance.between(0, LIVELY)
    }
}
