//! A repository's text files at one commit: the tree once, each file once, both by sha and for all repositories.
//!
//! Knows paths, globs and caps. What the files mean, and who wants them, it does not know;
//! which of them configure a plugin is [`Configurations`]' part.

mod configuration;
mod glob;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;

use moka::future::Cache;
use tokio::task::JoinSet;

pub use self::configuration::Configurations;
pub use self::glob::{Glob, plain};
pub use self::tree::{Entry, Tree};

use crate::github::{self, GitHub, Head};
use crate::plugins::contract::{File, Owner};
use crate::subject::Repository;

/// Port's limit for a file that `file://` names; nothing else that people write by hand is larger.
pub const LARGEST: u64 = 512 * 1024;
/// Files that one glob may bring: as many as an event may have in all.
pub const MOST: usize = 300;
/// Bytes of trees and of files kept. A sha names its content: nothing in here goes stale.
const TREES: u64 = 32 << 20;
const BLOBS: u64 = 64 << 20;
/// Files fetched at once for one caller; the client has its own bound for all.
const AT_ONCE: usize = 8;

/// Reads files. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    github: GitHub,
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

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Text(Arc<str>),
    /// Nothing, or no file: directories, symbolic links and submodules are not files.
    Missing,
    /// A file that is not read, and why.
    Unreadable(String),
}

impl Files {
    pub fn new(github: GitHub) -> Self {
        Self(Arc::new(Inner {
            github,
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

    /// The head of the default branch, asked now. `None`: the repository is empty.
    pub async fn head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<Head>, github::Error> {
        self.0.github.head(installation, repository).await
    }

    /// All files of a repository.
    pub async fn tree(&self, at: &At) -> Result<Arc<Tree>, github::Error> {
        let walking = async {
            let (github, sha) = (&self.0.github, &at.head.tree);
            let entries = github.tree(at.installation, &at.repository, sha).await?;
            Ok(Arc::new(Tree::new(entries)))
        };
        let tree = self.0.trees.try_get_with_by_ref(&at.head.tree, walking);
        tree.await
            .map_err(|error: Arc<github::Error>| github::Error::clone(&error))
    }

    /// One file by its path.
    pub async fn find(&self, at: &At, path: &str) -> Result<Found, github::Error> {
        match self.tree(at).await?.get(path) {
            None => Ok(Found::Missing),
            Some(entry) if entry.size > LARGEST => Ok(Found::Unreadable(format!(
                "{path} has {} KB; files over 512 KB are not read",
                entry.size / 1024
            ))),
            Some(entry) => Ok(match self.text(at, entry).await? {
                Some(text) => Found::Text(text),
                None => Found::Unreadable(format!("{path} is not UTF-8 text")),
            }),
        }
    }

    /// One file's text by its path; files that are not read count as missing.
    pub async fn read(&self, at: &At, path: &str) -> Result<Option<Arc<str>>, github::Error> {
        match self.find(at, path).await? {
            Found::Text(text) => Ok(Some(text)),
            Found::Missing | Found::Unreadable(_) => Ok(None),
        }
    }

    /// The texts of files of this tree, sorted by path. What is too large or not UTF-8 is left out.
    pub async fn texts(
        &self,
        at: &At,
        owner: Owner,
        entries: &[Entry],
    ) -> Result<Vec<File>, github::Error> {
        let mut files = Vec::with_capacity(entries.len());
        let mut cold = JoinSet::new();
        for entry in entries.iter().filter(|entry| entry.size <= LARGEST) {
            if self.0.blobs.contains_key(&entry.sha) {
                if let Some(text) = self.text(at, entry).await? {
                    files.push(file(owner, entry, &text));
                }
                continue;
            }
            if cold.len() >= AT_ONCE {
                files.extend(joined(cold.join_next().await)?);
            }
            let (reader, at, entry) = (self.clone(), at.clone(), entry.clone());
            cold.spawn(async move {
                let text = reader.text(&at, &entry).await?;
                Ok(text.map(|text| file(owner, &entry, &text)))
            });
        }
        while !cold.is_empty() {
            files.extend(joined(cold.join_next().await)?);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    async fn text(&self, at: &At, entry: &Entry) -> Result<Option<Arc<str>>, github::Error> {
        let fetching = async {
            let (github, sha) = (&self.0.github, &entry.sha);
            let bytes = github.blob(at.installation, &at.repository, sha).await?;
            Ok(std::str::from_utf8(&bytes).ok().map(Arc::from))
        };
        let text = self.0.blobs.try_get_with_by_ref(&entry.sha, fetching);
        text.await
            .map_err(|error: Arc<github::Error>| github::Error::clone(&error))
    }
}

fn file(owner: Owner, entry: &Entry, text: &str) -> File {
    File {
        owner,
        path: entry.path.to_string(),
        text: text.to_owned(),
    }
}

type Fetched = Result<Option<File>, github::Error>;

fn joined(
    task: Option<Result<Fetched, tokio::task::JoinError>>,
) -> Result<Option<File>, github::Error> {
    match task {
        Some(Ok(fetched)) => fetched,
        None => Ok(None),
        Some(Err(error)) => Err(github::Error::Failed(format!(
            "reading a file was cut short: {error}"
        ))),
    }
}
