//! From a folder to connections: the lock, the look at what is there, and every way in which that can fail as a sentence.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tracing::{info, warn};

use super::{full, schema};
use crate::store::Error;

const DATABASE: &str = "portolan.db";
const LOCK: &str = "portolan.lock";

/// Whoever looks into the file with a tool of their own may hold us up for so long.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the data directory {} cannot be used ({why}): DATA_DIR must name a folder that this process may write to",
        folder.display()
    )]
    Folder { folder: PathBuf, why: String },
    #[error(
        "the data directory {} is in use by another Portolan ({who}): stop that one first, or give this one a \
         DATA_DIR of its own",
        folder.display()
    )]
    Locked { folder: PathBuf, who: String },
    #[error(
        "{} is damaged ({why}): put a backup in its place, or move it away with its -wal to begin anew; then every \
         repository is taken in again, and what waited is lost",
        file.display()
    )]
    Damaged { file: PathBuf, why: String },
    #[error(
        "{} was written by a newer Portolan (its version is {found}, this one knows {known}): run that one, or put \
         the backup it made in its place",
        file.display()
    )]
    Newer {
        file: PathBuf,
        found: i32,
        known: i32,
    },
    #[error("{} is a database, but none of Portolan's: move it away, or set DATA_DIR to another folder", file.display())]
    Foreign { file: PathBuf },
    #[error(
        "an older store must be migrated, and the backup before it failed ({}: {why}): make room or correct the \
         folder's permissions; the store is as it was",
        backup.display()
    )]
    Backup { backup: PathBuf, why: String },
    #[error("no room is left for {} ({why}): make some on its disk", file.display())]
    NoRoom { file: PathBuf, why: String },
    #[error("{} cannot be opened ({why}): look at the folder's permissions and the room on its disk", file.display())]
    Failed { file: PathBuf, why: String },
}

impl OpenError {
    pub(super) fn of(file: &Path, error: &rusqlite::Error) -> Self {
        let (file, why) = (file.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { file, why }
            }
            _ => match full::verdict(error, file.parent().unwrap_or(Path::new("."))) {
                Error::Full(why) => Self::NoRoom { file, why },
                _ => Self::Failed { file, why },
            },
        }
    }
}

/// A store's files, held by this process alone.
pub(super) struct Opened {
    pub(super) folder: PathBuf,
    pub(super) file: PathBuf,
    pub(super) lock: Lock,
    pub(super) writer: Connection,
    pub(super) readers: [Connection; 2],
}

pub(super) fn open(folder: &Path, migrations: &[&str]) -> Result<Opened, OpenError> {
    let file = folder.join(DATABASE);
    let failed = |why: rusqlite::Error| OpenError::of(&file, &why);
    let (lock, unclean) = Lock::take(folder)?;
    let existed = file.exists();
    if !existed {
        // Payloads are nobody else's business; SQLite's other files take after this one.
        let mut private = File::options();
        private.write(true).create(true).truncate(false).mode(0o600);
        private.open(&file).map_err(|error| OpenError::Failed {
            file: file.clone(),
            why: error.to_string(),
        })?;
    }
    let mut writer = Connection::open(&file).map_err(failed)?;
    set_up(&writer).map_err(failed)?;
    let mode = writer.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
    let mode = mode.map_err(failed)?;
    if mode != "wal" {
        // In any other mode the last commits may be undone when the power goes.
        return Err(OpenError::Failed {
            file: file.clone(),
            why: format!(
                "SQLite keeps no write-ahead log there, only `{mode}`: use a local disk, no network file system"
            ),
        });
    }
    if existed && unclean {
        info!(
            "the last run was not ended in order: looking through {}",
            file.display()
        );
        look_through(&writer, &file)?;
    }
    schema::bring_up(&mut writer, &file, migrations)?;
    let reader = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&file, flags)?;
        on_any(&reader)?;
        reader.set_prepared_statement_cache_capacity(64);
        Ok(reader)
    };
    let readers = [reader().map_err(failed)?, reader().map_err(failed)?];
    Ok(Opened {
        folder: folder.to_owned(),
        file,
        lock,
        writer,
        readers,
    })
}

/// What holds for those that read as for the one that writes.
fn on_any(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    // Whoever closes it in order checkpoints first; the next one reads the log whatever the end was.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A prepared statement keeps its plan. Otherwise SQLite parses and plans anew at each new value that might have
    // led to another one, which here was at every question to the ledger.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    on_any(db)?;
    // To its end: the row comes before the commit, and without that SQLite itself takes the mode for changed.
    let mut change = db.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = change.query([])?;
    // Where it cannot be, SQLite says so by the mode that it stays in.
    while rows.next()?.is_some() {}
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "cache_size", -16_384)?;
    // The writer looks after the log itself, between commits.
    db.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    db.pragma_update_and_check(None, "journal_size_limit", 16 << 20, |_| Ok(()))?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Structure only: what `integrity_check` adds, indices against tables, takes as long again.
fn look_through(db: &Connection, file: &Path) -> Result<(), OpenError> {
    let verdict: rusqlite::Result<String> =
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(why) => Err(OpenError::Damaged {
            file: file.to_owned(),
            why,
        }),
        Err(error) => Err(OpenError::of(file, &error)),
    }
}

/// The folder is this process's. Its file names the process while it runs, and is empty after an end in order.
pub(super) struct Lock(File);

impl Lock {
    /// Whether the last one who had it did not end in order, too.
    fn take(folder: &Path) -> Result<(Self, bool), OpenError> {
        let unusable = |error: std::io::Error| OpenError::Folder {
            folder: folder.to_owned(),
            why: error.to_string(),
        };
        fs::create_dir_all(folder).map_err(unusable)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(folder.join(LOCK)).map_err(unusable)?;
        let mut text = String::new();
        let locked = file.try_lock();
        // Whatever is in it, it only tells people who.
        let _ = file.read_to_string(&mut text);
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let who = match text.trim() {
                    "" => "its process is not known".to_owned(),
                    pid => format!("process {pid}"),
                };
                return Err(OpenError::Locked {
                    folder: folder.to_owned(),
                    who,
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())?;
            file.sync_all()
        };
        match write(&mut file) {
            // On a full disk what is there can still be worked on.
            Err(error) if full::is_no_room(&error) => {
                warn!("{}: {error}", folder.join(LOCK).display());
            }
            written => written.map_err(unusable)?,
        }
        Ok((Self(file), !text.is_empty()))
    }

    /// Everything is in its place: the next one need not look through it.
    pub(super) fn end_in_order(self) {
        if let Err(error) = self.0.set_len(0) {
            warn!("the store's lock cannot be emptied ({error}): the next start looks through it");
        }
    }
}
