//! The one thread that writes. What queued up while one commit was synced shares the next one; nothing waits for company.
//!
//! A batch is one transaction. When it fails, all of it is rolled back and every caller hears so; a write that is refused
//! for a reason of its own (a lease that is over) was refused before it changed anything, and the others go on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tracing::{error, info, warn};

use super::full::{self, Ballast};
use super::log::Log;
use super::session::{Session, Write};
use crate::store::Error;

const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;

/// Writes that wait for the thread; whoever comes then waits for a place.
const QUEUE: usize = 1024;

/// Without a write for so long, it is time to tidy up.
const IDLE: Duration = Duration::from_secs(1);

/// How often a full disk is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Between two steps of putting room by.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);

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
    /// `None` once it is closed.
    queue: Mutex<Option<Sender<Job>>>,
    places: Arc<Semaphore>,
    health: Arc<watch::Sender<Health>>,
    thread: Mutex<Option<JoinHandle<()>>>,
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
        let (queue, jobs) = channel();
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
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || desk.work(&jobs))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            places: Arc::new(Semaphore::new(QUEUE)),
            health,
            thread: Mutex::new(Some(thread)),
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
        self.send(job).ok_or_else(gone)?;
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

    fn send(&self, job: Job) -> Option<()> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref()?.send(job).ok()
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
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            error!("the store's thread panicked, which is a bug of Portolan's");
        }
    }
}

/// The thread's own.
struct Desk {
    db: Connection,
    session: Session,
    log: Log,
    ballast: Ballast,
    folder: PathBuf,
    health: Arc<watch::Sender<Health>>,
    /// When a full disk was looked at.
    looked: Instant,
    in_order: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
}

impl Desk {
    fn work(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match self.patience() {
                Some(patience) => jobs.recv_timeout(patience),
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match job {
                Ok(job) => self.carry_out(collect(job, jobs)),
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.is_full() && self.looked.elapsed() >= LOOK_AGAIN {
                self.look_for_room();
            }
        }
        let broken = matches!(&*self.health.borrow(), Health::Broken(_));
        if self.in_order.load(Ordering::Relaxed) && !broken {
            let tidied = self.log.cut_off(&self.db);
            self.note_checkpoint(tidied);
        }
    }

    /// How long nothing may come before there is something else to do.
    fn patience(&self) -> Option<Duration> {
        match &*self.health.borrow() {
            Health::Broken(_) => None,
            Health::Full(_) => Some(LOOK_AGAIN),
            Health::Well if self.log.is_tidy() && self.ballast.is_wanting() => Some(BETWEEN_STEPS),
            Health::Well if self.log.is_tidy() => None,
            Health::Well => Some(IDLE),
        }
    }

    fn idle(&mut self) {
        if !self.log.is_tidy() {
            let tidied = self.log.cut_off(&self.db);
            self.note_checkpoint(tidied);
        } else if self.ballast.is_wanting() && !self.is_full() {
            self.ballast.step();
        }
    }

    fn carry_out(&mut self, jobs: Vec<Job>) {
        if let Health::Broken(why) = &*self.health.borrow() {
            let broken = Error::Broken(why.clone());
            return answer(jobs, &Err(broken));
        }
        let jobs = match self.full() {
            Some(why) => refuse_new(jobs, &why),
            None => jobs,
        };
        let Err((jobs, failure)) = self.attempt(jobs) else {
            return;
        };
        let Error::Full(why) = failure else {
            return answer(jobs, &Err(failure));
        };
        self.say_full(&why);
        // Without what is new there may be room; if not, there is the ballast.
        let before = jobs.len();
        let mut jobs = refuse_new(jobs, &why);
        if jobs.len() < before {
            match self.attempt(jobs) {
                Ok(()) => return,
                Err((again, Error::Full(_))) => jobs = again,
                // After a failed fsync nothing is written any more.
                Err((jobs, failure)) => return answer(jobs, &Err(failure)),
            }
        }
        if self.ballast.give_up() {
            warn!("the room put by is given up, so that what waits can be finished");
        }
        if let Err((jobs, failure)) = self.attempt(jobs) {
            answer(jobs, &Err(failure));
        }
    }

    /// All of them are answered, or given back with what failed.
    fn attempt(&mut self, mut jobs: Vec<Job>) -> Result<(), (Vec<Job>, Error)> {
        if jobs.is_empty() {
            return Ok(());
        }
        match self.commit(&mut jobs) {
            Ok(()) => {
                self.session.committed();
                self.commits.fetch_add(1, Ordering::Relaxed);
                answer(jobs, &Ok(()));
                let tidied = self.log.after_commit(&self.db);
                self.note_checkpoint(tidied);
                Ok(())
            }
            Err(sql) => {
                self.session.rolled_back();
                let failure = full::verdict(&sql, &self.folder);
                if let Error::Broken(why) = &failure {
                    self.say_broken(why);
                }
                Err((jobs, failure))
            }
        }
    }

    fn commit(&mut self, jobs: &mut [Job]) -> rusqlite::Result<()> {
        let change = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let write = Write {
            db: &change,
            session: &self.session,
        };
        for job in jobs {
            job.work.run(&write)?;
        }
        change.commit()
    }

    /// A checkpoint that finds no room is made later: the log only grows longer.
    fn note_checkpoint(&self, tidied: rusqlite::Result<()>) {
        if let Err(sql) = tidied
            && let Error::Broken(why) = full::verdict(&sql, &self.folder)
        {
            self.say_broken(&why);
        }
    }

    fn look_for_room(&mut self) {
        self.looked = Instant::now();
        if self.ballast.lay_again() {
            info!("there is room again: deliveries are taken in");
            self.health.send_replace(Health::Well);
        }
    }

    fn full(&self) -> Option<String> {
        match &*self.health.borrow() {
            Health::Full(why) => Some(why.clone()),
            _ => None,
        }
    }

    fn is_full(&self) -> bool {
        matches!(&*self.health.borrow(), Health::Full(_))
    }

    fn say_full(&mut self, why: &str) {
        if !self.is_full() {
            self.looked = Instant::now();
            error!(
                "no room is left in {} ({why}): nothing new is taken in until there is some; what waits goes on",
                self.folder.display()
            );
            self.health.send_replace(Health::Full(why.to_owned()));
        }
    }

    fn say_broken(&self, why: &str) {
        error!("the store failed ({why}): nothing is written to it any more");
        self.health.send_replace(Health::Broken(why.to_owned()));
    }
}

/// What else is queued already, up to what one commit should carry.
fn collect(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let mut bytes = first.bytes;
    let mut batch = vec![first];
    while batch.len() < BATCH
        && bytes < BATCH_BYTES
        && let Ok(job) = jobs.try_recv()
    {
        bytes += job.bytes;
        batch.push(job);
    }
    batch
}

fn refuse_new(jobs: Vec<Job>, why: &str) -> Vec<Job> {
    let (new, others) = jobs.into_iter().partition(|job| job.kind == Kind::Brings);
    answer(new, &Err(Error::Full(why.to_owned())));
    others
}

fn answer(jobs: Vec<Job>, outcome: &Result<(), Error>) {
    for job in jobs {
        job.work.answer(outcome.clone());
    }
}
