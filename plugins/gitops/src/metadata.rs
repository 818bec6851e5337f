//! What Portolan writes into `gitopsMetadata`: the spec's file and the last commit that touched it.
//!
//! Nothing in it depends on the head of the branch, so that a push elsewhere changes no entity.

use portolan_sdk::{Answer, Question, Repository};
use serde::Deserialize;
use serde_json::{Value, json};

/// The subject of a `tree` event.
#[derive(Debug, Deserialize)]
pub(crate) struct Tree {
    pub(crate) branch: String,
    pub(crate) commit: String,
}

/// GitHub docs, "REST API endpoints for commits": List commits.
#[derive(Debug, Deserialize)]
struct Listed {
    sha: String,
    html_url: Option<String>,
    commit: Commit,
    author: Option<User>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    message: String,
    author: Option<Signature>,
    committer: Option<Signature>,
}

#[derive(Debug, Deserialize)]
struct Signature {
    name: Option<String>,
    date: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    login: Option<String>,
}

/// Asks for the last commit that touched a file.
pub(crate) fn question(repository: &Repository, tree: &Tree, path: &str) -> Question {
    let (repository, path, sha) = (&repository.full_name, encoded(path), &tree.commit);
    Question::api(format!(
        "/repos/{repository}/commits?path={path}&sha={sha}&per_page=1&page=1"
    ))
}

/// The property's value; without the commit where GitHub does not tell one.
pub(crate) fn value(
    repository: &Repository,
    tree: &Tree,
    path: &str,
    answer: Option<&Answer>,
) -> Value {
    let listed: Option<Vec<Listed>> = match answer {
        Some(Answer::Json(text)) => serde_json::from_str(text).ok(),
        _ => None,
    };
    let last = listed.and_then(|commits| commits.into_iter().next());
    let mut value = json!({
        "specPath": path,
        "repository": repository.full_name,
        "branch": tree.branch,
    });
    if let Some(page) = &repository.html_url {
        let at = last
            .as_ref()
            .map_or(tree.branch.as_str(), |last| last.sha.as_str());
        value["url"] = json!(format!("{page}/blob/{}/{}", encoded(at), encoded(path)));
    }
    if let Some(last) = last {
        let (author, committer) = (last.commit.author, last.commit.committer);
        let name = author.as_ref().and_then(|author| author.name.clone());
        let date = committer.or(author).and_then(|signature| signature.date);
        value["commit"] = json!({
            "sha": last.sha,
            "message": last.commit.message,
            "author": last.author.and_then(|user| user.login).or(name),
            "timestamp": date,
            "url": last.html_url,
        });
    }
    value
}

/// Percent-encoded but for what is unreserved (RFC 3986) and the `/` between segments.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(byte.into())
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
