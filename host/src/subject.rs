//! What a delivery touches.
//!
//! Knows the shapes of GitHub's webhooks (GitHub docs, Webhook events and payloads) and nothing of how they are
//! received, mapped or written. A shape is read tolerantly: only what names a subject must be there.

mod belongings;
mod installation;
mod kinds;
mod payload;
mod repository;
mod text;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use kinds::{kinds, version_of};
pub use payload::{as_elsewhere, pushed_at};

use crate::delivery::Delivery;
use payload::Origin;

/// In the place of an installation's id, where a webhook names none: a hook of a repository or an organization
/// does not know of Apps, and what it tells is as true. GitHub's ids begin at 1.
pub const NO_INSTALLATION: u64 = 0;

/// Where an organization's own files lie, as Port's own app has it.
pub const ORGANIZATION_REPOSITORY: &str = ".github-private";

/// The account that an installation belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: u64,
    pub login: String,
}

impl Organization {
    /// As mappers see it.
    pub fn json(&self) -> String {
        serde_json::json!({ "login": self.login, "id": self.id }).to_string()
    }
}

/// A repository. The id is its identity; names change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    /// `None` where the webhook did not say (installations list repositories in short).
    pub default_branch: Option<String>,
    /// The object as GitHub gave it.
    #[serde(with = "text::shared")]
    pub json: Arc<str>,
}

impl Repository {
    /// One in GitHub's shape, and whose it is.
    pub fn read(json: &str) -> Result<(Self, Organization), String> {
        payload::repository(json)
    }

    /// `owner/name`, as the API's paths want it.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// Something on GitHub that has a state to be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `tree`, `repository`, `pull-request`, `issue`, `workflow-run`, or the name of a GitHub event that has no kind.
    pub kind: String,
    /// The lane: made of GitHub's ids, so that a rename changes nothing.
    pub key: String,
    /// [`NO_INSTALLATION`] until it is found, or when there is none.
    pub installation: u64,
    pub organization: Organization,
    pub repository: Option<Repository>,
    /// What GitHub's API names it by in its repository: a number, or the id where it has none.
    pub number: Option<u64>,
    /// Its JSON out of the webhook. `None` where it must be read (`tree`) or there is no such thing (no kind).
    #[serde(with = "text::shared_if_any")]
    pub object: Option<Arc<str>>,
    /// Compares as text with other versions of the same subject: the later one is greater.
    pub version: Option<String>,
    /// GitHub said that it is there no more.
    pub gone: bool,
    /// Closed, completed: nothing more is expected to happen to it.
    pub finished: bool,
}

/// One thing that a delivery touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Touch {
    Subject(Subject),
    Chore(Chore),
}

/// What is to be done about more than one subject, or about none. A delivery leads to at most one that has a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chore {
    /// These repositories are new to the installation.
    TakeIn {
        installation: u64,
        organization: Organization,
        repositories: Vec<Repository>,
    },
    /// So may be any of its repositories: they have to be listed.
    TakeInAll {
        installation: u64,
        organization: Organization,
    },
    /// The App was uninstalled. Nothing is deleted for it; its token and caches are of no use any more.
    Forget {
        installation: u64,
    },
    Suspend {
        installation: u64,
    },
    /// What was pushed while it was suspended sent no webhook: any of its repositories may have changed.
    Resume {
        installation: u64,
        organization: Organization,
    },
    /// The installation's account has a new login.
    Renamed {
        installation: u64,
        organization: Organization,
    },
    /// The head of the default branch is another commit: what was remembered of it no longer holds.
    /// A note to caches, which a crash empties anyway.
    HeadMoved {
        installation: u64,
        repository: Repository,
    },
    /// The organization's own repository was pushed to. Where that changed what plugins are configured with,
    /// each of its repositories may be mapped otherwise.
    Configured {
        installation: u64,
        organization: Organization,
        home: Repository,
        /// The commits that were its head before the push, and after it.
        before: String,
        after: String,
    },
}

/// The delivery is authentic but lacks what names a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload of `{event}` cannot be read: {reason}")]
pub struct Unreadable {
    pub event: String,
    pub reason: String,
}

/// Events about the App or its hook rather than about anything on GitHub.
const ABOUT_NOTHING: [&str; 3] = ["ping", "meta", "github_app_authorization"];

/// All that a delivery touches, the same each time it is asked, each in a lane of its own; chores in front of the subjects that need them done.
/// Empty for what nobody can map: pushes to other branches, events of neither organization nor repository.
pub fn touches(delivery: &Delivery) -> Result<Vec<Touch>, Unreadable> {
    if ABOUT_NOTHING.contains(&delivery.event()) {
        return Ok(Vec::new());
    }
    read(delivery).map_err(|reason| Unreadable {
        event: delivery.event().to_owned(),
        reason,
    })
}

/// Whether an event may touch anything of concern, by its name alone: a chore, or a subject of a kind that somebody maps.
pub fn may_concern(event: &str, maps: impl Fn(&str) -> bool) -> bool {
    match event {
        event if ABOUT_NOTHING.contains(&event) => false,
        event if event.starts_with("installation") => true,
        "push" => maps("tree") || maps("repository"),
        // With a deleted one goes whatever was mapped of it.
        "repository" => true,
        event => maps(kinds::row(event).map_or(event, |row| row.kind)),
    }
}

fn read(delivery: &Delivery) -> Result<Vec<Touch>, String> {
    let Some(origin) = Origin::of(delivery)? else {
        return Ok(Vec::new());
    };
    match delivery.event() {
        event if event.starts_with("installation") && origin.installation == NO_INSTALLATION => {
            Err("`installation.id` is missing".to_owned())
        }
        "push" => repository::push(delivery, origin),
        "repository" => repository::changed(delivery, origin),
        "installation" => installation::changed(delivery, origin),
        "installation_repositories" => installation::repositories(delivery, origin),
        "installation_target" => Ok(installation::target(origin)),
        event => match kinds::row(event) {
            Some(row) => Ok(vec![Touch::Subject(row.subject(delivery, origin)?)]),
            None => Ok(vec![Touch::Subject(Subject::unkinded(event, origin))]),
        },
    }
}

impl Touch {
    /// The lane in which it waits. `None` for what does not wait and need not outlive a crash.
    pub fn lane(&self) -> Option<String> {
        match self {
            Self::Subject(subject) => Some(subject.key.clone()),
            Self::Chore(chore) => chore.key(),
        }
    }
}

impl Chore {
    /// The lane: one an installation, because what is done about it has an order. `None` for a mere note.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::TakeIn { installation, .. }
            | Self::TakeInAll { installation, .. }
            | Self::Forget { installation }
            | Self::Suspend { installation }
            | Self::Resume { installation, .. }
            | Self::Renamed { installation, .. } => Some(format!("installation/{installation}")),
            // Nothing that is done about an installation has to come first.
            Self::Configured { organization, .. } => {
                Some(format!("configuration/{}", organization.id))
            }
            Self::HeadMoved { .. } => None,
        }
    }
}

impl Subject {
    /// The files of a repository at the head of its default branch.
    pub fn tree(installation: u64, organization: Organization, repository: Repository) -> Self {
        let key = format!("tree/{}", repository.id);
        Self::bare("tree", key, installation, organization, Some(repository))
    }

    /// A repository itself, as its JSON says.
    pub fn repository(
        installation: u64,
        organization: Organization,
        repository: Repository,
    ) -> Self {
        Self {
            object: Some(repository.json.clone()),
            version: payload::updated_at(&repository.json),
            ..Self::bare(
                "repository",
                format!("repository/{}", repository.id),
                installation,
                organization,
                Some(repository),
            )
        }
    }

    /// The same without a state, which is asked for when its turn comes.
    pub fn unread(self) -> Self {
        Self {
            object: None,
            version: None,
            ..self
        }
    }

    /// Whether it means the state at the time when it is worked on, so that of two that wait one is enough.
    pub fn is_read_anew(&self) -> bool {
        self.kind == "tree" || self.is_unread()
    }

    /// Whether GitHub is asked for its object, because nothing told it.
    pub fn is_unread(&self) -> bool {
        self.kind == "repository" && self.object.is_none() && !self.gone
    }

    /// An event that has no kind; a lane for each repository, or organization where there is none.
    fn unkinded(event: &str, origin: Origin) -> Self {
        let key = match &origin.repository {
            Some(repository) => format!("{event}/{}", repository.id),
            None => format!("{event}/organization/{}", origin.organization.id),
        };
        Self::bare(
            event,
            key,
            origin.installation,
            origin.organization,
            origin.repository,
        )
    }

    fn bare(
        kind: &str,
        key: String,
        installation: u64,
        organization: Organization,
        repository: Option<Repository>,
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            key,
            installation,
            organization,
            repository,
            number: None,
            object: None,
            version: None,
            gone: false,
            finished: false,
        }
    }
}

#[cfg(test)]
mod tests;
