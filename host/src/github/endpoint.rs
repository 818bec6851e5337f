//! Every endpoint that the host itself asks, in one table.
//!
//! The client's methods build their paths from these rows alone, so whoever reads or tests the table
//! has seen all that the host can ask of GitHub; what mappers ask is fenced in by `answers`.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986's unreserved characters stay as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The App itself, by its JWT.
    App,
    /// An installation, by its token.
    Installation,
}

/// One endpoint of GitHub's REST API.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    pub method: &'static str,
    /// As GitHub's documentation writes it.
    pub path: &'static str,
    pub query: &'static str,
    pub identity: Identity,
    /// What the App must be granted.
    pub permission: Option<&'static str>,
}

/// All of them.
pub const ENDPOINTS: &[&Endpoint] = &[
    &APP,
    &INSTALLATIONS,
    &ACCESS_TOKENS,
    &REPOSITORY_INSTALLATION,
    &ORGANIZATION_INSTALLATION,
    &REPOSITORIES,
    &REPOSITORY,
    &REPOSITORY_BY_ID,
    &BRANCH,
    &TREE,
    &TREE_RECURSIVE,
    &BLOB,
    &PULL,
    &PULLS,
    &ISSUE,
    &ISSUES,
    &RUN,
    &RUNS,
    &DELIVERIES,
    &DELIVERY,
];

pub(super) const APP: Endpoint = app("GET", "/app", "");
pub(super) const INSTALLATIONS: Endpoint = app("GET", "/app/installations", "?per_page=100");
pub(super) const ACCESS_TOKENS: Endpoint = app(
    "POST",
    "/app/installations/{installation_id}/access_tokens",
    "",
);
pub(super) const REPOSITORY_INSTALLATION: Endpoint =
    app("GET", "/repos/{owner}/{repo}/installation", "");
pub(super) const ORGANIZATION_INSTALLATION: Endpoint = app("GET", "/orgs/{org}/installation", "");
pub(super) const REPOSITORIES: Endpoint = get(
    "/installation/repositories",
    "?per_page=100",
    "metadata: read",
);
pub(super) const REPOSITORY: Endpoint = get("/repos/{owner}/{repo}", "", "metadata: read");
/// Not in GitHub's reference, but where it redirects to after a rename; it finds a repository whatever its name is now.
pub(super) const REPOSITORY_BY_ID: Endpoint =
    get("/repositories/{repository_id}", "", "metadata: read");
/// The cheapest answer that names both the commit and its tree.
pub(super) const BRANCH: Endpoint = get(
    "/repos/{owner}/{repo}/branches/{branch}",
    "",
    "contents: read",
);
pub(super) const TREE: Endpoint = get(
    "/repos/{owner}/{repo}/git/trees/{tree_sha}",
    "",
    "contents: read",
);
/// Any value of `recursive`, even `0`, turns recursion on (GitHub docs, Get a tree): hence a row of its own.
pub(super) const TREE_RECURSIVE: Endpoint = get(
    "/repos/{owner}/{repo}/git/trees/{tree_sha}",
    "?recursive=1",
    "contents: read",
);
pub(super) const BLOB: Endpoint = get(
    "/repos/{owner}/{repo}/git/blobs/{file_sha}",
    "",
    "contents: read",
);

/// Objects are asked for by their repository's id, as in [`REPOSITORY_BY_ID`]: the same name may be another
/// repository's by now, and what that one lacks must not be taken for gone.
pub(super) const PULL: Endpoint = get(
    "/repositories/{repository_id}/pulls/{pull_number}",
    "",
    "pull_requests: read",
);
pub(super) const PULLS: Endpoint = get(
    "/repositories/{repository_id}/pulls",
    "?per_page=1",
    "pull_requests: read",
);
pub(super) const ISSUE: Endpoint = get(
    "/repositories/{repository_id}/issues/{issue_number}",
    "",
    "issues: read",
);
pub(super) const ISSUES: Endpoint = get(
    "/repositories/{repository_id}/issues",
    "?per_page=1",
    "issues: read",
);
pub(super) const RUN: Endpoint = get(
    "/repositories/{repository_id}/actions/runs/{run_id}",
    "",
    "actions: read",
);
pub(super) const RUNS: Endpoint = get(
    "/repositories/{repository_id}/actions/runs",
    "?per_page=1",
    "actions: read",
);
/// What GitHub sent to the App's webhook, the newest first.
pub(super) const DELIVERIES: Endpoint = app("GET", "/app/hook/deliveries", "?per_page=100");
pub(super) const DELIVERY: Endpoint = app("GET", "/app/hook/deliveries/{delivery_id}", "");

/// Where one object of a kind is, and the list that has all of them.
pub(super) fn of_kind(kind: &str) -> Option<(&'static Endpoint, &'static Endpoint)> {
    match kind {
        "pull-request" => Some((&PULL, &PULLS)),
        "issue" => Some((&ISSUE, &ISSUES)),
        "workflow-run" => Some((&RUN, &RUNS)),
        _ => None,
    }
}

const fn app(method: &'static str, path: &'static str, query: &'static str) -> Endpoint {
    Endpoint {
        method,
        path,
        query,
        identity: Identity::App,
        permission: None,
    }
}

const fn get(path: &'static str, query: &'static str, permission: &'static str) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        query,
        identity: Identity::Installation,
        permission: Some(permission),
    }
}

impl Endpoint {
    /// The path and query with `values` in the place of the braces, in order, each as one segment.
    pub(super) fn fill(&self, values: &[&str]) -> String {
        let mut values = values.iter();
        let mut path = String::new();
        for segment in self.path.split('/').skip(1) {
            path.push('/');
            match segment.starts_with('{').then(|| values.next()).flatten() {
                Some(value) => path.extend(utf8_percent_encode(value, SEGMENT)),
                None => path.push_str(segment),
            }
        }
        path.push_str(self.query);
        path
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_with_a_slash_is_one_segment() {
        assert_eq!(
            BRANCH.fill(&["acme", "shop", "release/1.0 é"]),
            "/repos/acme/shop/branches/release%2F1.0%20%C3%A9"
        );
        assert_eq!(
            TREE_RECURSIVE.fill(&["acme", ".github-private", "ab12"]),
            "/repos/acme/.github-private/git/trees/ab12?recursive=1"
        );
    }

    #[test]
    fn the_host_only_ever_reads_but_for_minting_tokens() {
        for endpoint in ENDPOINTS {
            assert!(
                endpoint.method == "GET" || endpoint.path.ends_with("/access_tokens"),
                "{endpoint}"
            );
        }
    }
}
