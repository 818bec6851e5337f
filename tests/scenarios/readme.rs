//! What the README says, held against what is so: its commands are run as they are written, its files are used.

mod architecture;
mod binary;
mod calls;
mod commands;
mod container;
mod demo;
mod gitops;
mod make;
mod mapper;
mod mapping;
mod preview;
mod prose;
mod shell;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// Code between two fences of the README.
struct Block {
    /// Of its first line, as an editor counts.
    line: usize,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let (readme, mut found, mut open) = (readme(), Vec::new(), None);
    for (at, line) in readme.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block {
                    line: at + 2,
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the README's last block of code has no end");
    found
}

/// The only block in a language that begins so.
fn block(language: &str, begin: &str) -> Block {
    let is = |block: &Block| block.language == language && block.text.starts_with(begin);
    let mut found = blocks().into_iter().filter(is);
    let (first, second) = (found.next(), found.next());
    assert!(
        second.is_none(),
        "two blocks of {language} begin with {begin:?}"
    );
    first.unwrap_or_else(|| panic!("no block of {language} in the README begins with {begin:?}"))
}

/// What stands between backticks outside of blocks, each with its line.
fn spans(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let fence = line.starts_with("```");
        fenced ^= fence;
        if !fenced && !fence {
            let inner = line.split('`').skip(1).step_by(2);
            found.extend(inner.map(|span| (at + 1, span)));
        }
    }
    found
}

fn readme() -> String {
    file("README.md")
}

/// A text of the repository.
fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies in a folder of the repository")
}

/// Where this was built: `target`, wherever it lies.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo's folder for tests lies in the target folder")
}

/// A new folder beside the builds, where a program can be linked to instead of copied.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder is writable")
}
