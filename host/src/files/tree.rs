//! The paths of one tree, sorted, to be looked up by path or by glob.
//!
//! Where a symbolic link leads is worked out here; its text is fetched by others.

use crate::github::{Mode, TreeEntry};

use super::Glob;

/// One path of a tree: a file, a symbolic link or a submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: Box<str>,
    pub sha: Box<str>,
    /// Bytes.
    pub size: u64,
    pub mode: Mode,
}

/// All paths of a tree but its folders, which are known by what lies in them.
#[derive(Debug)]
pub struct Tree(Vec<Entry>);

/// What lies at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lies<'t> {
    Nothing,
    File(&'t Entry),
    Folder,
    /// Another repository, or something in it.
    Submodule,
    /// The path, or a folder on its way, is a symbolic link; with what of the path comes after it.
    Link(&'t Entry, String),
}

impl Tree {
    pub fn new(entries: Vec<TreeEntry>) -> Self {
        let mut entries: Vec<_> = entries
            .into_iter()
            .map(|entry| Entry {
                path: entry.path,
                sha: entry.sha,
                size: entry.size,
                mode: entry.mode,
            })
            .collect();
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self(entries)
    }

    /// The file, link or submodule of exactly this path.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let found = self.0.binary_search_by(|entry| (*entry.path).cmp(path));
        found.ok().map(|index| &self.0[index])
    }

    /// Everything in it, by path.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The files and links that match, by path.
    pub fn matching(&self, glob: &Glob) -> Vec<Entry> {
        match glob.path() {
            Some(path) => self.get(path).into_iter().cloned().collect(),
            None => {
                let matching = self
                    .0
                    .iter()
                    .filter(|entry| entry.mode != Mode::Submodule && glob.matches(&entry.path));
                matching.cloned().collect()
            }
        }
    }

    pub(super) fn lies(&self, path: &str) -> Lies<'_> {
        if path.is_empty() {
            return Lies::Folder;
        }
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends.chain([path.len()]) {
            let Some(entry) = self.get(&path[..end]) else {
                continue;
            };
            return match entry.mode {
                Mode::Symlink => Lies::Link(entry, path[end..].to_owned()),
                Mode::Submodule => Lies::Submodule,
                Mode::File if end == path.len() => Lies::File(entry),
                Mode::File => Lies::Nothing,
            };
        }
        let folder = format!("{path}/");
        let next = self.0.partition_point(|entry| *entry.path < *folder);
        match self.0.get(next) {
            Some(entry) if entry.path.starts_with(&folder) => Lies::Folder,
            _ => Lies::Nothing,
        }
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let own = size_of::<Entry>();
        let sum = |entry: &Entry| own + entry.path.len() + entry.sha.len();
        200 + self.0.iter().map(sum).sum::<usize>()
    }
}

/// The path that a link means, from the root of the repository. `None`: it leads out.
pub(super) fn follow(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') || target.contains('\0') {
        return None;
    }
    let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut path = Vec::new();
    for segment in folder.split('/').chain(target.split('/')) {
        match segment {
            "" | "." => {}
            ".." => _ = path.pop()?,
            _ => path.push(segment),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, mode: Mode) -> TreeEntry {
        TreeEntry {
            path: path.into(),
            sha: "ab".into(),
            size: 1,
            mode,
        }
    }

    #[test]
    fn a_tree_knows_what_lies_at_a_path() {
        let tree = Tree::new(vec![
            entry("z/port.yml", Mode::File),
            entry("port.yml", Mode::File),
            entry("linked/port.yml", Mode::Symlink),
            entry("docs", Mode::Symlink),
            entry("vendor", Mode::Submodule),
        ]);
        let glob = Glob::new("**/port.yml").expect("a glob");
        let paths: Vec<_> = tree
            .matching(&glob)
            .into_iter()
            .map(|entry| entry.path)
            .collect();
        assert_eq!(
            paths,
            [
                "linked/port.yml".into(),
                "port.yml".into(),
                "z/port.yml".into()
            ]
        );
        assert!(matches!(tree.lies("z/port.yml"), Lies::File(_)));
        assert_eq!(tree.lies("z"), Lies::Folder);
        assert_eq!(tree.lies("vendor"), Lies::Submodule);
        assert_eq!(tree.lies("vendor/README.md"), Lies::Submodule);
        assert!(
            matches!(tree.lies("docs/a/b"), Lies::Link(link, rest) if &*link.path == "docs" && rest == "/a/b")
        );
        for nothing in ["none", "port.yml/x", "z/port", "por"] {
            assert_eq!(tree.lies(nothing), Lies::Nothing, "{nothing}");
        }
    }

    #[test]
    fn a_link_leads_within_the_repository_or_nowhere() {
        for (link, target, path) in [
            ("README.md", "docs/README.md", Some("docs/README.md")),
            ("a/b/README.md", "../../README.md", Some("README.md")),
            ("a/b", "./c//d/", Some("a/c/d")),
            ("a/b", "..", Some("")),
            ("README.md", "../README.md", None),
            ("a/b", "../../x", None),
            ("a", "/etc/passwd", None),
        ] {
            assert_eq!(follow(link, target).as_deref(), path, "{link} -> {target}");
        }
    }
}
