//! Subjects without a webhook: what an installation brings, listed and fed into the lanes.
//!
//! Knows GitHub's lists and the inbox; does not know what becomes of a subject.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::github::{Error, GitHub};
use crate::inbox::{Inbox, Item};
use crate::plugins::Plugins;
use crate::subject::{Chore, Organization, Repository, Subject};

/// Takes in repositories.
pub struct Resync {
    github: Arc<GitHub>,
    plugins: Arc<Plugins>,
    inbox: Arc<Inbox>,
    tasks: TaskTracker,
}

impl Resync {
    pub fn new(github: Arc<GitHub>, plugins: Arc<Plugins>, inbox: Arc<Inbox>) -> Self {
        Self { github, plugins, inbox, tasks: TaskTracker::new() }
    }

    /// Do a chore in the background.
    pub fn take_on(self: &Arc<Self>, chore: Chore) {
        match chore {
            Chore::TakeIn { installation, organization, repositories } => {
                let ids: Vec<u64> = repositories.iter().map(|repository| repository.id).collect();
                self.spawn(installation, organization, Some(ids));
            }
            Chore::TakeInAll { installation, organization } => self.spawn(installation, organization, None),
            Chore::Suspend { installation } => warn!(installation, "the App was suspended; its events will fail until it is unsuspended"),
            Chore::Forget { installation } => {
                self.github.forget(installation);
                warn!(installation, "the App was uninstalled; its entities stay in Port");
            }
            Chore::Resume { installation } => {
                self.github.forget(installation);
                info!(installation, "the App was unsuspended");
            }
            Chore::HeadMoved { .. } => {}
        }
    }

    /// Once in the life of a data directory: every repository of every installation.
    pub async fn at_first_start(self: &Arc<Self>, data_dir: PathBuf) {
        let done = data_dir.join("first-sync-done");
        if done.exists() {
            return;
        }
        match self.everything().await {
            Ok(fed) => {
                info!(repositories = fed, "first start: {fed} repositories were taken in");
                if let Err(failed) = std::fs::write(&done, "") {
                    warn!("{} cannot be written ({failed}): the next start will take everything in again", done.display());
                }
            }
            Err(failed) => error!("first start: not every repository could be taken in: {failed}; the next start tries again"),
        }
    }

    /// Wait for what was taken on.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn everything(&self) -> Result<usize, Error> {
        let mut fed = 0;
        for installation in self.github.installations().await? {
            if installation.suspended {
                warn!("the installation on {} is suspended and was passed over", installation.account.login);
                continue;
            }
            fed += self.take_in(installation.id, &installation.account, None).await?;
        }
        Ok(fed)
    }

    fn spawn(self: &Arc<Self>, installation: u64, organization: Organization, only: Option<Vec<u64>>) {
        let resync = self.clone();
        self.tasks.spawn(async move {
            match resync.take_in(installation, &organization, only.as_deref()).await {
                Ok(fed) => info!(repositories = fed, "{fed} repositories of {} were taken in", organization.login),
                Err(failed) => error!("repositories of {} could not be listed: {failed}", organization.login),
            }
        });
    }

    async fn take_in(&self, installation: u64, organization: &Organization, only: Option<&[u64]>) -> Result<usize, Error> {
        let listed = self.github.repositories(installation).await?;
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
                self.inbox.push_waiting(Item::of(subject, None)).await;
            }
        }
    }
}
