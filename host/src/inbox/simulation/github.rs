//! GitHub as the simulation has it: subjects that change, and webhooks that tell of it, sooner or later.

use crate::store::Millis;

pub(super) struct Subject {
    pub(super) organization: u64,
    /// Of a kind whose state is always asked for.
    pub(super) merges: bool,
    pub(super) state: Told,
}

/// A subject's state as it once was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The so-many-th state; nobody but the model knows this number.
    pub(super) nth: u32,
    pub(super) gone: bool,
}

impl Told {
    /// What GitHub calls the version. It counts in seconds: states that follow quickly share one.
    pub(super) fn version(self) -> String {
        format!("{:05}", self.nth / 2)
    }
}

/// A webhook; its copies have the same GUID.
#[derive(Debug, Clone, Copy)]
pub(super) struct Webhook {
    pub(super) guid: u64,
    pub(super) subject: usize,
    pub(super) told: Told,
}

/// When somebody is away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    pub(super) from: Millis,
    pub(super) until: Millis,
    /// It says until when.
    pub(super) says: bool,
}

impl Outage {
    pub(super) fn covers(&self, now: Millis) -> bool {
        (self.from..self.until).contains(&now)
    }
}
