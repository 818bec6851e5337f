//! GitHub's trees, as far as files and folders are found in them (GitHub docs, REST API, "Git trees").

use std::borrow::Cow;

use portolan_sdk::Question;
use serde::{Deserialize, Serialize};

/// The subject of a `tree` event.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) branch: String,
    pub(super) commit: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tree<'a> {
    #[serde(borrow)]
    pub(super) tree: Vec<Entry<'a>>,
    #[serde(default)]
    pub(super) truncated: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct Entry<'a> {
    /// From the tree that was asked for.
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) mode: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) r#type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) sha: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) url: Option<Cow<'a, str>>,
}

/// Asks for what lies in a folder; with `deep` for all that lies below it.
pub(super) fn question(full_name: &str, sha: &str, deep: bool) -> Question {
    let deep = if deep { "?recursive=1" } else { "" };
    Question::api(format!("/repos/{full_name}/git/trees/{sha}{deep}"))
}
