//! One call of a mapper: under which configuration, about what, and so for whom.

use std::borrow::Borrow;
use std::time::Duration;

use serde::Deserialize;

use super::breaker::{On, Whose};
use super::contract::{Configuration, Event};
use super::limits::Budget;

pub(super) struct Call<E> {
    pub(super) configuration: Configuration,
    /// `None`: the configuration is opened.
    pub(super) event: Option<E>,
}

impl<E: Borrow<Event>> Call<E> {
    /// Reads the repository's JSON: not for every call.
    pub(super) fn whose(&self) -> Whose {
        let of = |event: &E| event.borrow().repository.as_deref().and_then(id);
        Whose {
            configuration: self.configuration.digest(),
            on: (self.event.as_ref()).map_or(On::Opening, |event| On::Repository(of(event))),
        }
    }

    /// Whether it is another round of an event that was begun.
    pub(super) fn goes_on(&self) -> bool {
        let event = self.event.as_ref().map(Borrow::borrow);
        event.is_some_and(|event| !event.answers.is_empty())
    }

    /// Whether this much of a processor's time is more than one event should take: a tenth of the time after which it
    /// would be stopped. What takes long to open is opened once.
    pub(super) fn is_slow(&self, took: Duration) -> bool {
        let budget = |event: &E| Budget::map(&self.configuration, event.borrow());
        (self.event.as_ref()).is_some_and(|event| took > budget(event).time / 10)
    }
}

/// What this thread took of a processor's time so far. On a busy machine everything lasts longer, and takes no more.
pub(super) fn taken() -> Duration {
    let mut taken = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    #[expect(unsafe_code, reason = "the standard library has no such clock")]
    // SAFETY: it writes a time to where it is told to, which is ours.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut taken) };
    match (
        failed,
        u64::try_from(taken.tv_sec),
        u32::try_from(taken.tv_nsec),
    ) {
        (0, Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
        _ => Duration::ZERO,
    }
}

fn id(json: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Identified {
        id: u64,
    }
    let found: Identified = serde_json::from_str(json).ok()?;
    Some(found.id)
}
