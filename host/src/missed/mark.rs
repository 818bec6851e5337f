//! How far GitHub's log of deliveries was gone through.

use jiff::{SignedDuration, Timestamp};

/// Kept in the store as three times, or `-` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// What was sent up to here was before the first start. `None`: the whole log counts.
    after: Option<Timestamp>,
    /// What was sent up to here was gone through.
    to: Option<Timestamp>,
    /// When that was, by the host's own clock: for people to read, GitHub's times are by another one.
    at: Option<Timestamp>,
}

impl Mark {
    pub(super) const NAME: &str = "missed";

    /// Nothing was gone through, and all of it is to be.
    pub(super) fn beginning() -> Self {
        Self {
            after: None,
            to: None,
            at: None,
        }
    }

    /// The first start found this at the head of the log.
    pub(super) fn first(newest: Option<Timestamp>) -> Self {
        Self {
            after: newest,
            to: newest,
            at: None,
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let time = |text: &str| match text {
            "-" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let (after, rest) = text.split_once(' ')?;
        let (to, at) = rest.split_once(' ')?;
        Some(Self {
            after: time(after)?,
            to: time(to)?,
            at: time(at)?,
        })
    }

    pub(super) fn to_text(self) -> String {
        let text = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
        format!("{} {} {}", text(self.after), text(self.to), text(self.at))
    }

    /// Since when nothing was gone through. `None`: it never was.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.at
    }

    /// What was sent before this need not be read.
    pub(super) fn reads_from(&self, overlap: SignedDuration) -> Timestamp {
        let back = self.to.and_then(|to| to.checked_sub(overlap).ok());
        let back = back.unwrap_or(Timestamp::MIN);
        self.after.map_or(back, |after| after.max(back))
    }

    /// Whether what was sent then is any of the host's business.
    pub(super) fn covers(&self, sent: Timestamp) -> bool {
        self.after.is_none_or(|after| sent > after)
    }

    /// Never back.
    pub(super) fn moved_to(self, to: Option<Timestamp>, at: Timestamp) -> Self {
        Self {
            to: self.to.max(to),
            at: Some(at),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let time: Option<Timestamp> = "2026-11-22T10:00:00.5Z".parse().ok();
        for mark in [
            Mark::beginning(),
            Mark::first(None),
            Mark::first(time),
            Mark::beginning().moved_to(time, Timestamp::UNIX_EPOCH),
        ] {
            assert_eq!(Mark::read(&mark.to_text()), Some(mark));
        }
        for odd in ["", "-", "- -", "- - x", "yesterday today -"] {
            assert_eq!(Mark::read(odd), None, "{odd}");
        }
    }
}
