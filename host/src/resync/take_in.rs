//! The repositories of one installation, or some of them: asked for, and fed into the lanes.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::warn;

use super::Resync;
use crate::github::{Error, Named};
use crate::inbox::Item;
use crate::subject::{Organization, Repository, Subject};

/// Waits between tries of what GitHub did not give. The last one repeats: no webhook brings again what it lacks.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
];

/// Tries of a request that GitHub answers, but fails at.
const TRIES: usize = 8;

/// Tries more of a repository that a webhook just named and the API does not know yet.
const LAGS: usize = 3;

/// Repositories that are asked for one by one; for more of them a list of all costs less.
const FEW: usize = 100;

pub(super) struct TakeIn {
    pub(super) installation: u64,
    pub(super) organization: Organization,
    /// `None`: all that the installation includes.
    pub(super) only: Option<Vec<Repository>>,
    pub(super) first_sync: Option<TaskTrackerToken>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Taken {
    /// Repositories.
    pub(super) fed: usize,
    /// A sentence each.
    pub(super) failures: Vec<String>,
}

/// Why there is no answer.
pub(super) enum Stop {
    GitHub(Error),
    /// The host is stopping.
    Stopping,
}

impl TakeIn {
    pub(super) async fn run(self, resync: &Resync) -> Taken {
        let mut taken = Taken::default();
        let (installation, login) = (self.installation, &self.organization.login);
        let Some(only) = &self.only else {
            // Whoever takes in all may do so because of what was granted a moment ago.
            resync.github.installation_changed(installation).await;
            let what = format!("repositories of {login}");
            let listing = || resync.github.repositories(installation);
            match patiently(resync, &what, 0, listing).await {
                Ok(listed) => self.feed_all(resync, listed, &mut taken).await,
                Err(stop) => taken.failed(&what, &stop),
            }
            return taken;
        };
        let mut left: HashSet<u64> = only.iter().map(|repository| repository.id).collect();
        if only.len() > FEW {
            let what = format!("repositories of {login}");
            let listing = || resync.github.repositories(installation);
            match patiently(resync, &what, 0, listing).await {
                Ok(mut listed) => {
                    listed.retain(|repository| left.remove(&repository.id));
                    self.feed_all(resync, listed, &mut taken).await;
                }
                Err(stop) => {
                    taken.failed(&what, &stop);
                    return taken;
                }
            }
        }
        for named in only.iter().filter(|named| left.contains(&named.id)) {
            let what = named.full_name();
            let asking = || (resync.github).repository(installation, Named::Id(named.id));
            match patiently(resync, &what, LAGS, asking).await {
                Ok(found) => self.feed_all(resync, vec![found], &mut taken).await,
                Err(stop) => taken.failed(&what, &stop),
            }
        }
        taken
    }

    async fn feed_all(&self, resync: &Resync, repositories: Vec<Repository>, taken: &mut Taken) {
        let all = repositories.len();
        for (before, repository) in repositories.into_iter().enumerate() {
            if let Err(stop) = self.feed(resync, repository).await {
                let what = format!(
                    "{} repositories of {}",
                    all - before,
                    self.organization.login
                );
                return taken.failed(&what, &stop);
            }
            taken.fed += 1;
        }
    }

    async fn feed(&self, resync: &Resync, repository: Repository) -> Result<(), Stop> {
        let set = resync.plugins.current();
        let (installation, organization) = (self.installation, &self.organization);
        let listed = Subject::repository(installation, organization.clone(), repository.clone());
        for subject in [
            // A webhook may have told of it since it was listed: it is read anew when its turn comes.
            Subject {
                object: None,
                version: None,
                ..listed
            },
            Subject::tree(installation, organization.clone(), repository),
        ] {
            if set.wanting(&subject.kind).next().is_none() {
                continue;
            }
            let mut item = Item::new(None, subject);
            item.first_sync = self.first_sync.clone();
            tokio::select! {
                biased;
                pushed = resync.inbox.push_waiting(item) => pushed.map_err(|_| Stop::Stopping)?,
                () = resync.stopping.cancelled() => return Err(Stop::Stopping),
            }
        }
        Ok(())
    }
}

impl Taken {
    pub(super) fn add(&mut self, more: Self) {
        self.fed += more.fed;
        self.failures.extend(more.failures);
    }

    pub(super) fn failed(&mut self, what: &str, stop: &Stop) {
        self.failures.push(format!("{what} could not be {stop}"));
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub(failed) => write!(f, "listed: {failed}"),
            Self::Stopping => f.write_str("taken in before the host stopped"),
        }
    }
}

/// Asks again as long as it is GitHub that cannot answer; `lags` times more where it says that there is no such thing.
pub(super) async fn patiently<T, F>(
    resync: &Resync,
    what: &str,
    mut lags: usize,
    ask: impl Fn() -> F,
) -> Result<T, Stop>
where
    F: Future<Output = Result<T, Error>>,
{
    let (mut tries, mut faults) = (0, 0);
    loop {
        let answer = {
            let _turn = (resync.turns.acquire().await).expect("the semaphore is never closed");
            ask().await
        };
        let failed = match answer {
            Ok(found) => return Ok(found),
            Err(failed) => failed,
        };
        let again = match &failed {
            Error::Missing { .. } if lags > 0 => {
                lags -= 1;
                true
            }
            failed if failed.is_outage() => true,
            failed => {
                faults += 1;
                failed.is_transient() && faults < TRIES
            }
        };
        if !again {
            return Err(Stop::GitHub(failed));
        }
        let step = RETRY_AFTER[tries.min(RETRY_AFTER.len() - 1)];
        tries += 1;
        let wait = failed.after().unwrap_or_default().max(step);
        warn!(
            "{what} could not be listed, next try in {} s: {failed}",
            wait.as_secs()
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = resync.stopping.cancelled() => return Err(Stop::Stopping),
        }
    }
}
