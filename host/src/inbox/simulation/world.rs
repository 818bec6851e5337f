//! One run: GitHub, the host with the real rules, the disk and Port, and whatever chance does to them.
//!
//! `plan` says what will happen, `changes` plays GitHub, `host` works by the rules, `writes` is what it has under way to
//! the disk, and `failing` is how others fail it. Here is what they share, the order of events, and what must hold when
//! nothing happens any more; what must hold all the time is `checks`.

mod changes;
mod failing;
mod host;
mod plan;
mod writes;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::Bug;
use super::chance::Chance;
use super::checks::{Checks, Violation};
use super::disk::{Disk, PLUGINS, Row};
use super::github::{Outage, Subject, Told, Webhook};
use crate::inbox::Destination;
use crate::inbox::rules::{Fared, Rules, Taken, Verdict};
use crate::store::{Millis, Progress, Source};

const BEGIN: Millis = 1_000_000;
/// Things change for so long.
const LIVELY: Millis = 180_000;
/// Long after everything is well again nothing may wait any more.
const LATEST: Millis = BEGIN + 4 * 3_600_000;

pub(super) struct World {
    bug: Option<Bug>,
    chance: Chance,
    now: Millis,
    events: BinaryHeap<Reverse<(Millis, u64, usize)>>,
    happening: Vec<Option<Event>>,
    unused: Vec<usize>,
    scheduled: u64,

    subjects: Vec<Subject>,
    outages: BTreeMap<Destination, Vec<Outage>>,
    /// While a plugin rests.
    rests: Vec<Outage>,
    /// Of a thousand calls of a plugin so many fail.
    sick: u64,
    guids: u64,
    acknowledged: BTreeMap<u64, Webhook>,
    /// From then on nothing fails any more.
    well_from: Millis,

    disk: Disk,
    /// Writes under way, in order, by when they are on disk.
    writing: VecDeque<Write>,
    disk_free: Millis,

    rules: Rules,
    /// Which of the host's lives it is; `None` while it is down.
    life: Option<u32>,
    lives: u32,
    workers: usize,
    hands: BTreeMap<u64, Hand>,
    woken_at: Option<Millis>,
    checks: Checks,
    pub(super) tally: Tally,
    pub(super) trace: bool,
}

/// How often a run went through what it is there for.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) steps: u64,
    pub(super) outages: u64,
    pub(super) probes: u64,
    pub(super) stood_for: u64,
    /// Items handed out for all plugins but those that an earlier one waits for.
    pub(super) around: u64,
    pub(super) quarantined: u64,
    pub(super) panics: u64,
    pub(super) lost_writes: u64,
}

enum Event {
    Change(usize),
    Arrives(Webhook),
    List(usize),
    Written(u32),
    Step(u32, u64),
    Wake(u32),
    Crash,
    Start,
}

enum Write {
    Accept(Row, Option<Webhook>),
    /// Of which item in hand, and which plugins were done with it.
    Record(u64, Box<Progress>, BTreeSet<String>),
}

/// An item in hand.
struct Hand {
    taken: Taken,
    row: Row,
    fared: Fared,
    told: Option<Told>,
    doing: Doing,
    verdict: Option<Verdict>,
}

enum Doing {
    /// What GitHub will answer, and when it was asked.
    Asking(Told, Millis),
    Writing(usize, Millis),
    Ending,
}

impl World {
    /// Everything that happens, until nothing does any more; then what was given up is tried again.
    pub(super) fn run(&mut self) -> Result<(), Violation> {
        self.happen()?;
        self.expect_nothing_waits()?;
        self.expect_no_outage_in_quarantine()?;
        self.now = self.now.max(self.well_from);
        let again = self.disk.replay();
        self.say(|| format!("{} are replayed", again.len()));
        self.push(&again);
        self.work()?;
        self.happen()?;
        self.expect_nothing_waits()?;
        self.expect_port_has_all()
    }

    fn happen(&mut self) -> Result<(), Violation> {
        while let Some(Reverse((when, _, index))) = self.events.pop() {
            self.tally.steps += 1;
            self.now = self.now.max(when);
            if self.now > LATEST + self.well_from - BEGIN {
                return Err("hours later something still waits".to_owned());
            }
            let Some(event) = self.happening[index].take() else {
                continue;
            };
            self.unused.push(index);
            self.happens(event)?;
            self.work()?;
        }
        Ok(())
    }

    fn happens(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Change(subject) => self.change(subject),
            Event::Arrives(webhook) => self.arrives(webhook),
            Event::List(subject) => {
                if self.life.is_some() {
                    let told = self.subjects[subject].state;
                    let row = self.row(None, subject, Source::Listed, told);
                    self.write(Write::Accept(row, None));
                }
            }
            Event::Written(life) if self.life == Some(life) => self.written()?,
            Event::Step(life, hand) if self.life == Some(life) => self.step(hand)?,
            Event::Wake(life) if self.life == Some(life) => self.woken_at = None,
            // Of a life that is over.
            Event::Written(_) | Event::Step(..) | Event::Wake(_) => {}
            Event::Crash => self.crash()?,
            Event::Start => self.start()?,
        }
        Ok(())
    }

    // In the end.

    fn expect_nothing_waits(&self) -> Result<(), Violation> {
        match (self.disk.items.first_key_value(), self.rules.items()) {
            (None, 0) if self.rules.lanes_held() == 0 && self.rules.in_hand() == 0 => Ok(()),
            (Some((seq, row)), _) => Err(format!(
                "item {seq} of subject {} waits and nobody comes for it",
                row.subject
            )),
            (None, _) => Err("the host holds items that are done".to_owned()),
        }
    }

    fn expect_no_outage_in_quarantine(&self) -> Result<(), Violation> {
        let outage = |class: &str| matches!(class, "transient" | "wait" | "rests");
        match (self.disk.quarantine.iter()).find(|aside| outage(&aside.class)) {
            None => Ok(()),
            Some(aside) => Err(format!(
                "subject {} is in quarantine because of an outage ({})",
                aside.row.subject, aside.class
            )),
        }
    }

    fn expect_port_has_all(&self) -> Result<(), Violation> {
        for guid in self.acknowledged.keys() {
            if !self.disk.deliveries.contains(guid) {
                return Err(format!("delivery {guid} was acknowledged and is lost"));
            }
        }
        for (which, subject) in self.subjects.iter().enumerate() {
            if subject.state.nth == 1 {
                continue;
            }
            for plugin in PLUGINS {
                let written = self.checks.written.get(&(which, plugin.to_owned()));
                let written = written.copied().unwrap_or_default();
                if written != subject.state.nth {
                    return Err(format!(
                        "in the end Port has state {written} of subject {which} by plugin {plugin}, GitHub {}",
                        subject.state.nth
                    ));
                }
            }
        }
        Ok(())
    }

    // Time.

    fn at(&mut self, when: Millis, event: Event) {
        let index = match self.unused.pop() {
            Some(index) => {
                self.happening[index] = Some(event);
                index
            }
            None => {
                self.happening.push(Some(event));
                self.happening.len() - 1
            }
        };
        let number = self.next_number();
        self.events.push(Reverse((when, number, index)));
    }

    fn next_number(&mut self) -> u64 {
        self.scheduled += 1;
        self.scheduled
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>10} {}", self.now - BEGIN, what());
        }
    }
}
