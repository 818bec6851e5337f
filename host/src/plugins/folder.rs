//! One folder of plugins, looked at again and again: what each file last was that worked.
//!
//! Whatever tells that something changed is a hint; the content alone decides. A file counts when two looks
//! agree on it, so that one being written is never taken; one that does not load leaves the last that did;
//! one that is gone is missed for a while first. What a plugin is does not matter here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

/// Two looks that agree on a file are at least so far apart.
pub(super) const STEADY: Duration = Duration::from_millis(100);
/// The same for one that does not load: it may still be arriving, and a slow copy pauses for longer than `STEADY`.
/// Nothing is lost meanwhile, and nobody is told of half a file.
const DOUBT: Duration = Duration::from_secs(1);
/// A file that is gone for less was being replaced.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// A file last touched longer ago is not being written: at start nobody waits for a second look.
const OLD: Duration = Duration::from_secs(1);
/// The largest plugin, in bytes: a JavaScript mapper has 12 MB.
const SIZE: u64 = 32 << 20;

/// A folder and what its files last were.
pub(super) struct Folder<P> {
    path: PathBuf,
    /// The names to take, all when unset.
    only: Option<BTreeSet<String>>,
    seats: BTreeMap<String, Seat<P>>,
    unreadable: bool,
}

type Sha = [u8; 32];

struct Seat<P> {
    serving: Option<(Sha, Arc<P>)>,
    /// Said no to, and why was said once.
    refused: Option<Sha>,
    seen: Option<Sighting<P>>,
    gone_since: Option<Instant>,
}

/// New content, tried at once, taken when the next look agrees.
struct Sighting<P> {
    content: Sha,
    at: Instant,
    loaded: Result<P, String>,
}

impl<P> Folder<P> {
    pub(super) fn new(path: PathBuf, only: Option<BTreeSet<String>>) -> Self {
        Self {
            path,
            only,
            seats: BTreeMap::new(),
            unreadable: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What serves now, by name.
    pub(super) fn serving(&self) -> impl Iterator<Item = (&str, &Arc<P>)> {
        (self.seats.iter())
            .filter_map(|(name, seat)| Some((name.as_str(), &seat.serving.as_ref()?.1)))
    }

    /// Something beside the file changed what it is.
    pub(super) fn replace(&mut self, name: &str, plugin: P) {
        if let Some((_, serving)) = self.seats.get_mut(name).and_then(|s| s.serving.as_mut()) {
            *serving = Arc::new(plugin);
        }
    }

    /// Look at every file. Returns after how long at the latest to look again, where something is pending.
    pub(super) fn look(
        &mut self,
        now: Instant,
        load: &impl Fn(&str, &[u8]) -> Result<P, String>,
    ) -> Option<Duration> {
        let listed = match list(&self.path) {
            Ok(listed) => listed,
            Err(error) => {
                // Not to be seen is not to be gone: what serves goes on serving.
                if !std::mem::replace(&mut self.unreadable, true) {
                    tracing::warn!(
                        "the plugin folder {} cannot be read, its plugins stay as they are: {error}",
                        self.path.display()
                    );
                }
                return None;
            }
        };
        self.unreadable = false;
        let mut again = None;
        let only = &self.only;
        let wanted = |name: &String| only.as_ref().is_none_or(|only| only.contains(name));
        let listed: BTreeMap<_, _> = (listed.into_iter())
            .filter(|(name, _)| wanted(name))
            .collect();
        for (name, path) in &listed {
            let seat = self.seats.entry(name.clone()).or_default();
            seat.gone_since = None;
            sooner(&mut again, seat.look(now, name, path, load));
        }
        self.seats.retain(|name, seat| {
            if listed.contains_key(name) {
                return true;
            }
            let gone = now.duration_since(*seat.gone_since.get_or_insert(now));
            seat.seen = None;
            if seat.serving.is_none() || gone >= GRACE {
                return false;
            }
            sooner(&mut again, Some(GRACE - gone));
            true
        });
        again
    }
}

impl<P> Seat<P> {
    fn look(
        &mut self,
        now: Instant,
        name: &str,
        path: &Path,
        load: &impl Fn(&str, &[u8]) -> Result<P, String>,
    ) -> Option<Duration> {
        let (content, bytes) = match read(path) {
            Ok(bytes) => (Sha256::digest(&bytes).into(), Ok(bytes)),
            Err(error) => {
                let error = error.to_string();
                (Sha256::digest(&error).into(), Err(error))
            }
        };
        if self.serving.as_ref().is_some_and(|(is, _)| *is == content) {
            (self.seen, self.refused) = (None, None);
            return None;
        }
        if self.refused == Some(content) {
            self.seen = None;
            return None;
        }
        let known = self.seen.take().filter(|seen| seen.content == content);
        let seen = known.unwrap_or_else(|| Sighting {
            content,
            at: now,
            // Tried before it is known to be whole: it mostly is, and compiling takes the time that is waited anyway.
            loaded: bytes.and_then(|bytes| load(name, &bytes)),
        });
        let age = now.duration_since(seen.at);
        let steady = match seen.loaded {
            Ok(_) => STEADY,
            Err(_) => DOUBT,
        };
        if age < steady && !is_old(path) {
            self.seen = Some(seen);
            return Some(steady - age);
        }
        match seen.loaded {
            Ok(plugin) => {
                self.serving = Some((content, Arc::new(plugin)));
                self.refused = None;
            }
            Err(reason) => {
                let stays = match self.serving {
                    Some(_) => "; the version before it stays in force",
                    None => "",
                };
                let shown = path.display();
                tracing::error!("plugin {name} is not loaded: {reason} ({shown}){stays}");
                self.refused = Some(content);
            }
        }
        None
    }
}

impl<P> Default for Seat<P> {
    fn default() -> Self {
        Self {
            serving: None,
            refused: None,
            seen: None,
            gone_since: None,
        }
    }
}

/// The sooner of two times to look again.
pub(super) fn sooner(when: &mut Option<Duration>, other: Option<Duration>) {
    *when = match (*when, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

/// A whole plugin file.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let meta = fs::metadata(path)?;
    // Before opening it: a pipe would wait for a writer.
    anyhow::ensure!(!meta.is_dir(), "it is a folder, not a file");
    anyhow::ensure!(meta.is_file(), "it is not a file");
    let mut bytes = Vec::new();
    File::open(path)?.take(SIZE + 1).read_to_end(&mut bytes)?;
    let limit = SIZE >> 20;
    anyhow::ensure!(
        bytes.len() as u64 <= SIZE,
        "it is larger than {limit} MiB; build it with the profile of the README"
    );
    Ok(bytes)
}

/// `*.wasm` by stem. No folder is an empty one; editors' and copiers' temporary files are left alone.
fn list(dir: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if let Some(file) = path.file_name().and_then(|name| name.to_str())
            && let Some(name) = file.strip_suffix(".wasm")
            && !name.is_empty()
            && !name.starts_with('.')
        {
            files.push((name.to_owned(), path));
        }
    }
    Ok(files)
}

/// By the kernel's own time of change, which copying with times preserved does not set back.
fn is_old(path: &Path) -> bool {
    let Ok(meta) = fs::metadata(path) else {
        return false;
    };
    let changed = Duration::from_secs(u64::try_from(meta.ctime()).unwrap_or(0));
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .is_ok_and(|now| now > changed + OLD + Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder whose plugins are texts; `broken…` does not load. Time is told, not waited for.
    struct Story {
        dir: tempfile::TempDir,
        folder: Folder<String>,
        now: Instant,
    }

    impl Story {
        fn begins() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let folder = Folder::new(dir.path().to_owned(), None);
            let now = Instant::now();
            Self { dir, folder, now }
        }

        fn write(&self, file: &str, text: &str) {
            fs::write(self.dir.path().join(file), text).unwrap();
        }

        fn after(&mut self, time: Duration) -> Vec<(String, String)> {
            self.now += time;
            let load = |_: &str, bytes: &[u8]| match String::from_utf8_lossy(bytes) {
                text if text.starts_with("broken") => Err("broken".to_owned()),
                text => Ok(text.into_owned()),
            };
            self.folder.look(self.now, &load);
            let own = |(name, text): (&str, &Arc<String>)| (name.to_owned(), text.to_string());
            self.folder.serving().map(own).collect()
        }
    }

    fn serving(name: &str, text: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), text.to_owned())]
    }

    #[test]
    fn a_new_file_serves_when_two_looks_agree() {
        let mut story = Story::begins();
        story.write("teams.wasm", "one");
        assert!(story.after(Duration::ZERO).is_empty());
        assert_eq!(story.after(STEADY), serving("teams", "one"));
    }

    #[test]
    fn a_file_that_is_still_growing_is_waited_for() {
        let mut story = Story::begins();
        for part in ["o", "on", "one"] {
            story.write("teams.wasm", part);
            assert!(story.after(STEADY).is_empty());
        }
        assert_eq!(story.after(STEADY), serving("teams", "one"));
    }

    #[test]
    fn a_broken_file_leaves_the_working_version_and_its_repair_is_taken() {
        let mut story = Story::begins();
        story.write("teams.wasm", "one");
        story.after(Duration::ZERO);
        story.after(STEADY);
        story.write("teams.wasm", "broken");
        assert_eq!(story.after(STEADY), serving("teams", "one"));
        assert_eq!(story.after(STEADY), serving("teams", "one"));
        story.write("teams.wasm", "two");
        story.after(STEADY);
        assert_eq!(story.after(STEADY), serving("teams", "two"));
    }

    #[test]
    fn half_a_file_is_no_mistake_until_nothing_more_comes() {
        let mut story = Story::begins();
        story.write("teams.wasm", "broken: half of it");
        story.after(Duration::ZERO);
        story.after(STEADY);
        assert!(story.folder.seats["teams"].refused.is_none());
        story.write("teams.wasm", "whole");
        story.after(STEADY);
        assert_eq!(story.after(STEADY), serving("teams", "whole"));
        story.write("teams.wasm", "broken: for good");
        story.after(Duration::ZERO);
        story.after(DOUBT);
        assert!(story.folder.seats["teams"].refused.is_some());
    }

    #[test]
    fn a_deleted_file_is_missed_for_five_seconds() {
        let mut story = Story::begins();
        story.write("teams.wasm", "one");
        story.after(Duration::ZERO);
        story.after(STEADY);
        let file = story.dir.path().join("teams.wasm");
        fs::remove_file(&file).unwrap();
        assert_eq!(story.after(STEADY), serving("teams", "one"));
        story.write("teams.wasm", "one");
        assert_eq!(story.after(GRACE), serving("teams", "one"));
        fs::remove_file(&file).unwrap();
        story.after(STEADY);
        assert!(story.after(GRACE).is_empty());
    }

    #[test]
    fn a_volume_swapped_by_kubernetes_is_followed() {
        let mut story = Story::begins();
        let root = story.dir.path().to_owned();
        for (version, text) in [("..one", "one"), ("..two", "two")] {
            fs::create_dir(root.join(version)).unwrap();
            fs::write(root.join(version).join("teams.wasm"), text).unwrap();
        }
        let link = |to, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link("..one", "..data");
        link("..data/teams.wasm", "teams.wasm");
        story.after(Duration::ZERO);
        assert_eq!(story.after(STEADY), serving("teams", "one"));
        link("..two", "..data_tmp");
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
        story.after(Duration::ZERO);
        assert_eq!(story.after(STEADY), serving("teams", "two"));
    }

    #[test]
    fn foreign_files_are_left_alone() {
        let mut story = Story::begins();
        for file in [
            ".DS_Store",
            ".teams.wasm",
            "teams.wasm.tmp",
            "teams.wasm~",
            ".wasm",
            "README",
        ] {
            story.write(file, "x");
        }
        fs::create_dir(story.dir.path().join("folder.wasm")).unwrap();
        story.after(Duration::ZERO);
        assert!(story.after(STEADY).is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_read_takes_nothing_away() {
        let mut story = Story::begins();
        story.write("teams.wasm", "one");
        story.after(Duration::ZERO);
        story.after(STEADY);
        story.folder.path = story.dir.path().join("teams.wasm");
        assert_eq!(story.after(GRACE * 2), serving("teams", "one"));
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_unread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.wasm");
        File::create(&path).unwrap().set_len(SIZE + 1).unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .to_string()
                .contains("larger than 32 MiB")
        );
    }
}
