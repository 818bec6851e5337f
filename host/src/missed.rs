//! What GitHub sent and the host did not take, read back from GitHub's own log of deliveries: GitHub sends nothing again
//! by itself.
//!
//! A mark in the store says up to when the log was gone through. It moves on only once all that is older is kept, so that
//! whatever ends the host, the next start goes through the same part again; the store knows what it has.
//! With `WEBHOOK_MODE=pull` the log is the only way in, and is read every few seconds.
//! Knows GitHub's log and the store's marks; what is wanted, and what becomes of it, is for whoever runs it to say.

mod fetch;
mod mark;
mod sieve;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use crate::delivery::Delivery;
use crate::github::{Attempt, Error, GitHub};
use crate::settings::WebhookMode;
use crate::store::{Source, Store};

use mark::Mark;
use sieve::{Lost, Sieve};

/// Deliveries may be late in the log, and are in it by the time when they were sent.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// The shortest time for which a GitHub keeps its log (github.com; an Enterprise Server keeps it for 7 days).
const LOG: SignedDuration = SignedDuration::from_hours(3 * 24);
/// What is refused by way of exception is late by so much; what is pulled, by so little.
const PUSHED: Duration = Duration::from_secs(60);
const PULLED: Duration = Duration::from_secs(5);
/// Waits after what went wrong. The last one repeats.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
];
/// GUIDs that the store is asked about at once.
const ASKED: usize = 1_000;
/// Deliveries after which the log says how far it is.
const PROGRESS: usize = 500;

/// Reads GitHub's log of deliveries for as long as it runs. It may be stopped anywhere.
pub struct Missed {
    github: GitHub,
    store: Arc<dyn Store>,
    mode: WebhookMode,
    now: fn() -> Timestamp,
    started: Timestamp,
    /// Since the last round that came to its end.
    recovered: usize,
    /// Attempts that need not be looked at again, of the time that is read over and over.
    seen: HashMap<u64, Timestamp>,
    /// When the log was last read through to the mark, not only as far as it was new.
    whole: Option<Instant>,
}

/// What came of going through the log once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Round {
    recovered: usize,
    unwanted: usize,
    /// When the log was gone through before.
    since: Option<Timestamp>,
    /// The log does not reach back to there: it begins here.
    begins: Option<Timestamp>,
}

/// Why a round came to no end.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    GitHub(#[from] crate::github::Error),
    #[error("{0}")]
    Store(#[from] crate::store::Error),
    #[error("{0}")]
    NotTaken(String),
}

/// What the log showed.
#[derive(Default)]
struct Listed {
    lost: Vec<Lost>,
    unwanted: usize,
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    /// It was read down to the time that was asked for, or to what was read before.
    reached: bool,
    attempts: HashMap<u64, Timestamp>,
}

impl Missed {
    pub fn new(github: GitHub, store: Arc<dyn Store>, mode: WebhookMode) -> Self {
        Self {
            github,
            store,
            mode,
            now: Timestamp::now,
            started: seconds(Timestamp::now()),
            recovered: 0,
            seen: HashMap::new(),
            whole: None,
        }
    }

    /// `wanted` says of an event and its action whether anybody would map it, before its payload is fetched;
    /// what `accept` took is on disk.
    pub async fn run<W, A, F, E>(mut self, wanted: W, accept: A)
    where
        W: Fn(&str, Option<&str>) -> bool,
        A: Fn(Delivery, Source) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let (mut started, mut troubles) = (false, 0);
        loop {
            match self.round(&wanted, &accept).await {
                Ok(round) => {
                    self.tell(&round, !started);
                    (started, troubles) = (true, 0);
                    sleep(match self.mode {
                        WebhookMode::Push => PUSHED,
                        WebhookMode::Pull => PULLED,
                    })
                    .await;
                }
                Err(trouble) => {
                    let step = RETRY_AFTER[troubles.min(RETRY_AFTER.len() - 1)];
                    troubles += 1;
                    let asked = match &trouble {
                        Trouble::GitHub(failed) => failed.after(),
                        _ => None,
                    };
                    let wait = asked.unwrap_or_default().max(step);
                    let told = format!(
                        "missed deliveries could not be recovered, next try in {} s: {trouble}",
                        wait.as_secs()
                    );
                    match &trouble {
                        // What the App is refused for is told at start, as an error.
                        Trouble::GitHub(Error::Unauthorized(_)) => debug!("{told}"),
                        _ => warn!("{told}"),
                    }
                    sleep(wait).await;
                }
            }
        }
    }

    /// Once through what the log has that is new.
    async fn round<W, A, F, E>(&mut self, wanted: &W, accept: &A) -> Result<Round, Trouble>
    where
        W: Fn(&str, Option<&str>) -> bool,
        A: Fn(Delivery, Source) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let overlap = OVERLAP.unsigned_abs();
        let whole = self.whole.is_none_or(|last| last.elapsed() >= overlap / 2);
        let began = Instant::now();
        let (mark, since) = match self.store.mark(Mark::NAME).await? {
            Some(text) => {
                let mark = read(&text);
                (mark, mark.since())
            }
            None => (self.first_mark().await?, None),
        };
        let listed = self.list(&mark, whole, wanted).await?;
        let begins = since.and_then(|since| self.begins(since, &listed));
        let unwanted = listed.unwanted;
        let lost = self.unknown(listed.lost).await?;
        let left = self.recover(lost, accept).await?;
        let reached = left.iter().map(|lost| lost.sent).min();
        let reached = reached.or(listed.newest);
        let mark = mark.moved_to(reached, seconds((self.now)()));
        self.store.set_mark(Mark::NAME, &mark.to_text()).await?;
        self.seen.extend(listed.attempts);
        let still = mark.reads_from(OVERLAP);
        self.seen
            .retain(|id, sent| *sent >= still && left.iter().all(|lost| lost.attempt != *id));
        if !left.is_empty() {
            // What could not be fetched may lie behind pages without anything new.
            self.whole = None;
        } else if whole {
            self.whole = Some(began);
        }
        Ok(Round {
            recovered: std::mem::take(&mut self.recovered),
            unwanted,
            since,
            begins,
        })
    }

    /// Set at the first start.
    async fn first_mark(&self) -> Result<Mark, Trouble> {
        let mark = match self.mode {
            WebhookMode::Pull => Mark::beginning(),
            // What was sent before the first start is none of it: a sync takes in what is there.
            WebhookMode::Push => {
                let log = self.github.deliveries(None).await?;
                let newest = log.attempts.iter().map(|attempt| attempt.delivered_at);
                Mark::first(newest.max().map(|newest| newest.min(self.started)))
            }
        };
        self.store.set_mark(Mark::NAME, &mark.to_text()).await?;
        Ok(mark)
    }

    /// Reads the log back to the mark and a little further; unless `whole`, only as far as there is anything new in it.
    async fn list(
        &self,
        mark: &Mark,
        whole: bool,
        wanted: &impl Fn(&str, Option<&str>) -> bool,
    ) -> Result<Listed, Trouble> {
        let from = mark.reads_from(OVERLAP);
        let (mut listed, mut sieve) = (Listed::default(), Sieve::new(self.mode));
        let (mut cursor, mut cursors) = (None, HashSet::new());
        loop {
            let log = self.github.deliveries(cursor.as_ref()).await?;
            let mut news = false;
            for attempt in log.attempts {
                let Attempt {
                    id, delivered_at, ..
                } = attempt;
                listed.newest = listed.newest.max(Some(delivered_at));
                listed.oldest = Some(delivered_at);
                if delivered_at < from {
                    listed.reached = true;
                    break;
                }
                if self.seen.contains_key(&id) || listed.attempts.contains_key(&id) {
                    continue;
                }
                news = true;
                if mark.covers(delivered_at) {
                    sieve.take(attempt, wanted);
                }
                listed.attempts.insert(id, delivered_at);
            }
            listed.reached |= !news && !whole;
            cursor = log.next.filter(|_| !listed.reached);
            match &cursor {
                // Pages that lead back to themselves have no more to tell.
                Some(next) if cursors.insert(next.clone()) => {}
                _ => break,
            }
        }
        (listed.lost, listed.unwanted) = sieve.lost();
        Ok(listed)
    }

    /// Where the log begins, if that is after the mark and deliveries in between may have fallen out of it.
    fn begins(&self, since: Timestamp, listed: &Listed) -> Option<Timestamp> {
        let begins = listed.oldest.unwrap_or(self.started);
        let long = self.started.duration_since(since) > LOG;
        let first = self.whole.is_none();
        (first && long && !listed.reached && begins > since).then_some(begins)
    }

    /// Those of them that the store does not have, the oldest first.
    async fn unknown(&self, mut lost: Vec<Lost>) -> Result<Vec<Lost>, Trouble> {
        let mut unknown = HashSet::new();
        for some in lost.chunks(ASKED) {
            let guids = some.iter().map(|lost| lost.guid.clone()).collect();
            unknown.extend(self.store.unknown(guids).await?);
        }
        lost.retain(|lost| unknown.contains(&lost.guid));
        Ok(lost)
    }

    /// Fetches them and hands them over in order. Those that GitHub could not give now, though it may another time.
    async fn recover<A, F, E>(&mut self, lost: Vec<Lost>, accept: &A) -> Result<Vec<Lost>, Trouble>
    where
        A: Fn(Delivery, Source) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let all = self.recovered + lost.len();
        if all >= PROGRESS {
            info!("{all} deliveries are in GitHub's log and not here; they are fetched");
        }
        let mut left = Vec::new();
        let mut fetching = fetch::Ahead::of(&self.github, lost);
        while let Some((lost, fetched)) = fetching.next().await {
            match fetched {
                Ok(Some(delivery)) => {
                    let taken = accept(delivery, Source::Recovered).await;
                    taken.map_err(|failed| Trouble::NotTaken(failed.to_string()))?;
                    self.recovered += 1;
                    if self.recovered.is_multiple_of(PROGRESS) {
                        info!(
                            "{} of {all} missed deliveries are recovered",
                            self.recovered
                        );
                    }
                }
                Ok(None) => warn!(
                    delivery = lost.guid,
                    "lost: GitHub's log has this delivery no longer, or without its payload"
                ),
                Err(failed) if failed.is_outage() => return Err(failed.into()),
                Err(failed) if failed.is_transient() => {
                    warn!(delivery = lost.guid, "will be fetched again: {failed}");
                    left.push(lost);
                }
                Err(failed) => warn!(delivery = lost.guid, "lost: {failed}"),
            }
        }
        Ok(left)
    }

    fn tell(&self, round: &Round, first: bool) {
        let Round {
            recovered,
            unwanted,
            since,
            begins,
        } = *round;
        if let (Some(since), Some(begins)) = (since, begins) {
            warn!(
                "the host was away since {since}, and GitHub's log of deliveries begins at {begins}: what was sent in \
                 between is not in it and shows in Port when it changes again, or by a resync"
            );
        }
        match since {
            Some(since) if first => info!(
                recovered,
                unwanted,
                "the host was away from {since} to {}: {recovered} deliveries recovered, {unwanted} were of no concern",
                self.started
            ),
            None if first && recovered == 0 => info!(
                unwanted,
                "GitHub's log of deliveries is read from now on for what does not arrive"
            ),
            _ if recovered == 0 => debug!(unwanted, "GitHub's log of deliveries has nothing new"),
            _ if self.mode == WebhookMode::Pull && !first => debug!(
                recovered,
                unwanted, "{recovered} deliveries were read from GitHub's log"
            ),
            _ => info!(
                recovered,
                unwanted,
                "{recovered} deliveries that had not arrived were recovered from GitHub's log, {unwanted} were of no concern"
            ),
        }
    }
}

fn read(text: &str) -> Mark {
    Mark::read(text).unwrap_or_else(|| {
        warn!("how far GitHub's log was read cannot be told from `{text}`: all of it is read");
        Mark::beginning()
    })
}

/// For people's eyes, and as GitHub writes times.
fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
