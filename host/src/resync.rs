//! Subjects without a webhook: what an installation brings, listed and fed into the lanes.
//!
//! Knows GitHub's lists and the inbox; does not know what becomes of a subject.

mod take_in;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::files::Configurations;
use crate::github::GitHub;
use crate::inbox::Inbox;
use crate::plugins::Plugins;
use crate::subject::{Chore, Organization};

use take_in::{TakeIn, Taken};

/// Lists that are asked for at once: live events need GitHub too.
const AT_ONCE: usize = 2;

/// Takes in repositories.
pub struct Resync {
    github: GitHub,
    configurations: Configurations,
    plugins: Arc<Plugins>,
    inbox: Inbox,
    turns: Semaphore,
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// Of what was taken on, what the stop cut short.
    unfinished: AtomicUsize,
}

impl Resync {
    pub fn new(
        github: GitHub,
        configurations: Configurations,
        plugins: Arc<Plugins>,
        inbox: Inbox,
    ) -> Self {
        Self {
            github,
            configurations,
            plugins,
            inbox,
            turns: Semaphore::new(AT_ONCE),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            unfinished: AtomicUsize::new(0),
        }
    }

    /// Do a chore; what needs GitHub is done in the background.
    pub fn take_on(self: &Arc<Self>, chore: Chore) {
        match chore {
            Chore::HeadMoved { repository, .. } => self.configurations.head_moved(&repository),
            Chore::TakeIn {
                installation,
                organization,
                repositories,
            } => {
                self.configurations.repositories_changed(&organization);
                self.spawn(TakeIn {
                    installation,
                    organization,
                    only: Some(repositories),
                    first_sync: None,
                });
            }
            Chore::TakeInAll {
                installation,
                organization,
            } => {
                self.configurations.repositories_changed(&organization);
                self.spawn(TakeIn {
                    installation,
                    organization,
                    only: None,
                    first_sync: None,
                });
            }
            Chore::Suspend { installation } => {
                warn!(
                    installation,
                    "the App was suspended; events fail until it is unsuspended"
                );
                self.grants_changed(installation);
            }
            Chore::Forget { installation } => {
                warn!(
                    installation,
                    "the App was uninstalled; its entities stay in Port"
                );
                self.grants_changed(installation);
            }
            Chore::Resume {
                installation,
                organization,
            } => {
                info!(installation, "the App was unsuspended");
                // Whoever takes in all forgets what was granted before.
                self.take_on(Chore::TakeInAll {
                    installation,
                    organization,
                });
            }
            Chore::Renamed { organization, .. } => {
                info!("the organization is called {} now", organization.login);
                self.configurations.repositories_changed(&organization);
            }
        }
    }

    /// Once in the life of a data directory: every repository of every installation.
    ///
    /// It is over, and remembered, when all of them are settled: until then they are in memory alone.
    pub async fn at_first_start(self: &Arc<Self>, data_dir: PathBuf) {
        let done = data_dir.join("first-sync-done");
        if done.exists() {
            return;
        }
        let settled = TaskTracker::new();
        let Taken { fed, failures } = self.everything(&settled).await;
        for failed in &failures {
            error!("first start: {failed}; the next start tries again");
        }
        settled.close();
        settled.wait().await;
        if self.stopping.is_cancelled() {
            return;
        }
        if failures.is_empty()
            && let Err(failed) = std::fs::write(&done, "")
        {
            warn!(
                "{} cannot be written ({failed}): the next start will take everything in again",
                done.display()
            );
        }
        info!(
            repositories = fed,
            "first start: {fed} repositories were taken in"
        );
    }

    /// Wait for what was taken on, but not for what GitHub does not give now. How many were left unfinished.
    pub async fn finish(&self, deadline: Instant) -> usize {
        self.stopping.cancel();
        self.tasks.close();
        let running = match timeout_at(deadline, self.tasks.wait()).await {
            Ok(()) => 0,
            Err(_) => self.tasks.len(),
        };
        running + self.unfinished.load(Ordering::Relaxed)
    }

    async fn everything(self: &Arc<Self>, settled: &TaskTracker) -> Taken {
        let mut taken = Taken::default();
        let asked =
            take_in::patiently(self, "the installations", 0, || self.github.installations());
        let installations = match asked.await {
            Ok(installations) => installations,
            Err(stop) => {
                taken.failed("the installations", &stop);
                return taken;
            }
        };
        // Side by side: one organization in trouble is no reason to keep the others waiting.
        let mut each = JoinSet::new();
        for installation in installations {
            let organization = Organization {
                id: installation.account.id,
                login: installation.account.login,
            };
            if installation.suspended_at.is_some() {
                let login = &organization.login;
                warn!("the installation on {login} is suspended and was passed over");
                continue;
            }
            let take_in = TakeIn {
                installation: installation.id,
                organization,
                only: None,
                first_sync: Some(settled.token()),
            };
            let resync = self.clone();
            each.spawn(async move { take_in.run(&resync).await });
        }
        while let Some(more) = each.join_next().await {
            match more {
                Ok(more) => taken.add(more),
                Err(panicked) => taken
                    .failures
                    .push(format!("a bug of Portolan's: {panicked}")),
            }
        }
        taken
    }

    fn grants_changed(self: &Arc<Self>, installation: u64) {
        let resync = self.clone();
        self.tasks
            .spawn(async move { resync.github.installation_changed(installation).await });
    }

    fn spawn(self: &Arc<Self>, take_in: TakeIn) {
        let resync = self.clone();
        self.tasks.spawn(async move {
            let login = take_in.organization.login.clone();
            let Taken { fed, failures } = take_in.run(&resync).await;
            if !failures.is_empty() && resync.stopping.is_cancelled() {
                resync.unfinished.fetch_add(1, Ordering::Relaxed);
            }
            for failed in failures {
                error!("{failed}");
            }
            info!(
                repositories = fed,
                "{fed} repositories of {login} were taken in"
            );
        });
    }
}
