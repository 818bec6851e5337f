//! The kinds of `port-app-config.yml`: a row each, with the host's subject that it is made of and the object that
//! mappings see.
//!
//! Objects have the keys of Port's GitHub app and those of its successor Ocean (`__repository` and its like) at once,
//! so that mappings written for either run.

mod file;
mod folder;
mod map;
mod object;
mod pattern;
mod surroundings;
mod tree;

use port_jq::Value;
use portolan_sdk::Want;
use serde_json::{Value as Json, json};

pub(crate) use self::map::map;
pub(crate) use self::pattern::Pattern;
pub(crate) use self::surroundings::Surroundings;

use crate::configuration::Configuration;
use crate::enrich::{self, Enrichment};
use crate::selector::Selector;
use crate::spelling;

/// One kind.
#[derive(Debug)]
pub(crate) struct Row {
    /// In `port-app-config.yml`.
    pub(crate) name: &'static str,
    /// The host's name for what it is made of.
    pub(crate) subject: &'static str,
    made: Made,
    /// What `.repo` is in the object.
    pub(crate) repo: Repo,
    /// Keys of the selector beside those that every kind has.
    pub(crate) keys: &'static [&'static str],
    /// The key that says which files or folders, where the kind needs it.
    pub(crate) paths: Option<&'static str>,
    pub(crate) enrichments: &'static [Enrichment],
    /// What a resync lists, for the selectors of all resources of the kind.
    scope: fn(&[&Selector]) -> Json,
}

/// How objects come out of the subject.
#[derive(Debug, Clone, Copy)]
enum Made {
    /// The subject is the object, but for some keys.
    By(fn(&mut Value, &Surroundings)),
    OfFiles,
    OfFolders,
}

/// What `.repo` is in the object of a kind.
#[derive(Debug)]
pub(crate) enum Repo {
    /// The repository's name.
    Name,
    /// The repository in GitHub's shape.
    Object,
    /// Nothing; the expression that gives the repository's name instead.
    Absent(&'static str),
}

const ROWS: &[Row] = &[
    Row {
        name: "repository",
        subject: "repository",
        made: Made::By(|_, _| {}),
        repo: Repo::Absent(".name"),
        keys: &[
            "teams",
            "collaborators",
            "customProperties",
            "sbom",
            "pages",
            "include",
            "includedRelations",
            "includedFiles",
        ],
        paths: None,
        enrichments: enrich::REPOSITORY,
        scope: |_| json!({}),
    },
    Row {
        name: "pull-request",
        subject: "pull-request",
        made: Made::By(pull_request),
        repo: Repo::Absent(".base.repo.name"),
        keys: &[
            "closedPullRequests",
            "states",
            "maxResults",
            "since",
            "closedSinceDate",
            "enrichWithFirstCommit",
            "excludeGraphqlFields",
            "includedFiles",
        ],
        paths: None,
        enrichments: &[],
        // Port docs, GitHub, "Pull requests": the last 100 that were closed, of 60 days.
        scope: |selectors| history(selectors, Some((100, 60))),
    },
    Row {
        name: "issue",
        subject: "issue",
        made: Made::By(|raw, surroundings| raw.insert("repo", surroundings.name.as_str().into())),
        repo: Repo::Name,
        keys: &["state", "labels"],
        paths: None,
        enrichments: &[],
        scope: |selectors| history(selectors, None),
    },
    Row {
        name: "workflow-run",
        subject: "workflow-run",
        made: Made::By(|_, _| {}),
        repo: Repo::Absent(".repository.name"),
        keys: &["statuses", "since", "since_date"],
        paths: None,
        enrichments: &[],
        // Port docs, GitHub, "Workflow runs": ten of a repository.
        scope: |_| json!({"finished": true, "newest": 10}),
    },
    Row {
        name: "file",
        subject: "tree",
        made: Made::OfFiles,
        repo: Repo::Object,
        keys: &["files", "includedFiles"],
        paths: Some("files"),
        enrichments: &[],
        scope: |_| json!({}),
    },
    Row {
        name: "folder",
        subject: "tree",
        made: Made::OfFolders,
        repo: Repo::Object,
        keys: &["folders", "includedFiles"],
        paths: Some("folders"),
        enrichments: &[],
        scope: |_| json!({}),
    },
];

/// Port's kinds that have no row yet.
const OTHERS: [&str; 19] = [
    "workflow",
    "environment",
    "deployment",
    "deployment-status",
    "dependabot-alert",
    "code-scanning-alerts",
    "code-scanning",
    "secret-scanning-alerts",
    "branch",
    "branches",
    "release",
    "tag",
    "team",
    "user",
    "packages",
    "organization",
    "collaborator",
    "skill",
    "plugin",
];

/// A kind that has no row.
pub(crate) enum NoRow {
    /// Nothing is mapped by it, and why.
    PassedOver(String),
    /// This one is meant, and must not be deleted for a slip.
    Misspelled(&'static Row),
}

/// The kind of that name.
pub(crate) fn row(name: &str) -> Result<&'static Row, NoRow> {
    let row = |name: &str| ROWS.iter().find(|row| row.name == name);
    if let Some(row) = row(name) {
        return Ok(row);
    }
    if OTHERS.contains(&name) {
        return Err(NoRow::PassedOver(format!(
            "The kind `{name}` is not mapped yet; the resource is passed over."
        )));
    }
    let names = || ROWS.iter().map(|row| row.name).chain(OTHERS);
    if let Some(meant) = spelling::nearest(name, names()).and_then(row) {
        return Err(NoRow::Misspelled(meant));
    }
    let hint = spelling::did_you_mean(name, names());
    Err(NoRow::PassedOver(format!(
        "`{name}` is no kind; the resource is passed over.{hint}"
    )))
}

/// The host's kinds that rows are made of.
pub(crate) fn subjects() -> Vec<&'static str> {
    let mut subjects = Vec::new();
    for row in ROWS {
        if !subjects.contains(&row.subject) {
            subjects.push(row.subject);
        }
    }
    subjects
}

/// The subjects that a configuration needs, each as far as it needs it.
pub(crate) fn wants(configuration: &Configuration) -> Vec<Want> {
    let mut wants: Vec<Want> = Vec::new();
    for row in ROWS {
        let resources = configuration.resources.iter();
        let selectors: Vec<_> = resources
            .filter(|resource| resource.row.name == row.name)
            .map(|resource| &resource.selector)
            .collect();
        // An event of a kind that could not be read says so, and deletes nothing.
        let unreadable = |unreadable: &crate::resource::Unreadable| {
            unreadable.row.is_some_and(|broken| broken.name == row.name)
        };
        let needed = !selectors.is_empty() || configuration.unreadable.iter().any(unreadable);
        if needed && wants.iter().all(|want| want.kind != row.subject) {
            wants.push(Want {
                kind: row.subject.to_owned(),
                scope: (row.scope)(&selectors),
            });
        }
    }
    wants
}

/// Open ones only, unless a selector asks for those that are finished; then as many as the one that wants most.
fn history(selectors: &[&Selector], default: Option<(u64, u64)>) -> Json {
    let asking = selectors
        .iter()
        .filter(|selector| selector.history.finished);
    let (newest, days) = default.unzip();
    let most = asking.map(|selector| {
        let history = &selector.history;
        (history.newest.or(newest), history.days.or(days))
    });
    match most.reduce(|(a, b), (c, d)| (a.max(c), b.max(d))) {
        None => json!({"finished": false}),
        Some((newest, days)) => {
            let mut scope = json!({"finished": true});
            for (key, number) in [("newest", newest), ("days", days)] {
                if let Some(number) = number {
                    scope[key] = number.into();
                }
            }
            scope
        }
    }
}

/// Port docs, GitHub, "Pull requests": `status` is `merged`, `open` or `closed`.
fn pull_request(raw: &mut Value, _: &Surroundings) {
    let merged = raw.get("merged_at").is_some_and(|merged| !merged.is_null());
    let state = raw.get("state").cloned().unwrap_or_default();
    raw.insert("status", if merged { "merged".into() } else { state });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row() {
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).chain(OTHERS).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(
            subjects(),
            [
                "repository",
                "pull-request",
                "issue",
                "workflow-run",
                "tree"
            ]
        );
    }
}
