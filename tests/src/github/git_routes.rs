//! Branches, commits, trees, blobs and contents, in JSON or raw.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::git::{Commit, Entry};
use super::routes::{Refusal, ok, page, page_of};
use super::shapes;
use super::world::{Repo, World};
use crate::wire::{Answer, Call};

/// Contents above 1 MB come raw only (GitHub docs, REST, "Get repository content").
const LARGEST_JSON: usize = 1_000_000;

pub(super) fn answer(
    world: &World,
    repo: &Repo,
    rest: &[&str],
    call: &Call,
) -> Result<Answer, Refusal> {
    let url = format!("{}/repos/{}", world.api(), repo.full_name());
    let objects = &repo.objects;
    match rest {
        ["branches"] => {
            let all = objects.branches.iter();
            let all = all.map(
                |(name, sha)| json!({"name": name, "commit": {"sha": sha}, "protected": false}),
            );
            page(world, call, all.collect(), None)
        }
        ["branches", name @ ..] => {
            let name = name.join("/");
            let head = objects
                .head(&name)
                .ok_or_else(|| Refusal::new(404, "Branch not found"))?;
            ok(
                &json!({"name": name, "commit": shapes::commit(world, repo, head), "protected": false}),
            )
        }
        _ if objects.commits.is_empty() => Err(empty(rest)),
        ["git", "ref" | "refs", "heads", name @ ..] if !name.is_empty() => {
            let name = name.join("/");
            let head = objects.head(&name).ok_or_else(Refusal::missing)?;
            ok(&reference(&url, &name, &head.sha))
        }
        ["git", "refs"] | ["git", "matching-refs", "heads"] => {
            let all = objects.branches.iter();
            let all = all.map(|(name, sha)| reference(&url, name, sha));
            page(world, call, all.collect(), None)
        }
        ["commits"] => commits(world, repo, call),
        ["commits", name @ ..] => {
            let commit = resolve(repo, &name.join("/"))
                .ok_or_else(|| Refusal::new(422, "No commit found for SHA"))?;
            if call.header("accept").contains("sha") {
                let sha = Bytes::from(commit.sha.clone());
                return Ok(Answer::bytes(
                    200,
                    "application/vnd.github.sha; charset=utf-8",
                    sha,
                ));
            }
            ok(&shapes::commit(world, repo, commit))
        }
        ["git", "commits", sha] => {
            let commit = objects.commits.get(*sha).ok_or_else(Refusal::missing)?;
            ok(&shapes::git_commit(world, repo, commit))
        }
        ["git", "trees", name @ ..] => tree(world, repo, &name.join("/"), &url, call),
        ["git", "blobs", sha] => {
            let bytes = objects.blobs.get(*sha).ok_or_else(Refusal::missing)?;
            if wants_raw(call) {
                return Ok(raw(bytes));
            }
            ok(&json!({
                "sha": sha, "node_id": format!("B_{sha}"), "size": bytes.len(), "encoding": "base64",
                "url": format!("{url}/git/blobs/{sha}"), "content": wrapped(bytes),
            }))
        }
        ["contents", path @ ..] => contents(repo, &path.join("/"), &url, call),
        ["readme"] => contents(repo, "README.md", &url, call),
        _ => Err(Refusal::missing()),
    }
}

fn tree(world: &World, repo: &Repo, name: &str, url: &str, call: &Call) -> Result<Answer, Refusal> {
    let sha = resolve(repo, name).map_or(name, |commit| commit.tree.as_str());
    let mut listed = Vec::new();
    // Any value turns recursion on, even "false" (GitHub docs, REST, "Get a tree").
    let recursive = call.parameter("recursive").is_some();
    list(repo, sha, "", recursive, &mut listed).ok_or_else(Refusal::missing)?;
    let truncated = recursive && listed.len() > world.truncate_after;
    if truncated {
        listed.truncate(world.truncate_after);
    }
    let entries: Vec<Value> = listed
        .iter()
        .map(|entry| tree_entry(repo, entry, url))
        .collect();
    ok(&json!({
        "sha": sha, "url": format!("{url}/git/trees/{sha}"), "tree": entries, "truncated": truncated,
    }))
}

fn list(
    repo: &Repo,
    sha: &str,
    folder: &str,
    recursive: bool,
    into: &mut Vec<Entry>,
) -> Option<()> {
    for entry in repo.objects.trees.get(sha)? {
        let path = format!("{folder}{}", entry.path);
        let below = format!("{path}/");
        into.push(Entry {
            path,
            ..entry.clone()
        });
        if recursive && entry.is_tree {
            list(repo, &entry.sha, &below, true, into)?;
        }
    }
    Some(())
}

fn tree_entry(repo: &Repo, entry: &Entry, url: &str) -> Value {
    let Entry { path, sha, is_tree } = entry;
    if *is_tree {
        return json!({"path": path, "mode": "040000", "type": "tree", "sha": sha, "url": format!("{url}/git/trees/{sha}")});
    }
    let size = repo.objects.blobs.get(sha).map_or(0, Bytes::len);
    json!({
        "path": path, "mode": "100644", "type": "blob", "sha": sha, "size": size,
        "url": format!("{url}/git/blobs/{sha}"),
    })
}

fn commits(world: &World, repo: &Repo, call: &Call) -> Result<Answer, Refusal> {
    let from = call
        .parameter("sha")
        .unwrap_or_else(|| repo.default_branch.clone());
    let head = resolve(repo, &from).ok_or_else(Refusal::missing)?;
    let history = repo.objects.history(head).into_iter();
    let path = call.parameter("path").filter(|path| !path.is_empty());
    let wanted = history.filter(|commit| match &path {
        Some(path) => repo.objects.touches(commit, path),
        None => true,
    });
    let all: Vec<&Commit> = wanted.collect();
    let shown = |commit| shapes::commit(world, repo, commit);
    page_of(world, call, all.into_iter().map(shown), None)
}

fn contents(repo: &Repo, path: &str, url: &str, call: &Call) -> Result<Answer, Refusal> {
    let name = call
        .parameter("ref")
        .unwrap_or_else(|| repo.default_branch.clone());
    let missing = || Refusal::new(404, "No commit found for the ref");
    let commit = resolve(repo, &name).ok_or_else(missing)?;
    if let Some(sha) = commit.files.get(path) {
        let bytes = repo.objects.blobs.get(sha).ok_or_else(Refusal::missing)?;
        if wants_raw(call) {
            return Ok(raw(bytes));
        }
        let mut file = content(url, path, sha, bytes.len(), "file");
        let small = bytes.len() <= LARGEST_JSON;
        file["encoding"] = json!(if small { "base64" } else { "none" });
        file["content"] = json!(if small { wrapped(bytes) } else { String::new() });
        return ok(&file);
    }
    let mut sha = commit.tree.as_str();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let entries = repo.objects.trees.get(sha).into_iter().flatten();
        let mut found = entries.filter(|entry| entry.is_tree && entry.path == part);
        sha = &found.next().ok_or_else(Refusal::missing)?.sha;
    }
    let entries = repo.objects.trees.get(sha).into_iter().flatten();
    let all = entries.map(|entry| {
        let path = [path, entry.path.as_str()].join("/");
        let size = repo.objects.blobs.get(&entry.sha).map_or(0, Bytes::len);
        let kind = if entry.is_tree { "dir" } else { "file" };
        content(url, path.trim_start_matches('/'), &entry.sha, size, kind)
    });
    ok(&all.collect())
}

fn content(url: &str, path: &str, sha: &str, size: usize, kind: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (address, git) = (
        format!("{url}/contents/{path}"),
        format!("{url}/git/blobs/{sha}"),
    );
    json!({
        "name": name, "path": path, "sha": sha, "size": size, "type": kind,
        "url": address, "git_url": git, "html_url": null, "download_url": null,
        "_links": {"self": address, "git": git, "html": null},
    })
}

fn resolve<'a>(repo: &'a Repo, name: &str) -> Option<&'a Commit> {
    let name = if name == "HEAD" {
        &repo.default_branch
    } else {
        name
    };
    repo.objects.resolve(name)
}

fn reference(url: &str, name: &str, sha: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{name}"), "node_id": format!("REF_{name}"),
        "url": format!("{url}/git/refs/heads/{name}"),
        "object": {"type": "commit", "sha": sha, "url": format!("{url}/git/commits/{sha}")},
    })
}

/// What a repository without a commit answers.
fn empty(rest: &[&str]) -> Refusal {
    match rest {
        ["contents" | "readme", ..] => Refusal::new(404, "This repository is empty."),
        _ => Refusal::new(409, "Git Repository is empty."),
    }
}

fn wants_raw(call: &Call) -> bool {
    call.header("accept").contains("raw")
}

fn raw(bytes: &Bytes) -> Answer {
    Answer::bytes(
        200,
        "application/vnd.github.raw; charset=utf-8",
        bytes.clone(),
    )
}

/// GitHub breaks base64 after 60 characters, and ends it so too.
fn wrapped(bytes: &Bytes) -> String {
    let text = STANDARD.encode(bytes);
    let lines = text.as_bytes().chunks(60);
    lines
        .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
        .collect()
}
