//! The store in a file of the data directory: one thread writes, two read.
//!
//! Durable means: in SQLite's write-ahead log, and synced. Whether the disk keeps its word is the disk's.

mod columns;
mod deliveries;
mod full;
mod items;
mod ledger;
mod list;
mod log;
mod open;
mod quarantine;
mod queue;
mod reader;
mod record;
mod retention;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::watch;

use self::full::Ballast;
use self::list::Of;
use self::open::{Lock, Opened};
use self::reader::Reader;
use self::session::Session;
use self::writer::{Kind, Writer};
use super::{
    Accepted, Counts, Error, Filter, Loaded, Millis, NewDelivery, NewItem, Producers, Progress,
    Reply, Seq, Store, Summary, Undeleted, Waiting, now,
};

pub use self::open::OpenError;
pub use self::writer::Health;

/// Room that is put by for a full disk: what a few thousand items in hand need to be finished.
const BALLAST: u64 = 64 << 20;

/// What a write costs the log besides its payload, about.
const OVERHEAD: usize = 1024;

pub struct SqliteStore {
    writer: Writer,
    /// For the pipeline, which asks for single rows.
    reader: Reader,
    /// For people, whose lists may take long.
    lister: Reader,
    health: watch::Receiver<Health>,
    lock: Mutex<Option<Lock>>,
}

impl SqliteStore {
    /// The store of a data directory, which is this process's alone until it is closed or dropped.
    pub fn open(data_dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(data_dir, BALLAST)
    }

    fn open_with(data_dir: &Path, ballast: u64) -> Result<Self, OpenError> {
        let begin = || -> Result<(Opened, Session), OpenError> {
            let mut opened = open::open(data_dir, schema::MIGRATIONS)?;
            let session = Session::begin(&mut opened.writer);
            let session = session.map_err(|error| OpenError::of(&opened.file, &error))?;
            // The files are there now; SQLite itself does not mind when their names are not on disk.
            let named = std::fs::File::open(&opened.folder).and_then(|folder| folder.sync_all());
            named.map_err(|error| OpenError::Failed {
                file: opened.file.clone(),
                why: format!("its folder cannot be synced: {error}"),
            })?;
            Ok((opened, session))
        };
        let (opened, session) = match begin() {
            // What waits can be worked on without any more room than was put by.
            Err(OpenError::NoRoom { .. }) if Ballast::give_up_in(data_dir) => begin()?,
            begun => begun?,
        };
        let (changes, health) = watch::channel(Health::Well);
        let changes = Arc::new(changes);
        let failed = |error: std::io::Error| OpenError::Failed {
            file: opened.file.clone(),
            why: format!("a thread cannot be started: {error}"),
        };
        let [reader, lister] = opened.readers;
        let start = |db, name| Reader::start(db, name, &opened.folder, changes.clone());
        let reader = start(reader, "store-reader").map_err(failed)?;
        let lister = start(lister, "store-lister").map_err(failed)?;
        let writer = Writer::start(
            opened.writer,
            session,
            &opened.folder,
            &opened.file,
            ballast,
            changes,
        )
        .map_err(failed)?;
        Ok(Self {
            writer,
            reader,
            lister,
            health,
            lock: Mutex::new(Some(opened.lock)),
        })
    }

    /// How the store is, for whoever says that the host is ready, and for whoever must end it.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Why the host must end.
    pub fn broken(&self) -> Option<String> {
        match &*self.health.borrow() {
            Health::Broken(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Finishes what is queued and leaves the file so that the next start need not look through it. Blocks meanwhile.
    /// Nothing can be asked of it afterwards.
    pub fn close(&self) -> Result<(), Error> {
        // Readers hold the log open: they go first.
        self.reader.stop();
        self.lister.stop();
        self.writer.close();
        let lock = self
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(why) = self.broken() {
            return Err(Error::Broken(why));
        }
        if let Some(lock) = lock {
            lock.end_in_order();
        }
        Ok(())
    }
}

impl Drop for SqliteStore {
    /// The folder is another one's only when the last write is over.
    fn drop(&mut self) {
        self.reader.stop();
        self.lister.stop();
        self.writer.stop();
    }
}

impl Store for SqliteStore {
    fn accept(&self, delivery: NewDelivery, items: Vec<NewItem>) -> Reply<'_, Accepted> {
        let bytes = delivery.payload.len() + OVERHEAD * (1 + items.len());
        Box::pin(self.writer.ask(Kind::Brings, bytes, move |write| {
            Ok(deliveries::accept(write, &delivery, &items)?)
        }))
    }

    fn add(&self, items: Vec<NewItem>) -> Reply<'_, Vec<Waiting>> {
        let (bytes, now) = (OVERHEAD * items.len(), now());
        Box::pin(self.writer.ask(Kind::Brings, bytes, move |write| {
            let insert = |item| items::insert(write, item, None, now);
            Ok(items.iter().map(insert).collect::<rusqlite::Result<_>>()?)
        }))
    }

    fn claim(&self, lanes: usize) -> Reply<'_, Vec<Waiting>> {
        Box::pin(self.writer.ask(Kind::Settles, 0, move |write| {
            Ok(items::claim(write, lanes)?)
        }))
    }

    fn load(&self, item: Seq) -> Reply<'_, Option<Loaded>> {
        Box::pin(self.reader.ask(move |db| items::load(db, item)))
    }

    fn record(&self, progress: Progress) -> Reply<'_, Vec<Waiting>> {
        let rows = 1 + progress.ledger.len() + progress.adds.len() + progress.quarantine.len();
        Box::pin(
            self.writer
                .ask(Kind::Settles, OVERHEAD * rows, move |write| {
                    record::record(write, &progress)
                }),
        )
    }

    fn producers(
        &self,
        plugin: &str,
        subject: &str,
        keys: BTreeSet<(String, String)>,
    ) -> Reply<'_, Producers> {
        let (plugin, subject) = (plugin.to_owned(), subject.to_owned());
        Box::pin(
            self.reader
                .ask(move |db| ledger::producers(db, &plugin, &subject, keys)),
        )
    }

    fn held(&self, plugin: &str, organization: u64) -> Reply<'_, u64> {
        let plugin = plugin.to_owned();
        Box::pin(
            self.reader
                .ask(move |db| ledger::held(db, &plugin, organization)),
        )
    }

    fn undeleted(&self) -> Reply<'_, Vec<Undeleted>> {
        Box::pin(self.lister.ask(ledger::undeleted))
    }

    fn subjects(&self, repository: u64) -> Reply<'_, Vec<(String, String)>> {
        Box::pin(self.reader.ask(move |db| ledger::subjects(db, repository)))
    }

    fn list(&self, filter: Filter) -> Reply<'_, Vec<Summary>> {
        Box::pin(self.lister.ask(move |db| list::list(db, &filter)))
    }

    fn show(&self, id: &str) -> Reply<'_, Option<(Summary, Option<Vec<u8>>)>> {
        let id = id.to_owned();
        Box::pin(self.lister.ask(move |db| list::show(db, &id)))
    }

    fn replay(&self, filter: Filter, now: Millis, dry: bool) -> Reply<'_, (u64, Vec<Waiting>)> {
        if dry {
            let count = move |db: &Connection| quarantine::count(db, &filter, Of::Replayable);
            return Box::pin(async { Ok((self.lister.ask(count).await?, Vec::new())) });
        }
        Box::pin(self.writer.ask(Kind::Brings, OVERHEAD, move |write| {
            Ok(quarantine::replay(write, &filter, now)?)
        }))
    }

    fn drop(&self, filter: Filter, dry: bool) -> Reply<'_, u64> {
        if dry {
            let count = move |db: &Connection| quarantine::count(db, &filter, Of::Quarantined);
            return Box::pin(self.lister.ask(count));
        }
        Box::pin(self.writer.ask(Kind::Settles, OVERHEAD, move |write| {
            Ok(quarantine::drop(write, &filter)?)
        }))
    }

    fn awaited(&self) -> Reply<'_, Vec<(String, u64)>> {
        Box::pin(self.reader.ask(list::awaited))
    }

    fn unknown(&self, guids: Vec<String>) -> Reply<'_, BTreeSet<String>> {
        Box::pin(self.reader.ask(move |db| deliveries::unknown(db, guids)))
    }

    fn mark(&self, name: &str) -> Reply<'_, Option<String>> {
        let name = name.to_owned();
        Box::pin(self.reader.ask(move |db| session::mark(db, &name)))
    }

    fn set_mark(&self, name: &str, text: &str) -> Reply<'_, ()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        Box::pin(self.writer.ask(Kind::Settles, OVERHEAD, move |write| {
            Ok(session::set_mark(write.db, &name, &text)?)
        }))
    }

    fn compact(&self, now: Millis) -> Reply<'_, bool> {
        Box::pin(self.writer.ask(Kind::Settles, OVERHEAD, move |write| {
            Ok(retention::compact(write, now)?)
        }))
    }

    fn counts(&self) -> Reply<'_, Counts> {
        Box::pin(self.lister.ask(list::counts))
    }
}
