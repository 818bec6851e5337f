//! How long what is kept is kept.

use super::Millis;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// Once a delivery is done: so long it can be replayed.
pub(super) const PAYLOAD: Millis = 7 * DAY;

/// Once a delivery is done: so long its GUID is known. GitHub redelivers for a week at most.
pub(super) const DELIVERY: Millis = 14 * DAY;

/// Since a subject was worked on, where the ledger holds nothing of it.
pub(super) const SUBJECT: Millis = 14 * DAY;

/// What one call looks at.
pub(super) const ROWS: usize = 500;
