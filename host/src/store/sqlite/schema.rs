//! The tables, and how those of an older version become ours.
//!
//! A migration is never changed once it was released; what changes is a new one at the end.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::open::OpenError;

/// The n-th brings version n - 1 to version n.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Says whose file it is: `Prtl`.
const APPLICATION: i32 = 0x5072_746c;

/// Brings a file to the newest version, after a copy of what it was. An empty one is filled.
pub(super) fn bring_up(
    db: &mut Connection,
    file: &Path,
    migrations: &[&str],
) -> Result<(), OpenError> {
    let failed = |why: rusqlite::Error| OpenError::of(file, &why);
    let (found, application) = (pragma(db, "user_version"), pragma(db, "application_id"));
    let (found, application) = (found.map_err(failed)?, application.map_err(failed)?);
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(failed)?;
    if tables > 0 && application != APPLICATION {
        return Err(OpenError::Foreign {
            file: file.to_owned(),
        });
    }
    let known = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    if found > known {
        return Err(OpenError::Newer {
            file: file.to_owned(),
            found,
            known,
        });
    }
    if found == known {
        return Ok(());
    }
    if tables > 0 {
        back_up(db, file, found)?;
    }
    let pending = &migrations[usize::try_from(found).unwrap_or(0)..];
    let migrate = |db: &mut Connection| {
        let change = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        for migration in pending {
            change.execute_batch(migration)?;
        }
        change.pragma_update(None, "application_id", APPLICATION)?;
        change.pragma_update(None, "user_version", known)?;
        change.commit()
    };
    migrate(db).map_err(failed)
}

/// A whole copy beside the file, there only once it is complete.
fn back_up(db: &Connection, file: &Path, version: i32) -> Result<(), OpenError> {
    let beside = |end: &str| {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".v{version}-backup{end}"));
        file.with_file_name(name)
    };
    let (backup, unfinished) = (beside(""), beside("-unfinished"));
    let failed = |why: String| OpenError::Backup {
        backup: backup.clone(),
        why,
    };
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(error.to_string()));
        }
        _ => {}
    }
    let name = unfinished.to_string_lossy();
    db.execute("VACUUM INTO ?1", [name.as_ref()])
        .map_err(|error| failed(error.to_string()))?;
    fs::File::open(&unfinished)
        .and_then(|copy| copy.sync_all())
        .and_then(|()| fs::rename(&unfinished, &backup))
        .map_err(|error| failed(error.to_string()))
}

fn pragma(db: &Connection, name: &str) -> rusqlite::Result<i32> {
    db.pragma_query_value(None, name, |row| row.get(0))
}
