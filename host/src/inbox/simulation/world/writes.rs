//! What is on its way to the disk: it arrives in order, finds it full, or is lost in part when the host crashes.
//!
//! What the disk then holds is `disk`; what is written, `host` and `changes` decide.

use super::{Doing, Event, World, Write};
use crate::inbox::rules::{Rules, wait_for_room};
use crate::inbox::simulation::checks::Violation;
use crate::inbox::simulation::disk::PLUGINS;

impl World {
    pub(super) fn write(&mut self, write: Write) {
        self.writing.push_back(write);
        self.disk_free = self.disk_free.max(self.now) + self.chance.between(0, 8);
        if !self.is_well() && self.chance.in_1000(30) {
            let when = self.now + self.chance.between(0, 8);
            self.at(when, Event::Crash);
        }
        if let Some(life) = self.life {
            self.at(self.disk_free, Event::Written(life));
        }
    }

    pub(super) fn written(&mut self) -> Result<(), Violation> {
        let Some(write) = self.writing.pop_front() else {
            return Ok(());
        };
        let full = if self.is_well() { 0 } else { 5 };
        let full = self.chance.in_1000(full);
        match write {
            Write::Accept(_, Some(webhook)) if full => self.not_accepted(webhook),
            Write::Accept(_, None) if full => {}
            Write::Accept(row, webhook) => {
                let waiting = self.disk.accept(row);
                self.push(waiting.as_slice());
                if let Some(webhook) = webhook {
                    self.acknowledged.insert(webhook.guid, webhook);
                }
            }
            Write::Record(hand, progress, settled) => {
                let Some(mut hand) = self.hands.remove(&hand) else {
                    return Ok(());
                };
                self.checks.back(hand.row.subject);
                if full {
                    self.checks.dropped(hand.taken.seq);
                    let rest = wait_for_room(hand.taken.tries, self.chance.next());
                    self.rules.put_back(&hand.taken, rest, self.now);
                    return Ok(());
                }
                (self.disk).record(hand.row.subject, &progress, &settled)?;
                if let Some(verdict) = hand.verdict.take() {
                    self.rules.settle(&hand.taken, verdict, self.now);
                }
            }
        }
        Ok(())
    }

    /// Some of what was being written is on disk although nobody was told so; the rest is lost.
    pub(super) fn crash(&mut self) -> Result<(), Violation> {
        if self.life.take().is_none() {
            return Ok(());
        }
        self.say(|| "the host crashes".to_owned());
        for hand in std::mem::take(&mut self.hands).into_values() {
            if let (Doing::Writing(plugin, _), Some(told)) = (&hand.doing, hand.told)
                && self.chance.in_1000(500)
            {
                (self.checks).wrote(hand.row.subject, PLUGINS[*plugin], told.nth)?;
            }
        }
        let kept = self.chance.below(self.writing.len() as u64 + 1) as usize;
        for (nth, write) in std::mem::take(&mut self.writing).into_iter().enumerate() {
            match write {
                Write::Accept(row, webhook) => {
                    if nth < kept {
                        self.disk.accept(row);
                    }
                    if let Some(webhook) = webhook {
                        self.not_accepted(webhook);
                    }
                }
                Write::Record(_, progress, settled) if nth < kept => {
                    let row = self.disk.items.get(&progress.item);
                    if let Some(subject) = row.map(|row| row.subject) {
                        self.disk.record(subject, &progress, &settled)?;
                    }
                }
                Write::Record(..) => self.tally.lost_writes += 1,
            }
        }
        self.disk_free = 0;
        self.rules = Rules::default();
        self.woken_at = None;
        self.checks.crashed();
        for guid in self.acknowledged.keys() {
            if !self.disk.deliveries.contains(guid) {
                return Err(format!("delivery {guid} was acknowledged and is lost"));
            }
        }
        let when = self.now + self.chance.between(100, 10_000);
        self.at(when, Event::Start);
        Ok(())
    }

    pub(super) fn start(&mut self) -> Result<(), Violation> {
        if self.life.is_some() {
            return Ok(());
        }
        self.say(|| "the host starts".to_owned());
        self.lives += 1;
        self.life = Some(self.lives);
        let open = self.disk.open();
        self.push(&open);
        Ok(())
    }
}
