//! What became of an item, in words for one line of the log.

use std::fmt;
use std::time::Duration;

use super::failure::Destination;
use crate::store::{Millis, Quarantine, Rest};

/// What became of an item that was in hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    pub waits: Option<Waits>,
    pub quarantined: Vec<Quarantine>,
}

/// Why an item waits, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Who must answer again first.
    pub behind: Option<Destination>,
    /// Until it is tried again; zero: as soon as what it waits behind is done.
    pub at_least: Duration,
    pub tries: u32,
    pub why: String,
}

impl Ended {
    pub(super) fn new(
        rest: &Rest,
        behind: Option<Destination>,
        quarantined: &[Quarantine],
        now: Millis,
    ) -> Self {
        let waits = match rest {
            Rest::Waits {
                due, tries, why, ..
            } => Some(Waits {
                behind,
                at_least: Duration::from_millis((due - now).max(0).unsigned_abs()),
                tries: *tries,
                why: why.clone(),
            }),
            Rest::InHand | Rest::Done => None,
        };
        Self {
            waits,
            quarantined: quarantined.to_vec(),
        }
    }

    /// Nothing is left to do, and nothing went wrong.
    pub fn is_done(&self) -> bool {
        self.waits.is_none() && self.quarantined.is_empty()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_done() {
            return f.write_str("done");
        }
        let mut between = "";
        for Quarantine { plugin, cause } in &self.quarantined {
            write!(f, "{between}in quarantine")?;
            if let Some(plugin) = plugin {
                write!(f, " for {plugin}")?;
            }
            write!(f, " ({}): {}", cause.class, cause.why)?;
            between = "; ";
        }
        if let Some(waits) = &self.waits {
            write!(f, "{between}{waits}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.behind, self.at_least.as_secs()) {
            (Some(destination), _) => write!(f, "waits until {destination} answers again")?,
            (None, 0) => f.write_str("waits for its turn")?,
            (None, seconds) => write!(f, "will be tried again in {seconds} s")?,
        }
        write!(f, ": {}", self.why)
    }
}
