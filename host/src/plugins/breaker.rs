//! Lets what fails again and again rest, so that its events do not take the workers from the others.
//!
//! What rests is a plugin for one repository under one configuration: whoever's files or configuration make a plugin
//! trap stops it for themselves alone, and a configuration that is new there begins anew. It is the plugin itself that
//! is sick, and rests for everybody, once it failed in a row for as many different repositories, with an answer to
//! nobody in between. And who takes much of the time for one event rests a multiple of it before the next, so that a
//! repository whose mapping is slow has a small share of the turns and the others have the rest.
//!
//! What counts as a failure is decided by `fault`, what as much time by `call`, and what is done with an event met
//! meanwhile by the caller.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row before the rest: one sick subject or two are not a sick configuration, nor that of one repository
/// or two a sick plugin.
pub(super) const IN_A_ROW: u32 = 5;
/// How long it rests, and how long after a probe that failed. What is new does not wait.
pub(super) const REST: Duration = Duration::from_secs(60);
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
    /// `None` where it is not known: while a configuration is opened, and for what is in no repository.
    pub repository: Option<u64>,
}

#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    rows: HashMap<Whose, Row>,
    /// The repositories it failed for since it last answered, each once, and no more than it takes to rest.
    failed_for: Vec<Option<u64>>,
    everybody: Option<Rest>,
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
        let State {
            rows, everybody, ..
        } = &mut *state;
        let here = rows.get_mut(&whose).and_then(|row| row.rest.as_mut());
        for rest in here.into_iter().chain(everybody) {
            rest.until = now + REST;
        }
        Ok(())
    }

    /// It gave an answer. Which rest after failures ended with that.
    pub(super) fn answered(&self, whose: impl FnOnce() -> Whose) -> Option<Cause> {
        let mut state = self.state();
        if state.is_calm() {
            return None;
        }
        let here = state.rows.remove(&whose()).and_then(|row| row.rest);
        let rest = state.is_not_sick().or(here)?;
        (rest.cause != Cause::Slow).then_some(rest.cause)
    }

    /// It gave an answer that took long: the next one for the same is not to be had at once.
    pub(super) fn took_long(&self, whose: Whose, took: Duration, what: String, now: Instant) {
        let mut state = self.state();
        state.is_not_sick();
        let row = state.row(whose, now);
        row.failures = 0;
        row.rest = Some(Rest {
            cause: Cause::Slow,
            until: now + took * SLOW,
            last: what,
        });
    }

    /// It failed. Which rest begins with that.
    pub(super) fn failed(&self, whose: Whose, why: String, now: Instant) -> Option<Cause> {
        let mut state = self.state();
        let rest = |cause| Rest {
            cause,
            until: now + REST,
            last: why,
        };
        let row = state.row(whose, now);
        row.failures = row.failures.saturating_add(1);
        let failures = row.failures;
        if failures >= IN_A_ROW {
            row.rest = Some(rest.clone()(Cause::Failed));
        }
        if !state.failed_for.contains(&whose.repository) && !state.is_sick() {
            state.failed_for.push(whose.repository);
        }
        if !state.is_sick() {
            return (failures == IN_A_ROW).then_some(Cause::Failed);
        }
        let known = state.everybody.replace(rest(Cause::Sick)).is_some();
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

    fn is_sick(&self) -> bool {
        self.failed_for.len() >= IN_A_ROW as usize
    }

    /// What the plugin's own rest was, if it had to rest.
    fn is_not_sick(&mut self) -> Option<Rest> {
        self.failed_for.clear();
        self.everybody.take()
    }

    fn check(&self, whose: &Whose, goes_on: bool, now: Instant) -> Result<(), Resting> {
        let here = self.rows.get(whose).and_then(|row| row.rest.as_ref());
        let mut rests = self.everybody.iter().chain(here);
        let holds = |rest: &&Rest| now < rest.until && !(goes_on && rest.cause == Cause::Slow);
        match rests.find(holds) {
            None => Ok(()),
            Some(rest) => Err(Resting {
                cause: rest.cause,
                last: rest.last.clone(),
                left: rest.until - now,
            }),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository under a configuration.
    fn whose(repository: u64, configuration: u8) -> Whose {
        Whose {
            configuration: [configuration; 32],
            repository: Some(repository),
        }
    }

    struct Plugin {
        breaker: Breaker,
        now: Instant,
    }

    impl Plugin {
        fn new() -> Self {
            Self {
                breaker: Breaker::default(),
                now: Instant::now(),
            }
        }

        fn later(&mut self, by: Duration) {
            self.now += by;
        }

        fn fails(&self, whose: Whose) -> Option<Cause> {
            self.breaker.failed(whose, "trap".to_owned(), self.now)
        }

        fn answers(&self, whose: Whose) -> Option<Cause> {
            self.breaker.answered(|| whose)
        }

        /// Whether it is called.
        fn may(&self, whose: Whose) -> Result<(), Cause> {
            let admitted = self.breaker.admit(|| whose, false, self.now);
            admitted.map_err(|resting| resting.cause)
        }
    }

    #[test]
    fn five_failures_in_a_row_are_a_rest_and_one_answer_ends_the_row() {
        let (plugin, shop) = (Plugin::new(), whose(1, 1));
        for _ in 0..4 {
            assert_eq!(plugin.fails(shop), None);
        }
        assert_eq!(plugin.answers(shop), None);
        for _ in 0..4 {
            assert_eq!(plugin.fails(shop), None);
        }
        assert_eq!(plugin.may(shop), Ok(()));
        assert_eq!(plugin.fails(shop), Some(Cause::Failed));
        let resting = Resting {
            cause: Cause::Failed,
            last: "trap".to_owned(),
            left: REST,
        };
        assert_eq!(
            plugin.breaker.check(|| shop, false, plugin.now),
            Err(resting)
        );
        // One that had begun before.
        assert_eq!(plugin.answers(shop), Some(Cause::Failed));
        assert_eq!(plugin.may(shop), Ok(()));
    }

    #[test]
    fn after_the_rest_one_may_try() {
        let (mut plugin, shop) = (Plugin::new(), whose(1, 1));
        for _ in 0..5 {
            plugin.fails(shop);
        }
        plugin.later(REST);
        assert_eq!(plugin.may(shop), Ok(()));
        assert_eq!(plugin.may(shop), Err(Cause::Failed));
        assert_eq!(plugin.fails(shop), None, "said before");
        assert_eq!(plugin.may(shop), Err(Cause::Failed));
        plugin.later(REST);
        assert_eq!(plugin.may(shop), Ok(()));
        assert_eq!(plugin.answers(shop), Some(Cause::Failed));
        assert_eq!(plugin.may(shop), Ok(()));
    }

    #[test]
    fn it_rests_for_one_repository_and_its_configuration_alone() {
        let plugin = Plugin::new();
        // However often, and with however many configurations: it is still one repository.
        for configuration in 0..20 {
            for _ in 0..5 {
                plugin.fails(whose(1, configuration));
            }
            assert_eq!(plugin.may(whose(1, configuration)), Err(Cause::Failed));
        }
        assert_eq!(plugin.may(whose(1, 99)), Ok(()), "one that is new there");
        assert_eq!(plugin.may(whose(2, 0)), Ok(()));
    }

    #[test]
    fn what_fails_for_five_repositories_in_a_row_rests_for_all() {
        let mut plugin = Plugin::new();
        for repository in 1..=4 {
            assert_eq!(plugin.fails(whose(repository, 1)), None);
        }
        assert_eq!(plugin.answers(whose(9, 1)), None);
        for repository in 1..=4 {
            assert_eq!(plugin.fails(whose(repository, 1)), None);
        }
        assert_eq!(plugin.fails(whose(5, 1)), Some(Cause::Sick));
        assert_eq!(plugin.may(whose(9, 1)), Err(Cause::Sick));
        plugin.later(REST);
        assert_eq!(plugin.may(whose(6, 1)), Ok(()));
        assert_eq!(plugin.may(whose(9, 1)), Err(Cause::Sick));
        assert_eq!(plugin.fails(whose(6, 1)), None, "said before");
        plugin.later(REST);
        assert_eq!(plugin.may(whose(9, 1)), Ok(()));
        assert_eq!(plugin.answers(whose(9, 1)), Some(Cause::Sick));
        assert_eq!(plugin.may(whose(5, 1)), Ok(()));
    }

    #[test]
    fn who_took_long_rests_the_longer_and_keeps_nobody_else_waiting() {
        let mut plugin = Plugin::new();
        let took = Duration::from_millis(300);
        let slow = |plugin: &Plugin, repository| {
            let what = "it took 0.3 s".to_owned();
            (plugin.breaker).took_long(whose(repository, 1), took, what, plugin.now);
        };
        for repository in 1..=9 {
            slow(&plugin, repository);
            assert_eq!(plugin.may(whose(repository, 1)), Err(Cause::Slow));
        }
        let goes_on = plugin.breaker.admit(|| whose(9, 1), true, plugin.now);
        assert_eq!(goes_on, Ok(()), "what was begun");
        assert_eq!(plugin.may(whose(1, 2)), Ok(()), "another configuration");
        assert_eq!(plugin.may(whose(10, 1)), Ok(()), "another repository");
        plugin.later(took * SLOW);
        assert_eq!(plugin.may(whose(1, 1)), Ok(()));
        assert_eq!(plugin.may(whose(1, 1)), Err(Cause::Slow), "one at a time");
        slow(&plugin, 1);
        plugin.later(took * SLOW);
        assert_eq!(plugin.may(whose(1, 1)), Ok(()));
        assert_eq!(plugin.answers(whose(1, 1)), None, "nothing had failed");
        assert_eq!(plugin.may(whose(1, 1)), Ok(()));
    }

    #[test]
    fn what_is_on_record_is_bounded_and_becomes_history() {
        let mut plugin = Plugin::new();
        for repository in 0..2 * ROWS as u64 {
            plugin.fails(whose(repository, 1));
            plugin.answers(whose(0, 0));
        }
        let on_record = |plugin: &Plugin| plugin.breaker.state().rows.len();
        assert_eq!(on_record(&plugin), ROWS);
        plugin.later(STALE);
        assert_eq!(plugin.may(whose(0, 0)), Ok(()));
        assert_eq!(on_record(&plugin), 0);
    }
}
