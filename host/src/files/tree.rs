//! The files of one tree, sorted, to be looked up by path or by glob.

use crate::github::{Mode, TreeEntry};

use super::Glob;

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: Box<str>,
    pub sha: Box<str>,
    /// Bytes.
    pub size: u64,
}

/// All files of a tree. Symbolic links and submodules are none: a link's content is a path, not a file's text.
#[derive(Debug)]
pub struct Tree(Vec<Entry>);

impl Tree {
    pub fn new(entries: Vec<TreeEntry>) -> Self {
        let mut files: Vec<_> = entries
            .into_iter()
            .filter(|entry| entry.mode == Mode::File)
            .map(|entry| Entry {
                path: entry.path,
                sha: entry.sha,
                size: entry.size,
            })
            .collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self(files)
    }

    pub fn get(&self, path: &str) -> Option<&Entry> {
        let found = self.0.binary_search_by(|entry| (*entry.path).cmp(path));
        found.ok().map(|index| &self.0[index])
    }

    /// The files that match, by path.
    pub fn matching(&self, glob: &Glob) -> Vec<Entry> {
        match glob.path() {
            Some(path) => self.get(path).into_iter().cloned().collect(),
            None => {
                let matching = self.0.iter().filter(|entry| glob.matches(&entry.path));
                matching.cloned().collect()
            }
        }
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let own = size_of::<Entry>();
        let sum = |entry: &Entry| own + entry.path.len() + entry.sha.len();
        200 + self.0.iter().map(sum).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_submodules_are_not_files() {
        let entry = |path: &str, mode| TreeEntry {
            path: path.into(),
            sha: "ab".into(),
            size: 1,
            mode,
        };
        let tree = Tree::new(vec![
            entry("z/port.yml", Mode::File),
            entry("port.yml", Mode::File),
            entry("linked/port.yml", Mode::Symlink),
            entry("vendor", Mode::Submodule),
        ]);
        let glob = Glob::new("**/port.yml").expect("a glob");
        let paths: Vec<_> = tree
            .matching(&glob)
            .into_iter()
            .map(|entry| entry.path)
            .collect();
        assert_eq!(paths, ["port.yml".into(), "z/port.yml".into()]);
        assert!(tree.get("z/port.yml").is_some());
        assert!(tree.get("linked/port.yml").is_none());
        assert!(tree.get("vendor").is_none());
    }
}
