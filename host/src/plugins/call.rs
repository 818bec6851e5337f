//! One call of a mapper: under which configuration, about what, and so for whom.

use std::borrow::Borrow;
use std::time::Duration;

use serde::Deserialize;

use super::breaker::Whose;
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
        let event = self.event.as_ref().map(Borrow::borrow);
        Whose {
            configuration: self.configuration.digest(),
            repository: event.and_then(|event| id(event.repository.as_deref()?)),
        }
    }

    /// Why an answer that took so long came late, if it did: with more than half of the time that it may take.
    pub(super) fn late(&self, took: Duration) -> Option<String> {
        let limit = match &self.event {
            Some(event) => Budget::map(&self.configuration, event.borrow()),
            None => Budget::open(&self.configuration),
        };
        let limit = limit.time;
        (took > limit / 2).then(|| {
            let (took, limit) = (took.as_secs_f32(), limit.as_secs_f32());
            format!("it took {took:.1} s, of the {limit} s after which it is stopped")
        })
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
