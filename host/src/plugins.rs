//! The plugins in force: which there are, and how an event is mapped by one.
//!
//! The set is immutable and replaced whole; whoever holds one finishes on it.
//! Nothing here knows GitHub or Port: an event comes in, the contract's plain types go out.

mod breaker;
mod cache;
mod call;
pub mod contract;
mod described;
mod fault;
mod folder;
mod journal;
mod kept;
mod limits;
mod once;
mod opened;
mod operator;
mod plugin;
mod pulse;
mod reload;
mod sandbox;
mod seat;
mod vet;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use cache::Cache;
pub use fault::Fault;
pub use once::{Once, Refused, look_once};
pub use opened::Opened;
pub use plugin::{Instance, Plugin};
use reload::Folders;
use sandbox::Sandbox;

use crate::settings;

/// The plugins in force, kept equal to what lies in the folders for as long as this lives.
pub struct Plugins {
    set: Arc<Current>,
    _reloading: AbortOnDropHandle<()>,
}

struct Current {
    set: ArcSwap<Set>,
    generation: watch::Sender<u64>,
}

/// The plugins at one moment, by name.
#[derive(Default)]
pub struct Set {
    plugins: Vec<Arc<Plugin>>,
}

impl Plugins {
    /// Load what is there and keep watching. A broken plugin is named in the log and left out.
    pub async fn start(settings: &settings::Plugins) -> anyhow::Result<Arc<Self>> {
        let settings = settings.clone();
        let set = Arc::new(Current {
            set: ArcSwap::default(),
            generation: watch::Sender::new(0),
        });
        let start = {
            let set = set.clone();
            move || {
                let sandbox = Sandbox::new(Cache::open(&settings.cache_dir))?;
                let mut folders = Folders::new(sandbox, &settings);
                folders.settle();
                set.publish(folders.plugins());
                anyhow::Ok(folders)
            }
        };
        let folders = tokio::task::spawn_blocking(start).await??;
        let publish = {
            let set = set.clone();
            move |plugins| set.publish(plugins)
        };
        let reloading = AbortOnDropHandle::new(tokio::spawn(reload::keep(folders, publish)));
        Ok(Arc::new(Self {
            set,
            _reloading: reloading,
        }))
    }

    /// The set in force. Take it once per event and finish on it.
    pub fn current(&self) -> Arc<Set> {
        self.set.set.load_full()
    }

    /// Changes with every swap.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.set.generation.subscribe()
    }

    /// Load one file outside any set, as `portolan plugin` and tests do. It runs under the same limits.
    pub async fn load(file: &Path, cache_dir: &Path) -> anyhow::Result<Arc<Plugin>> {
        let (file, cache_dir) = (file.to_owned(), cache_dir.to_owned());
        let load = move || {
            let sandbox = Sandbox::new(Cache::open(&cache_dir))?;
            let bytes = seat::read(&file)?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let beside = file.parent().unwrap_or(Path::new("."));
            Ok(Arc::new(Plugin::load(&sandbox, &name, &bytes, beside)?))
        };
        tokio::task::spawn_blocking(load).await?
    }
}

impl Current {
    fn publish(&self, plugins: Vec<Arc<Plugin>>) {
        let before = self.set.load_full();
        let same = plugins.len() == before.plugins.len()
            && (plugins.iter().zip(&before.plugins)).all(|(a, b)| Arc::ptr_eq(a, b));
        if same {
            return;
        }
        let set = Arc::new(Set { plugins });
        // Before anything is said of it: who reads that a plugin is loaded may rely on it.
        self.set.store(set.clone());
        for plugin in &set.plugins {
            if !before.plugins.iter().any(|old| Arc::ptr_eq(old, plugin)) {
                tracing::info!("loaded plugin {plugin} in {}", plugin.story());
                for doubt in plugin.doubts() {
                    tracing::warn!(
                        plugin = plugin.name,
                        "plugin {plugin} describes kinds: {doubt}"
                    );
                }
            }
        }
        for old in &before.plugins {
            if !set.plugins.iter().any(|plugin| plugin.name == old.name) {
                tracing::info!("unloaded plugin {old}: its file was removed");
            }
        }
        self.generation.send_modify(|generation| *generation += 1);
    }
}

impl Set {
    /// All plugins, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.plugins.iter()
    }

    /// Those that want to be called for this kind of subject.
    pub fn wanting<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Arc<Plugin>> {
        self.iter()
            .filter(move |plugin| plugin.description.kinds.iter().any(|k| k == kind))
    }
}
