//! The rules by which items are handed out and come back, without clock, lock, chance or waiting.
//!
//! Time comes in, what was worked on comes in, chance comes in; what is to be recorded and who may go next comes out.
//! So a simulation can run through years of it in a second.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::breaker::{Away, Breakers, Gate, Ticket, Turned};
use super::failure::{Destination, Failure, Fate, joined, wait};
use super::lane::{History, Item, Lane, Offer, Pending, State, Wanted};
use super::turns::Turns;
use crate::store::{Lease, Millis, Quarantine, Rest, Seq, Source, Waiting};

/// Of so many items handed out one is a sync's, when both wait.
const TURNS: u32 = 8;

/// What panicked twice may have been unlucky; what panicked once more never will be lucky.
const PANICS: u32 = 3;

/// How long what panicked twice rests: it is not tried in a loop.
const REST_AFTER_PANIC: Millis = 60_000;

/// Both need every item, as far as anybody knows before it is worked on.
const FOR_ALL: [Destination; 2] = [Destination::Port, Destination::GitHub];

#[derive(Default)]
pub(super) struct Rules {
    /// By number; a number that is free is used again.
    lanes: Vec<Option<Lane>>,
    free: Vec<u32>,
    numbers: HashMap<Arc<str>, u32>,
    live: Turns,
    listed: Turns,
    parked: BTreeSet<(Millis, u32)>,
    breakers: Breakers,
    /// Open items of each organization.
    held: HashMap<u64, usize>,
    items: usize,
    in_hand: usize,
    /// Items handed out since the start.
    handed_out: u64,
    turn: u32,
    closed: bool,
}

/// An item in hand, as it was when it was handed out.
#[derive(Debug)]
pub(super) struct Taken {
    lane: u32,
    pub(super) key: Arc<str>,
    pub(super) organization: u64,
    pub(super) lease: Lease,
    pub(super) seq: Seq,
    pub(super) source: Source,
    pub(super) tries: u32,
    pub(super) panics: u32,
    pub(super) wanted: Wanted,
    pub(super) stood_for: Vec<Seq>,
    ticket: Ticket,
}

/// How an item fared, as whoever worked on it says.
#[derive(Debug, Default)]
pub(super) struct Fared {
    pub(super) settled: BTreeSet<String>,
    pub(super) failures: Vec<Failure>,
    pub(super) answered: BTreeSet<Destination>,
}

/// What becomes of it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) rest: Rest,
    pub(super) quarantine: Vec<Quarantine>,
    /// Who is away that it waits for.
    pub(super) behind: Option<Destination>,
    /// What it is from now on, where it waits.
    history: History,
}

impl Rules {
    /// An item that is in the store. Whether it was not here yet.
    pub(super) fn push(&mut self, waiting: &Waiting, now: Millis) -> bool {
        // Who holds the lane works on it.
        let Some(lease) = waiting.lease else {
            return false;
        };
        let number = match self.numbers.get(&*waiting.lane) {
            Some(number) => *number,
            None => self.open_lane(waiting, lease),
        };
        let Some(lane) = self.lane(number) else {
            return false;
        };
        lane.lease = lease;
        let organization = lane.organization;
        if !lane.insert(Item::new(waiting)) {
            return false;
        }
        self.items += 1;
        *self.held.entry(organization).or_default() += 1;
        self.look(number, now);
        true
    }

    /// The next item that may be worked on.
    pub(super) fn take(&mut self, now: Millis) -> Option<Taken> {
        if self.closed {
            return None;
        }
        while self.parked.first().is_some_and(|(due, _)| *due <= now) {
            let (_, number) = self.parked.pop_first()?;
            if let Some(lane) = self.lane(number) {
                lane.state = State::New;
            }
            self.look(number, now);
        }
        let mut probes = Vec::new();
        for destination in FOR_ALL {
            match self.breakers.gate(destination, now) {
                Gate::Free => {}
                Gate::Probe => probes.push(destination),
                Gate::Shut(_) => return None,
            }
        }
        let listed_first = (self.turn + 1).is_multiple_of(TURNS);
        for live in [!listed_first, listed_first] {
            while let Some(number) = self.next(live, now) {
                if let Some(taken) = self.hand_out(number, live, &probes, now) {
                    self.turn = (self.turn + 1) % TURNS;
                    return Some(taken);
                }
            }
        }
        None
    }

    /// When there may be something to take, now that there is nothing. `None`: not before an item comes or ends.
    pub(super) fn next_due(&self, now: Millis) -> Option<Millis> {
        let parked = self.parked.first().map(|(due, _)| *due);
        let mut shut = None;
        for destination in FOR_ALL {
            match self.breakers.gate(destination, now) {
                Gate::Free | Gate::Probe => {}
                Gate::Shut(until) => shut = shut.max(Some(until?)),
            }
        }
        match (shut, self.has_ready()) {
            (Some(shut), true) => Some(shut),
            (Some(shut), false) => parked.map(|parked| parked.max(shut)),
            (None, true) => {
                let probe = self.breakers.next_probe(now);
                [parked, probe].into_iter().flatten().min()
            }
            (None, false) => parked,
        }
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.live.is_empty() || !self.listed.is_empty()
    }

    /// What is to be recorded of an item. What is known of who is away changes with it at once;
    /// the item stays in hand until `settle`.
    pub(super) fn judge(
        &mut self,
        taken: &Taken,
        fared: &Fared,
        now: Millis,
        chance: u64,
    ) -> (Verdict, Vec<Turned>) {
        let before = self.history(taken);
        let mut history = before.clone();
        history.tried.tries += 1;
        let mut quarantine: Vec<Quarantine> = Vec::new();
        let mut whys = Vec::new();
        let mut behind = None;
        // Of the plugins it was handed out for: when they are called again, and how often they failed.
        let mut again: BTreeMap<&str, (Millis, u32)> = BTreeMap::new();
        let mut whole: Option<(Millis, u32)> = None;
        let mut over = false;
        for failure in &fared.failures {
            let theirs = (failure.away())
                .is_some_and(|away| self.breakers.answers_others(away, &taken.ticket));
            let mut tried = before.tried;
            let pending = (before.plugins.iter().flatten())
                .find(|pending| failure.plugin.as_deref() == Some(&*pending.plugin));
            if let Some(pending) = pending {
                tried.faults = pending.faults;
            }
            match failure.fate(tried, theirs, now, chance) {
                Fate::Again { due, faults } => {
                    let entry = match &failure.plugin {
                        Some(plugin) => again.entry(plugin).or_default(),
                        None => whole.get_or_insert_default(),
                    };
                    *entry = (entry.0.max(due), entry.1.max(faults));
                    whys.push(failure.why.as_str());
                    behind = behind.or(failure.away());
                }
                Fate::Quarantined(cause) => {
                    let of = |one: &&mut Quarantine| one.plugin == failure.plugin;
                    match quarantine.iter_mut().find(of) {
                        Some(one) => one.cause.join(cause),
                        None => quarantine.push(Quarantine {
                            plugin: failure.plugin.clone(),
                            cause,
                        }),
                    }
                }
                Fate::Nothing => over |= failure.plugin.is_none(),
            }
        }
        // While some of it waits nothing of it is given up: what is tried again meets the rest again.
        quarantine.retain(|one| match &one.plugin {
            Some(plugin) => whole.is_none() && !again.contains_key(plugin.as_str()),
            None => whole.is_none(),
        });
        over |= quarantine.iter().any(|one| one.plugin.is_none());
        let turned = self.learn(taken, fared, now);

        let mut left: Vec<Pending> = Vec::new();
        let mut keep = |plugin: &str, due, faults| {
            left.push(Pending {
                plugin: plugin.into(),
                due,
                faults,
            });
        };
        let mut all = false;
        match (&taken.wanted, whole) {
            // It is given up, or gone, for whomever it was handed out for.
            (Wanted::AllBut(_), _) if over => {}
            (Wanted::AllBut(_), Some((due, faults))) => {
                all = true;
                history.due = due;
                history.tried.faults = faults;
            }
            (Wanted::AllBut(held), None) => {
                held.iter().for_each(|plugin| keep(plugin, 0, 0));
            }
            (Wanted::Only(only), whole) => {
                for pending in before.plugins.iter().flatten() {
                    match (only.contains(&pending.plugin), whole) {
                        (false, _) => keep(&pending.plugin, pending.due, pending.faults),
                        (true, Some((due, faults))) if !over => {
                            if !again.contains_key(&*pending.plugin)
                                && !fared.settled.contains(&*pending.plugin)
                            {
                                keep(&pending.plugin, due, faults);
                            }
                        }
                        (true, _) => {}
                    }
                }
            }
        }
        if !all && !over {
            for (plugin, (due, faults)) in again {
                keep(plugin, due, faults);
            }
        }
        if let (Wanted::Only(only), true) = (&taken.wanted, over) {
            quarantine = of_each(quarantine, only);
        }

        let rest = if all {
            history.plugins = None;
            Rest::Waits {
                plugins: None,
                tries: history.tried.tries,
                faults: history.tried.faults,
                due: history.due,
                why: joined(whys.into_iter()),
            }
        } else if left.is_empty() {
            Rest::Done
        } else {
            let why = match whys.is_empty() {
                true => "an earlier event of this subject waits for the same plugin".to_owned(),
                false => joined(whys.into_iter()),
            };
            let rest = Rest::Waits {
                plugins: Some(left.iter().map(|one| one.plugin.to_string()).collect()),
                tries: history.tried.tries,
                faults: left.iter().map(|one| one.faults).max().unwrap_or(0),
                due: left.iter().map(|one| one.due).min().unwrap_or(0),
                why,
            };
            history.plugins = Some(left);
            rest
        };
        let verdict = Verdict {
            rest,
            quarantine,
            behind,
            history,
        };
        (verdict, turned)
    }

    /// What was judged is recorded.
    pub(super) fn settle(&mut self, taken: &Taken, verdict: Verdict, now: Millis) {
        let mut gone: BTreeSet<Seq> = taken.stood_for.iter().copied().collect();
        match verdict.rest {
            Rest::Done => {
                gone.insert(taken.seq);
            }
            Rest::InHand | Rest::Waits { .. } => self.set_history(taken, verdict.history),
        }
        self.back(taken, &gone, now);
    }

    /// Nothing was recorded of an item in hand: it waits again as it did before, at least that long.
    pub(super) fn put_back(&mut self, taken: &Taken, rest: Millis, now: Millis) {
        let mut history = self.history(taken);
        let due = now + rest;
        history.due = history.due.max(due);
        for pending in history.plugins.iter_mut().flatten() {
            pending.due = pending.due.max(due);
        }
        self.set_history(taken, history);
        self.release(taken, now);
        self.back(taken, &BTreeSet::new(), now);
    }

    /// Whoever worked on an item panicked.
    pub(super) fn panicked(&mut self, taken: &Taken, now: Millis) {
        let mut history = self.history(taken);
        history.panics += 1;
        history.tried.tries += 1;
        let rest = match history.panics {
            2 => REST_AFTER_PANIC,
            _ => 0,
        };
        self.set_history(taken, history);
        self.put_back(taken, rest, now);
    }

    /// Somebody else holds its lane now.
    pub(super) fn lost(&mut self, taken: &Taken, now: Millis) {
        self.release(taken, now);
        let items = self.lane(taken.lane).map(|lane| {
            let ours = |item: &Item| item.seq;
            lane.items.iter().map(ours).collect()
        });
        self.back(taken, &items.unwrap_or_default(), now);
    }

    /// What waits for a plugin alone need not wait any longer.
    pub(super) fn hurry(&mut self, plugin: &str, now: Millis) {
        for number in 0..self.lanes.len() as u32 {
            let Some(lane) = self.lane(number) else {
                continue;
            };
            let mut any = false;
            for item in &mut lane.items {
                any |= item.hurry(plugin);
            }
            if any {
                self.look(number, now);
            }
        }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Open items, those in hand among them.
    pub(super) fn items(&self) -> usize {
        self.items
    }

    /// Whether an item of this lane is being worked on, so that its state may have been read already.
    pub(super) fn is_in_hand(&self, lane: &str) -> bool {
        let number = self.numbers.get(lane);
        let lane = number.and_then(|number| self.lanes.get(*number as usize)?.as_ref());
        lane.is_some_and(|lane| lane.state == State::Out)
    }

    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    pub(super) fn lanes_held(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn away(&self) -> Vec<Away> {
        self.breakers.away(|destination| match destination {
            Destination::Port | Destination::GitHub => self.items,
            Destination::Installation(organization) => {
                self.held.get(&organization).copied().unwrap_or_default()
            }
        })
    }

    /// What an item's end says about who is away.
    fn learn(&mut self, taken: &Taken, fared: &Fared, now: Millis) -> Vec<Turned> {
        let mut turned = Vec::new();
        let mut away = BTreeSet::new();
        for failure in &fared.failures {
            if let Some(destination) = failure.away() {
                away.insert(destination);
                let opened = (self.breakers).failed(
                    destination,
                    &taken.ticket,
                    now,
                    failure.after,
                    &failure.why,
                );
                turned.extend(opened);
            }
        }
        let others = (fared.failures.iter())
            .filter(|failure| failure.away().is_none())
            .filter_map(|failure| failure.destination);
        let answered: BTreeSet<_> = others.chain(fared.answered.iter().copied()).collect();
        for destination in answered.difference(&away) {
            let handed_out = self.handed_out;
            (self.breakers).answered(*destination, &taken.ticket, handed_out);
        }
        for destination in &taken.ticket.probes {
            if away.contains(destination) {
                continue;
            }
            // Who did not get past one destination did not find out about another.
            if away.is_empty() || answered.contains(destination) {
                let back = (self.breakers).came_through(*destination, now, self.handed_out);
                turned.extend(back);
            } else {
                self.breakers.found_nothing(*destination, now);
            }
        }
        turned
    }

    /// Its probes told nothing.
    fn release(&mut self, taken: &Taken, now: Millis) {
        for destination in &taken.ticket.probes {
            self.breakers.found_nothing(*destination, now);
        }
    }

    fn back(&mut self, taken: &Taken, gone: &BTreeSet<Seq>, now: Millis) {
        self.in_hand -= 1;
        let Some(lane) = self.lane(taken.lane) else {
            return;
        };
        lane.state = State::New;
        let removed = lane.remove(gone);
        let (empty, organization) = (lane.items.is_empty(), lane.organization);
        self.items -= removed;
        if let Some(held) = self.held.get_mut(&organization) {
            *held -= removed;
            if *held == 0 {
                self.held.remove(&organization);
            }
        }
        match empty {
            true => {
                self.numbers.remove(&taken.key);
                self.lanes[taken.lane as usize] = None;
                self.free.push(taken.lane);
            }
            false => self.look(taken.lane, now),
        }
    }

    fn open_lane(&mut self, waiting: &Waiting, lease: Lease) -> u32 {
        let key: Arc<str> = waiting.lane.as_str().into();
        let lane = Lane {
            key: key.clone(),
            organization: waiting.organization,
            lease,
            // Most lanes never hold more.
            items: VecDeque::with_capacity(1),
            state: State::New,
            live: 0,
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.lanes[number as usize] = Some(lane);
                number
            }
            None => {
                self.lanes.push(Some(lane));
                (self.lanes.len() - 1) as u32
            }
        };
        self.numbers.insert(key, number);
        number
    }

    fn lane(&mut self, number: u32) -> Option<&mut Lane> {
        self.lanes.get_mut(number as usize)?.as_mut()
    }

    /// Puts a lane where it belongs: among the ready ones, or those that rest.
    fn look(&mut self, number: u32, now: Millis) {
        let Some(lane) = self.lanes.get_mut(number as usize).and_then(Option::as_mut) else {
            return;
        };
        let live = lane.live > 0;
        match lane.state {
            State::Out => return,
            // What came since can only have made it more urgent.
            State::Ready { live: already } if already || !live => return,
            State::Ready { .. } | State::New => {}
            State::Parked(due) => {
                self.parked.remove(&(due, number));
            }
        }
        match lane.offer(now) {
            Offer::Now(_) => {
                lane.state = State::Ready { live };
                let turns = match live {
                    true => &mut self.live,
                    false => &mut self.listed,
                };
                turns.push(lane.organization, number);
            }
            Offer::At(due) => {
                lane.state = State::Parked(due);
                self.parked.insert((due, number));
            }
            Offer::Nothing => lane.state = State::New,
        }
    }

    fn next(&mut self, live: bool, now: Millis) -> Option<u32> {
        let breakers = &self.breakers;
        let open = |organization| {
            let gate = breakers.gate(Destination::Installation(organization), now);
            !matches!(gate, Gate::Shut(_))
        };
        match live {
            true => self.live.next(open),
            false => self.listed.next(open),
        }
    }

    fn hand_out(
        &mut self,
        number: u32,
        live: bool,
        probes: &[Destination],
        now: Millis,
    ) -> Option<Taken> {
        let lane = self.lanes.get_mut(number as usize)?.as_mut()?;
        if lane.state != (State::Ready { live }) {
            return None;
        }
        let Offer::Now(pick) = lane.offer(now) else {
            lane.state = State::New;
            self.look(number, now);
            return None;
        };
        lane.state = State::Out;
        self.handed_out += 1;
        self.in_hand += 1;
        let item = &lane.items[pick.index];
        let history = item.history();
        let mut ticket = Ticket {
            number: self.handed_out,
            probes: probes.to_vec(),
        };
        let installation = Destination::Installation(lane.organization);
        if self.breakers.gate(installation, now) == Gate::Probe {
            ticket.probes.push(installation);
        }
        self.breakers.probe(&ticket.probes);
        Some(Taken {
            lane: number,
            key: lane.key.clone(),
            organization: lane.organization,
            lease: lane.lease,
            seq: item.seq,
            source: item.source,
            tries: history.tried.tries,
            panics: history.panics,
            wanted: pick.wanted,
            stood_for: pick.stood_for,
            ticket,
        })
    }

    fn history(&mut self, taken: &Taken) -> History {
        let Some(lane) = self.lane(taken.lane) else {
            return History::default();
        };
        let item = lane.find(taken.seq).and_then(|at| lane.items.get(at));
        item.map(Item::history).unwrap_or_default()
    }

    fn set_history(&mut self, taken: &Taken, history: History) {
        if let Some(lane) = self.lane(taken.lane)
            && let Some(at) = lane.find(taken.seq)
        {
            lane.items[at].set_history(history);
        }
    }
}

impl Taken {
    /// It panicked so often that it is not worked on any more.
    pub(super) fn is_hopeless(&self) -> bool {
        self.panics >= PANICS
    }

    /// Whether it finds out that somebody is back.
    #[cfg(test)]
    pub(super) fn is_probe(&self) -> bool {
        !self.ticket.probes.is_empty()
    }

    pub(super) fn wants(&self, plugin: &str) -> bool {
        match &self.wanted {
            Wanted::AllBut(held) => !held.contains(plugin),
            Wanted::Only(only) => only.contains(plugin),
        }
    }
}

/// What was given up before plugins were called is given up for each that it was handed out for.
fn of_each(quarantine: Vec<Quarantine>, only: &BTreeSet<Box<str>>) -> Vec<Quarantine> {
    let each = |one: Quarantine| -> Vec<Quarantine> {
        match one.plugin {
            Some(_) => vec![one],
            None => only
                .iter()
                .map(|plugin| Quarantine {
                    plugin: Some(plugin.to_string()),
                    cause: one.cause.clone(),
                })
                .collect(),
        }
    };
    quarantine.into_iter().flat_map(each).collect()
}

/// How long an item waits that could not be recorded for want of room.
pub(super) fn wait_for_room(tries: u32, chance: u64) -> Millis {
    wait(tries.clamp(2, 3), None, chance)
}
