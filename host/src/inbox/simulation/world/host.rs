//! The host's part: workers that take what the real rules hand out, and do with it what the pipeline does.
//!
//! They ask GitHub, call plugins one after the other and write to Port; each step takes some time, and may fail as
//! `failing` says. What becomes of an item is the rules' to say.

use super::{Doing, Event, Hand, World, Write};
use crate::inbox::lane::Wanted;
use crate::inbox::rules::{Fared, Taken};
use crate::inbox::simulation::Bug;
use crate::inbox::simulation::checks::Violation;
use crate::inbox::simulation::disk::PLUGINS;
use crate::inbox::{Class, Destination, Failure, is_news};
use crate::store::{Progress, Rest, Seen, Waiting};

impl World {
    pub(super) fn push(&mut self, waiting: &[Waiting]) {
        for waiting in waiting {
            self.rules.push(waiting, self.now);
        }
    }

    pub(super) fn work(&mut self) -> Result<(), Violation> {
        let Some(life) = self.life else {
            return Ok(());
        };
        while self.hands.len() < self.workers
            && let Some(taken) = self.rules.take(self.now)
        {
            self.begin(taken)?;
        }
        if self.hands.len() < self.workers
            && let Some(due) = self.rules.next_due(self.now)
            && self.woken_at.is_none_or(|woken| due < woken)
        {
            if due <= self.now {
                return Err("the host would look again and again at nothing".to_owned());
            }
            self.woken_at = Some(due);
            self.at(due, Event::Wake(life));
        }
        Ok(())
    }

    fn begin(&mut self, taken: Taken) -> Result<(), Violation> {
        let Some(row) = self.disk.items.get(&taken.seq).cloned() else {
            return Err(format!("item {} is done and is handed out", taken.seq));
        };
        self.say(|| {
            format!(
                "item {} of subject {} is taken: {taken:?}",
                taken.seq, row.subject
            )
        });
        (self.checks).taken(row.subject, taken.seq, row.organization, self.now)?;
        self.tally.stood_for += taken.stood_for.len() as u64;
        self.tally.probes += u64::from(taken.is_probe());
        let around = matches!(&taken.wanted, Wanted::AllBut(held) if !held.is_empty());
        self.tally.around += u64::from(around);
        let seen = self.disk.seen.get(&row.subject).cloned();
        let news = match (row.told, self.bug) {
            // Being gone is for good.
            (Some(told), _) if told.gone => true,
            (Some(_), Some(Bug::GuardDropped)) => true,
            (Some(told), _) => {
                !row.merges && is_news(Some(&told.version()), &seen.unwrap_or_default())
            }
            (None, _) => false,
        };
        let number = self.next_number();
        let present = self.subjects[row.subject].state;
        let mut hand = Hand {
            told: row.told.filter(|_| news),
            doing: Doing::Asking(present, self.now),
            verdict: None,
            fared: Fared::default(),
            row,
            taken,
        };
        let sick = self.sick / 3;
        if hand.taken.is_hopeless() {
            let bug = self.failure(None, Class::Bug, None);
            hand.fared.failures.push(bug);
            self.end(number, hand);
        } else if !self.is_well() && self.chance.in_1000(sick) {
            // Whoever works on it panics.
            self.tally.panics += 1;
            self.checks.back(hand.row.subject);
            self.checks.dropped(hand.taken.seq);
            self.rules.panicked(&hand.taken, self.now);
        } else if news {
            self.call(number, hand)?;
        } else {
            self.later(number, hand);
        }
        Ok(())
    }

    /// What was asked of GitHub or Port is answered some time.
    fn later(&mut self, number: u64, hand: Hand) {
        let slow = match self.chance.below(20) {
            0 => 10_000,
            _ => 200,
        };
        let when = self.now + self.chance.between(1, slow);
        self.hands.insert(number, hand);
        if let Some(life) = self.life {
            self.at(when, Event::Step(life, number));
        }
    }

    pub(super) fn step(&mut self, number: u64) -> Result<(), Violation> {
        let Some(mut hand) = self.hands.remove(&number) else {
            return Ok(());
        };
        match hand.doing {
            Doing::Asking(told, since) => {
                let installation = Destination::Installation(hand.row.organization);
                let away = (self.away(Destination::GitHub, since))
                    .or_else(|| self.away(installation, since));
                if let Some(failure) = away {
                    hand.fared.failures.push(failure);
                    self.end(number, hand);
                    return Ok(());
                }
                hand.fared.answered.insert(Destination::GitHub);
                hand.told = Some(told);
                self.call(number, hand)
            }
            Doing::Writing(plugin, since) => {
                let name = PLUGINS[plugin];
                match (self.away(Destination::Port, since), hand.told) {
                    (Some(failure), _) => {
                        let plugin = Some(name.to_owned());
                        hand.fared.failures.push(Failure { plugin, ..failure });
                    }
                    (None, Some(told)) => {
                        self.checks.wrote(hand.row.subject, name, told.nth)?;
                        // Now and then Port has it, and nobody hears of it.
                        if !self.is_well() && self.chance.in_1000(5) {
                            let lost =
                                self.failure(Some(name), Class::Transient, Some(Destination::Port));
                            hand.fared.failures.push(lost);
                        } else {
                            hand.fared.settled.insert(name.to_owned());
                            hand.fared.answered.insert(Destination::Port);
                        }
                    }
                    (None, None) => {}
                }
                self.call(number, hand)
            }
            Doing::Ending => Ok(()),
        }
    }

    /// The next plugin.
    fn call(&mut self, number: u64, mut hand: Hand) -> Result<(), Violation> {
        let begun = match hand.doing {
            Doing::Writing(plugin, _) => plugin + 1,
            _ => 0,
        };
        for (index, plugin) in PLUGINS.iter().enumerate().skip(begun) {
            if !hand.taken.wants(plugin) {
                continue;
            }
            (self.checks).called(hand.row.subject, plugin, hand.taken.seq)?;
            if let Some(failure) = self.plugin_fails(index) {
                hand.fared.failures.push(failure);
                continue;
            }
            hand.doing = Doing::Writing(index, self.now);
            self.later(number, hand);
            return Ok(());
        }
        self.end(number, hand);
        Ok(())
    }

    fn end(&mut self, number: u64, mut hand: Hand) {
        let chance = self.chance.next();
        let (verdict, turned) = (self.rules).judge(&hand.taken, &hand.fared, self.now, chance);
        self.tally.outages += turned.len() as u64;
        self.tally.quarantined += verdict.quarantine.len() as u64;
        let failures = hand.fared.failures.iter();
        let failed: Vec<_> = failures.filter_map(Failure::away).collect();
        (self.checks).judged(hand.taken.seq, &failed, &turned, self.now);
        self.say(|| {
            format!(
                "item {} ends: {:?} {:?} {turned:?}",
                hand.taken.seq, verdict.rest, verdict.quarantine
            )
        });
        let progress = Progress {
            item: hand.taken.seq,
            stood_for: hand.taken.stood_for.clone(),
            seen: hand.told.map(|told| Seen {
                version: Some(told.version()),
                gone: told.gone,
            }),
            quarantine: verdict.quarantine.clone(),
            rest: verdict.rest.clone(),
            ..Progress::default()
        };
        debug_assert!(!matches!(progress.rest, Rest::InHand));
        hand.verdict = Some(verdict);
        let settled = hand.fared.settled.clone();
        hand.doing = Doing::Ending;
        self.hands.insert(number, hand);
        self.write(Write::Record(number, Box::new(progress), settled));
    }
}
