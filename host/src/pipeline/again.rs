//! When an event is tried again, how often, and when it is given up.
//!
//! While GitHub or Port is away nothing is given up. What fails by itself while they answer is, after a few tries:
//! its lane is not held up for ever.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tracing::{error, warn};

use crate::inbox::Claim;
use crate::plugins::Plugin;
use crate::{answers, github};

/// Waits between tries. The last one repeats.
const RETRY_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Tries of what nobody else is to blame for: with the waits above some three minutes, enough for other subjects'
/// entities to be written first.
const TRIES: u32 = 8;

/// Reasons told in one line.
const WHYS: usize = 5;

/// Why an event is to be tried again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Again {
    pub(super) why: String,
    /// How long GitHub or Port asked to wait, if it did.
    pub(super) after: Option<Duration>,
    /// GitHub or Port is away. Otherwise it is about this event.
    pub(super) outage: bool,
}

impl Again {
    /// One for all of these; an outage among them makes it one.
    pub(super) fn all(mut all: Vec<Self>) -> Option<Self> {
        let after = all.iter().filter_map(|again| again.after).max();
        let outage = all.iter().any(|again| again.outage);
        all.retain(|again| again.outage == outage);
        let mut whys: Vec<_> = all.into_iter().map(|again| again.why).collect();
        // A call that fails fails for each entity in it.
        whys.dedup();
        let more = whys.len().saturating_sub(WHYS);
        whys.truncate(WHYS);
        let mut why = whys.join("; ");
        if more > 0 {
            why += &format!("; and {more} more");
        }
        (!whys.is_empty()).then_some(Self { why, after, outage })
    }

    /// What is given up must say for which plugin.
    pub(super) fn of(mut self, plugin: &Plugin) -> Self {
        self.why = format!("{plugin}: {}", self.why);
        self
    }
}

impl From<&github::Error> for Again {
    fn from(failed: &github::Error) -> Self {
        Self {
            why: failed.to_string(),
            after: failed.after(),
            outage: failed.is_outage(),
        }
    }
}

impl From<&answers::Error> for Again {
    fn from(failed: &answers::Error) -> Self {
        Self {
            why: failed.to_string(),
            after: failed.after(),
            outage: failed.is_outage(),
        }
    }
}

/// Puts an event back for a while, or aside for good.
pub(super) fn park(claim: Claim, again: Again) {
    let item = claim.item();
    let Again { why, after, outage } = again;
    if !outage && item.faults + 1 >= TRIES {
        error!("put aside after {TRIES} tries: {why}");
        return claim.done();
    }
    let wait = wait(item.tries, after, RandomState::new().hash_one(()));
    warn!(
        tries = item.tries + 1,
        "will be tried again in {} s: {why}",
        wait.as_secs()
    );
    if outage {
        claim.retry_after(wait);
    } else {
        claim.retry_faulty_after(wait);
    }
}

/// Up to a quarter longer by chance, so that what an outage parked does not come back all at once.
fn wait(tries: u32, after: Option<Duration>, chance: u64) -> Duration {
    let step = RETRY_AFTER[(tries as usize).min(RETRY_AFTER.len() - 1)];
    let wait = after.unwrap_or_default().max(step);
    wait + wait.mul_f64((chance % 1000) as f64 / 4000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(why: &str, outage: bool) -> Again {
        Again {
            why: why.to_owned(),
            after: None,
            outage,
        }
    }

    #[test]
    fn an_outage_hides_what_else_is_wrong() {
        let both = Again::all(vec![again("no target", false), again("down", true)]);
        assert_eq!(both, Some(again("down", true)));
        let faults = (0..7).map(|number| again(&number.to_string(), false));
        let all = Again::all(faults.collect()).unwrap();
        assert_eq!(all, again("0; 1; 2; 3; 4; and 2 more", false));
        assert_eq!(Again::all(Vec::new()), None);
    }

    #[test]
    fn waits_grow_and_differ_and_are_never_shorter_than_was_asked() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(0, None, 0), seconds(1));
        assert_eq!(wait(99, None, 0), seconds(60));
        assert_eq!(wait(0, Some(seconds(100)), 0), seconds(100));
        assert_eq!(wait(5, None, 500), Duration::from_millis(67_500));
    }
}
