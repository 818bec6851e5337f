//! What outlives the process: deliveries, the items they led to, the ledger, marks. Every SQL statement is below here.
//!
//! One trait with several implementations: `sqlite`, and `memory`, the model that tests hold it against; `suite` is what
//! each of them must pass. Rows in, rows out: what they mean is decided by `inbox`, `ledger` and `missed`.
//! Times are milliseconds since 1970 and come from the caller, so that tests can have their own.

#[cfg(test)]
pub(crate) mod memory;
mod page;
mod retention;
mod row;
mod sqlite;
#[cfg(test)]
mod suite;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

pub use page::{Filter, Quarantined, State, Summary, WaitingOf};
pub use row::{Change, Producers, Row, Undeleted};
pub use sqlite::{Health, OpenError, SqliteStore};

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// An item's number. Items of one lane are worked on in the order of their numbers.
pub type Seq = i64;

/// The right to work on a lane's items, given out with them; whoever took the lane over later has another one.
pub type Lease = i64;

pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Everything that must not be lost. What a call was answered `Ok` for is on disk.
pub trait Store: Send + Sync + 'static {
    /// Keeps a delivery and its items, all or nothing.
    fn accept(&self, delivery: NewDelivery, items: Vec<NewItem>) -> Reply<'_, Accepted>;

    /// Keeps items that no delivery brought.
    fn add(&self, items: Vec<NewItem>) -> Reply<'_, Vec<Waiting>>;

    /// Lanes with open items that nobody holds, at most so many, those of webhooks and the oldest first: all the open
    /// items of each, in order. Empty when there are none. They are held until they are finished, or the lease ends.
    fn claim(&self, lanes: usize) -> Reply<'_, Vec<Waiting>>;

    /// What an item is about. `None` once it is finished.
    fn load(&self, item: Seq) -> Reply<'_, Option<Loaded>>;

    /// What was done about an item, in one piece with what it changed: gives the items that were added.
    /// [`Error::Lease`] once another one holds its lane.
    fn record(&self, progress: Progress) -> Reply<'_, Vec<Waiting>>;

    /// The ledger's rows of one producer, and what others hold of their keys and of these.
    fn producers(
        &self,
        plugin: &str,
        subject: &str,
        keys: BTreeSet<(String, String)>,
    ) -> Reply<'_, Producers>;

    /// Entities that a plugin holds in an organization.
    fn held(&self, plugin: &str, organization: u64) -> Reply<'_, u64>;

    /// Entities whose deletion waits (see [`Row::waits`]), with what for; [`Counts::undeleted`] says how many there are.
    fn undeleted(&self) -> Reply<'_, Vec<Undeleted>>;

    /// Subjects of a repository of which the ledger holds anything, each with the plugin: (subject, plugin); and those
    /// about which something waits, with an empty one.
    fn subjects(&self, repository: u64) -> Reply<'_, Vec<(String, String)>>;

    /// Deliveries, and items that no delivery brought, the newest first.
    fn list(&self, filter: Filter) -> Reply<'_, Vec<Summary>>;

    /// The payload of a delivery, packed, and the summary of it. Packed is `None` once it was compacted away.
    fn show(&self, id: &str) -> Reply<'_, Option<(Summary, Option<Vec<u8>>)>>;

    /// Queues what is quarantined and fits the filter once more, its state read anew, and by force what was [`HELD`],
    /// for the plugins alone for which it was; of a delivery that is done, all its items, if the filter names it or
    /// that state, and its payload is still there. `dry` only counts. How many there were (items in quarantine for each
    /// plugin), and the items that now wait.
    fn replay(&self, filter: Filter, now: Millis, dry: bool) -> Reply<'_, (u64, Vec<Waiting>)>;

    /// Forgets what is quarantined and fits the filter. How many there were, counted for each plugin.
    fn drop(&self, filter: Filter, dry: bool) -> Reply<'_, u64>;

    /// What quarantined items wait for (see [`Cause::awaits`]), and how many.
    fn awaited(&self) -> Reply<'_, Vec<(String, u64)>>;

    /// Of these GUIDs those that are not known.
    fn unknown(&self, guids: Vec<String>) -> Reply<'_, BTreeSet<String>>;

    /// A small text under a name.
    fn mark(&self, name: &str) -> Reply<'_, Option<String>>;

    fn set_mark(&self, name: &str, text: &str) -> Reply<'_, ()>;

    /// Forgets what nobody asks for any more, a little at a time. Whether there may be more.
    fn compact(&self, now: Millis) -> Reply<'_, bool>;

    /// What is in it.
    fn counts(&self) -> Reply<'_, Counts>;
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was kept; the same may succeed once there is room.
    #[error("there is no room left for the store: {0}")]
    Full(String),
    /// Somebody else works on the lane now; what was done about it is theirs to record.
    #[error("another replica has taken this over")]
    Lease,
    /// Whether it was kept is not known, and nothing more can be: the host must end and be started again.
    #[error("the store failed: {0}")]
    Broken(String),
}

/// Who brought something. Kept as a number, so that it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Source {
    Webhook = 1,
    /// Read from GitHub's log of deliveries.
    Recovered = 2,
    /// A subject that a sync listed.
    Listed = 3,
    /// Somebody wants a subject's state to be read anew: a replay, a redelivery.
    Refresh = 4,
}

impl Source {
    /// Whether it goes before what a sync listed.
    pub fn is_live(self) -> bool {
        self != Self::Listed
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// GitHub's GUID: whatever has the same one is the same delivery.
    pub guid: String,
    pub event: String,
    pub action: Option<String>,
    /// `owner/name`, for whoever looks for it.
    pub repository: Option<String>,
    pub source: Source,
    pub received: Millis,
    /// The payload, packed.
    pub payload: Vec<u8>,
}

/// Something to be done about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// The subject's key. Items of a lane are worked on one after the other.
    pub lane: String,
    pub source: Source,
    pub organization: u64,
    pub repository: Option<u64>,
    /// Of several that wait in a lane the newest is enough.
    pub merges: bool,
    /// The subject's state is asked for, whatever the delivery brought.
    pub fresh: bool,
    /// Everything is sent to Port, also what did not change.
    pub force: bool,
    /// These plugins alone; `None` means all that want it.
    pub plugins: Option<BTreeSet<String>>,
    /// The delivery that names the subject, where it is not the one kept with the item.
    pub delivery: Option<String>,
    /// The subject itself, where no delivery names it. Opaque here.
    pub subject: Option<Vec<u8>>,
    /// `owner/name`, where no delivery says it, for whoever looks for it.
    pub whose: Option<String>,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    New(Vec<Waiting>),
    /// It was known and is done, but for what is in quarantine: its subjects are read anew.
    Again(Vec<Waiting>),
    /// It is known and still waits.
    Waiting,
}

/// An open item, as the inbox holds it: small, whatever its delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub seq: Seq,
    /// `None`: another replica holds the lane and works on it.
    pub lease: Option<Lease>,
    pub lane: String,
    pub source: Source,
    pub organization: u64,
    pub merges: bool,
    pub tries: u32,
    pub faults: u32,
    pub due: Millis,
    /// Plugins that are still to be called; `None` means all that want it.
    pub plugins: Option<BTreeSet<String>>,
}

/// What an item is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    pub delivery: Option<Kept>,
    pub subject: Option<Vec<u8>>,
    pub fresh: bool,
    pub force: bool,
    /// What is remembered of its subject is what this item told: nothing came in between.
    pub told: bool,
    /// What is remembered of its subject.
    pub seen: Seen,
}

/// A delivery as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub guid: String,
    pub event: String,
    pub payload: Vec<u8>,
}

/// What is remembered of a subject, so that an older state never overwrites a newer one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The newest version that was mapped; versions compare as text.
    pub version: Option<String>,
    /// GitHub said that it is there no more.
    pub gone: bool,
}

/// What was done about an item. The whole of it is kept, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub lease: Lease,
    pub item: Seq,
    pub lane: String,
    pub now: Millis,
    /// Earlier items of the lane that this one stands for: they are finished with it.
    pub stood_for: Vec<Seq>,
    pub ledger: Vec<Change>,
    /// What is now known of the subject. A version replaces only an older one.
    pub seen: Option<Seen>,
    pub quarantine: Vec<Quarantine>,
    /// Plugins for which what earlier items of the lane left in quarantine is no longer of interest: this one is about
    /// a newer state of the same. An empty name is for what did not come to calling plugins.
    pub supersedes: BTreeSet<String>,
    /// Items that follow from it.
    pub adds: Vec<NewItem>,
    pub rest: Rest,
}

/// What remains to be done about an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rest {
    /// It is still being worked on.
    #[default]
    InHand,
    /// It waits, for these plugins.
    Waits {
        plugins: Option<BTreeSet<String>>,
        tries: u32,
        faults: u32,
        due: Millis,
        why: String,
    },
    /// Nothing, but for what is in quarantine.
    Done,
}

/// The class of what waits for a person's consent: whoever replays it gives it.
pub const HELD: &str = "held";

/// An item that is given up for one plugin until somebody replays it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// `None`: it did not come to calling plugins.
    pub plugin: Option<String>,
    pub cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The failure's class, one word.
    pub class: String,
    /// A sentence for the person who must act.
    pub why: String,
    /// What must exist in Port first: `service` is a blueprint.
    pub awaits: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub deliveries: u64,
    /// Open items.
    pub waiting: u64,
    /// Items in quarantine, counted for each plugin.
    pub quarantined: u64,
    /// Entities in the ledger.
    pub entities: u64,
    /// Those of them whose deletion waits.
    pub undeleted: u64,
}

/// For items that are added without a time; it is only shown.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    })
}
