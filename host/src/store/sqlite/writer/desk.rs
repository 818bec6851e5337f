//! The thread's own: what queued up while one commit was synced shares the next one; nothing waits for company.
//!
//! A batch is one transaction. When it fails, all of it is rolled back and every caller hears so; a write that is refused
//! for a reason of its own (a lease that is over) was refused before it changed anything, and the others go on.
//! While the disk is full, what brings something new is refused; after any other failure nothing is written any more.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{Health, Job, Kind};
use crate::store::Error;
use crate::store::sqlite::full::{self, Ballast};
use crate::store::sqlite::log::Log;
use crate::store::sqlite::session::{Session, Write};

const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;

/// Without a write for so long, it is time to tidy up.
const IDLE: Duration = Duration::from_secs(1);

/// How often a full disk is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Between two steps of putting room by.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);

pub(super) struct Desk {
    pub(super) db: Connection,
    pub(super) session: Session,
    pub(super) log: Log,
    pub(super) ballast: Ballast,
    pub(super) folder: PathBuf,
    pub(super) health: Arc<watch::Sender<Health>>,
    /// When a full disk was looked at.
    pub(super) looked: Instant,
    pub(super) in_order: Arc<AtomicBool>,
    pub(super) commits: Arc<AtomicU64>,
}

impl Desk {
    pub(super) fn work(mut self, jobs: &Receiver<Job>) {
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
