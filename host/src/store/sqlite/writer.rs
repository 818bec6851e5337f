//! The one thread that writes, as those see it who have something written: they ask, and hear when it is on disk.
//!
//! How the thread goes about it is `desk`; what is written, whoever asks brings along.

mod desk;

use std::path::Path;
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::AtomicU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use self::desk::Desk;
use super::full::Ballast;
use super::log::Log;
use super::queue::Queue;
use super::session::{Session, Write};
use crate::store::Error;

/// Writes that wait for the thread; whoever comes then waits for a place.
const QUEUE: usize = 1024;

/// How the store is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Health {
    #[default]
    Well,
    /// Nothing new is taken in until there is room.
    Full(String),
    /// The host must end.
    Broken(String),
}

/// Why a write did not happen: refused by what is there, or the database failed.
pub(super) enum Failed {
    Refused(Error),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// What a write is for, which decides what happens when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Brings something new: refused while the disk is full.
    Brings,
    /// Finishes or forgets something: may use the ballast.
    Settles,
}

pub(super) struct Writer {
    queue: Queue<Job>,
    places: Arc<Semaphore>,
    health: Arc<watch::Sender<Health>>,
    /// The log is to be copied and made empty at the end.
    in_order: Arc<AtomicBool>,
    #[cfg(test)]
    commits: Arc<AtomicU64>,
}

struct Job {
    kind: Kind,
    bytes: usize,
    work: Box<dyn Work>,
    _place: OwnedSemaphorePermit,
}

/// A write and whoever waits for it. May run more than once, when what it shared a batch with had to go.
trait Work: Send {
    fn run(&mut self, write: &Write<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

struct Asked<F, T> {
    run: F,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Work for Asked<F, T>
where
    F: FnMut(&Write<'_>) -> Result<T, Failed> + Send,
    T: Send,
{
    fn run(&mut self, write: &Write<'_>) -> rusqlite::Result<()> {
        self.result = match (self.run)(write) {
            Ok(value) => Some(Ok(value)),
            Err(Failed::Refused(error)) => Some(Err(error)),
            Err(Failed::Sql(error)) => return Err(error),
        };
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let Self { result, reply, .. } = *self;
        let unasked = || Err(Error::Broken("it was never run".to_owned()));
        // Whoever asked may have gone; what was done stands.
        let _ = reply.send(outcome.and_then(|()| result.unwrap_or_else(unasked)));
    }
}

impl Writer {
    pub(super) fn start(
        db: Connection,
        session: Session,
        folder: &Path,
        file: &Path,
        ballast: u64,
        health: Arc<watch::Sender<Health>>,
    ) -> std::io::Result<Self> {
        let (in_order, commits) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let desk = Desk {
            log: Log::of(file),
            db,
            session,
            ballast: Ballast::new(folder, ballast),
            folder: folder.to_owned(),
            health: health.clone(),
            looked: Instant::now(),
            in_order: in_order.clone(),
            commits: Arc::clone(&commits),
        };
        Ok(Self {
            queue: Queue::start("store-writer", move |jobs| desk.work(&jobs))?,
            places: Arc::new(Semaphore::new(QUEUE)),
            health,
            in_order,
            #[cfg(test)]
            commits,
        })
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        kind: Kind,
        bytes: usize,
        run: impl FnMut(&Write<'_>) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Error> {
        let gone = || match &*self.health.borrow() {
            Health::Broken(why) => Error::Broken(why.clone()),
            _ => Error::Broken("it is closed".to_owned()),
        };
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        let job = Job {
            kind,
            bytes,
            work: Box::new(Asked {
                run,
                result: None,
                reply,
            }),
            _place: place,
        };
        self.queue.send(job).ok_or_else(gone)?;
        match answer.await {
            Ok(result) => result,
            Err(_) => {
                // The thread cannot have ended but by a panic of ours.
                self.health.send_if_modified(|health| {
                    let well = !matches!(health, Health::Broken(_));
                    if well {
                        *health = Health::Broken("its thread has ended".to_owned());
                    }
                    well
                });
                Err(gone())
            }
        }
    }

    /// Finishes what is queued and leaves no log behind.
    pub(super) fn close(&self) {
        self.in_order.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// Writes that are not answered yet.
    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        QUEUE - self.places.available_permits()
    }

    /// Transactions that were committed.
    #[cfg(test)]
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Finishes what is queued.
    pub(super) fn stop(&self) {
        self.queue.stop();
    }
}
