//! Deliveries as people look at them: which, in which state, and why.

use super::{Cause, Millis, Seq, Source};

/// Where a delivery is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Something of it waits or is being worked on.
    Waiting,
    /// Nothing waits, something is in quarantine.
    Quarantined,
    Done,
}

/// Which deliveries are meant; every field that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// GUIDs, or `item-7` for what no delivery brought. Empty means any.
    pub ids: Vec<String>,
    pub state: Option<State>,
    /// The class of a failure.
    pub cause: Option<String>,
    pub plugin: Option<String>,
    pub awaits: Option<String>,
    /// `owner/name`, in whatever case.
    pub repository: Option<String>,
    pub event: Option<String>,
    /// Received at this time or later, and earlier than that.
    pub since: Option<Millis>,
    pub until: Option<Millis>,
    /// At most so many; 0 means no limit.
    pub limit: usize,
    /// Those before this one in the list's order: the last [`Summary::number`] of the page before.
    pub before: Option<Seq>,
}

/// One delivery, or an item that no delivery brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// For paging.
    pub number: Seq,
    /// The GUID, or `item-7`.
    pub id: String,
    /// Empty where no delivery brought it.
    pub event: String,
    pub action: Option<String>,
    pub repository: Option<String>,
    pub source: Source,
    pub received: Millis,
    pub state: State,
    /// Open items: subject, tries, when it is tried again, and why it waits.
    pub waiting: Vec<WaitingOf>,
    pub quarantined: Vec<Quarantined>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOf {
    pub subject: String,
    pub tries: u32,
    pub due: Millis,
    pub why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub subject: String,
    pub plugin: Option<String>,
    pub cause: Cause,
    pub at: Millis,
}

const ITEM: &str = "item-";

/// What an item that no delivery brought is called.
pub(super) fn id_of(item: Seq) -> String {
    format!("{ITEM}{item}")
}

pub(super) fn item(id: &str) -> Option<Seq> {
    id.strip_prefix(ITEM)?.parse().ok()
}

/// Whether a replay of these means deliveries that are done as well: only who names them, or that state, means them.
pub(super) fn names_what_is_done(filter: &Filter) -> bool {
    let of_quarantine = [&filter.cause, &filter.plugin, &filter.awaits];
    (!filter.ids.is_empty() || filter.state == Some(State::Done))
        && of_quarantine.iter().all(|field| field.is_none())
}
