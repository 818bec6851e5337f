//! Lets what fails again and again rest, so that its events do not take the workers from the others.
//!
//! What rests is a plugin for one repository under one configuration: whoever's files or configuration make a plugin
//! trap stops it for themselves alone, and a configuration that is new there begins anew. It is the plugin itself that
//! is sick once it failed in a row for as many different repositories, with an answer to nobody in between: it rests for
//! all of these, and whoever it did not fail for yet tries it one at a time. And who takes much of the time for one event
//! rests a multiple of it before the next, so that a repository whose mapping is slow has a small share of the turns and
//! the others have the rest.
//!
//! What counts as a failure is decided by `fault`, what as much time by `call`, and what is done with an event met
//! meanwhile by the caller.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row before the rest: one sick subject or two are not a sick configuration, nor that of one repository
/// or two a sick plugin.
pub(super) const IN_A_ROW: u32 = 5;
/// How long it rests, and how long after a probe that failed. What is new does not wait.
pub(super) const REST: Duration = Duration::from_secs(60);
/// How long the others wait while one of those that a sick plugin did not fail for yet tries it.
const TRY: Duration = Duration::from_secs(15);
/// So many times as long as it took rests who took long.
const SLOW: u32 = 9;
/// Rows on record. Beyond that the one that failed longest ago is forgotten, and counted anew.
const ROWS: usize = 1_000;
/// A row that did not fail for so long is history: most often its configuration is not in force any more.
const STALE: Duration = Duration::from_secs(600);

/// For whom a plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub configuration: [u8; 32],
    pub on: On,
}

/// What it is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum On {
    /// Open the configuration: whether it can do that tells nothing of how it maps.
    Opening,
    /// Map an event of this repository; `None` for what is in none.
    Repository(Option<u64>),
}

#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    rows: HashMap<Whose, Row>,
    /// The repositories it failed for since it last answered an event.
    failed_for: HashSet<Option<u64>>,
    /// Of those, once they are enough.
    sick: Option<Rest>,
    /// Since when somebody tries whom it did not fail for.
    trying: Option<Instant>,
}

/// Failures in a row.
struct Row {
    failures: u32,
    at: Instant,
    rest: Option<Rest>,
}

#[derive(Clone)]
struct Rest {
    cause: Cause,
    until: Instant,
    /// For so long again while one tries.
    length: Duration,
    tried: bool,
    last: String,
}

/// Why it rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It failed for one repository under one configuration.
    Failed,
    /// For many.
    Sick,
    /// It takes long for one repository under one configuration.
    Slow,
}

/// Not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resting {
    pub cause: Cause,
    pub last: String,
    pub left: Duration,
}

impl Breaker {
    /// Whether it rests. For whom is only asked while anything is on record. An event that was begun goes on, however
    /// long it took so far: begun anew it would only take as long again.
    pub(super) fn check(
        &self,
        whose: impl FnOnce() -> Whose,
        goes_on: bool,
        now: Instant,
    ) -> Result<(), Resting> {
        let state = self.state();
        match state.is_calm() {
            true => Ok(()),
            false => state.check(&whose(), goes_on, now),
        }
    }

    /// The same for one that is about to be called: after a rest one may try, and the others wait for what comes of it.
    pub(super) fn admit(
        &self,
        whose: impl FnOnce() -> Whose,
        goes_on: bool,
        now: Instant,
    ) -> Result<(), Resting> {
        let mut state = self.state();
        if state.is_calm() {
            return Ok(());
        }
        state.rows.retain(|_, row| now < row.at + STALE);
        let whose = whose();
        state.check(&whose, goes_on, now)?;
        state.tries(&whose, goes_on, now);
        Ok(())
    }

    /// It gave an answer. Which rest after failures ended with that.
    pub(super) fn answered(&self, whose: impl FnOnce() -> Whose) -> Option<Cause> {
        let mut state = self.state();
        if state.is_calm() {
            return None;
        }
        let whose = whose();
        let sick = match whose.on {
            On::Opening => None,
            On::Repository(_) => state.is_not_sick(),
        };
        let begun = |rest: &Rest| rest.cause == Cause::Slow && !rest.tried;
        let here = match state.rows.get_mut(&whose) {
            // The quick end of an event that was slow before, or another one that was under way.
            Some(row) if row.rest.as_ref().is_some_and(begun) => {
                row.failures = 0;
                None
            }
            _ => state.rows.remove(&whose).and_then(|row| row.rest),
        };
        let rest = sick.or(here)?;
        (rest.cause != Cause::Slow).then_some(rest.cause)
    }

    /// It gave an answer that took long: the next one for the same is not to be had at once.
    pub(super) fn took_long(&self, whose: Whose, took: Duration, what: String, now: Instant) {
        let mut state = self.state();
        state.is_not_sick();
        let row = state.row(whose, now);
        row.failures = 0;
        row.rest = Some(Rest::new(Cause::Slow, took * SLOW, what, now));
    }

    /// It failed. Which rest begins with that.
    pub(super) fn failed(&self, whose: Whose, why: String, now: Instant) -> Option<Cause> {
        let mut state = self.state();
        let rest = |cause| Rest::new(cause, REST, why, now);
        let row = state.row(whose, now);
        row.failures = row.failures.saturating_add(1);
        let failures = row.failures;
        if failures >= IN_A_ROW {
            row.rest = Some(rest.clone()(Cause::Failed));
        }
        let begins = (failures == IN_A_ROW).then_some(Cause::Failed);
        let On::Repository(repository) = whose.on else {
            return begins;
        };
        let room = state.failed_for.len() < ROWS;
        let another = room && state.failed_for.insert(repository);
        if state.failed_for.len() < IN_A_ROW as usize {
            return begins;
        }
        state.trying = None;
        let known = state.sick.is_some();
        // The rest of the others goes on as it was.
        if !(known && another) {
            state.sick = Some(rest(Cause::Sick));
        }
        (!known).then_some(Cause::Sick)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Nothing is on record against anybody, as almost always.
    fn is_calm(&self) -> bool {
        self.rows.is_empty() && self.failed_for.is_empty()
    }

    /// What the plugin's own rest was, if it had to rest.
    fn is_not_sick(&mut self) -> Option<Rest> {
        self.failed_for.clear();
        self.trying = None;
        self.sick.take()
    }

    fn check(&self, whose: &Whose, goes_on: bool, now: Instant) -> Result<(), Resting> {
        let here = self.rows.get(whose).and_then(|row| row.rest.as_ref());
        if let Some(rest) = here
            && now < rest.until
            && !(goes_on && rest.cause == Cause::Slow)
        {
            return Err(rest.left(rest.until - now));
        }
        let (Some(rest), On::Repository(repository)) = (&self.sick, whose.on) else {
            return Ok(());
        };
        let until = match (self.failed_for.contains(&repository), self.trying) {
            (true, _) => rest.until,
            (false, Some(since)) => since + TRY,
            (false, None) => return Ok(()),
        };
        match now < until {
            true => Err(rest.left(until - now)),
            false => Ok(()),
        }
    }

    /// Whoever is of the same kind waits for what comes of it.
    fn tries(&mut self, whose: &Whose, goes_on: bool, now: Instant) {
        let here = self.rows.get_mut(whose).and_then(|row| row.rest.as_mut());
        if let Some(rest) = here
            && !(goes_on && rest.cause == Cause::Slow)
        {
            rest.is_tried(now);
        }
        if let (Some(rest), On::Repository(repository)) = (&mut self.sick, whose.on) {
            match self.failed_for.contains(&repository) {
                true => rest.is_tried(now),
                false => self.trying = Some(now),
            }
        }
    }

    fn row(&mut self, whose: Whose, now: Instant) -> &mut Row {
        if self.rows.len() >= ROWS && !self.rows.contains_key(&whose) {
            let oldest = self.rows.iter().min_by_key(|(_, row)| row.at);
            if let Some(oldest) = oldest.map(|(whose, _)| *whose) {
                self.rows.remove(&oldest);
            }
        }
        let row = self.rows.entry(whose).or_insert(Row {
            failures: 0,
            at: now,
            rest: None,
        });
        row.at = now;
        row
    }
}

impl Rest {
    fn new(cause: Cause, length: Duration, last: String, now: Instant) -> Self {
        Self {
            cause,
            until: now + length,
            length,
            tried: false,
            last,
        }
    }

    fn is_tried(&mut self, now: Instant) {
        self.until = now + self.length;
        self.tried = true;
    }

    fn left(&self, left: Duration) -> Resting {
        Resting {
            cause: self.cause,
            last: self.last.clone(),
            left,
        }
    }
}

#[cfg(test)]
mod tests;
