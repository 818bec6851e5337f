//! One run: GitHub, the host with the real rules, the disk and Port, and whatever chance does to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::super::lane::Wanted;
use super::super::rules::{Fared, Rules, Taken, Verdict, wait_for_room};
use super::super::{Class, Destination, Failure, is_news};
use super::Bug;
use super::chance::Chance;
use super::checks::{Checks, Violation};
use super::disk::{Disk, PLUGINS, Row, all};
use super::github::{Outage, Subject, Told, Webhook};
use crate::store::{Millis, Progress, Rest, Seen, Source, Waiting};

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
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Self {
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

    fn change(&mut self, which: usize) {
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

    fn arrives(&mut self, webhook: Webhook) {
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
    fn not_accepted(&mut self, webhook: Webhook) {
        if !self.acknowledged.contains_key(&webhook.guid) {
            let when = self.now + self.chance.between(1_000, 30_000);
            self.at(when, Event::Arrives(webhook));
        }
    }

    fn row(&self, guid: Option<u64>, subject: usize, source: Source, told: Told) -> Row {
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

    // The disk.

    fn write(&mut self, write: Write) {
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

    fn written(&mut self) -> Result<(), Violation> {
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
    fn crash(&mut self) -> Result<(), Violation> {
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

    fn start(&mut self) -> Result<(), Violation> {
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

    // The host.

    fn push(&mut self, waiting: &[Waiting]) {
        for waiting in waiting {
            self.rules.push(waiting, self.now);
        }
    }

    fn work(&mut self) -> Result<(), Violation> {
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

    fn step(&mut self, number: u64) -> Result<(), Violation> {
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

    // What fails.

    fn is_well(&self) -> bool {
        self.now >= self.well_from
    }

    /// How somebody fails who is away, or was when asked.
    fn away(&mut self, destination: Destination, since: Millis) -> Option<Failure> {
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

    fn plugin_fails(&mut self, plugin: usize) -> Option<Failure> {
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

    fn failure(
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
