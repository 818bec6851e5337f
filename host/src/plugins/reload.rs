//! Keeps the set of plugins equal to what lies in the folders: one loop that looks, and publishes what it finds.
//!
//! It looks when the kernel says that something changed, when something is pending, and from time to time,
//! because mounts of every kind say nothing (notify's documentation, Known Problems).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::contract::File;
use super::folder::{Folder, sooner};
use super::plugin::Plugin;
use super::sandbox::Sandbox;
use super::seat::STEADY;
use crate::settings;

/// Between two looks while the kernel tells of changes, and while it does not.
const RESCAN: Duration = Duration::from_secs(10);
const BLIND: Duration = Duration::from_secs(1);
/// After a hint, so that the many of one copy are one look.
const PACE: Duration = Duration::from_millis(20);
/// Looks at start before a file that keeps changing is left for later.
const SETTLING: u32 = 10;
/// Folders that may appear one below the other while the first is being watched.
const FOLLOWING: u32 = 8;

/// The bundled plugins and the users', and what watches over both.
pub(super) struct Folders {
    sandbox: Arc<Sandbox>,
    bundled: Folder<Plugin>,
    users: Folder<Plugin>,
    /// New files beside a plugin, by its name, until a second look agrees.
    beside: BTreeMap<String, (Vec<File>, Instant)>,
    eyes: Eyes,
    again: Option<Duration>,
}

/// Look whenever there is reason to. Ends only by being dropped.
pub(super) async fn keep(folders: Folders, publish: impl Fn(Vec<Arc<Plugin>>)) {
    let changed = folders.eyes.changed.clone();
    let folders = Arc::new(Mutex::new(folders));
    let mut wait = lock(&folders).wait();
    loop {
        // Either way there is reason to look: an elapsed wait is as good as a hint.
        if tokio::time::timeout(wait, changed.notified()).await.is_ok() {
            tokio::time::sleep(PACE).await;
        }
        let look = {
            let folders = folders.clone();
            move || {
                let mut folders = lock(&folders);
                folders.look();
                (folders.plugins(), folders.wait())
            }
        };
        match tokio::task::spawn_blocking(look).await {
            Ok((plugins, next)) => {
                publish(plugins);
                wait = next;
            }
            Err(error) if error.is_cancelled() => return,
            Err(error) => {
                tracing::error!("looking for plugins failed, trying again: {error}");
                wait = RESCAN;
            }
        }
    }
}

fn lock(folders: &Mutex<Folders>) -> std::sync::MutexGuard<'_, Folders> {
    folders.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Folders {
    pub(super) fn new(sandbox: Arc<Sandbox>, settings: &settings::Plugins) -> Self {
        // The kernel tells of paths as they were watched.
        let absolute = |dir: &Path| std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let (bundled, users) = (absolute(&settings.bundled_dir), absolute(&settings.dir));
        let folders = Self {
            sandbox,
            eyes: Eyes::open([bundled.clone(), users.clone()]),
            bundled: Folder::new(bundled, settings.bundled.clone()),
            users: Folder::new(users, None),
            beside: BTreeMap::new(),
            again: None,
        };
        for name in settings.bundled.iter().flatten() {
            let file = settings.bundled_dir.join(name).with_extension("wasm");
            if !file.exists() {
                tracing::warn!(
                    "BUNDLED_PLUGINS names {name}, but there is no {}",
                    file.display()
                );
            }
        }
        folders
    }

    /// The first look: what lies there serves before the first event is taken, even if it was just put there.
    pub(super) fn settle(&mut self) {
        for _ in 0..SETTLING {
            self.look();
            match self.again {
                Some(wait) if wait <= STEADY => thread::sleep(wait),
                _ => return,
            }
        }
    }

    pub(super) fn look(&mut self) {
        // Before looking, so that what changes while looking is noticed.
        self.eyes.follow([self.bundled.path(), self.users.path()]);
        let (now, sandbox) = (Instant::now(), self.sandbox.clone());
        let beside = self.users.path().to_owned();
        let load = |name: &str, bytes: &[u8]| load(&sandbox, name, bytes, &beside);
        // Side by side, because what a start waits for is the compiler, and not more of them, because a compiler wants
        // memory. On a thread of its own: a plugin that is loaded is called, and a guest needs the whole of a stack.
        let (bundled, users) = (&mut self.bundled, &mut self.users);
        let (beside_us, again) = thread::scope(|scope| {
            let own = thread::Builder::new().name("plugins".to_owned());
            let bundled = own.spawn_scoped(scope, || bundled.look(now, &load));
            let again = users.look(now, &load);
            let join = |thread: ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            (bundled.map(join), again)
        });
        self.again = again;
        // Where the system gives no thread, after them.
        let bundled = beside_us.unwrap_or_else(|_| self.bundled.look(now, &load));
        sooner(&mut self.again, bundled);
        self.look_beside(now, &beside);
        // Compiling took its time, which counts as waiting.
        self.again = self.again.map(|again| again.saturating_sub(now.elapsed()));
    }

    /// What is in force, by name: a user's plugin hides a bundled one of its name.
    pub(super) fn plugins(&self) -> Vec<Arc<Plugin>> {
        let all = self.bundled.serving().chain(self.users.serving());
        let all: BTreeMap<_, _> = all.collect();
        all.into_values().cloned().collect()
    }

    fn wait(&self) -> Duration {
        let rescan = match self.eyes.blind {
            true => BLIND,
            false => RESCAN,
        };
        self.again.unwrap_or(rescan).min(rescan)
    }

    /// The operator's files count like the plugins' own: when two looks agree.
    fn look_beside(&mut self, now: Instant, dir: &Path) {
        let mut pending = BTreeMap::new();
        for folder in [&mut self.bundled, &mut self.users] {
            let changed: Vec<_> = folder
                .serving()
                .filter_map(|(name, plugin)| {
                    let files = plugin.changed_files(dir)?;
                    Some((name.to_owned(), plugin.clone(), files))
                })
                .collect();
            for (name, plugin, files) in changed {
                let since = match self.beside.get(&name) {
                    Some((seen, since)) if *seen == files => *since,
                    _ => now,
                };
                if now.duration_since(since) >= STEADY {
                    folder.replace(&name, plugin.beside(files));
                } else {
                    pending.insert(name, (files, since));
                    sooner(&mut self.again, Some(STEADY));
                }
            }
        }
        self.beside = pending;
    }
}

/// A file is anybody's: whatever it makes the compiler do, the folder is looked at again.
pub(super) fn load(
    sandbox: &Arc<Sandbox>,
    name: &str,
    bytes: &[u8],
    beside: &Path,
) -> Result<Plugin, String> {
    match catch_unwind(AssertUnwindSafe(|| {
        Plugin::load(sandbox, name, bytes, beside)
    })) {
        Ok(loaded) => loaded.map_err(|refusal| refusal.to_string()),
        Err(_) => Err("the compiler failed on it, please report it with the file".to_owned()),
    }
}

/// The kernel's hints.
struct Eyes {
    changed: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    /// What is watched for each folder: itself, or the nearest that exists above it, as it was when it was begun.
    watched: Vec<Option<Watched>>,
    blind: bool,
}

#[derive(Clone, PartialEq)]
struct Watched {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Eyes {
    fn open(folders: [PathBuf; 2]) -> Self {
        let changed = Arc::new(Notify::new());
        let hint = changed.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| concerns(&event, &folders)) {
                hint.notify_one();
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(
                "plugin folders are looked at every {BLIND:?}, the kernel does not tell of changes: {error}"
            );
        }
        Self {
            changed,
            blind: watcher.is_err(),
            watcher: watcher.ok(),
            watched: Vec::new(),
        }
    }

    /// A folder may come, go, and be replaced by another of its name: a watch does not follow by itself.
    fn follow(&mut self, folders: [&Path; 2]) {
        // Again, because the next folder may have come while the one above it was not watched yet.
        for _ in 0..FOLLOWING {
            let nearest: Vec<_> = folders.into_iter().map(Watched::nearest).collect();
            if self.watcher.is_none() || nearest == self.watched {
                return;
            }
            self.watch(nearest);
        }
    }

    fn watch(&mut self, nearest: Vec<Option<Watched>>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for old in self.watched.drain(..).flatten() {
            // Gone with its folder, mostly.
            let _ = watcher.unwatch(&old.path);
        }
        self.blind = false;
        for watched in nearest.iter().flatten() {
            if let Err(error) = watcher.watch(&watched.path, RecursiveMode::NonRecursive) {
                let path = watched.path.display();
                tracing::warn!(
                    "{path} is looked at every {BLIND:?}, it cannot be watched: {error}"
                );
                self.blind = true;
            }
        }
        self.watched = nearest;
    }
}

impl Watched {
    fn nearest(folder: &Path) -> Option<Self> {
        folder.ancestors().find_map(|path| {
            let meta = fs::metadata(path).ok()?;
            Some(Self {
                path: path.to_owned(),
                device: meta.dev(),
                inode: meta.ino(),
            })
        })
    }
}

/// Whether something may have changed in one of the folders. Looking opens files: telling of that would never end.
/// Above a folder that does not exist yet much may happen that is no concern.
fn concerns(event: &notify::Event, folders: &[PathBuf]) -> bool {
    if let EventKind::Access(access) = event.kind
        && !matches!(access, AccessKind::Close(AccessMode::Write))
    {
        return false;
    }
    let about = |path: &PathBuf| {
        let mut folders = folders.iter();
        folders.any(|folder| path.starts_with(folder) || folder.starts_with(path))
    };
    event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(about)
}
