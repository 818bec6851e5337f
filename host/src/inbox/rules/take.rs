//! What goes out: the next item that may be worked on, and when there will be one.
//!
//! Lanes whose rest is over are ready again. While somebody is away whom the item needs it goes as the one that asks, or
//! not at all. What a webhook brought goes before what a sync listed, but for a turn now and then; among organizations
//! `turns` decides, and within a lane `lane` does. What became of an item once it was handed out is not known here.

use super::{Rules, Taken};
use crate::inbox::breaker::{Gate, Ticket};
use crate::inbox::failure::Destination;
use crate::inbox::lane::{Offer, State};
use crate::store::Millis;

/// Of so many items handed out one is a sync's, when both wait.
const TURNS: u32 = 8;

/// Both need every item, as far as anybody knows before it is worked on.
const FOR_ALL: [Destination; 2] = [Destination::Port, Destination::GitHub];

impl Rules {
    /// The next item that may be worked on.
    pub(in crate::inbox) fn take(&mut self, now: Millis) -> Option<Taken> {
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
    pub(in crate::inbox) fn next_due(&self, now: Millis) -> Option<Millis> {
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
}
