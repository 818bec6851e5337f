//! What may go wrong with an item, and what is done about it: the one table of failures.
//!
//! Who talks to GitHub, to Port or to a plugin says which [`Class`] it was; what follows is decided here and nowhere else.

use std::fmt;
use std::time::Duration;

use crate::store::{Cause, HELD, Millis};

/// Waits between tries. The last one repeats.
const STEPS: [Millis; 9] = [
    1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 900_000,
];

/// Tries of what nobody else is to blame for. With the waits above some four minutes: enough for other subjects'
/// entities to be written first.
const TRIES: u32 = 8;

/// A plugin that rests is looked for so often, where it does not say for how long.
const REST: Duration = Duration::from_secs(60);

/// Where it says for how long, waits grow with the tries no further than to this step: as long as a rest.
const SHORT: u32 = 5;

/// No further reason is added to one as long as this.
const WHY: usize = 1_000;

/// Reasons told in one line.
const WHYS: usize = 5;

/// Something went wrong with an item, or with one plugin's part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `None`: it did not come to calling plugins.
    pub plugin: Option<String>,
    pub class: Class,
    /// Whose answer it was, or was to be.
    pub destination: Option<Destination>,
    /// Nothing is tried earlier.
    pub after: Option<Duration>,
    /// A sentence for the person who must act.
    pub why: String,
    /// What must exist in Port first; see [`Cause::awaits`].
    pub awaits: Option<String>,
}

/// Whose being away keeps items waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    Port,
    GitHub,
    /// GitHub, for one organization: its limits and its permissions are its own.
    Installation(u64),
}

/// What kind of failure it is. `row` is the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The destination is away.
    Transient,
    /// The destination said until when to wait.
    Wait,
    /// The item or the configuration cannot be mapped or written as it is.
    Data,
    /// A blueprint or the target of a relation is not there yet.
    Missing,
    /// The destination answers, but failed at this item.
    Failed,
    /// The App or the credentials may not do this.
    Permission,
    /// The plugin trapped, or met a limit.
    Plugin,
    /// The plugin failed so often that it rests.
    Rests,
    /// A person must agree first.
    Held,
    /// A mistake of Portolan's.
    Bug,
}

/// What is done about a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// It waits until the destination answers again. Where it answers others it is counted like `Tries`.
    Behind,
    /// The destination rests as long as it asked for, and the item behind it.
    Parks,
    /// It waits a while, each time longer; with the last of so many tries it is given up.
    Tries(u32),
    /// It waits a while, however often.
    Waits,
    /// It is given up at once.
    Quarantine,
}

impl Class {
    /// The table: how a class is called, and what is done about it.
    fn row(self) -> (&'static str, Remedy) {
        match self {
            Self::Transient => ("transient", Remedy::Behind),
            Self::Wait => ("wait", Remedy::Parks),
            Self::Data => ("data", Remedy::Quarantine),
            Self::Missing => ("missing", Remedy::Tries(TRIES)),
            Self::Failed => ("failed", Remedy::Tries(TRIES)),
            Self::Permission => ("permission", Remedy::Quarantine),
            // Once more, in a fresh instance: it may have been the machine.
            Self::Plugin => ("plugin", Remedy::Tries(2)),
            Self::Rests => ("rests", Remedy::Waits),
            Self::Held => (HELD, Remedy::Quarantine),
            Self::Bug => ("bug", Remedy::Quarantine),
        }
    }

    /// One word, as it is kept and shown.
    pub fn word(self) -> &'static str {
        self.row().0
    }
}

/// What becomes of (item, plugin) after one failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Tried again at that time (0: as soon as its destination answers), with so many faults to its name.
    Again {
        due: Millis,
        faults: u32,
    },
    Quarantined(Cause),
}

impl Failure {
    /// `tries` and `faults` are those before this one. `theirs`: the destination answers others, so that this is not
    /// its outage. `chance` spreads what would come back all at once.
    pub(super) fn fate(&self, tried: Tried, theirs: bool, now: Millis, chance: u64) -> Fate {
        let Tried { tries, faults } = tried;
        let later = |nth: u32, after| now + wait(nth, after, chance);
        let counted = |most: u32| match faults + 1 < most {
            true => Fate::Again {
                due: later(faults, self.after),
                faults: faults + 1,
            },
            false => Fate::Quarantined(self.cause()),
        };
        match self.class.row().1 {
            Remedy::Behind if self.destination.is_some() && theirs => counted(TRIES),
            Remedy::Behind | Remedy::Parks if self.destination.is_some() => {
                Fate::Again { due: 0, faults }
            }
            // Nobody to wait for: the item waits by itself.
            Remedy::Behind | Remedy::Parks => Fate::Again {
                due: later(tries, self.after),
                faults,
            },
            Remedy::Tries(most) => counted(most),
            Remedy::Waits => Fate::Again {
                due: match self.after {
                    None => later(0, Some(REST)),
                    // Many may wait for a short rest to end, and one may go then.
                    after => later(tries.min(SHORT), after),
                },
                faults,
            },
            Remedy::Quarantine => Fate::Quarantined(self.cause()),
        }
    }

    fn cause(&self) -> Cause {
        Cause {
            class: self.class.word().to_owned(),
            why: self.why.clone(),
            awaits: self.awaits.clone(),
        }
    }

    /// Whose being away it is, if it is that.
    pub(super) fn away(&self) -> Option<Destination> {
        match self.class.row().1 {
            Remedy::Behind | Remedy::Parks => self.destination,
            _ => None,
        }
    }
}

/// How often (item, plugin) was tried, and how often of these nobody else was to blame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tried {
    pub(super) tries: u32,
    pub(super) faults: u32,
}

/// Up to a quarter longer by chance.
pub(super) fn wait(nth: u32, after: Option<Duration>, chance: u64) -> Millis {
    let step = STEPS[(nth as usize).min(STEPS.len() - 1)];
    let wait = step.max(millis(after.unwrap_or_default()));
    wait + wait / 4 * (chance % 1000) as Millis / 1000
}

pub(super) fn millis(duration: Duration) -> Millis {
    // A year is long enough, and far from any overflow.
    duration.as_millis().min(365 * 86_400_000) as Millis
}

impl Cause {
    /// Something else that kept the same plugin from it.
    pub(super) fn join(&mut self, other: Self) {
        if !self.why.contains(&other.why) && self.why.len() < WHY {
            self.why += "; ";
            self.why += &other.why;
        }
        self.awaits = self.awaits.take().or(other.awaits);
    }
}

/// Several reasons in one line.
pub(super) fn joined<'a>(whys: impl Iterator<Item = &'a str>) -> String {
    let mut whys: Vec<_> = whys.collect();
    // A call that fails, fails for each plugin.
    whys.dedup();
    let more = whys.len().saturating_sub(WHYS);
    whys.truncate(WHYS);
    let mut why = whys.join("; ");
    if more > 0 {
        why += &format!("; and {more} more");
    }
    why
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port => f.write_str("Port"),
            Self::GitHub => f.write_str("GitHub"),
            Self::Installation(organization) => {
                write!(f, "GitHub for the organization {organization}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(class: Class) -> Failure {
        Failure {
            plugin: None,
            class,
            destination: Some(Destination::Port),
            after: None,
            why: "no".to_owned(),
            awaits: Some("service".to_owned()),
        }
    }

    fn tries_of(class: Class) -> Option<u32> {
        let failure = failure(class);
        let mut tried = Tried::default();
        loop {
            match failure.fate(tried, false, 0, 0) {
                Fate::Again { faults, .. } => tried.faults = faults,
                Fate::Quarantined(cause) => {
                    assert_eq!(cause.class, class.word());
                    assert_eq!(cause.awaits.as_deref(), Some("service"));
                    return Some(tried.tries + 1);
                }
            }
            tried.tries += 1;
            if tried.tries == 1_000 {
                return None;
            }
        }
    }

    #[test]
    fn what_will_never_work_is_given_up_at_once_what_may_work_after_a_few_tries_an_outage_never() {
        for class in [Class::Data, Class::Permission, Class::Held, Class::Bug] {
            assert_eq!(tries_of(class), Some(1), "{class:?}");
        }
        assert_eq!(tries_of(Class::Plugin), Some(2));
        assert_eq!(tries_of(Class::Failed), Some(8));
        assert_eq!(tries_of(Class::Missing), Some(8));
        for class in [Class::Transient, Class::Wait, Class::Rests] {
            assert_eq!(tries_of(class), None, "{class:?}");
        }
    }

    #[test]
    fn what_fails_as_if_port_were_away_while_port_answers_others_is_the_items_own_fault() {
        let tried = Tried {
            tries: 9,
            faults: 7,
        };
        let away = failure(Class::Transient);
        assert_eq!(
            away.fate(tried, false, 5, 0),
            Fate::Again { due: 0, faults: 7 }
        );
        assert!(matches!(away.fate(tried, true, 5, 0), Fate::Quarantined(_)));
        // Who is asked to wait is not to blame for it.
        assert_eq!(
            failure(Class::Wait).fate(tried, true, 5, 0),
            Fate::Again { due: 0, faults: 7 }
        );
    }

    #[test]
    fn what_waits_for_a_short_rest_is_tried_soon_and_then_less_often() {
        let waits = |tries, after: Option<u64>| {
            let rests = Failure {
                after: after.map(Duration::from_secs),
                ..failure(Class::Rests)
            };
            match rests.fate(Tried { tries, faults: 0 }, false, 0, 0) {
                Fate::Again { due, faults: 0 } => due,
                fate => panic!("{fate:?}"),
            }
        };
        assert_eq!((waits(0, Some(3)), waits(2, Some(3))), (3_000, 5_000));
        assert_eq!((waits(5, Some(3)), waits(99, Some(3))), (60_000, 60_000));
        assert_eq!((waits(0, None), waits(99, None)), (60_000, 60_000));
    }

    #[test]
    fn waits_grow_and_differ_and_are_never_shorter_than_was_asked() {
        let seconds = |after| Some(Duration::from_secs(after));
        assert_eq!(wait(0, None, 0), 1_000);
        assert_eq!(wait(99, None, 0), 900_000);
        assert_eq!(wait(0, seconds(100), 0), 100_000);
        assert_eq!(wait(5, None, 500), 67_500);
        assert!((0..5_000).all(|chance| (60_000..=75_000).contains(&wait(5, None, chance))));
    }

    #[test]
    fn one_reason_is_told_once() {
        assert_eq!(joined(["down", "down"].into_iter()), "down");
        assert_eq!(
            joined("1234567".split("").filter(|why| !why.is_empty())),
            "1; 2; 3; 4; 5; and 2 more"
        );
    }
}
