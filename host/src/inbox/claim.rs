//! An item in hand: what was done about it is gathered here and recorded in one piece.
//!
//! What neither settled nor failed when it ends is done with it. Whoever breaks off halfway says so with a failure that
//! names no plugin; then all that is not settled yet is done again.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::Shared;
use super::breaker::Turned;
use super::ended::Ended;
use super::failure::{Class, Destination, Failure};
use super::lane::Wanted;
use super::rules::{Fared, Taken, wait_for_room};
use crate::store::{
    Change, Error, Lease, Loaded, NewItem, Progress, Quarantine, Rest, Seen, Seq, Source,
};

/// An item being worked on; its lane waits until the claim has ended.
/// Dropping it puts the item back; where that was a panic it is counted.
pub struct Claim {
    shared: Arc<Shared>,
    /// `None` once it has ended.
    taken: Option<Taken>,
    fared: Fared,
    ledger: Vec<Change>,
    seen: Option<Seen>,
    adds: Vec<NewItem>,
    /// It is about the subject's present state, so that earlier failures about the same are history.
    present: bool,
    /// Something was not kept: nothing more of this try is, and the item is worked on once more.
    unkept: Option<Error>,
}

impl Claim {
    pub(super) fn new(shared: Arc<Shared>, taken: Taken) -> Self {
        Self {
            shared,
            taken: Some(taken),
            fared: Fared::default(),
            ledger: Vec::new(),
            seen: None,
            adds: Vec::new(),
            present: false,
            unkept: None,
        }
    }

    pub fn lane(&self) -> &str {
        &self.taken().key
    }

    pub fn seq(&self) -> Seq {
        self.taken().seq
    }

    pub fn source(&self) -> Source {
        self.taken().source
    }

    /// The plugins that it is handed out for, where it is not for all that want it.
    pub fn only(&self) -> Option<Vec<String>> {
        match &self.taken().wanted {
            Wanted::AllBut(_) => None,
            Wanted::Only(plugins) => Some(plugins.iter().map(|name| name.to_string()).collect()),
        }
    }

    /// What it is about; `None` where nothing is left to do about it.
    pub async fn load(&self) -> Result<Option<Loaded>, Error> {
        self.shared.store.load(self.seq()).await
    }

    /// Whether this plugin is to be called: it is not done with the item, it is time to, and no earlier item of the
    /// lane still waits for it.
    pub fn wants(&self, plugin: &str) -> bool {
        self.taken().wants(plugin) && !self.fared.settled.contains(plugin)
    }

    /// A plugin is done with the item, and this is what the ledger knows from now on.
    pub fn settled(&mut self, plugin: &str, ledger: Vec<Change>) {
        self.fared.settled.insert(plugin.to_owned());
        // Rows change because Port answered.
        if !ledger.is_empty() {
            self.fared.answered.insert(Destination::Port);
        }
        self.ledger.extend(ledger);
    }

    /// What is now known of the subject.
    pub fn seen(&mut self, seen: Seen) {
        self.seen = Some(seen);
    }

    /// It is about the subject's present state: what becomes of it stands for what earlier items left in quarantine.
    pub fn is_about_the_present(&mut self) {
        self.present = true;
    }

    /// Items that follow from this one.
    pub fn adds(&mut self, items: Vec<NewItem>) {
        self.adds.extend(items);
    }

    pub fn failed(&mut self, failure: Failure) {
        self.fared.failures.push(failure);
    }

    /// Somebody answered, so that whatever fails elsewhere is not an outage of theirs.
    pub fn answered(&mut self, destination: Destination) {
        self.fared.answered.insert(destination);
    }

    /// Records these changes and what was gathered so far; the item stays in hand.
    pub async fn keep(&mut self, ledger: Vec<Change>) -> Result<(), Error> {
        if let Some(unkept) = &self.unkept {
            return Err(unkept.clone());
        }
        self.ledger.extend(ledger);
        let progress = Progress {
            ledger: std::mem::take(&mut self.ledger),
            seen: self.seen.take(),
            adds: std::mem::take(&mut self.adds),
            ..self.progress(Rest::InHand)
        };
        match self.shared.store.record(progress).await {
            Ok(added) => {
                self.shared.take_over(&added);
                Ok(())
            }
            Err(error) => {
                self.unkept = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Records all that was gathered, and what becomes of the item by the rules.
    pub async fn end(mut self) -> Result<Ended, Error> {
        let shared = self.shared.clone();
        if self.taken().is_hopeless() {
            self.failed(hopeless());
        }
        let now = shared.now();
        let (verdict, turned) = (shared.rules()).judge(self.taken(), &self.fared, now, chance());
        turned.iter().for_each(tell);
        if let Some(error) = self.unkept.take() {
            return Err(self.not_kept(error));
        }
        let ended = Ended::new(&verdict.rest, verdict.behind, &verdict.quarantine, now);
        let progress = Progress {
            stood_for: self.taken().stood_for.clone(),
            ledger: std::mem::take(&mut self.ledger),
            seen: self.seen.take(),
            adds: std::mem::take(&mut self.adds),
            quarantine: verdict.quarantine.clone(),
            supersedes: self.supersedes(&verdict.quarantine),
            ..self.progress(verdict.rest.clone())
        };
        match shared.store.record(progress).await {
            Ok(added) => {
                if let Some(taken) = self.taken.take() {
                    (shared.rules()).settle(&taken, verdict, shared.now());
                }
                shared.take_over(&added);
                shared.ready.notify_one();
                Ok(ended)
            }
            Err(error) => Err(self.not_kept(error)),
        }
    }

    fn supersedes(&self, quarantine: &[Quarantine]) -> BTreeSet<String> {
        if !self.present {
            return BTreeSet::new();
        }
        let given_up = quarantine
            .iter()
            .map(|pair| pair.plugin.clone().unwrap_or_default());
        let mut supersedes: BTreeSet<String> = self.fared.settled.iter().cloned().collect();
        supersedes.extend(given_up);
        if !supersedes.is_empty() && matches!(self.taken().wanted, Wanted::AllBut(_)) {
            // It came to calling plugins, or did not come to it again.
            supersedes.insert(String::new());
        }
        supersedes
    }

    /// Puts the item back as it was before it was taken, for a moment.
    fn not_kept(&mut self, error: Error) -> Error {
        let Some(taken) = self.taken.take() else {
            return error;
        };
        let now = self.shared.now();
        match &error {
            Error::Lease => self.shared.rules().lost(&taken, now),
            Error::Full(_) | Error::Broken(_) => {
                let rest = wait_for_room(taken.tries, chance());
                self.shared.rules().put_back(&taken, rest, now);
            }
        }
        self.shared.ready.notify_one();
        error
    }

    fn progress(&self, rest: Rest) -> Progress {
        let taken = self.taken();
        let lease: Lease = taken.lease;
        Progress {
            lease,
            item: taken.seq,
            lane: taken.key.to_string(),
            now: self.shared.now(),
            rest,
            ..Progress::default()
        }
    }

    pub(super) fn is_hopeless(&self) -> bool {
        self.taken().is_hopeless()
    }

    pub(super) fn taken(&self) -> &Taken {
        (self.taken.as_ref()).expect("held until the claim ends, which consumes it")
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // Whoever worked on it gave up without a word, as one does whom the store fails.
            let unkept = self.unkept.take();
            self.not_kept(unkept.unwrap_or_else(|| Error::Full(String::new())));
        } else if let Some(taken) = self.taken.take() {
            let now = self.shared.now();
            self.shared.rules().panicked(&taken, now);
            self.shared.ready.notify_one();
        }
    }
}

fn hopeless() -> Failure {
    Failure {
        plugin: None,
        class: Class::Bug,
        destination: None,
        after: None,
        why: "Portolan panicked over it three times, which is a bug of Portolan's: please report what the log says above"
            .to_owned(),
        awaits: None,
    }
}

fn chance() -> u64 {
    RandomState::new().hash_one(())
}

fn tell(turned: &Turned) {
    match turned {
        Turned::Away {
            destination,
            why,
            probe_in,
        } => warn!(
            "{destination} is away: everything waits, and one event asks again in {} s: {why}",
            probe_in.as_secs()
        ),
        Turned::Back { destination, after } => {
            info!(
                "{destination} answers again after {} s",
                Duration::as_secs(after)
            );
        }
    }
}
