//! What a checkout is of: branch, commit and remote, out of the files below `.git`.
//!
//! `gitrepository-layout` and `git-config` describe them. What cannot be read is not known, and no mistake.

use std::fs;
use std::path::{Path, PathBuf};

/// `gitrepository-layout`, reftable: the branch that HEAD names for whoever cannot read where it is kept instead.
const ELSEWHERE: &str = ".invalid";

#[derive(Debug, Default)]
pub(super) struct Found {
    /// The default branch, or what is most likely it.
    pub(super) branch: Option<String>,
    /// The remote says that it is the default one.
    pub(super) is_default: bool,
    /// The commit that is checked out.
    pub(super) commit: Option<String>,
    pub(super) remote: Option<Remote>,
}

/// The repository that a remote's URL means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) owner: String,
    pub(super) name: String,
    /// `https://host/owner/name`; `None` where the host may be a name of this machine alone.
    pub(super) page: Option<String>,
}

impl Found {
    pub(super) fn of(root: &Path) -> Self {
        let Some(own) = folder(root) else {
            return Self::default();
        };
        // A worktree has a HEAD of its own and shares the rest.
        let shared = text(&own.join("commondir")).map_or(own.clone(), |path| own.join(path.trim()));
        let head = text(&own.join("HEAD"));
        let named = head
            .as_deref()
            .and_then(|head| head.trim().strip_prefix("ref: "));
        let commit = match named {
            Some(reference) => commit(&shared, reference),
            None => head
                .as_deref()
                .map(str::trim)
                .filter(|head| is_sha(head))
                .map(str::to_owned),
        };
        let default = text(&shared.join("refs/remotes/origin/HEAD"));
        let default = default
            .as_deref()
            .and_then(|head| head.trim().strip_prefix("ref: refs/remotes/origin/"));
        let checked_out = named
            .and_then(|reference| reference.strip_prefix("refs/heads/"))
            .filter(|branch| *branch != ELSEWHERE);
        let usual = || {
            let is_there = |branch: &&str| {
                let heads = ["refs/heads/", "refs/remotes/origin/"];
                heads
                    .iter()
                    .any(|at| self::commit(&shared, &format!("{at}{branch}")).is_some())
            };
            ["main", "master"].into_iter().find(is_there)
        };
        Self {
            branch: default.or(checked_out).or_else(usual).map(str::to_owned),
            is_default: default.is_some(),
            commit,
            remote: text(&shared.join("config")).as_deref().and_then(remote),
        }
    }
}

impl Remote {
    /// Names on GitHub do not differ by case alone.
    pub(super) fn is(&self, owner: &str, name: &str) -> bool {
        self.owner.eq_ignore_ascii_case(owner) && self.name.eq_ignore_ascii_case(name)
    }

    /// `https://host/owner/name.git`, `ssh://git@host:22/owner/name`, `git@host:owner/name.git`.
    fn of(url: &str) -> Option<Self> {
        let (scheme, (host, path)) = match url.split_once("://") {
            Some(("file", _)) => return None,
            Some((scheme, rest)) => (scheme, rest.split_once('/')?),
            None => ("ssh", url.split_once(':')?),
        };
        // Whatever stands before the @ may be a secret.
        let host = host.rsplit('@').next()?.split(':').next()?;
        let path = path.trim_matches('/');
        let mut segments = path.strip_suffix(".git").unwrap_or(path).rsplit('/');
        let (name, owner) = (segments.next()?, segments.next()?);
        if [host, owner, name].iter().any(|part| part.is_empty()) {
            return None;
        }
        // `ssh_config` gives hosts names that nobody else knows.
        let is_known = matches!(scheme, "http" | "https") || host.contains('.');
        Some(Self {
            page: is_known.then(|| format!("https://{host}/{owner}/{name}")),
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// `.git`, or where it leads to: a worktree's and a submodule's is a file.
fn folder(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = text(&git)?;
    Some(root.join(text.trim().strip_prefix("gitdir: ")?))
}

fn commit(shared: &Path, reference: &str) -> Option<String> {
    if let Some(sha) = text(&shared.join(reference)) {
        return Some(sha.trim().to_owned()).filter(|sha| is_sha(sha));
    }
    let packed = text(&shared.join("packed-refs"))?;
    let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
    let (sha, _) = lines.find(|(_, name)| *name == reference)?;
    Some(sha.to_owned()).filter(|sha| is_sha(sha))
}

/// `origin`'s URL, else the first remote's.
fn remote(config: &str) -> Option<Remote> {
    let (mut section, mut first) = ("", None);
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        let Some((key, url)) = line.split_once('=') else {
            continue;
        };
        if !section.starts_with("[remote ") || key.trim() != "url" {
            continue;
        }
        let Some(remote) = Remote::of(url.trim()) else {
            continue;
        };
        if section == r#"[remote "origin"]"# {
            return Some(remote);
        }
        first = first.or(Some(remote));
    }
    first
}

fn is_sha(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_read_however_it_is_written_and_gives_no_secret_away() {
        for url in [
            "https://github.com/acme/shop.git",
            "https://github.com/acme/shop",
            "https://x-access-token:ghs_1@github.com/acme/shop",
            "git@github.com:acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git/",
            "git://github.com/acme/shop",
        ] {
            let remote = Remote::of(url).expect(url);
            assert_eq!((&*remote.owner, &*remote.name), ("acme", "shop"), "{url}");
            assert_eq!(
                remote.page.as_deref(),
                Some("https://github.com/acme/shop"),
                "{url}"
            );
        }
        let page = |url| Remote::of(url).expect(url).page;
        assert_eq!(page("git@github-work:acme/shop.git"), None, "of ssh_config");
        assert_eq!(page("ssh://git@github-work/acme/shop"), None);
        assert!(page("https://ghe/acme/shop").is_some());
        for url in [
            "../shop",
            "/srv/git/shop.git",
            "file:///srv/git/shop.git",
            "https://github.com/shop",
            "",
        ] {
            assert_eq!(Remote::of(url), None, "{url}");
        }
    }

    #[test]
    fn the_remote_called_origin_counts_before_the_others() {
        let config = "[core]\n\turl = x\n[remote \"fork\"]\n\turl = git@github.com:me/shop.git\n[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n";
        assert!(remote(config).unwrap().is("Acme", "SHOP"));
        let fork = config.replace("origin", "other");
        assert!(remote(&fork).unwrap().is("me", "shop"));
    }

    #[test]
    fn branch_and_commit_are_found_in_a_folder_a_worktree_and_a_detached_head() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let found = |at: &str| {
            let found = Found::of(&root.join(at));
            (found.branch, found.commit)
        };
        write("shop/.git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(found("shop"), (Some("main".into()), None), "no commit yet");
        write(
            "shop/.git/packed-refs",
            &format!("# pack-refs\n{one} refs/heads/main\n"),
        );
        assert_eq!(found("shop").1, Some(one.clone()));
        write("shop/.git/refs/heads/main", &format!("{two}\n"));
        assert_eq!(found("shop").1, Some(two.clone()));

        write("shop/.git/worktrees/w/HEAD", &format!("{one}\n"));
        write("shop/.git/worktrees/w/commondir", "../..\n");
        write("w/.git", "gitdir: ../shop/.git/worktrees/w\n");
        assert_eq!(
            found("w"),
            (Some("main".into()), Some(one.clone())),
            "detached"
        );
        write("alone/.git/HEAD", &one);
        assert_eq!(found("alone"), (None, Some(one.clone())), "and no branch");
        write("alone/.git/refs/remotes/origin/master", &two);
        assert_eq!(found("alone").0, Some("master".into()));
        write("reftable/.git/HEAD", "ref: refs/heads/.invalid\n");
        assert_eq!(found("reftable"), (None, None));
        assert!(!Found::of(&root.join("shop")).is_default);
        write(
            "shop/.git/refs/remotes/origin/HEAD",
            "ref: refs/remotes/origin/trunk\n",
        );
        assert_eq!(found("w").0, Some("trunk".into()));
        assert!(Found::of(&root.join("shop")).is_default);
        assert_eq!(found("elsewhere"), (None, None));
    }
}
