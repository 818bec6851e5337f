//! The plugins as they lie in the folders now, for a command that ends: loaded once, and nothing is watched.
//!
//! Which of two of one name serves is decided as for a host that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::Cache;
use super::plugin::Plugin;
use super::sandbox::Sandbox;
use super::{folder, reload, seat};
use crate::settings;

/// What was found.
pub struct Once {
    /// By name.
    pub plugins: Vec<Arc<Plugin>>,
    pub refused: Vec<Refused>,
}

/// A file that does not become a plugin, or a folder that cannot be read, and why.
pub struct Refused {
    pub path: PathBuf,
    pub why: String,
}

/// Load what lies there: all of it, or of these names. The first cache that can be used keeps what was compiled;
/// without any it is compiled each time. Blocks.
pub fn look_once(
    settings: &settings::Plugins,
    caches: &[PathBuf],
    names: &BTreeSet<String>,
) -> anyhow::Result<Once> {
    let sandbox = Sandbox::new(Cache::first_of(caches))?;
    let mut refused = Vec::new();
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let bundled = |name: &String| {
        let chosen = settings.bundled.as_ref();
        chosen.is_none_or(|chosen| chosen.contains(name))
    };
    // A user's hides a bundled one, unless it is none.
    for (dir, serves) in [
        (
            &settings.dir,
            &(|_: &String| true) as &dyn Fn(&String) -> bool,
        ),
        (&settings.bundled_dir, &bundled),
    ] {
        match folder::list(dir) {
            Ok(listed) => {
                for (name, path) in listed {
                    if serves(&name) && (names.is_empty() || names.contains(&name)) {
                        files.entry(name).or_default().push(path);
                    }
                }
            }
            Err(error) => refused.push(Refused {
                path: dir.clone(),
                why: error.to_string(),
            }),
        }
    }
    let mut plugins = Vec::with_capacity(files.len());
    for (name, paths) in files {
        for path in paths {
            match load(&sandbox, &name, &path, &settings.dir) {
                Ok(plugin) => {
                    plugins.push(Arc::new(plugin));
                    break;
                }
                Err(why) => refused.push(Refused { path, why }),
            }
        }
    }
    Ok(Once { plugins, refused })
}

fn load(sandbox: &Arc<Sandbox>, name: &str, path: &Path, beside: &Path) -> Result<Plugin, String> {
    let bytes = seat::read(path).map_err(|error| error.to_string())?;
    reload::load(sandbox, name, &bytes, beside)
}
