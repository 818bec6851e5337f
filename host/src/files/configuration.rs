//! The configuration in force: which files a plugin is opened with, and the last ones that it opened with.
//!
//! Heads are remembered until a push says otherwise, so that an event of a known repository asks GitHub nothing.
//! Whether a configuration is any good, only the plugin knows.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};

use super::{At, Entry, Files, Glob, MOST};
use crate::github::{self, Head, Named};
use crate::plugins::contract::{Configuration, File, FilePattern, Owner};
use crate::subject::{Organization, Repository};

/// Where an organization's configuration lies, as Port's own app has it.
const ORGANIZATION_REPOSITORY: &str = ".github-private";

/// Webhooks may be lost: after this a head is asked again.
const REMEMBERED: Duration = Duration::from_secs(600);
const HEADS: u64 = 100_000;
/// Configurations kept for reuse, and as the last good ones: one for each (plugin, repository), each a few KB.
const KEPT: u64 = 10_000;

/// Finds the configuration of a plugin for a repository. Cheap to clone.
#[derive(Clone)]
pub struct Configurations(Arc<Inner>);

struct Inner {
    files: Files,
    github: github::GitHub,
    heads: Cache<u64, Known<Option<Head>>>,
    /// By login in lower case: the organization's `.github-private`, if it can be read.
    homes: Cache<String, Known<Option<Repository>>>,
    /// When a repository's head last moved, by id, and an organization's home, by login.
    moved: moka::sync::Cache<u64, Instant>,
    moved_homes: moka::sync::Cache<String, Instant>,
    made: Cache<Made, Configuration>,
    good: Cache<Good, Configuration>,
    /// The configuration whose notes or mistakes were told last.
    told: moka::sync::Cache<Good, [u8; 32]>,
}

/// What was learned, and when it was asked: an answer to a question from before a push does not count.
#[derive(Clone)]
struct Known<T> {
    asked: Instant,
    what: T,
}

/// All that a configuration depends on. A commit names its files.
#[derive(PartialEq, Eq, Hash)]
struct Made {
    plugin: String,
    patterns: u64,
    organization: u64,
    repository: Option<(u64, String)>,
    home: Option<(u64, String)>,
}

#[derive(PartialEq, Eq, Hash)]
struct Good {
    plugin: String,
    organization: u64,
    repository: Option<u64>,
}

impl Configurations {
    pub fn new(github: github::GitHub, files: Files) -> Self {
        fn kept<
            K: Eq + std::hash::Hash + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        >(
            most: u64,
        ) -> Cache<K, V> {
            Cache::builder().max_capacity(most).build()
        }
        fn remembered<
            K: Eq + std::hash::Hash + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        >() -> Cache<K, V> {
            Cache::builder()
                .max_capacity(HEADS)
                .time_to_live(REMEMBERED)
                .build()
        }
        fn marks<K: Eq + std::hash::Hash + Send + Sync + 'static>() -> moka::sync::Cache<K, Instant>
        {
            moka::sync::Cache::builder()
                .max_capacity(HEADS)
                .time_to_live(REMEMBERED)
                .build()
        }
        Self(Arc::new(Inner {
            files,
            github,
            heads: remembered(),
            homes: remembered(),
            moved: marks(),
            moved_homes: marks(),
            made: kept(KEPT),
            good: kept(KEPT),
            told: moka::sync::Cache::new(KEPT),
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
    ) -> Result<Configuration, github::Error> {
        let wanted = |owner| patterns.iter().any(|pattern| pattern.owner == owner);
        let own = match repository.filter(|_| wanted(Owner::Repository)) {
            Some(repository) => self.at_head(installation, repository).await?,
            None => None,
        };
        let home = match wanted(Owner::Organization) {
            true => self.home(installation, organization).await?,
            false => None,
        };
        let place = |at: &Option<At>| {
            let at = at.as_ref()?;
            Some((at.repository.id, at.head.commit.clone()))
        };
        let made = Made {
            plugin: plugin.to_owned(),
            patterns: digest(patterns, operator),
            organization: organization.id,
            repository: place(&own),
            home: place(&home),
        };
        if let Some(configuration) = self.0.made.get(&made).await {
            return Ok(configuration);
        }
        let mut files = operator.to_vec();
        for (owner, at) in [(Owner::Repository, own), (Owner::Organization, home)] {
            if let Some(at) = at {
                files.extend(self.matching(&at, owner, patterns).await?);
            }
        }
        let configuration = Configuration::new(&organization.login, files);
        self.0.made.insert(made, configuration.clone()).await;
        Ok(configuration)
    }

    /// A push moved the head of the default branch, or the repository was renamed, created, or changed its default branch.
    pub fn head_moved(&self, repository: &Repository) {
        let now = Instant::now();
        self.0.moved.insert(repository.id, now);
        if repository.name == ORGANIZATION_REPOSITORY {
            let login = repository.owner.to_lowercase();
            self.0.moved_homes.insert(login, now);
        }
    }

    /// The repositories that an organization's installation includes have changed.
    pub fn repositories_changed(&self, organization: &Organization) {
        let login = organization.login.to_lowercase();
        self.0.moved_homes.insert(login, Instant::now());
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
        let key = good(plugin, organization, repository);
        self.0.good.insert(key, configuration.clone()).await;
        self.is_news(plugin, organization, repository, configuration)
    }

    /// Whether this configuration, which may not open, is another one than the plugin last met here.
    pub fn is_news(
        &self,
        plugin: &str,
        organization: &Organization,
        repository: Option<&Repository>,
        configuration: &Configuration,
    ) -> bool {
        let digest = configuration.digest();
        let told = self.0.told.entry(good(plugin, organization, repository));
        // At once, because events of one repository are mapped side by side.
        let told = told.and_compute_with(|told| match told {
            Some(told) if *told.value() == digest => Op::Nop,
            _ => Op::Put(digest),
        });
        !matches!(told, CompResult::Unchanged(_))
    }

    /// The last configuration that the plugin opened here.
    pub async fn last_good(
        &self,
        plugin: &str,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Option<Configuration> {
        let key = good(plugin, organization, repository);
        self.0.good.get(&key).await
    }

    /// The head as far as it is known here; asked when it is not. `None`: the repository is empty.
    async fn at_head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<At>, github::Error> {
        let Inner { heads, moved, .. } = &*self.0;
        loop {
            let asking = async {
                Ok(Known {
                    asked: Instant::now(),
                    what: self.0.files.head(installation, repository).await?,
                })
            };
            let known = heads.try_get_with(repository.id, asking).await;
            let known = known.map_err(|error: Arc<github::Error>| github::Error::clone(&error))?;
            if stale(known.asked, moved.get(&repository.id)) {
                heads.invalidate(&repository.id).await;
                continue;
            }
            return Ok(known.what.map(|head| At {
                installation,
                repository: repository.clone(),
                head,
            }));
        }
    }

    /// `.github-private` at its head. `None`: there is none, or the installation does not include it.
    async fn home(
        &self,
        installation: u64,
        organization: &Organization,
    ) -> Result<Option<At>, github::Error> {
        let Inner {
            homes, moved_homes, ..
        } = &*self.0;
        let login = organization.login.to_lowercase();
        loop {
            let asking = async {
                let asked = Instant::now();
                let named = Named::Name {
                    owner: &organization.login,
                    name: ORGANIZATION_REPOSITORY,
                };
                let what = match self.0.github.repository(installation, named).await {
                    Ok(repository) => Some(repository),
                    Err(github::Error::Missing { .. }) => None,
                    // Not a word on whether there is one: without it, entities would seem to be gone.
                    Err(error) => return Err(error),
                };
                Ok(Known { asked, what })
            };
            let known = homes.try_get_with(login.clone(), asking).await;
            let known = known.map_err(|error: Arc<github::Error>| github::Error::clone(&error))?;
            if stale(known.asked, moved_homes.get(&login)) {
                homes.invalidate(&login).await;
                continue;
            }
            return match known.what {
                Some(repository) => self.at_head(installation, &repository).await,
                None => Ok(None),
            };
        }
    }

    async fn matching(
        &self,
        at: &At,
        owner: Owner,
        patterns: &[FilePattern],
    ) -> Result<Vec<File>, github::Error> {
        let tree = self.0.files.tree(at).await?;
        let mut entries: Vec<Entry> = Vec::new();
        for pattern in patterns.iter().filter(|pattern| pattern.owner == owner) {
            match Glob::new(&pattern.glob) {
                Ok(glob) => entries.extend(tree.matching(&glob)),
                Err(why) => {
                    tracing::warn!("a plugin's `describe` asks for files by a wrong pattern: {why}")
                }
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup();
        if entries.len() > MOST {
            return Err(github::Error::TooLarge {
                what: format!(
                    "a plugin's configuration in {} ({} files match its patterns)",
                    at.repository.full_name(),
                    entries.len()
                ),
                limit: format!("{MOST} files"),
            });
        }
        self.0.files.texts(at, owner, &entries).await
    }
}

fn stale(asked: Instant, moved: Option<Instant>) -> bool {
    moved.is_some_and(|moved| asked <= moved)
}

fn good(plugin: &str, organization: &Organization, repository: Option<&Repository>) -> Good {
    Good {
        plugin: plugin.to_owned(),
        organization: organization.id,
        repository: repository.map(|repository| repository.id),
    }
}

fn digest(patterns: &[FilePattern], operator: &[File]) -> u64 {
    let mut digest = DefaultHasher::new();
    for pattern in patterns {
        (pattern.owner as u8, &pattern.glob).hash(&mut digest);
    }
    for file in operator {
        (&file.path, &file.text).hash(&mut digest);
    }
    digest.finish()
}
