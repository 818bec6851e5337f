//! One file of a plugin folder: what it last was that worked, and when something new in it counts.
//!
//! It counts when two looks agree on it, so that one being written is never taken; one that does not load
//! leaves the last that did. What a plugin is does not matter here.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

/// Two looks that agree on a file are at least so far apart.
pub(super) const STEADY: Duration = Duration::from_millis(100);
/// The same for one that does not load: it may still be arriving, and a slow copy pauses for longer than `STEADY`.
/// Nothing is lost meanwhile, and nobody is told of half a file.
pub(super) const DOUBT: Duration = Duration::from_secs(1);
/// A file last touched longer ago is not being written: at start nobody waits for a second look.
const OLD: Duration = Duration::from_secs(1);
/// The largest plugin, in bytes: a JavaScript mapper has 12 MB.
const SIZE: u64 = 32 << 20;

type Sha = [u8; 32];

/// A file's name, and what sits there.
pub(super) struct Seat<P> {
    pub serving: Option<(Sha, Arc<P>)>,
    /// Said no to, and why was said once.
    pub refused: Option<Sha>,
    pub seen: Option<Sighting<P>>,
    pub gone_since: Option<Instant>,
}

/// New content, tried at once, taken when the next look agrees.
pub(super) struct Sighting<P> {
    content: Sha,
    at: Instant,
    loaded: Result<P, String>,
}

impl<P> Seat<P> {
    /// Look at it. Returns after how long at the latest to look again, where something is pending.
    pub(super) fn look(
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
