//! Which destinations are away: while one is, a single item at a time finds out whether it is back.
//!
//! Without a clock: time comes in, and so does the number of items handed out so far, which tells what came before what.

use std::collections::HashMap;
use std::time::Duration;

use super::failure::{Destination, millis};
use crate::store::Millis;

/// Waits between probes. The last one repeats.
const STEPS: [Millis; 6] = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/// A breaker for each destination that was ever away.
#[derive(Default)]
pub(super) struct Breakers(HashMap<Destination, Breaker>);

#[derive(Default)]
struct Breaker {
    open: Option<Open>,
    step: usize,
    /// When it closed last, and how many items had been handed out by then.
    closed: Millis,
    closed_after: u64,
    /// How many items had been handed out when the destination last answered one.
    answered_after: u64,
    /// It answered since the breaker opened last.
    answered: bool,
}

struct Open {
    since: Millis,
    why: String,
    next: Millis,
    /// An item is on its way to find out.
    probing: bool,
}

/// Whether an item that needs the destination may be handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Free,
    /// As the one that finds out whether it is back.
    Probe,
    /// Not before that time; `None`: not before the probe has ended.
    Shut(Option<Millis>),
}

/// What an item in hand remembers of the moment when it was handed out.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket {
    /// It was the so-many-th.
    pub(super) number: u64,
    /// Whose probe it is.
    pub(super) probes: Vec<Destination>,
}

/// A breaker turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turned {
    Away {
        destination: Destination,
        why: String,
        /// Until the first probe.
        probe_in: Duration,
    },
    Back {
        destination: Destination,
        /// How long it was away.
        after: Duration,
    },
}

/// A destination that is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    pub destination: Destination,
    pub since: Millis,
    pub why: String,
    /// `None`: an item is on its way to find out.
    pub next_probe: Option<Millis>,
    /// Items that wait for it.
    pub behind: usize,
}

impl Breakers {
    pub(super) fn gate(&self, destination: Destination, now: Millis) -> Gate {
        let open = self.0.get(&destination).and_then(|one| one.open.as_ref());
        match open {
            None => Gate::Free,
            Some(open) if open.probing => Gate::Shut(None),
            Some(open) if open.next > now => Gate::Shut(Some(open.next)),
            Some(_) => Gate::Probe,
        }
    }

    /// The item that was just handed out is the probe of these.
    pub(super) fn probe(&mut self, destinations: &[Destination]) {
        for destination in destinations {
            if let Some(open) = self.open(*destination) {
                open.probing = true;
            }
        }
    }

    /// Whether the destination answers others, so that an item which finds it away is itself to blame.
    pub(super) fn answers_others(&self, destination: Destination, ticket: &Ticket) -> bool {
        self.0.get(&destination).is_some_and(|breaker| {
            breaker.open.is_none()
                && !breaker.is_old(ticket)
                && breaker.answered_after >= ticket.number
        })
    }

    /// An item found the destination away; `until` where it said for how long.
    pub(super) fn failed(
        &mut self,
        destination: Destination,
        ticket: &Ticket,
        now: Millis,
        until: Option<Duration>,
        why: &str,
    ) -> Option<Turned> {
        let breaker = self.0.entry(destination).or_default();
        let told = until.map(|until| now + millis(until));
        let is_probe = ticket.probes.contains(&destination);
        if let Some(open) = &mut breaker.open {
            // That many more found the same outage means nothing, but what they were told is obeyed.
            if is_probe {
                breaker.step = (breaker.step + 1).min(STEPS.len() - 1);
                open.probing = false;
                open.next = now + STEPS[breaker.step];
                why.clone_into(&mut open.why);
            }
            open.next = open.next.max(told.unwrap_or(open.next));
            return None;
        }
        // What began before the destination came back says nothing about now, unless it was told until when.
        if breaker.is_old(ticket) && told.is_none() {
            return None;
        }
        let longest = STEPS[STEPS.len() - 1];
        breaker.step = match breaker.answered || now - breaker.closed > longest {
            true => 0,
            // It was no answer that closed it, and it was away all the time.
            false => (breaker.step + 1).min(STEPS.len() - 1),
        };
        breaker.answered = false;
        let next = (now + STEPS[breaker.step]).max(told.unwrap_or(now));
        breaker.open = Some(Open {
            since: now,
            why: why.to_owned(),
            next,
            probing: false,
        });
        Some(Turned::Away {
            destination,
            why: why.to_owned(),
            probe_in: Duration::from_millis((next - now).unsigned_abs()),
        })
    }

    /// The destination answered an item.
    pub(super) fn answered(&mut self, destination: Destination, ticket: &Ticket, handed_out: u64) {
        let breaker = self.0.entry(destination).or_default();
        if breaker.open.is_none() || ticket.probes.contains(&destination) {
            breaker.answered_after = handed_out;
            breaker.answered = true;
        }
    }

    /// An item ended that did not find the destination away.
    pub(super) fn came_through(
        &mut self,
        destination: Destination,
        now: Millis,
        handed_out: u64,
    ) -> Option<Turned> {
        let breaker = self.0.get_mut(&destination)?;
        let open = breaker.open.take()?;
        breaker.closed = now;
        breaker.closed_after = handed_out;
        Some(Turned::Back {
            destination,
            after: Duration::from_millis((now - open.since).unsigned_abs()),
        })
    }

    /// A probe ended without telling anything about the destination.
    pub(super) fn found_nothing(&mut self, destination: Destination, now: Millis) {
        let Some(breaker) = self.0.get_mut(&destination) else {
            return;
        };
        if let Some(open) = &mut breaker.open {
            open.probing = false;
            open.next = now + STEPS[breaker.step];
        }
    }

    pub(super) fn away(&self, behind: impl Fn(Destination) -> usize) -> Vec<Away> {
        let mut away: Vec<_> = (self.0.iter())
            .filter_map(|(destination, breaker)| {
                let open = breaker.open.as_ref()?;
                Some(Away {
                    destination: *destination,
                    since: open.since,
                    why: open.why.clone(),
                    next_probe: (!open.probing).then_some(open.next),
                    behind: behind(*destination),
                })
            })
            .collect();
        away.sort_by_key(|away| away.destination);
        away
    }

    /// When the next probe is due, of those that are not due yet.
    pub(super) fn next_probe(&self, now: Millis) -> Option<Millis> {
        (self.0.values())
            .filter_map(|breaker| breaker.open.as_ref())
            .filter(|open| !open.probing)
            .map(|open| open.next)
            .filter(|next| *next > now)
            .min()
    }

    fn open(&mut self, destination: Destination) -> Option<&mut Open> {
        self.0.get_mut(&destination)?.open.as_mut()
    }
}

impl Breaker {
    /// Handed out before it closed last.
    fn is_old(&self, ticket: &Ticket) -> bool {
        ticket.number <= self.closed_after
    }
}
