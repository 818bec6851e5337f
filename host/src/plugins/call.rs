//! One call of a mapper: under which configuration, about what, and so for whom.

use std::borrow::Borrow;

use serde::Deserialize;

use super::breaker::Whose;
use super::contract::{Configuration, Event};

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
}

fn id(json: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Identified {
        id: u64,
    }
    let found: Identified = serde_json::from_str(json).ok()?;
    Some(found.id)
}
