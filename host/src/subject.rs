//! What a delivery touches.
//!
//! Knows the shapes of GitHub's webhooks and nothing of how they are received, mapped or written.

use std::sync::Arc;

/// The account that an installation belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: u64,
    pub login: String,
}

/// A repository. The id is its identity; names change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    /// `None` where the webhook did not say (installations list repositories in short).
    pub default_branch: Option<String>,
    /// The object as GitHub gave it.
    pub json: Arc<str>,
}

impl Repository {
    /// `owner/name`, as the API's paths want it.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}
