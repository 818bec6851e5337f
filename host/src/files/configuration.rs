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
use sha2::{Digest as _, Sha256};

use super::{At, Entry, Files, Glob, MOST, MOST_BYTES, Texts, known};
use crate::github::{self, Head, Named};
use crate::plugins::contract::{
    Configuration, Diagnostic, File, FilePattern, Owner, Place, Severity,
};
use crate::subject::{Organization, Repository};

/// Where an organization's configuration lies, as Port's own app has it.
const ORGANIZATION_REPOSITORY: &str = ".github-private";

/// Webhooks may be lost: after this a head is asked again.
const REMEMBERED: Duration = Duration::from_secs(600);
const HEADS: u64 = 100_000;
/// Bytes of configurations kept for reuse, and of the last good ones.
const KEPT: u64 = 64 << 20;
/// Repositories of which is remembered what was last told of their configuration.
const TOLD: u64 = 10_000;
/// One that is not asked for has been replaced by a later commit's, or its repository is quiet.
const IDLE: Duration = Duration::from_secs(3600);

/// What is in force if the plugin can open it.
#[derive(Debug, Clone)]
pub enum Candidate {
    Readable(Configuration),
    /// A file of it lies there and is not read. Without it the rest would mean something else.
    Unreadable(Vec<Diagnostic>),
}

impl Candidate {
    /// Equal for what is to be told alike.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Self::Readable(configuration) => configuration.digest(),
            Self::Unreadable(mistakes) => {
                let mut digest = Sha256::new();
                for mistake in mistakes {
                    digest.update(&mistake.message);
                    digest.update([0]);
                }
                digest.finalize().into()
            }
        }
    }
}

/// Finds the configuration of a plugin for a repository. Cheap to clone.
#[derive(Clone)]
pub struct Configurations(Arc<Inner>);

struct Inner {
    files: Files,
    github: github::GitHub,
    heads: Cache<Branch, Known<Option<Head>>>,
    /// By login in lower case: the organization's `.github-private`, if it can be read.
    homes: Cache<String, Known<Option<Repository>>>,
    /// When a repository's head last moved, by id, and an organization's home, by login.
    moved: moka::sync::Cache<u64, Instant>,
    moved_homes: moka::sync::Cache<String, Instant>,
    made: Cache<Made, Candidate>,
    good: Cache<Good, Configuration>,
    /// The configuration whose notes or mistakes were told last.
    told: moka::sync::Cache<Good, [u8; 32]>,
}

/// A repository's id and its default branch, as far as that is known.
type Branch = (u64, Option<String>);

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
            made: Cache::builder()
                .max_capacity(KEPT)
                .time_to_idle(IDLE)
                .weigher(|_, made: &Candidate| match made {
                    Candidate::Readable(configuration) => weight(configuration),
                    Candidate::Unreadable(_) => 1024,
                })
                .build(),
            good: Cache::builder()
                .max_capacity(KEPT)
                .weigher(|_, configuration| weight(configuration))
                .build(),
            told: moka::sync::Cache::new(TOLD),
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
        let look = || {
            self.look(
                plugin,
                patterns,
                operator,
                installation,
                organization,
                repository,
            )
        };
        match look().await {
            // What was remembered of `.github-private` may have gone since.
            Err(github::Error::Missing { .. }) if self.forget_home(organization).await => {
                look().await
            }
            found => found,
        }
    }

    async fn look(
        &self,
        plugin: &str,
        patterns: &[FilePattern],
        operator: &[File],
        installation: u64,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Result<Candidate, github::Error> {
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
        if let Some(candidate) = self.0.made.get(&made).await {
            return Ok(candidate);
        }
        let mut files = operator.to_vec();
        let mut unread = Vec::new();
        for (owner, at) in [(Owner::Repository, own), (Owner::Organization, home)] {
            let Some(at) = at else { continue };
            match self.matching(&at, owner, patterns).await {
                Ok((texts, mistakes)) => {
                    files.extend(texts);
                    unread.extend(mistakes);
                }
                Err(error @ github::Error::TooLarge { .. }) => {
                    let name = at.repository.full_name();
                    unread.push(mistake(
                        None,
                        format!("the configuration in {name} is {error}"),
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        if bytes(&files) > MOST_BYTES {
            unread.push(mistake(
                None,
                format!(
                    "the configuration of {plugin} has more than {} MiB with the files of the organization \
                     and the operator: make it smaller",
                    MOST_BYTES >> 20
                ),
            ));
        }
        let candidate = match unread.is_empty() {
            true => Candidate::Readable(Configuration::new(&organization.login, files)),
            false => Candidate::Unreadable(unread),
        };
        self.0.made.insert(made, candidate.clone()).await;
        Ok(candidate)
    }

    /// As if its time had come.
    #[cfg(test)]
    pub(super) async fn forget_head(&self, repository: u64) {
        self.0
            .heads
            .invalidate(&(repository, Some("main".to_owned())))
            .await;
    }

    /// Forgets the organization's home. `false`: nothing was remembered.
    async fn forget_home(&self, organization: &Organization) -> bool {
        let login = organization.login.to_lowercase();
        let Some(Known {
            what: Some(home), ..
        }) = self.0.homes.remove(&login).await
        else {
            return false;
        };
        self.0.heads.invalidate(&branch(&home)).await;
        true
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
            let ask = || async {
                Ok(Known {
                    asked: Instant::now(),
                    what: self.0.files.head(installation, repository).await?,
                })
            };
            let found = known(heads, branch(repository), ask).await?;
            if stale(found.asked, moved.get(&repository.id)) {
                heads.invalidate(&branch(repository)).await;
                continue;
            }
            return Ok(found.what.map(|head| At {
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
            let ask = || async {
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
            let found = known(homes, login.clone(), ask).await?;
            if stale(found.asked, moved_homes.get(&login)) {
                homes.invalidate(&login).await;
                continue;
            }
            return match found.what {
                Some(repository) => self.at_head(installation, &repository).await,
                None => Ok(None),
            };
        }
    }

    /// The files that match, and a mistake for each that a pattern names and that is not read.
    async fn matching(
        &self,
        at: &At,
        owner: Owner,
        patterns: &[FilePattern],
    ) -> Result<(Vec<File>, Vec<Diagnostic>), github::Error> {
        let tree = self.0.files.tree(at).await?;
        let mut globs = Vec::new();
        for pattern in patterns.iter().filter(|pattern| pattern.owner == owner) {
            match Glob::new(&pattern.glob) {
                Ok(glob) => globs.push(glob),
                Err(why) => {
                    tracing::warn!("a plugin's `describe` asks for files by a wrong pattern: {why}")
                }
            }
        }
        let mut entries: Vec<Entry> = Vec::new();
        globs
            .iter()
            .for_each(|glob| entries.extend(tree.matching(glob)));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup();
        if entries.len() > MOST {
            return Err(github::Error::TooLarge {
                what: format!("{} files that match a plugin's patterns", entries.len()),
                limit: format!("the {MOST} files that are allowed"),
            });
        }
        let Texts { files, unread } = self.0.files.texts(at, &tree, owner, &entries).await?;
        let named = |path: &str| {
            let mut globs = globs.iter();
            globs.any(|glob| glob.names_files() && glob.matches(path))
        };
        let unread = unread.into_iter().filter(|unread| named(&unread.path));
        let mistakes = unread.map(|unread| {
            let name = at.repository.full_name();
            mistake(Some(unread.path), format!("in {name}: {}", unread.why))
        });
        Ok((files, mistakes.collect()))
    }
}

fn mistake(path: Option<String>, message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        message,
        place: path.map(|path| Place {
            path,
            line: None,
            column: None,
        }),
        field: None,
    }
}

fn branch(repository: &Repository) -> Branch {
    (repository.id, repository.default_branch.clone())
}

fn bytes(files: &[File]) -> u64 {
    let sum = files.iter().map(|file| file.path.len() + file.text.len());
    sum.sum::<usize>() as u64
}

/// In a cache; what is kept beside the files weighs too.
fn weight(configuration: &Configuration) -> u32 {
    u32::try_from(bytes(configuration.files()) + 500).unwrap_or(u32::MAX)
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
