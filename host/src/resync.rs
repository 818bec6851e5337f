//! Subjects without a webhook: what an installation brings, listed and fed into the lanes.
//!
//! Knows GitHub's lists and the inbox; does not know what becomes of a subject.
//! Chores are items like any other: what GitHub does not answer now is tried again by the inbox.

mod configured;
mod patience;
mod take_in;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::{info, warn};

pub use patience::patiently;

use crate::files::Configurations;
use crate::github::{self, GitHub};
use crate::inbox::{Inbox, listed};
use crate::plugins::Plugins;
use crate::store::{self, Source, Store};
use crate::subject::{Chore, Organization, Touch};

use configured::Pushed;
use take_in::TakeIn;

/// Lists that are asked for at once: live events need GitHub too.
const AT_ONCE: usize = 2;

/// The store's mark of a first start that is on record.
const FIRST_START: &str = "first-start";

/// Takes in repositories.
pub struct Resync {
    github: GitHub,
    configurations: Configurations,
    plugins: Arc<Plugins>,
    inbox: Inbox,
    turns: Semaphore,
}

/// Why a chore is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} could not be listed: {failed}")]
    GitHub { what: String, failed: github::Error },
    #[error(transparent)]
    Store(#[from] store::Error),
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
        }
    }

    /// Does a chore. What it leads to is kept before it is over.
    pub async fn take_on(&self, chore: Chore) -> Result<(), Error> {
        match chore {
            Chore::HeadMoved { repository, .. } => self.configurations.head_moved(&repository),
            Chore::TakeIn {
                installation,
                organization,
                repositories,
            } => {
                self.configurations.repositories_changed(&organization);
                self.take_in(TakeIn {
                    installation,
                    organization,
                    only: Some(repositories),
                })
                .await?;
            }
            Chore::TakeInAll {
                installation,
                organization,
            } => {
                self.configurations.repositories_changed(&organization);
                self.take_in(TakeIn {
                    installation,
                    organization,
                    only: None,
                })
                .await?;
            }
            Chore::Suspend { installation } => {
                warn!(
                    installation,
                    "the App was suspended; events fail until it is unsuspended"
                );
                self.github.installation_changed(installation).await;
            }
            Chore::Forget { installation } => {
                warn!(
                    installation,
                    "the App was uninstalled; its entities stay in Port"
                );
                self.github.installation_changed(installation).await;
            }
            Chore::Resume {
                installation,
                organization,
            } => {
                info!(installation, "the App was unsuspended");
                self.take_in(TakeIn {
                    installation,
                    organization,
                    only: None,
                })
                .await?;
            }
            Chore::Configured {
                installation,
                organization,
                home,
                before,
                after,
            } => {
                let pushed = Pushed {
                    installation,
                    organization,
                    home,
                    commits: [before, after],
                };
                self.configured(pushed).await?;
            }
            Chore::Renamed { organization, .. } => {
                info!("the organization is called {} now", organization.login);
                self.configurations.repositories_changed(&organization);
            }
        }
        Ok(())
    }

    /// Once in the life of a store: every repository of every installation. It is over when each installation is an item.
    pub async fn at_first_start(&self, store: &dyn Store) -> Result<(), Error> {
        if store.mark(FIRST_START).await?.is_some() {
            return Ok(());
        }
        let installations = patiently("the installations", || self.github.installations()).await;
        let installations = installations.map_err(|failed| Error::GitHub {
            what: "first start: the installations".to_owned(),
            failed,
        })?;
        let mut items = Vec::new();
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
            let chore = Touch::Chore(Chore::TakeInAll {
                installation: installation.id,
                organization,
            });
            items.extend(listed(&chore, Source::Listed));
        }
        let installations = items.len();
        self.inbox.add(items).await?;
        store.set_mark(FIRST_START, "listed").await?;
        info!(
            installations,
            "first start: the repositories of {installations} installations are taken in"
        );
        Ok(())
    }

    async fn take_in(&self, take_in: TakeIn) -> Result<(), Error> {
        let fed = take_in.run(self).await?;
        info!(
            repositories = fed,
            "{fed} repositories of {} were taken in", take_in.organization.login
        );
        Ok(())
    }
}
