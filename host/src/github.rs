//! The client: what the host asks GitHub, as the App and as its installations.
//!
//! Knows tokens, pages, limits and redirects, and nothing of events, plugins or Port.
//! [`ENDPOINTS`] is all that it asks by itself; mappers' questions come through [`GitHub::get`].

mod app;
mod call;
mod check;
mod deliveries;
mod endpoint;
mod error;
mod git;
mod limits;
mod object;
mod reply;
mod rest;
#[cfg(test)]
pub(crate) mod standin;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::future::Cache;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::app::Scope;
pub use self::check::Finding;
pub use self::deliveries::{Attempt, Cursor, Log};
pub use self::endpoint::{ENDPOINTS, Endpoint, Identity};
pub use self::error::Error;
pub use self::git::{Head, Mode, TreeEntry};

use self::app::App;
use self::endpoint::{
    APP, INSTALLATIONS, ORGANIZATION_INSTALLATION, REPOSITORIES, REPOSITORY, REPOSITORY_BY_ID,
    REPOSITORY_INSTALLATION,
};
use self::rest::Rest;
use crate::settings;
use crate::subject::{NO_INSTALLATION, Organization, Repository};

/// Installations found by name, and for how long: an App that was just installed need not wait longer.
const FOUND: u64 = 10_000;
const FOUND_FOR: Duration = Duration::from_secs(60);

/// GitHub, as this App sees it. Cheap to clone.
#[derive(Clone)]
pub struct GitHub(Arc<Inner>);

struct Inner {
    rest: Rest,
    app: App,
    /// By the path that was asked; [`NO_INSTALLATION`] where there is none.
    found: Cache<String, u64>,
}

/// The App as it is registered.
#[derive(Debug, Clone, Deserialize)]
pub struct Registration {
    pub name: String,
    #[serde(default)]
    pub slug: String,
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    #[serde(default)]
    pub events: Vec<String>,
}

/// One account that the App is installed in.
#[derive(Debug, Clone, Deserialize)]
pub struct Installation {
    pub id: u64,
    pub account: Account,
    /// `all` or `selected`.
    #[serde(default)]
    pub repository_selection: String,
    /// What was accepted there, which may be less than the App asks for.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    pub suspended_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    pub id: u64,
    pub login: String,
    /// `Organization` or `User`.
    #[serde(default, rename = "type")]
    pub kind: String,
}

/// Which repository is meant. The id survives renames.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    Id(u64),
    Name { owner: &'a str, name: &'a str },
}

impl GitHub {
    pub fn new(settings: &settings::GitHub) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            rest: Rest::new(settings.api.clone(), settings.extra_ca.as_deref())?,
            app: App::new(settings)?,
            found: Cache::builder()
                .max_capacity(FOUND)
                .time_to_live(FOUND_FOR)
                .build(),
        })))
    }

    /// The App itself: a test of the credentials as well.
    pub async fn app(&self) -> Result<Registration, Error> {
        self.ask(&APP, &[], None).await?.json()
    }

    /// Every account that the App is installed in.
    pub async fn installations(&self) -> Result<Vec<Installation>, Error> {
        let mut all = Vec::new();
        self.list(&INSTALLATIONS, None, |page| {
            all.extend(page.json::<Vec<Installation>>()?);
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// The installation that includes a repository or, without one, an organization; [`NO_INSTALLATION`] if none does.
    /// For what a hook other than the App's own sends: it names none.
    pub async fn installation_of(
        &self,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Found {
            id: u64,
        }
        let (endpoint, values) = match repository {
            Some(found) => (&REPOSITORY_INSTALLATION, vec![&*found.owner, &*found.name]),
            None => (&ORGANIZATION_INSTALLATION, vec![&*organization.login]),
        };
        let asking = async {
            match self.ask(endpoint, &values, None).await {
                Ok(reply) => Ok(reply.json::<Found>()?.id),
                Err(Error::Missing { .. }) => Ok(NO_INSTALLATION),
                Err(failed) => Err(failed),
            }
        };
        let found = self.0.found.try_get_with(endpoint.fill(&values), asking);
        found
            .await
            .map_err(|failed: Arc<Error>| Error::clone(&failed))
    }

    /// Every repository that an installation includes.
    pub async fn repositories(&self, installation: u64) -> Result<Vec<Repository>, Error> {
        #[derive(Deserialize)]
        struct Page {
            repositories: Vec<Box<RawValue>>,
        }
        let mut all = Vec::new();
        self.list(&REPOSITORIES, Some(installation), |page| {
            for json in page.json::<Page>()?.repositories {
                all.push(repository(&json)?);
            }
            Ok(())
        })
        .await?;
        // Pages drift while repositories come and go: the id tells which were there before.
        let mut seen = HashSet::new();
        all.retain(|found: &Repository| seen.insert(found.id));
        Ok(all)
    }

    /// One repository, as GitHub has it now.
    pub async fn repository(
        &self,
        installation: u64,
        named: Named<'_>,
    ) -> Result<Repository, Error> {
        let reply = match named {
            Named::Id(id) => {
                self.ask(&REPOSITORY_BY_ID, &[&id.to_string()], Some(installation))
                    .await?
            }
            Named::Name { owner, name } => {
                self.ask(&REPOSITORY, &[owner, name], Some(installation))
                    .await?
            }
        };
        repository(reply.json()?)
    }

    /// What a mapper asks: the pages of any path below the API's base, each checked by `within` before it is fetched,
    /// with a token that is good for `scope` alone. `follow`: go on to the last page.
    pub async fn get(
        &self,
        scope: Scope,
        path_and_query: &str,
        within: &(dyn Fn(&str) -> bool + Send + Sync),
        follow: bool,
        at_most: usize,
    ) -> Result<Vec<Bytes>, Error> {
        let mut request = self.request(path_and_query, Some(scope))?;
        request.within = within;
        request.limit = at_most;
        let mut pages = Vec::new();
        self.pages(request, Some(scope), None, follow, |page| {
            if page.status == 202 {
                // GitHub docs, REST API endpoints for repository statistics: not computed yet, ask again shortly.
                return Err(Error::Later {
                    after: Duration::from_secs(3),
                    why: format!("it still computes the answer to GET {path_and_query}"),
                });
            }
            pages.push(page.body);
            Ok(())
        })
        .await?;
        Ok(pages)
    }

    /// Forgets what an installation was granted, when a webhook says that it changed.
    pub async fn installation_changed(&self, installation: u64) {
        self.0.app.forget(installation).await;
    }
}

/// A repository out of GitHub's JSON.
fn repository(json: &RawValue) -> Result<Repository, Error> {
    #[derive(Deserialize)]
    struct Shape {
        id: u64,
        name: String,
        owner: Owner,
        default_branch: Option<String>,
    }
    #[derive(Deserialize)]
    struct Owner {
        login: String,
    }
    let shape: Shape = serde_json::from_str(json.get()).map_err(|error| Error::Unexpected {
        what: "GET of a repository".to_owned(),
        status: 200,
        message: format!("an answer of another shape than documented: {error}"),
    })?;
    Ok(Repository {
        id: shape.id,
        owner: shape.owner.login,
        name: shape.name,
        default_branch: shape.default_branch,
        json: json.get().into(),
    })
}
