//! Commits, trees and files, each by its sha.

use bytes::Bytes;
use serde::Deserialize;

use super::endpoint::{BLOB, BRANCH, TREE, TREE_RECURSIVE};
use super::rest::RAW;
use super::{Error, GitHub, Named, Scope};
use crate::subject::Repository;

/// Requests that a repository too large for one answer may cost. GitHub cuts a recursive tree at 100,000 entries.
const WALK: usize = 400;

/// The head of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub branch: String,
    pub commit: String,
    pub tree: String,
}

/// What lies at a path. Directories are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    pub path: Box<str>,
    pub sha: Box<str>,
    pub size: u64,
    pub mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    File,
    Symlink,
    Submodule,
}

#[derive(Deserialize)]
struct Tree {
    tree: Vec<Item>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct Item {
    path: Box<str>,
    mode: String,
    sha: Box<str>,
    size: Option<u64>,
}

const DIRECTORY: &str = "040000";

impl GitHub {
    /// The head of the default branch. `None`: the repository is empty.
    ///
    /// A repository that cannot be seen is [`Error::Missing`], never taken for an empty one.
    pub async fn head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<Head>, Error> {
        if let Some(branch) = &repository.default_branch
            && let Some(head) = self.branch(installation, repository, branch).await?
        {
            return Ok(Some(head));
        }
        // No such branch, or none known: what is the default branch today?
        let named = Named::Id(repository.id);
        let today = self.repository(installation, named).await?;
        match &today.default_branch {
            Some(branch) => self.branch(installation, &today, branch).await,
            None => Ok(None),
        }
    }

    /// The head of a branch. `None`: there is none of that name, or the repository is empty or cannot be seen.
    async fn branch(
        &self,
        installation: u64,
        repository: &Repository,
        branch: &str,
    ) -> Result<Option<Head>, Error> {
        #[derive(Deserialize)]
        struct Branch {
            name: String,
            commit: Commit,
        }
        #[derive(Deserialize)]
        struct Commit {
            sha: String,
            commit: Written,
        }
        #[derive(Deserialize)]
        struct Written {
            tree: Named,
        }
        #[derive(Deserialize)]
        struct Named {
            sha: String,
        }
        let values = [&*repository.owner, &repository.name, branch];
        let reply = match self.ask(&BRANCH, &values, Some(installation)).await {
            Ok(reply) => reply,
            Err(Error::Missing { .. } | Error::Unexpected { status: 409, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let found: Branch = reply.json()?;
        Ok(Some(Head {
            branch: found.name,
            commit: found.commit.sha,
            tree: found.commit.commit.tree.sha,
        }))
    }

    /// Everything below a tree. One too large for one answer is walked, directory by directory where it must be.
    pub async fn tree(
        &self,
        installation: u64,
        repository: &Repository,
        sha: &str,
    ) -> Result<Vec<TreeEntry>, Error> {
        let mut entries = Vec::new();
        let mut waiting = vec![(String::new(), Box::<str>::from(sha))];
        let mut asked = 0;
        while let Some((below, sha)) = waiting.pop() {
            asked += 1;
            if asked > WALK {
                return Err(Error::TooLarge {
                    what: format!("the tree of {}", repository.full_name()),
                    limit: format!("{WALK} requests"),
                });
            }
            let values = [&*repository.owner, &repository.name, &*sha];
            let reply = self.ask(&TREE_RECURSIVE, &values, Some(installation));
            let mut tree: Tree = reply.await?.json()?;
            let cut = tree.truncated;
            if cut {
                let reply = self.ask(&TREE, &values, Some(installation));
                tree = reply.await?.json()?;
            }
            for item in tree.tree {
                if item.mode == DIRECTORY {
                    if cut {
                        waiting.push((format!("{below}{}/", item.path), item.sha));
                    }
                    continue;
                }
                entries.push(item.below(&below));
            }
        }
        Ok(entries)
    }

    /// A file's bytes.
    pub async fn blob(
        &self,
        installation: u64,
        repository: &Repository,
        sha: &str,
    ) -> Result<Bytes, Error> {
        let scope = Some(Scope::Whole { installation });
        let path = BLOB.fill(&[&repository.owner, &repository.name, sha]);
        let mut request = self.request(&path, scope)?;
        request.accept = RAW;
        let reply = self.call(&request, scope).await?;
        Ok(reply.success(BLOB.permission)?.body)
    }
}

impl Item {
    fn below(self, directory: &str) -> TreeEntry {
        TreeEntry {
            mode: match &*self.mode {
                "120000" => Mode::Symlink,
                "160000" => Mode::Submodule,
                _ => Mode::File,
            },
            path: if directory.is_empty() {
                self.path
            } else {
                format!("{directory}{}", self.path).into()
            },
            sha: self.sha,
            size: self.size.unwrap_or(0),
        }
    }
}
