//! The operator's files: what a plugin asked for that lies in the plugin folder.

use std::fs::{self, File as Handle};
use std::io::Read;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::contract::{Description, File, Owner};
use super::vet::Refusal;

/// As for a repository's files (`file.text` in the contract).
const SIZE: u64 = 512 << 10;
const FILES: usize = 100;
const DEPTH: usize = 4;
/// Entries looked at, so that a folder mounted by mistake does not hold up a reload.
const ENTRIES: usize = 10_000;

/// The operator's patterns of a description; all patterns are checked, so that the author hears of a mistake at load.
pub(super) fn patterns(description: &Description) -> Result<GlobSet, Refusal> {
    let mut set = GlobSetBuilder::new();
    for pattern in &description.files {
        let glob = GlobBuilder::new(&pattern.glob)
            .literal_separator(true)
            // As for a repository's files (`files/glob`).
            .backslash_escape(false)
            .empty_alternates(true)
            .build()
            .map_err(|error| {
                Refusal(format!("it describes a file pattern that is none: {error}"))
            })?;
        if matches!(pattern.owner, Owner::Operator) {
            set.add(glob);
        }
    }
    set.build()
        .map_err(|error| Refusal(format!("its file patterns are too large: {error}")))
}

/// All files that match, by path.
pub(super) fn read(dir: &Path, patterns: &GlobSet) -> Vec<File> {
    let mut files = Vec::new();
    if !patterns.is_empty() {
        let mut left = ENTRIES;
        walk(dir, "", 0, patterns, &mut left, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    files
}

fn walk(
    dir: &Path,
    prefix: &str,
    depth: usize,
    patterns: &GlobSet,
    left: &mut usize,
    files: &mut Vec<File>,
) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let Some(rest) = left.checked_sub(1) else {
            return;
        };
        *left = rest;
        let name = entry.file_name();
        // `..data` and its like are how Kubernetes swaps a whole volume; the files are linked from here.
        let Some(name) = name.to_str().filter(|name| !name.starts_with("..")) else {
            continue;
        };
        let (path, at) = (format!("{prefix}{name}"), entry.path());
        let Ok(meta) = fs::metadata(&at) else {
            continue;
        };
        if meta.is_dir() && depth < DEPTH {
            walk(&at, &format!("{path}/"), depth + 1, patterns, left, files);
        } else if meta.is_file()
            && meta.len() <= SIZE
            && files.len() < FILES
            && patterns.is_match(&path)
            && let Some(text) = text(&at)
        {
            let owner = Owner::Operator;
            files.push(File { owner, path, text });
        }
    }
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    let handle = Handle::open(path).ok()?;
    handle.take(SIZE).read_to_string(&mut text).ok()?;
    Some(text)
}
