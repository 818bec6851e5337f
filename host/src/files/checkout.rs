//! A checkout on this machine in GitHub's place: its working tree is about what the next commit would have.
//!
//! Git's own folder is not there, nor is what `.gitignore` names, even where it was committed all the same: the index,
//! which knows, is not read. Links and submodules are entries, as in git: nothing is followed here. What the checkout
//! is of, `git` reads.

mod git;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use ignore::WalkBuilder;

use crate::github::{Head, Mode, TreeEntry};
use crate::subject::Repository;

/// Names the one tree there is.
const TREE: &str = "checkout";
/// What GitHub takes for the default branch, whichever that is.
const HEAD: &str = "HEAD";

/// A folder that a repository was checked out into.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
    shown: String,
    name: String,
    remote: Option<git::Remote>,
    head: Head,
    /// Otherwise the branch is guessed.
    is_default: bool,
    /// Folders that may not be read, found out while the entries were listed.
    unreadable: Arc<Mutex<BTreeSet<String>>>,
}

impl Checkout {
    /// `Err` with a sentence where there is no such folder.
    pub fn open(root: &Path) -> Result<Self, String> {
        let shown = root.display().to_string();
        let root = fs::canonicalize(root)
            .map_err(|error| format!("the checkout {shown} cannot be read: {error}"))?;
        if !root.is_dir() {
            return Err(format!("{shown} is a file, not the folder of a checkout"));
        }
        let git::Found {
            branch,
            is_default,
            commit,
            remote,
        } = git::Found::of(&root);
        let name = root
            .file_name()
            .map_or("checkout".into(), |name| name.to_string_lossy());
        Ok(Self {
            name: name.into_owned(),
            shown,
            remote,
            head: Head {
                branch: branch.unwrap_or_else(|| HEAD.to_owned()),
                // GitHub docs, Webhook events and payloads, push: zeros stand for no commit.
                commit: commit.unwrap_or_else(|| "0".repeat(40)),
                tree: TREE.to_owned(),
            },
            is_default,
            unreadable: Arc::default(),
            root,
        })
    }

    /// Says which repository it is of, whatever its remote says.
    pub fn belongs_to(&mut self, owner: &str, name: &str) {
        let same = |remote: &&git::Remote| remote.is(owner, name);
        self.remote = Some(
            self.remote
                .as_ref()
                .filter(same)
                .cloned()
                .unwrap_or_else(|| git::Remote {
                    owner: owner.to_owned(),
                    name: name.to_owned(),
                    page: None,
                }),
        );
    }

    /// Says which branch is the default one, whatever its remote says.
    pub fn default_branch_is(&mut self, branch: &str) {
        branch.clone_into(&mut self.head.branch);
        self.is_default = true;
    }

    /// The default branch, and whether that is certain. `None`: not even a guess.
    pub fn default_branch(&self) -> Option<(&str, bool)> {
        (self.head.branch != HEAD).then_some((&*self.head.branch, self.is_default))
    }

    /// Folders that were left out because they may not be read.
    pub fn unreadable(&self) -> Vec<String> {
        let unreadable = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unreadable.iter().cloned().collect()
    }

    /// `owner` and `name`; `None` where no remote tells.
    pub fn whose(&self) -> Option<(&str, &str)> {
        let remote = self.remote.as_ref()?;
        Some((&remote.owner, &remote.name))
    }

    /// The folder as the user named it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The folder's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The repository's page, as its remote tells.
    pub fn page(&self) -> Option<&str> {
        self.remote.as_ref()?.page.as_deref()
    }

    /// The default branch as far as it is known, and the commit that is checked out.
    pub fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn is(&self, repository: &Repository) -> Result<(), String> {
        match &self.remote {
            Some(remote) if !remote.is(&repository.owner, &repository.name) => {
                let Repository { owner, name, .. } = repository;
                Err(format!(
                    "the checkout is of {}/{}, not of {owner}/{name}",
                    remote.owner, remote.name
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn entries(&self) -> Result<Vec<TreeEntry>, String> {
        let submodules = Arc::<Mutex<Vec<PathBuf>>>::default();
        let found = submodules.clone();
        let walk = WalkBuilder::new(&self.root)
            .hidden(false)
            .ignore(false)
            .parents(false)
            .git_global(false)
            .require_git(false)
            .filter_entry(move |entry| {
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                if entry.depth() > 0 && is_folder && entry.path().join(".git").exists() {
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.push(entry.path().to_owned());
                    return false;
                }
                entry.file_name() != ".git"
            })
            .build();
        let mut entries = Vec::new();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => match self.below(&error) {
                    Some(folder) => {
                        let mut unreadable = self
                            .unreadable
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner);
                        unreadable.insert(folder);
                        continue;
                    }
                    None => return Err(format!("the checkout cannot be read: {error}")),
                },
            };
            let mode = match entry.file_type() {
                Some(kind) if kind.is_file() => Mode::File,
                Some(kind) if kind.is_symlink() => Mode::Symlink,
                _ => continue,
            };
            let size = entry.metadata().map_or(0, |meta| meta.len());
            entries.extend(self.entry(entry.path(), mode, size));
        }
        let submodules = submodules.lock().unwrap_or_else(PoisonError::into_inner);
        let submodules = submodules
            .iter()
            .filter_map(|path| self.entry(path, Mode::Submodule, 0));
        entries.extend(submodules);
        Ok(entries)
    }

    /// The folder below the checkout that may not be read, if that is what is wrong.
    fn below(&self, error: &ignore::Error) -> Option<String> {
        let folder = denied(error)?.strip_prefix(&self.root).ok()?;
        (!folder.as_os_str().is_empty()).then(|| folder.display().to_string())
    }

    /// A path that is not UTF-8 nobody can ask for.
    fn entry(&self, path: &Path, mode: Mode, size: u64) -> Option<TreeEntry> {
        let path: Box<str> = path.strip_prefix(&self.root).ok()?.to_str()?.into();
        Some(TreeEntry {
            sha: path.clone(),
            path,
            size,
            mode,
        })
    }

    /// Of a link its target, as in git.
    pub(super) fn blob(&self, path: &str) -> Result<Bytes, String> {
        let at = self.root.join(path);
        let read = || match fs::symlink_metadata(&at)?.is_symlink() {
            true => fs::read_link(&at).map(|target| target.into_os_string().into_vec()),
            false => fs::read(&at),
        };
        read()
            .map(Bytes::from)
            .map_err(|error| format!("{path} cannot be read: {error}"))
    }
}

/// What may not be read: mostly a container's data, which git does not read either.
fn denied(error: &ignore::Error) -> Option<&Path> {
    let is_denied = |error: &ignore::Error| {
        error.io_error().map(io::Error::kind) == Some(ErrorKind::PermissionDenied)
    };
    match error {
        ignore::Error::WithPath { path, err } if is_denied(err) => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(checkout: &Checkout) -> Vec<(String, Mode)> {
        let entries = checkout.entries().unwrap().into_iter();
        let mut paths: Vec<_> = entries
            .map(|entry| (entry.path.into_string(), entry.mode))
            .collect();
        paths.sort_by(|a, b| a.0.cmp(&b.0));
        paths
    }

    #[test]
    fn what_git_would_not_have_is_not_there_and_links_are_entries() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(".git/HEAD", "ref: refs/heads/main\n");
        write(".git/info/exclude", "*.swp\n");
        write(".gitignore", "target/\n");
        write(".github/port-app-config.yml", "");
        write("target/port.yml", "");
        write("port.yml", "identifier: shop\n");
        write("port.yml.swp", "");
        write("vendor/lib/.git", "gitdir: elsewhere\n");
        write("vendor/lib/port.yml", "");
        symlink("/etc", dir.path().join("etc")).unwrap();
        symlink("port.yml", dir.path().join("link.yml")).unwrap();
        let checkout = Checkout::open(dir.path()).unwrap();

        let expected = [
            (".github/port-app-config.yml", Mode::File),
            (".gitignore", Mode::File),
            ("etc", Mode::Symlink),
            ("link.yml", Mode::Symlink),
            ("port.yml", Mode::File),
            ("vendor/lib", Mode::Submodule),
        ];
        assert_eq!(
            paths(&checkout),
            expected.map(|(path, mode)| (path.to_owned(), mode))
        );
        assert_eq!(checkout.blob("port.yml").unwrap(), "identifier: shop\n");
        assert_eq!(checkout.blob("etc").unwrap(), "/etc");
        assert!(
            checkout
                .blob("none")
                .unwrap_err()
                .starts_with("none cannot be read")
        );
    }

    #[test]
    fn only_what_may_not_be_read_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let checkout = Checkout::open(dir.path()).unwrap();
        let failed = |path: &str, kind: ErrorKind| {
            let of_kind = Box::new(ignore::Error::Io(kind.into()));
            let err = Box::new(ignore::Error::WithDepth {
                depth: 1,
                err: of_kind,
            });
            let path = checkout.root.join(path);
            checkout.below(&ignore::Error::WithPath { path, err })
        };
        let denied = ErrorKind::PermissionDenied;
        assert_eq!(failed("data/db", denied).as_deref(), Some("data/db"));
        assert_eq!(failed("data/db", ErrorKind::Other), None);
        assert_eq!(failed("", denied), None, "the checkout itself");
    }

    #[test]
    fn a_branch_that_was_told_counts_before_a_guess() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkout = Checkout::open(dir.path()).unwrap();
        assert_eq!(checkout.default_branch(), None);
        fs::create_dir(dir.path().join(".git")).unwrap();
        fs::write(dir.path().join(".git/HEAD"), "ref: refs/heads/next\n").unwrap();
        checkout = Checkout::open(dir.path()).unwrap();
        assert_eq!(checkout.default_branch(), Some(("next", false)));
        checkout.default_branch_is("main");
        assert_eq!(checkout.default_branch(), Some(("main", true)));
        assert_eq!(checkout.head().branch, "main");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let missing = Checkout::open(Path::new("/nowhere/at all")).unwrap_err();
        assert!(missing.contains("/nowhere/at all"), "{missing}");
        assert!(
            Checkout::open(Path::new("/etc/hostname"))
                .unwrap_err()
                .contains("not the folder")
        );
    }
}
