//! Where repositories are read from. Knows what lies where, and not what is wanted of it.

use bytes::Bytes;

use super::checkout::Checkout;
use crate::github::{self, GitHub, Head, TreeEntry};
use crate::subject::Repository;

pub(super) enum Source {
    GitHub(GitHub),
    /// One repository, on this machine.
    Checkout(Box<Checkout>),
    Nothing,
}

impl Source {
    pub(super) fn has(&self, repository: &Repository) -> Result<(), String> {
        match self {
            Self::GitHub(_) => Ok(()),
            Self::Checkout(checkout) => checkout.is(repository),
            Self::Nothing => Err(format!(
                "there is no checkout of {}",
                repository.full_name()
            )),
        }
    }

    pub(super) async fn head(
        &self,
        installation: u64,
        repository: &Repository,
    ) -> Result<Option<Head>, github::Error> {
        match self {
            Self::GitHub(github) => github.head(installation, repository).await,
            Self::Checkout(checkout) => Ok(Some(checkout.head().clone())),
            Self::Nothing => Ok(None),
        }
    }

    pub(super) async fn tree(
        &self,
        installation: u64,
        repository: &Repository,
        sha: &str,
    ) -> Result<Vec<TreeEntry>, github::Error> {
        match self {
            Self::GitHub(github) => github.tree(installation, repository, sha).await,
            Self::Checkout(checkout) => checkout.entries().map_err(github::Error::Failed),
            Self::Nothing => Ok(Vec::new()),
        }
    }

    pub(super) async fn blob(
        &self,
        installation: u64,
        repository: &Repository,
        sha: &str,
    ) -> Result<Bytes, github::Error> {
        match self {
            Self::GitHub(github) => github.blob(installation, repository, sha).await,
            Self::Checkout(checkout) => checkout.blob(sha).map_err(github::Error::Failed),
            Self::Nothing => Ok(Bytes::new()),
        }
    }
}
