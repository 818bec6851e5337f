//! The write-ahead log: copied into the database by the thread that writes, when it is long or there is time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

/// Pages of 4 KiB, so 4 MiB: what an unclean start reads again at least.
const LONG: i64 = 1024;

pub(super) struct Log {
    file: PathBuf,
    /// Nothing was written since it was cut off.
    tidy: bool,
    /// The length from which on it is tried to copy it.
    long: i64,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        let file = PathBuf::from(file);
        let empty = file.metadata().map_or(true, |metadata| metadata.len() == 0);
        Self {
            file,
            tidy: empty,
            long: LONG,
        }
    }

    pub(super) fn is_tidy(&self) -> bool {
        self.tidy
    }

    /// Copies what readers allow, without waiting for them.
    pub(super) fn after_commit(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.tidy = false;
        let (pages, copied) = checkpoint(db, "NOOP")?;
        if pages - copied < self.long {
            return Ok(());
        }
        // Should it fail for want of room, it is not tried again at every commit.
        self.long = pages - copied + LONG;
        let (pages, copied) = checkpoint(db, "PASSIVE")?;
        self.long = pages - copied + LONG;
        Ok(())
    }

    /// Copies all of it and makes the file empty, unless somebody is reading.
    pub(super) fn cut_off(&mut self, db: &Connection) -> rusqlite::Result<()> {
        // Either way there is no need to try again before the next write.
        self.tidy = true;
        db.busy_timeout(Duration::ZERO)?;
        let cut = checkpoint(db, "TRUNCATE");
        db.busy_timeout(super::open::BUSY)?;
        let (_, _) = cut?;
        self.long = LONG;
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        self.tidy = length == 0;
        Ok(())
    }
}

/// Pages in the log, and how many of them have been copied.
fn checkpoint(db: &Connection, mode: &str) -> rusqlite::Result<(i64, i64)> {
    db.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?
        .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}
