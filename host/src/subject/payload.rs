//! Where a delivery comes from: installation, organization, repository.
//!
//! GitHub's shapes differ between events: `push` gives its repository's times as integers and an owner with a `name`,
//! installations list repositories without owner, `organization` is missing for a user's repositories.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{NO_INSTALLATION, Organization, Repository};
use crate::delivery::Delivery;

/// Whose a delivery is.
pub(super) struct Origin {
    pub(super) installation: u64,
    pub(super) organization: Organization,
    pub(super) repository: Option<Repository>,
}

impl Origin {
    /// `None` for what belongs to neither an organization nor a repository, such as `security_advisory`.
    pub(super) fn of(delivery: &Delivery) -> Result<Option<Self>, String> {
        let (repository, owner) = match delivery.field("repository") {
            Some(json) => {
                let (repository, owner) = LongRepository::read(json)?;
                (Some(repository), Some(owner))
            }
            None => (None, None),
        };
        let organization = match delivery.field("organization") {
            Some(json) => Some(account("organization", json)?),
            None => match owner {
                Some(owner) => Some(owner),
                None => installed_on(delivery).transpose()?,
            },
        };
        let Some(organization) = organization else {
            return Ok(None);
        };
        let installation = delivery.installation().unwrap_or(NO_INSTALLATION);
        Ok(Some(Self {
            installation,
            organization,
            repository,
        }))
    }

    pub(super) fn repository(&self) -> Result<&Repository, String> {
        self.repository
            .as_ref()
            .ok_or_else(|| "`repository` is missing".to_owned())
    }
}

/// `account` as installation_target has it, else `installation.account`.
fn installed_on(delivery: &Delivery) -> Option<Result<Organization, String>> {
    #[derive(Deserialize)]
    struct Installation {
        account: Option<Account>,
    }

    if let Some(json) = delivery.field("account") {
        return Some(account("account", json));
    }
    let installation: Installation = serde_json::from_str(delivery.field("installation")?).ok()?;
    Some(installation.account?.organization("installation.account"))
}

fn account(field: &str, json: &str) -> Result<Organization, String> {
    let account: Account =
        serde_json::from_str(json).map_err(|error| format!("`{field}`: {error}"))?;
    account.organization(field)
}

#[derive(Deserialize)]
struct Account {
    id: u64,
    login: Option<String>,
    name: Option<String>,
}

impl Account {
    fn organization(self, field: &str) -> Result<Organization, String> {
        let login = self
            .login
            .or(self.name)
            .ok_or_else(|| format!("`{field}.login` is missing"))?;
        Ok(Organization { id: self.id, login })
    }
}

/// A repository as every event but the installations' gives it.
#[derive(Deserialize)]
struct LongRepository {
    id: u64,
    name: String,
    owner: Account,
    default_branch: Option<String>,
    /// What `push` says too; older GitHub Enterprise Servers may say it alone.
    master_branch: Option<String>,
}

impl LongRepository {
    fn read(json: &str) -> Result<(Repository, Organization), String> {
        let long: Self =
            serde_json::from_str(json).map_err(|error| format!("`repository`: {error}"))?;
        let owner = long.owner.organization("repository.owner")?;
        let repository = Repository {
            id: long.id,
            owner: owner.login.clone(),
            name: long.name,
            default_branch: long.default_branch.or(long.master_branch),
            json: json.into(),
        };
        Ok((repository, owner))
    }
}

pub(super) fn repository(json: &str) -> Result<(Repository, Organization), String> {
    LongRepository::read(json)
}

/// The repositories of a list in which they stand in short: `{"id", "name", "full_name", ..}`.
pub(super) fn short_repositories(
    json: &str,
    organization: &Organization,
) -> Result<Vec<Repository>, String> {
    #[derive(Deserialize)]
    struct Short<'a> {
        id: u64,
        name: String,
        #[serde(borrow)]
        full_name: Option<Cow<'a, str>>,
    }

    let texts: Vec<&RawValue> =
        serde_json::from_str(json).map_err(|error| format!("its list of repositories: {error}"))?;
    texts
        .into_iter()
        .map(|text| {
            let short: Short<'_> = serde_json::from_str(text.get())
                .map_err(|error| format!("its list of repositories: {error}"))?;
            let owner = short
                .full_name
                .as_deref()
                .and_then(|name| name.split_once('/'));
            Ok(Repository {
                id: short.id,
                owner: owner
                    .map_or(&*organization.login, |(owner, _)| owner)
                    .to_owned(),
                name: short.name,
                default_branch: None,
                json: text.get().into(),
            })
        })
        .collect()
}

/// `updated_at` of any object.
pub(super) fn updated_at(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Updated {
        updated_at: Option<Value>,
    }
    let updated: Updated = serde_json::from_str(json).ok()?;
    instant(updated.updated_at?)
}

/// When a repository was pushed to last.
pub fn pushed_at(repository: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Pushed {
        pushed_at: Option<Value>,
    }
    let pushed: Pushed = serde_json::from_str(repository).ok()?;
    instant(pushed.pushed_at?)
}

/// What a push says of its repository, with its times as text, as they are everywhere else.
pub fn as_elsewhere(repository: &str) -> Option<String> {
    let mut repository: Value = serde_json::from_str(repository).ok()?;
    for name in ["created_at", "updated_at", "pushed_at"] {
        if let Some(time) = repository.get_mut(name).filter(|time| time.is_number()) {
            *time = instant(time.take()).into();
        }
    }
    Some(repository.to_string())
}

/// RFC 3339, whichever way GitHub wrote the time.
pub(super) fn instant(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(seconds) => Some(
            jiff::Timestamp::from_second(seconds.as_i64()?)
                .ok()?
                .to_string(),
        ),
        _ => None,
    }
}
