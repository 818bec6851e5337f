//! Lets a plugin rest that fails again and again, so that its events do not take the workers from the others.
//!
//! Counts failures in a row; what counts as one is decided by `fault`, what is done with an event met
//! meanwhile by the caller.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row before the rest: one sick subject or two are not a sick plugin.
pub(super) const IN_A_ROW: u32 = 5;
/// How long it rests, and how long after a probe that failed. A new version does not wait: it begins anew.
pub(super) const REST: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    last: String,
    until: Option<Instant>,
}

/// Not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resting {
    pub last: String,
    pub left: Duration,
}

impl Breaker {
    /// Whether it rests.
    pub(super) fn check(&self, now: Instant) -> Result<(), Resting> {
        self.state().check(now)
    }

    /// The same for one that is about to be called: after a rest one may try, and the others wait for what comes of it.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Resting> {
        let mut state = self.state();
        state.check(now)?;
        state.until = state.until.map(|_| now + REST);
        Ok(())
    }

    /// It gave an answer. Whether that ended a row that had made it rest.
    pub(super) fn answered(&self) -> bool {
        std::mem::take(&mut *self.state()).until.is_some()
    }

    /// It failed. Whether the rest begins with that.
    pub(super) fn failed(&self, why: String, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.last = why;
        let begins = state.failures == IN_A_ROW;
        if state.failures >= IN_A_ROW {
            state.until = Some(now + REST);
        }
        begins
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, now: Instant) -> Result<(), Resting> {
        match self.until {
            Some(until) if now < until => Err(Resting {
                last: self.last.clone(),
                left: until - now,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_are_a_rest_and_one_answer_ends_the_row() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            assert!(!breaker.failed("loop".to_owned(), now));
        }
        assert!(!breaker.answered());
        for _ in 0..4 {
            assert!(!breaker.failed("loop".to_owned(), now));
        }
        assert_eq!(breaker.admit(now), Ok(()));
        assert!(breaker.failed("trap".to_owned(), now));
        let (last, left) = ("trap".to_owned(), REST);
        assert_eq!(breaker.admit(now), Err(Resting { last, left }));
        // One that had begun before.
        assert!(breaker.answered());
        assert_eq!(breaker.admit(now), Ok(()));
    }

    #[test]
    fn after_the_rest_one_may_try() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..5 {
            breaker.failed("loop".to_owned(), now);
        }
        let rested = now + REST;
        assert_eq!(breaker.check(rested), Ok(()));
        assert_eq!(breaker.admit(rested), Ok(()));
        breaker.admit(rested).unwrap_err();
        assert!(!breaker.failed("loop".to_owned(), rested), "said before");
        breaker.check(rested).unwrap_err();
        assert_eq!(breaker.admit(rested + REST), Ok(()));
        assert!(breaker.answered());
        assert_eq!(breaker.check(rested), Ok(()));
    }
}
