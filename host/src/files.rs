//! A repository's text files at one commit: the tree once, each file once, both by sha and for all repositories.
//!
//! They come from GitHub, or out of one [`Checkout`] on this machine. Knows paths, globs and caps. What the files mean, and who wants them, it does not know;
//! which of them configure a plugin is [`Configurations`]' part.

mod checkout;
mod configuration;
mod glob;
mod known;
mod source;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;

use moka::future::Cache;
use tokio::task::JoinSet;

pub use self::checkout::Checkout;
pub use self::configuration::{Candidate, Configurations, Wanted};
pub use self::glob::{Glob, plain};
pub use self::tree::{Entry, Tree};

use self::known::known;
use self::source::Source;
use self::tree::{Lies, follow};
use crate::github::{self, GitHub, Head, Mode};
use crate::plugins::contract::{File, Owner};
use crate::subject::Repository;

/// Port's limit for a file that `file://` names; nothing else that people write by hand is larger.
pub const LARGEST: u64 = 512 * 1024;
/// Files that one glob may bring: as many as an event may have in all.
pub const MOST: usize = 300;
/// Bytes that one caller is given at once: as many as the answers to an event may have in all.
pub const MOST_BYTES: u64 = 8 << 20;
/// Bytes of trees and of files kept. A sha names its content: nothing in here goes stale.
const TREES: u64 = 32 << 20;
const BLOBS: u64 = 64 << 20;
/// Symbolic links followed for one path; more are a circle, or nobody's intention.
const HOPS: usize = 8;
/// Bytes of a link's target: Linux's own limit for a path.
const LONGEST_LINK: u64 = 4096;
/// Files fetched at once for one caller; the client has its own bound for all.
const AT_ONCE: usize = 8;

/// Reads files. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    source: Source,
    trees: Cache<String, Arc<Tree>>,
    /// `None`: not UTF-8.
    blobs: Cache<Box<str>, Option<Arc<str>>>,
}

/// A repository at one commit, and as whom to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub installation: u64,
    pub repository: Repository,
    pub head: Head,
}

/// What a path brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Text(Arc<str>),
    /// Nothing lies there.
    Missing,
    /// Something that is not read, and why.
    Unreadable(String),
}

/// Files that were read, sorted by path, and those that were not.
#[derive(Debug, Default)]
pub struct Texts {
    pub files: Vec<File>,
    pub unread: Vec<Unread>,
}

/// A file that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub path: String,
    /// A sentence that begins with the path.
    pub why: String,
}

impl Files {
    pub fn new(github: GitHub) -> Self {
        Self::from(Source::GitHub(github))
    }

    /// Offline: the files of this checkout, or none at all.
    pub fn of(checkout: Option<Checkout>) -> Self {
        Self::from(checkout.map_or(Source::Nothing, |own| Source::Checkout(Box::new(own))))
    }

    fn from(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            trees: Cache::builder()
                .max_capacity(TREES)
                .weigher(|_, tree: &Arc<Tree>| u32::try_from(tree.bytes()).unwrap_or(u32::MAX))
                .build(),
            blobs: Cache::builder()
                .max_capacity(BLOBS)
                .weigher(|_, text: &Option<Arc<str>>| {
                    // The sha and the cache's own part weigh too, or empty files would be free.
                    let text = text.as_ref().map_or(0, |text| text.len());
                    u32::try_from(text + 200).unwrap_or(u32::MAX)
                })
                .build(),
        }))
    }

    /// What is read from, where that is not GitHub.
    pub fn checkout(&self) -> Option<&Checkout> {
        match &self.0.source {
            Source::Checkout(checkout) => Some(checkout),
            Source::GitHub(_) | Source::Nothing => None,
        }
    }

    /// Whether the files of this repository can be read here; if not, why.
    pub fn has(&self, repository: &Repository) -> Result<(), String> {
        self.0.source.has(repository)
    }

    /// The head of the default branch, asked now. `None`: the repository is empty.
    pub async fn head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<Head>, github::Error> {
        self.0.source.head(installation, repository).await
    }

    /// All paths of a repository.
    pub async fn tree(&self, at: &At) -> Result<Arc<Tree>, github::Error> {
        let walk = || async {
            let (source, sha) = (&self.0.source, &at.head.tree);
            let entries = source.tree(at.installation, &at.repository, sha).await?;
            Ok(Arc::new(Tree::new(entries)))
        };
        known(&self.0.trees, at.head.tree.clone(), walk).await
    }

    /// One file by its path in the tree of `at`; symbolic links within the repository are followed.
    pub async fn find(&self, at: &At, tree: &Tree, path: &str) -> Result<Found, github::Error> {
        Ok(self.walk(at, tree, path).await?.1)
    }

    /// The texts of entries of this tree. A link to another of them is passed over: that one is read anyway.
    pub async fn texts(
        &self,
        at: &At,
        tree: &Arc<Tree>,
        owner: Owner,
        entries: &[Entry],
    ) -> Result<Texts, github::Error> {
        let sizes = entries.iter().map(|entry| entry.size);
        within(sizes.filter(|size| *size <= LARGEST).sum())?;
        let mut read = Vec::with_capacity(entries.len());
        let mut cold = JoinSet::new();
        for entry in entries {
            let asked = entry.path.clone();
            if entry.mode == Mode::File && self.0.blobs.contains_key(&entry.sha) {
                let found = self.found(at, &asked, entry).await?;
                read.push((asked.clone(), (asked, found)));
                continue;
            }
            if cold.len() >= AT_ONCE {
                read.extend(joined(cold.join_next().await)?);
            }
            let (reader, at, tree) = (self.clone(), at.clone(), tree.clone());
            cold.spawn(async move {
                let walked = reader.walk(&at, &tree, &asked).await?;
                Ok((asked, walked))
            });
        }
        while !cold.is_empty() {
            read.extend(joined(cold.join_next().await)?);
        }
        read.sort_by(|a, b| a.0.cmp(&b.0));
        let mut texts = Texts::default();
        let mut bytes = 0;
        for (asked, (place, found)) in read {
            let named = |entry: &Entry| entry.path == place;
            if asked != place && entries.iter().any(named) {
                continue;
            }
            let path = asked.into_string();
            match found {
                Found::Text(text) => {
                    bytes += text.len() as u64;
                    within(bytes)?;
                    let text = text.to_string();
                    texts.files.push(File { owner, path, text });
                }
                Found::Unreadable(why) => texts.unread.push(Unread { path, why }),
                Found::Missing => {}
            }
        }
        Ok(texts)
    }

    /// Where a path leads, and what it brings.
    async fn walk(&self, at: &At, tree: &Tree, path: &str) -> Result<Walked, github::Error> {
        let mut place = path.to_owned();
        let mut hops = 0;
        let why = loop {
            match tree.lies(&place) {
                Lies::File(entry) => {
                    return Ok((place.into(), self.found(at, path, entry).await?));
                }
                Lies::Nothing if hops == 0 => return Ok((place.into(), Found::Missing)),
                // Not the same as nothing: somebody means something by a link.
                Lies::Nothing => {
                    let place = place.escape_debug();
                    break format!("is a symbolic link to {place}, where nothing lies");
                }
                Lies::Folder => break "is a folder, not a file".to_owned(),
                Lies::Submodule => {
                    break "lies in a submodule, which is another repository".to_owned();
                }
                Lies::Link(..) if hops == HOPS => {
                    break format!("leads through more than {HOPS} symbolic links");
                }
                Lies::Link(link, rest) => {
                    hops += 1;
                    let target = match link.size <= LONGEST_LINK {
                        true => self.text(at, link).await?,
                        false => None,
                    };
                    match target.and_then(|target| follow(&link.path, &target)) {
                        Some(to) => place = (to + &rest).trim_start_matches('/').to_owned(),
                        None => break "is a symbolic link out of the repository".to_owned(),
                    }
                }
            }
        };
        Ok((place.into(), Found::Unreadable(format!("{path} {why}"))))
    }

    async fn found(&self, at: &At, path: &str, entry: &Entry) -> Result<Found, github::Error> {
        if entry.size > LARGEST {
            return Ok(Found::Unreadable(format!(
                "{path} has {} KB; files over 512 KB are not read",
                entry.size / 1024
            )));
        }
        Ok(match self.text(at, entry).await? {
            Some(text) => Found::Text(text),
            None => Found::Unreadable(format!("{path} is not UTF-8 text: save it as UTF-8")),
        })
    }

    async fn text(&self, at: &At, entry: &Entry) -> Result<Option<Arc<str>>, github::Error> {
        let fetch = || async {
            let (source, sha) = (&self.0.source, &entry.sha);
            let bytes = source.blob(at.installation, &at.repository, sha).await?;
            Ok(std::str::from_utf8(&bytes).ok().map(Arc::from))
        };
        known(&self.0.blobs, entry.sha.clone(), fetch).await
    }
}

fn within(bytes: u64) -> Result<(), github::Error> {
    match bytes <= MOST_BYTES {
        true => Ok(()),
        false => Err(github::Error::TooLarge {
            what: "what a plugin wants of a repository's files".to_owned(),
            limit: format!("{} MiB", MOST_BYTES >> 20),
        }),
    }
}

/// The path at which a walk ends, and what lies there.
type Walked = (Box<str>, Found);
/// What was asked for, and where that led.
type Read = (Box<str>, Walked);

fn joined(
    task: Option<Result<Result<Read, github::Error>, tokio::task::JoinError>>,
) -> Result<Option<Read>, github::Error> {
    match task {
        Some(Ok(read)) => read.map(Some),
        None => Ok(None),
        Some(Err(error)) => Err(github::Error::Failed(format!(
            "reading a file was cut short: {error}"
        ))),
    }
}
