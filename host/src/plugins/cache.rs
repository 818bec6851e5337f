//! Compiled plugins on disk, so that a start does not compile what it compiled before.
//!
//! An entry is machine code that will run outside of the sandbox: the folder must be ours alone, an entry is
//! named after everything it depends on, sealed, written beside and renamed, and never changed in place.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Entries kept, the ones last used. A handful of plugins, each with some versions to go back to.
const ENTRIES: usize = 64;
const SUFFIX: &str = "compiled";
const SEAL: usize = 32;

/// Where compiled plugins lie; without a folder that can be trusted, nowhere.
pub(super) struct Cache {
    dir: Option<Private>,
}

/// A folder that is ours alone, and who we are.
struct Private {
    path: PathBuf,
    uid: u32,
}

impl Cache {
    pub(super) fn open(dir: &Path) -> Self {
        match private(dir) {
            Ok(dir) => Self { dir: Some(dir) },
            Err(reason) => {
                tracing::warn!(
                    "plugins are compiled at every start: the cache {} cannot be used: {reason}",
                    dir.display()
                );
                Self { dir: None }
            }
        }
    }

    /// The first of these folders that can be used, for a command that may find none and compiles then.
    pub(super) fn first_of(dirs: &[PathBuf]) -> Self {
        Self {
            dir: dirs.iter().find_map(|dir| private(dir).ok()),
        }
    }

    /// The component, compiled; and whether that had been done before.
    pub(super) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
    ) -> wasmtime::Result<(Component, bool)> {
        let Some(dir) = &self.dir else {
            return Ok((Component::from_binary(engine, bytes)?, false));
        };
        let name = name(engine, bytes);
        let path = dir.path.join(&name).with_extension(SUFFIX);
        if let Some(component) = load(engine, &name, &path, dir.uid) {
            return Ok((component, true));
        }
        let component = Component::from_binary(engine, bytes)?;
        let stored = component
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| store(&name, &path, &code));
        if let Err(error) = stored {
            tracing::warn!(
                "a compiled plugin could not be kept in {}: {error}",
                dir.path.display()
            );
        }
        prune(&dir.path);
        Ok((component, false))
    }
}

/// What the machine code depends on: the plugin, the compiler (whose release comes with ours), its settings, the CPU.
fn name(engine: &Engine, bytes: &[u8]) -> String {
    struct Feed(Sha256);
    impl Hasher for Feed {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut feed = Feed(Sha256::new());
    feed.0.update(Sha256::digest(bytes));
    feed.0.update(env!("CARGO_PKG_VERSION"));
    engine.precompile_compatibility_hash().hash(&mut feed);
    hex::encode(feed.0.finalize())
}

/// Over the name too, so that one entry does not pass for another.
fn seal(name: &str, code: &[u8]) -> [u8; SEAL] {
    let mut seal = Sha256::new();
    seal.update(name);
    seal.update(code);
    seal.finalize().into()
}

fn load(engine: &Engine, name: &str, path: &Path, uid: u32) -> Option<Component> {
    let mut file = File::open(path).ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.uid() != uid || meta.mode() & 0o022 != 0 {
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let (code, sealed) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
    if seal(name, code) != sealed {
        return None;
    }
    // SAFETY: these bytes are what `Component::serialize` gave under this very name: the seal says that they are
    // whole, and `private` that nobody but this process' user could have put them here.
    #[expect(
        unsafe_code,
        reason = "machine code cannot be verified, only its origin"
    )]
    let component = unsafe { Component::deserialize(engine, code) }.ok()?;
    // So that what is used is not what is pruned. Failing to, it is compiled again some day.
    let _ = file.set_modified(SystemTime::now());
    Some(component)
}

fn store(name: &str, path: &Path, code: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let aside = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
    let written = (|| {
        let mut file = create(&aside)?;
        file.write_all(code)?;
        file.write_all(&seal(name, code))?;
        file.sync_all()?;
        fs::rename(&aside, path)
    })();
    written.inspect_err(|_| drop(fs::remove_file(&aside)))
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The folder exists, is ours, and nobody else can write in it.
fn private(dir: &Path) -> Result<Private, String> {
    let words = |error: io::Error| error.to_string();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(words)?;
    let handle = File::open(dir).map_err(words)?;
    let meta = handle.metadata().map_err(words)?;
    // Who we are, told by a file of ours: the standard library has no other way.
    let probe = dir.join(format!(
        ".probe-{}-{:p}",
        std::process::id(),
        &raw const meta
    ));
    let ours = create(&probe).and_then(|file| file.metadata());
    let _ = fs::remove_file(&probe);
    let uid = ours.map_err(words)?.uid();
    if meta.uid() != uid {
        return Err("it belongs to another user, who could run code in this process".to_owned());
    }
    // Kubernetes gives a volume's files to the pod's `fsGroup`. First shut the others out, then forget what
    // they may have put there.
    if meta.mode() & 0o022 != 0 {
        let shut = handle.set_permissions(Permissions::from_mode(0o700));
        shut.and_then(|()| empty(dir)).map_err(|error| {
            format!("others may write in it, and so run code in this process, and that cannot be mended: {error}")
        })?;
    }
    let path = dir.to_owned();
    Ok(Private { path, uid })
}

/// Folders in it are nothing that is ever read.
fn empty(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Failing to prune does no harm but to the disk: the next try comes with the next plugin.
fn prune(dir: &Path) {
    let Ok(listing) = fs::read_dir(dir) else {
        return;
    };
    let mut entries = Vec::new();
    for entry in listing.flatten() {
        let (path, Ok(used)) = (
            entry.path(),
            entry.metadata().and_then(|meta| meta.modified()),
        ) else {
            continue;
        };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(SUFFIX) => entries.push((used, path)),
            // What a crash left behind, not what another process is writing.
            Some("tmp") if used.elapsed().is_ok_and(|age| age.as_secs() > 3_600) => {
                let _ = fs::remove_file(path);
            }
            _ => {}
        }
    }
    entries.sort();
    let surplus = entries.len().saturating_sub(ENTRIES);
    for (_, path) in &entries[..surplus] {
        let _ = fs::remove_file(path);
    }
}
