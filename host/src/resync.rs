//! Subjects without a webhook: what an installation brings, listed and fed into the lanes.
//!
//! Knows GitHub's lists and the inbox; does not know what becomes of a subject.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::files::Configurations;
use crate::github::{Error, GitHub};
use crate::inbox::{Inbox, Item};
use crate::plugins::Plugins;
use crate::subject::{Chore, Organization, Repository, Subject};

/// Waits between tries of a list that GitHub did not give. The last one repeats: no webhook brings again what it lacks.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
];

/// Takes in repositories.
pub struct Resync {
    github: GitHub,
    configurations: Configurations,
    plugins: Arc<Plugins>,
    inbox: Inbox,
    tasks: TaskTracker,
    stopping: CancellationToken,
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
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
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
                let ids = repositories.iter().map(|repository| repository.id);
                let ids = ids.collect::<Vec<_>>();
                self.spawn(|resync| async move {
                    resync
                        .take_in_and_say(installation, &organization, Some(&ids))
                        .await;
                });
            }
            Chore::TakeInAll {
                installation,
                organization,
            } => {
                self.configurations.repositories_changed(&organization);
                self.spawn(|resync| async move {
                    resync
                        .take_in_and_say(installation, &organization, None)
                        .await;
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
            Chore::Resume { installation } => {
                info!(installation, "the App was unsuspended");
                self.grants_changed(installation);
            }
            Chore::Renamed { organization, .. } => {
                info!("the organization is called {} now", organization.login);
                self.configurations.repositories_changed(&organization);
            }
        }
    }

    /// Once in the life of a data directory: every repository of every installation.
    pub async fn at_first_start(self: &Arc<Self>, data_dir: PathBuf) {
        let done = data_dir.join("first-sync-done");
        if done.exists() {
            return;
        }
        let (fed, failures) = self.everything().await;
        info!(
            repositories = fed,
            "first start: {fed} repositories were taken in"
        );
        for failed in &failures {
            error!("first start: {failed}; the next start tries again");
        }
        if failures.is_empty()
            && let Err(failed) = std::fs::write(&done, "")
        {
            warn!(
                "{} cannot be written ({failed}): the next start will take everything in again",
                done.display()
            );
        }
    }

    /// Wait for what was taken on. What GitHub does not give now is not waited for.
    pub async fn finish(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// How many repositories were fed, and what could not be, a sentence each.
    async fn everything(&self) -> (usize, Vec<String>) {
        let (mut fed, mut failures) = (0, Vec::new());
        let installations = self
            .patiently("the installations", || self.github.installations())
            .await
            .unwrap_or_else(|failed| {
                failures.push(format!("the installations could not be listed: {failed}"));
                Vec::new()
            });
        for installation in installations {
            let organization = Organization {
                id: installation.account.id,
                login: installation.account.login,
            };
            let login = &organization.login;
            if installation.suspended_at.is_some() {
                warn!("the installation on {login} is suspended and was passed over");
                continue;
            }
            // One organization in trouble is no reason to leave out the others.
            match self.take_in(installation.id, &organization, None).await {
                Ok(more) => fed += more,
                Err(failed) => failures.push(format!(
                    "repositories of {login} could not be listed: {failed}"
                )),
            }
        }
        (fed, failures)
    }

    /// Asks again as long as it is GitHub that cannot answer.
    async fn patiently<T, F>(&self, what: &str, ask: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            let failed = match ask().await {
                Err(failed) if failed.is_transient() => failed,
                answer => return answer,
            };
            let step = waits.next().unwrap_or(RETRY_AFTER[RETRY_AFTER.len() - 1]);
            let wait = failed.after().unwrap_or_default().max(step);
            warn!(
                "{what} could not be listed, next try in {} s: {failed}",
                wait.as_secs()
            );
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopping.cancelled() => return Err(failed),
            }
        }
    }

    fn grants_changed(self: &Arc<Self>, installation: u64) {
        self.spawn(|resync| async move { resync.github.installation_changed(installation).await });
    }

    fn spawn<F>(self: &Arc<Self>, what: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(what(self.clone()));
    }

    async fn take_in_and_say(
        &self,
        installation: u64,
        organization: &Organization,
        only: Option<&[u64]>,
    ) {
        let login = &organization.login;
        match self.take_in(installation, organization, only).await {
            Ok(fed) => info!(
                repositories = fed,
                "{fed} repositories of {login} were taken in"
            ),
            Err(failed) => error!("repositories of {login} could not be listed: {failed}"),
        }
    }

    async fn take_in(
        &self,
        installation: u64,
        organization: &Organization,
        only: Option<&[u64]>,
    ) -> Result<usize, Error> {
        let what = format!("repositories of {}", organization.login);
        let listed = self
            .patiently(&what, || self.github.repositories(installation))
            .await?;
        let mut fed = 0;
        for repository in listed {
            if only.is_none_or(|ids| ids.contains(&repository.id)) {
                self.feed(installation, organization, repository).await;
                fed += 1;
            }
        }
        Ok(fed)
    }

    async fn feed(&self, installation: u64, organization: &Organization, repository: Repository) {
        let set = self.plugins.current();
        for subject in [
            Subject::repository(installation, organization.clone(), repository.clone()),
            Subject::tree(installation, organization.clone(), repository),
        ] {
            if set.wanting(&subject.kind).next().is_some() {
                // It fails only when the host is stopping; the next first start feeds again.
                let _ = self.inbox.push_waiting(Item::new(None, subject)).await;
            }
        }
    }
}
