//! One folder of plugins, looked at again and again: which files there are, and which of them serve.
//!
//! Whatever tells that something changed is a hint; the content alone decides. A file that is gone is missed for
//! a while first. When a file counts is decided in its seat; what a plugin is does not matter here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::seat::Seat;

/// A file that is gone for less was being replaced.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// A folder and what its files last were.
pub(super) struct Folder<P> {
    path: PathBuf,
    /// The names to take, all when unset.
    only: Option<BTreeSet<String>>,
    seats: BTreeMap<String, Seat<P>>,
    unreadable: bool,
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
        let only = &self.only;
        let wanted = |name: &String| only.as_ref().is_none_or(|only| only.contains(name));
        let listed: BTreeMap<_, _> = (listed.into_iter())
            .filter(|(name, _)| wanted(name))
            .collect();
        let mut again = None;
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

/// The sooner of two times to look again.
pub(super) fn sooner(when: &mut Option<Duration>, other: Option<Duration>) {
    *when = match (*when, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

/// `*.wasm` by stem. No folder is an empty one; editors' and copiers' temporary files are left alone.
pub(super) fn list(dir: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
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

#[cfg(test)]
mod tests {
    use super::super::seat::{DOUBT, STEADY};
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
}
