//! A folder's whole content, to see whether anything in it was changed.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Files and links, folders not counted.
    pub count: usize,
    pub bytes: u64,
    /// SHA-256 over every path with its kind, mode, owner, time of change and content.
    pub digest: String,
}

impl Files {
    pub(super) fn of(root: &Path) -> anyhow::Result<Self> {
        let mut files = Self {
            count: 0,
            bytes: 0,
            digest: String::new(),
        };
        let mut hash = Sha256::new();
        files.add(root, &mut hash)?;
        files.digest = hex::encode(hash.finalize());
        Ok(files)
    }

    fn add(&mut self, path: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
        let about = fs::symlink_metadata(path)?;
        hash.update(path.as_os_str().as_bytes());
        let (mode, changed) = (about.mode(), (about.mtime(), about.mtime_nsec()));
        hash.update(format!(
            " {mode:o} {} {} {changed:?}\n",
            about.uid(),
            about.gid()
        ));
        if about.is_dir() {
            let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
            let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
            entries.sort();
            return entries.iter().try_for_each(|entry| self.add(entry, hash));
        }
        self.count += 1;
        if about.is_symlink() {
            hash.update(fs::read_link(path)?.as_os_str().as_bytes());
        } else {
            self.bytes += about.len();
            hash.update(fs::read(path)?);
        }
        Ok(())
    }
}
