//! How the host is, for people and for probes. Who knows it fills it in; here it is only told.

use serde::Serialize;

use super::when::When;
use crate::store::Millis;

/// What the parts of a running host say of themselves.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// Why nothing is taken in: a sentence. `None` when all is well.
    pub not_ready: Option<String>,
    /// Open items that wait, and those being worked on.
    pub waiting: u64,
    pub in_hand: u64,
    /// Destinations that are away.
    pub away: Vec<Away>,
    pub plugins: Vec<Plugin>,
}

/// A destination that is away, and how many items wait for it.
#[derive(Debug, Clone, Serialize)]
pub struct Away {
    pub destination: String,
    pub why: String,
    #[serde(serialize_with = "moment")]
    pub since: Millis,
    pub waiting: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Plugin {
    pub name: String,
    pub version: String,
}

fn moment<S: serde::Serializer>(moment: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    When(*moment).serialize(serializer)
}
