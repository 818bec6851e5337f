//! A small disk of its own: a file system in memory, which can be filled.
//!
//! Only root may mount one: the sentence of an error says why there is none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Gone with this.
pub struct Mount(TempDir);

impl Mount {
    /// With these options of tmpfs, such as `size=32m`.
    pub fn of(options: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(folder.path());
        let done = mount.output().map_err(|error| format!("mount: {error}"))?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).trim().to_owned());
        }
        Ok(Self(folder))
    }

    pub fn read_only() -> Result<Self, String> {
        Self::of("size=1m,ro")
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a name takes no room");
        for block in [64 * 1024, 512] {
            while filler.write_all(&vec![7; block]).is_ok() {}
        }
    }

    /// Gives back what was taken.
    pub fn make_room(&self) {
        fs::remove_file(self.filler()).expect("it was filled before");
    }

    fn filler(&self) -> PathBuf {
        self.folder().join("filler")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Also while somebody has it open.
        let _ = Command::new("umount").arg("-l").arg(self.folder()).status();
    }
}
