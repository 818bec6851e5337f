//! The repositories of one installation, or some of them: asked for, and fed into the lanes.

use std::collections::HashSet;
use std::future::Future;

use super::{Error, Resync};
use crate::github::{self, Named};
use crate::inbox::listed;
use crate::store::{NewItem, Source};
use crate::subject::{Organization, Repository, Subject, Touch};

/// Repositories that are asked for one by one; for more of them a list of all costs less.
const FEW: usize = 100;

/// Repositories that are fed at once.
const CHUNK: usize = 250;

pub(super) struct TakeIn {
    pub(super) installation: u64,
    pub(super) organization: Organization,
    /// `None`: all that the installation includes.
    pub(super) only: Option<Vec<Repository>>,
}

impl TakeIn {
    /// How many repositories were fed.
    pub(super) async fn run(&self, resync: &Resync) -> Result<usize, Error> {
        let (installation, login) = (self.installation, &self.organization.login);
        let everything = async {
            let what = || format!("repositories of {login}");
            asked(resync, what, resync.github.repositories(installation)).await
        };
        let Some(only) = &self.only else {
            // Whoever takes in all may do so because of what was granted a moment ago.
            resync.github.installation_changed(installation).await;
            return self.feed(resync, everything.await?).await;
        };
        let mut left: HashSet<u64> = only.iter().map(|repository| repository.id).collect();
        let mut found = Vec::new();
        if only.len() > FEW {
            found = everything.await?;
            found.retain(|repository| left.remove(&repository.id));
        }
        // One that cannot be had is no reason to keep the others waiting.
        let mut failed = None;
        for named in only.iter().filter(|named| left.contains(&named.id)) {
            let one = resync.github.repository(installation, Named::Id(named.id));
            match asked(resync, || named.full_name(), one).await {
                Ok(repository) => found.push(repository),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let fed = self.feed(resync, found).await?;
        failed.map_or(Ok(fed), Err)
    }

    async fn feed(&self, resync: &Resync, repositories: Vec<Repository>) -> Result<usize, Error> {
        let fed = repositories.len();
        let mut items = Vec::new();
        for (index, repository) in repositories.into_iter().enumerate() {
            items.extend(self.subjects(resync, repository));
            if (index + 1) % CHUNK == 0 || index + 1 == fed {
                resync.inbox.add(std::mem::take(&mut items)).await?;
            }
        }
        Ok(fed)
    }

    fn subjects(&self, resync: &Resync, repository: Repository) -> impl Iterator<Item = NewItem> {
        let set = resync.plugins.current();
        let (installation, organization) = (self.installation, &self.organization);
        let subject = Subject::repository(installation, organization.clone(), repository.clone());
        let both = [
            // A webhook may have told of it since it was listed: it is read anew when its turn comes.
            subject.unread(),
            Subject::tree(installation, organization.clone(), repository),
        ];
        both.into_iter()
            .filter(move |subject| set.wanting(&subject.kind).next().is_some())
            .filter_map(|subject| listed(&Touch::Subject(subject), Source::Listed))
    }
}

/// An answer, in turn with other lists.
async fn asked<T>(
    resync: &Resync,
    what: impl FnOnce() -> String,
    asking: impl Future<Output = Result<T, github::Error>>,
) -> Result<T, Error> {
    let _turn = (resync.turns.acquire().await).expect("the semaphore is never closed");
    asking.await.map_err(|failed| Error::GitHub {
        what: what(),
        failed,
    })
}
