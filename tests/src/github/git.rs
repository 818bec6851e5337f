//! Commits, trees and blobs, named by Git's own hashes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bytes::Bytes;
use jiff::Timestamp;

use super::world::time;

/// A commit, as a scenario and the API see it.
#[derive(Debug, Clone)]
pub struct Commit {
    pub sha: String,
    pub parent: Option<String>,
    pub message: String,
    pub branch: String,
    pub time: Timestamp,
    pub added: Vec<String>,
    pub modified: Vec<String>,
    pub removed: Vec<String>,
    pub(super) tree: String,
    /// Every file by its path.
    pub(super) files: Arc<BTreeMap<String, String>>,
}

/// A line of a tree.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) sha: String,
    pub(super) is_tree: bool,
}

#[derive(Default)]
pub(super) struct Objects {
    pub(super) branches: BTreeMap<String, String>,
    pub(super) commits: HashMap<String, Commit>,
    pub(super) trees: HashMap<String, Vec<Entry>>,
    pub(super) blobs: HashMap<String, Bytes>,
}

impl Objects {
    pub(super) fn head(&self, branch: &str) -> Option<&Commit> {
        self.commits.get(self.branches.get(branch)?)
    }

    /// A branch, a full ref or a commit's sha.
    pub(super) fn resolve(&self, reference: &str) -> Option<&Commit> {
        let branch = reference.strip_prefix("refs/").unwrap_or(reference);
        let branch = branch.strip_prefix("heads/").unwrap_or(branch);
        self.head(branch).or_else(|| self.commits.get(reference))
    }

    /// Writes and deletes files on top of a branch, or begins it at `base`.
    pub(super) fn commit(
        &mut self,
        branch: &str,
        base: Option<&str>,
        written: &[(&str, &[u8])],
        removed: &[&str],
        message: &str,
        now: Timestamp,
    ) -> Commit {
        let parent = self.head(branch).or_else(|| self.head(base?)).cloned();
        let mut files = parent
            .as_ref()
            .map_or_else(BTreeMap::new, |parent| (*parent.files).clone());
        let (mut added, mut modified) = (Vec::new(), Vec::new());
        for (path, bytes) in written {
            let sha = self.blob(bytes);
            match files.insert((*path).to_owned(), sha) {
                None => added.push((*path).to_owned()),
                Some(_) => modified.push((*path).to_owned()),
            }
        }
        for path in removed {
            let gone = files.remove(*path);
            assert!(gone.is_some(), "there is no {path} on {branch} to delete");
        }
        let tree = self.tree(&files, "");
        let parent = parent.map(|parent| parent.sha);
        let text = commit_text(&tree, parent.as_deref(), message, now);
        let commit = Commit {
            sha: hash("commit", text.as_bytes()),
            parent,
            message: message.to_owned(),
            branch: branch.to_owned(),
            time: now,
            added,
            modified,
            removed: removed.iter().map(ToString::to_string).collect(),
            tree,
            files: Arc::new(files),
        };
        self.commits.insert(commit.sha.clone(), commit.clone());
        self.branches.insert(branch.to_owned(), commit.sha.clone());
        commit
    }

    /// The commits from here back, newest first.
    pub(super) fn history(&self, from: &Commit) -> Vec<&Commit> {
        let next = |commit: &&Commit| self.commits.get(commit.parent.as_ref()?);
        std::iter::successors(self.commits.get(&from.sha), next).collect()
    }

    /// Whether a commit changed the file, or anything below the folder.
    pub(super) fn touches<'a>(&'a self, commit: &'a Commit, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let below = |commit: &'a Commit| {
            let files = commit.files.iter();
            files.filter(|(file, _)| *file == path || file.starts_with(&folder))
        };
        let before = commit.parent.as_ref().and_then(|sha| self.commits.get(sha));
        !below(commit).eq(before.into_iter().flat_map(below))
    }

    fn blob(&mut self, bytes: &[u8]) -> String {
        let sha = hash("blob", bytes);
        self.blobs
            .insert(sha.clone(), Bytes::copy_from_slice(bytes));
        sha
    }

    /// Stores the tree of one folder (`""` or ending in a slash) and of those below it.
    fn tree(&mut self, files: &BTreeMap<String, String>, folder: &str) -> String {
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (path, sha) in files.range(folder.to_owned()..) {
            let Some(rest) = path.strip_prefix(folder) else {
                break;
            };
            let (name, is_tree) = match rest.split_once('/') {
                Some((name, _)) => (name, true),
                None => (rest, false),
            };
            // Git sorts folders as if their names ended in a slash.
            let key = if is_tree {
                format!("{name}/")
            } else {
                name.to_owned()
            };
            if entries.contains_key(&key) {
                continue;
            }
            let sha = if is_tree {
                self.tree(files, &format!("{folder}{name}/"))
            } else {
                sha.clone()
            };
            let entry = Entry {
                path: name.to_owned(),
                sha,
                is_tree,
            };
            entries.insert(key, entry);
        }
        let entries: Vec<Entry> = entries.into_values().collect();
        let mut bytes = Vec::new();
        for entry in &entries {
            let mode = if entry.is_tree { "40000" } else { "100644" };
            bytes.extend(format!("{mode} {}\0", entry.path).into_bytes());
            bytes.extend(hex::decode(&entry.sha).expect("our own hash"));
        }
        let sha = hash("tree", &bytes);
        self.trees.insert(sha.clone(), entries);
        sha
    }
}

fn commit_text(tree: &str, parent: Option<&str>, message: &str, now: Timestamp) -> String {
    let parent = parent.map_or_else(String::new, |sha| format!("parent {sha}\n"));
    let who = format!("Mona Lisa <mona@example.com> {} +0000", now.as_nanosecond());
    format!(
        "tree {tree}\n{parent}author {who}\ncommitter {who}\n\n{message} at {}\n",
        time(now)
    )
}

fn hash(kind: &str, bytes: &[u8]) -> String {
    let mut whole = format!("{kind} {}\0", bytes.len()).into_bytes();
    whole.extend_from_slice(bytes);
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &whole))
}
