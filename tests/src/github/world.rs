//! What exists on this GitHub: one app, organizations it is installed on, their repositories.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::git::Objects;
use super::log::Log;
use super::work::Work;
use crate::quota::Quota;

/// Port's self-hosted app, as its documentation has users register it, and what Portolan recommends beside.
const PERMISSIONS: &[(&str, &str)] = &[
    ("actions", "write"),
    ("administration", "read"),
    ("checks", "write"),
    ("contents", "read"),
    ("issues", "read"),
    ("members", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
    ("vulnerability_alerts", "read"),
];
const EVENTS: &[&str] = &[
    "issues",
    "pull_request",
    "push",
    "repository",
    "star",
    "team",
    "workflow_run",
];

pub(super) struct World {
    /// Scheme, host and port, for links.
    pub(super) web: String,
    pub(super) app: App,
    pub(super) organizations: Vec<Account>,
    pub(super) repositories: Vec<Repo>,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) tokens_made: u64,
    pub(super) canned: BTreeMap<String, Value>,
    pub(super) redirects: BTreeMap<String, (u16, String)>,
    pub(super) skew: SignedDuration,
    pub(super) token_lifetime: SignedDuration,
    pub(super) fresh_refusals: u32,
    pub(super) truncate_after: usize,
    pub(super) quota: Option<Quota>,
    pub(super) log: Log,
    last_id: u64,
}

pub(super) struct App {
    pub(super) id: u64,
    pub(super) permissions: Map<String, Value>,
    pub(super) events: Vec<String>,
}

/// An organization and the app's installation on it.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) installation: u64,
    pub(super) installed: bool,
    pub(super) suspended: bool,
    pub(super) permissions: Map<String, Value>,
    pub(super) teams: Vec<Value>,
}

pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    /// `owner/name` under which it was known before.
    pub(super) former: Vec<String>,
    pub(super) default_branch: String,
    pub(super) archived: bool,
    /// Whether the installation reaches it.
    pub(super) installed: bool,
    pub(super) description: Option<String>,
    pub(super) topics: Vec<String>,
    pub(super) languages: Map<String, Value>,
    pub(super) stars: u64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) pushed: Timestamp,
    pub(super) objects: Objects,
    pub(super) work: Work,
}

/// An installation token.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) installation: u64,
    /// Narrowed to these repositories.
    pub(super) repositories: Option<Vec<u64>>,
    pub(super) permissions: Map<String, Value>,
    pub(super) expires: Timestamp,
    pub(super) refusals_left: u32,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            web: String::new(),
            app: App {
                id: 240_817,
                permissions: permissions(PERMISSIONS),
                events: EVENTS.iter().map(ToString::to_string).collect(),
            },
            organizations: Vec::new(),
            repositories: Vec::new(),
            tokens: HashMap::new(),
            tokens_made: 0,
            canned: BTreeMap::new(),
            redirects: BTreeMap::new(),
            skew: SignedDuration::ZERO,
            token_lifetime: SignedDuration::from_hours(1),
            fresh_refusals: 0,
            // "The limit for the tree array is 100,000 entries" (GitHub docs, REST, Git trees).
            truncate_after: 100_000,
            quota: None,
            log: Log::default(),
            last_id: 700_000,
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + self.skew
    }

    pub(super) fn api(&self) -> String {
        format!("{}{}", self.web, super::BASE)
    }

    pub(super) fn organization(&mut self, login: &str) -> &mut Account {
        let same = |account: &Account| account.login.eq_ignore_ascii_case(login);
        let place = match self.organizations.iter().position(same) {
            Some(place) => place,
            None => {
                let account = Account {
                    id: self.next_id(),
                    login: login.into(),
                    installation: self.next_id(),
                    installed: true,
                    suspended: false,
                    permissions: self.app.permissions.clone(),
                    teams: Vec::new(),
                };
                self.organizations.push(account);
                self.organizations.len() - 1
            }
        };
        &mut self.organizations[place]
    }

    pub(super) fn account(&self, login: &str) -> Option<&Account> {
        let mut accounts = self.organizations.iter();
        accounts.find(|account| account.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn installation(&self, id: u64) -> Option<&Account> {
        let mut accounts = self.organizations.iter();
        accounts.find(|account| account.installation == id && account.installed)
    }

    /// The account's installation is known by this id too. Recorded payloads give one id to several accounts.
    pub(super) fn installed_as(&mut self, login: &str, installation: u64) {
        let known = |account: &Account| {
            account.login.eq_ignore_ascii_case(login) && account.installation == installation
        };
        if self.organizations.iter().any(known) {
            return;
        }
        let same = self.organization(login).clone();
        self.organizations.push(Account {
            installation,
            ..same
        });
    }

    /// Whether an installation is one of this account's.
    pub(super) fn is_of(&self, installation: u64, login: &str) -> bool {
        let mut accounts = self.organizations.iter();
        accounts.any(|account| {
            account.installation == installation && account.installed && account.login == login
        })
    }

    /// The id of a repository, made if it did not exist.
    pub(super) fn repository(&mut self, owner: &str, name: &str) -> u64 {
        if let Some(repo) = self.find(owner, name) {
            return repo.id;
        }
        self.organization(owner);
        let (id, now) = (self.next_id(), self.now());
        self.repositories.push(Repo {
            id,
            owner: owner.into(),
            name: name.into(),
            former: Vec::new(),
            default_branch: "main".into(),
            archived: false,
            installed: true,
            description: None,
            topics: Vec::new(),
            languages: Map::new(),
            stars: 0,
            created: now,
            updated: now,
            pushed: now,
            objects: Objects::default(),
            work: Work::default(),
        });
        id
    }

    pub(super) fn find(&self, owner: &str, name: &str) -> Option<&Repo> {
        let full_name = format!("{owner}/{name}");
        let mut repositories = self.repositories.iter();
        repositories.find(|repo| repo.full_name().eq_ignore_ascii_case(&full_name))
    }

    /// Who once had this name.
    pub(super) fn find_former(&self, owner: &str, name: &str) -> Option<&Repo> {
        let full_name = format!("{owner}/{name}");
        let mut repositories = self.repositories.iter();
        repositories.find(|repo| repo.former.contains(&full_name))
    }

    pub(super) fn repo(&self, id: u64) -> Option<&Repo> {
        self.repositories.iter().find(|repo| repo.id == id)
    }

    pub(super) fn repo_mut(&mut self, id: u64) -> &mut Repo {
        let mut repositories = self.repositories.iter_mut();
        repositories
            .find(|repo| repo.id == id)
            .expect("the repository was deleted by the scenario")
    }
}

impl Repo {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

pub(super) fn permissions(list: &[(&str, &str)]) -> Map<String, Value> {
    let pairs = list.iter();
    pairs
        .map(|(name, level)| ((*name).to_owned(), Value::from(*level)))
        .collect()
}

/// As GitHub writes times: whole seconds, `Z`.
pub(super) fn time(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
