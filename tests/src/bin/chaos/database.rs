//! What an image's database says of itself, and which deliveries it knows.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// The GUIDs that the host keeps; the one thing about its tables that is known here.
const KNOWN: &str = "SELECT guid FROM delivery";

/// The deliveries that a data directory knows. None where there is no database yet.
/// The sentence of an error says what is wrong with it.
pub(crate) fn deliveries(folder: &Path) -> Result<BTreeSet<String>, String> {
    let Some(path) = database(folder) else {
        return Ok(BTreeSet::new());
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let said = |error: rusqlite::Error| format!("{name}: {error}");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(&path, flags).map_err(said)?;
    // The image is thrown away: nothing has to be safe in it.
    database
        .pragma_update(None, "synchronous", "OFF")
        .map_err(said)?;
    let mut check = database.prepare("PRAGMA integrity_check").map_err(said)?;
    let found = check.query_map([], |row| row.get::<_, String>(0));
    let found: Vec<String> = found.and_then(Iterator::collect).map_err(said)?;
    if found != ["ok"] {
        return Err(format!("{name} is damaged: {}", found.join("; ")));
    }
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'delivery'";
    let tables: i64 = database
        .query_row(tables, [], |row| row.get(0))
        .map_err(said)?;
    if tables == 0 {
        return Ok(BTreeSet::new());
    }
    let mut known = database.prepare(KNOWN).map_err(said)?;
    let known = known.query_map([], |row| row.get::<_, String>(0));
    known.and_then(Iterator::collect).map_err(said)
}

/// The file that begins as SQLite's do.
fn database(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| {
        let mut begin = [0; 16];
        let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin));
        read.is_ok() && &begin == b"SQLite format 3\0"
    })
}
