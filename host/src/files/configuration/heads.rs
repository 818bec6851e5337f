//! Which commit is a repository's head, and where an organization's configuration lies.
//!
//! Remembered until a push says otherwise, so that an event of a known repository asks GitHub nothing.
//! Knows no files and no plugins.

use std::time::{Duration, Instant};

use super::super::At;
use super::super::known::UntilMoved;
use crate::github::{self, GitHub, Head, Named};
use crate::subject::{ORGANIZATION_REPOSITORY, Organization, Repository};

/// Webhooks may be lost: after this a head is asked again.
const REMEMBERED: Duration = Duration::from_secs(600);
const HEADS: u64 = 100_000;

pub(super) struct Heads {
    github: GitHub,
    /// A repository's id says that it moved.
    heads: UntilMoved<Branch, u64, Option<Head>>,
    /// By login in lower case: the organization's `.github-private`, if it can be read.
    homes: UntilMoved<String, String, Option<Repository>>,
}

/// A repository's id and its default branch, as far as that is known.
type Branch = (u64, Option<String>);

impl Heads {
    pub(super) fn new(github: GitHub) -> Self {
        Self {
            github,
            heads: UntilMoved::new(HEADS, REMEMBERED),
            homes: UntilMoved::new(HEADS, REMEMBERED),
        }
    }

    /// The head as far as it is known here; asked when it is not. `None`: the repository is empty.
    pub(super) async fn at_head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<At>, github::Error> {
        let ask = || self.github.head(installation, repository);
        let head = self.heads.get(branch(repository), &repository.id, ask);
        Ok(head.await?.map(|head| At {
            installation,
            repository: repository.clone(),
            head,
        }))
    }

    /// What somebody was told who asked at that time.
    pub(super) async fn head_is(
        &self,
        repository: &Repository,
        head: Option<Head>,
        asked: Instant,
    ) {
        self.heads.learn(branch(repository), head, asked).await;
    }

    /// `.github-private` at its head. `None`: there is none, or the installation does not include it.
    pub(super) async fn home(
        &self,
        installation: u64,
        organization: &Organization,
    ) -> Result<Option<At>, github::Error> {
        let login = organization.login.to_lowercase();
        let ask = || async {
            let named = Named::Name {
                owner: &organization.login,
                name: ORGANIZATION_REPOSITORY,
            };
            match self.github.repository(installation, named).await {
                Ok(repository) => Ok(Some(repository)),
                Err(github::Error::Missing { .. }) => Ok(None),
                // Not a word on whether there is one: without it, entities would seem to be gone.
                Err(error) => Err(error),
            }
        };
        match self.homes.get(login.clone(), &login, ask).await? {
            Some(repository) => self.at_head(installation, &repository).await,
            None => Ok(None),
        }
    }

    /// Forgets the organization's home. `false`: nothing was remembered.
    pub(super) async fn forget_home(&self, organization: &Organization) -> bool {
        let login = organization.login.to_lowercase();
        let Some(Some(home)) = self.homes.forget(&login).await else {
            return false;
        };
        self.heads.forget(&branch(&home)).await;
        true
    }

    /// As if its time had come.
    #[cfg(test)]
    pub(super) async fn forget_head(&self, repository: u64) {
        self.heads
            .forget(&(repository, Some("main".to_owned())))
            .await;
    }

    pub(super) fn head_moved(&self, repository: &Repository) {
        self.heads.moved(repository.id);
        if repository.name == ORGANIZATION_REPOSITORY {
            self.homes.moved(repository.owner.to_lowercase());
        }
    }

    pub(super) fn home_moved(&self, organization: &Organization) {
        self.homes.moved(organization.login.to_lowercase());
    }
}

fn branch(repository: &Repository) -> Branch {
    (repository.id, repository.default_branch.clone())
}
