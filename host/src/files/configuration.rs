//! The configuration in force: the one at the heads, and the last one that opened.
//!
//! Where heads are is [`Heads`]' part, what a configuration is made of [`Candidate`]'s.
//! Whether a configuration is any good, only the plugin knows.

mod candidate;
mod heads;
mod last_good;

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;

pub use self::candidate::{Candidate, Wanted};

use self::heads::Heads;
use self::last_good::{LastGood, Of};
use super::{At, Files};
use crate::github::{self, Head};
use crate::plugins::contract::{Configuration, File, FilePattern, Owner};
use crate::subject::{Organization, Repository};

/// Bytes of candidates kept for reuse.
const KEPT: u64 = 64 << 20;
/// One that is not asked for has been replaced by a later commit's, or its repository is quiet.
const IDLE: Duration = Duration::from_secs(3600);

/// Finds the configuration of a plugin for a repository. Cheap to clone.
#[derive(Clone)]
pub struct Configurations(Arc<Inner>);

struct Inner {
    files: Files,
    heads: Heads,
    made: Cache<Made, Candidate>,
    last_good: LastGood,
}

/// All that a configuration depends on. A commit names its files.
#[derive(PartialEq, Eq, Hash)]
struct Made {
    plugin: String,
    wanted: u64,
    organization: u64,
    repository: Option<(u64, String)>,
    home: Option<(u64, String)>,
}

impl Configurations {
    pub fn new(github: github::GitHub, files: Files) -> Self {
        Self(Arc::new(Inner {
            files,
            heads: Heads::new(github),
            made: Cache::builder()
                .max_capacity(KEPT)
                .time_to_idle(IDLE)
                .weigher(|_, made: &Candidate| made.weight())
                .build(),
            last_good: LastGood::new(),
        }))
    }

    /// The files that match a plugin's patterns: the repository's and the organization's at their heads,
    /// the operator's as they lie beside the plugin. No file at all is a configuration too.
    pub async fn candidate(
        &self,
        plugin: &str,
        patterns: &[FilePattern],
        operator: &[File],
        installation: u64,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Result<Candidate, github::Error> {
        let wanted = Wanted {
            plugin,
            patterns,
            operator,
        };
        let look = || self.look(wanted, installation, organization, repository);
        match look().await {
            // What was remembered of `.github-private` may have gone since.
            Err(github::Error::Missing { .. }) if self.0.heads.forget_home(organization).await => {
                look().await
            }
            found => found,
        }
    }

    async fn look(
        &self,
        wanted: Wanted<'_>,
        installation: u64,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Result<Candidate, github::Error> {
        let Inner {
            files, heads, made, ..
        } = &*self.0;
        let own = match repository.filter(|_| wanted.of(Owner::Repository)) {
            Some(repository) => heads.at_head(installation, repository).await?,
            None => None,
        };
        let home = match wanted.of(Owner::Organization) {
            true => heads.home(installation, organization).await?,
            false => None,
        };
        let place = |at: &Option<At>| {
            let at = at.as_ref()?;
            Some((at.repository.id, at.head.commit.clone()))
        };
        let key = Made {
            plugin: wanted.plugin.to_owned(),
            wanted: wanted.digest(),
            organization: organization.id,
            repository: place(&own),
            home: place(&home),
        };
        if let Some(candidate) = made.get(&key).await {
            return Ok(candidate);
        }
        let places = [(Owner::Repository, own), (Owner::Organization, home)];
        let candidate = Candidate::read(files, wanted, organization, places).await?;
        made.insert(key, candidate.clone()).await;
        Ok(candidate)
    }

    /// As if its time had come.
    #[cfg(test)]
    pub(super) async fn forget_head(&self, repository: u64) {
        self.0.heads.forget_head(repository).await;
    }

    /// A push moved the head of the default branch, or the repository was renamed, created, or changed its default branch.
    pub fn head_moved(&self, repository: &Repository) {
        self.0.heads.head_moved(repository);
    }

    /// The head by which a repository's configuration is found. `None`: it is empty.
    pub async fn head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<Head>, github::Error> {
        let at = self.0.heads.at_head(installation, repository).await?;
        Ok(at.map(|at| at.head))
    }

    /// What GitHub said of a head when it was asked at that time.
    pub async fn head_is(&self, repository: &Repository, head: Option<Head>, asked: Instant) {
        self.0.heads.head_is(repository, head, asked).await;
    }

    /// Whether what a plugin takes of an organization's own files is not the same at two commits of where they lie.
    pub async fn differ(
        &self,
        patterns: &[FilePattern],
        installation: u64,
        home: &Repository,
        commits: [&str; 2],
    ) -> Result<bool, github::Error> {
        let taken = async |commit: &str| {
            // GitHub docs, Webhook events and payloads, push: zeros stand for no commit.
            if commit.bytes().all(|digit| digit == b'0') {
                return Ok(Default::default());
            }
            let at = At {
                installation,
                repository: home.clone(),
                // A commit names its tree (GitHub docs, Get a tree).
                head: Head {
                    branch: home.default_branch.clone().unwrap_or_default(),
                    commit: commit.to_owned(),
                    tree: commit.to_owned(),
                },
            };
            candidate::matching(&self.0.files, &at, Owner::Organization, patterns).await
        };
        match (taken(commits[0]).await, taken(commits[1]).await) {
            (Ok(one), Ok(other)) => Ok(one != other),
            // After a force push one may be gone, and with it the knowledge of what was in it.
            (Err(github::Error::Missing { .. } | github::Error::TooLarge { .. }), _)
            | (_, Err(github::Error::Missing { .. } | github::Error::TooLarge { .. })) => Ok(true),
            (Err(failed), _) | (_, Err(failed)) => Err(failed),
        }
    }

    /// The repositories that an organization's installation includes have changed.
    pub fn repositories_changed(&self, organization: &Organization) {
        self.0.heads.home_moved(organization);
    }

    /// A plugin opened this configuration: it stays in force until another one opens.
    /// Whether it is another one than last time, so that its notes are worth telling.
    pub async fn opened(
        &self,
        plugin: &str,
        organization: &Organization,
        repository: Option<&Repository>,
        configuration: &Configuration,
    ) -> bool {
        let of = Of::new(plugin, organization, repository);
        self.0.last_good.set(of, configuration).await;
        self.is_news(plugin, organization, repository, configuration.digest())
    }

    /// Whether the configuration of this digest, which may not open, is another one than the plugin last met here.
    pub fn is_news(
        &self,
        plugin: &str,
        organization: &Organization,
        repository: Option<&Repository>,
        digest: [u8; 32],
    ) -> bool {
        let of = Of::new(plugin, organization, repository);
        self.0.last_good.is_news(of, digest)
    }

    /// The last configuration that the plugin opened here.
    pub async fn last_good(
        &self,
        plugin: &str,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Option<Configuration> {
        let of = Of::new(plugin, organization, repository);
        self.0.last_good.get(of).await
    }
}
