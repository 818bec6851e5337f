//! What an image's database says of itself, which deliveries it knows, and whose entities are to a host that was killed.
//! All that is known here of the host's tables stands in the queries.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::model::{BLUEPRINTS, Key};

/// The GUIDs that the host keeps.
const KNOWN: &str = "SELECT guid FROM delivery";

/// Entities that it told Port of, or was about to, without having recorded an answer.
const UNDECIDED: &str = "SELECT blueprint, identifier FROM ledger WHERE ours = 0 AND written = 0";

/// Whether it created the entity, as far as it recorded.
const OWNS: &str =
    "SELECT EXISTS (SELECT 1 FROM ledger WHERE blueprint = ?1 AND identifier = ?2 AND ours = 1)";

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

/// What a host that was killed had recorded of entities. Looking changes nothing: the next one finds its log as it was.
pub(crate) struct Ledger(Connection);

impl Ledger {
    pub(crate) fn of(folder: &Path) -> Result<Self, String> {
        let path = database(folder).ok_or("the host left no database")?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags).and_then(|database| {
            database.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            Ok(Self(database))
        });
        opened.map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn undecided(&self) -> Result<BTreeSet<Key>, String> {
        let read = || -> rusqlite::Result<BTreeSet<Key>> {
            let mut rows = self.0.prepare_cached(UNDECIDED)?;
            let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let keys: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
            let known = |blueprint: &str| BLUEPRINTS.into_iter().find(|known| *known == blueprint);
            let keys = keys.into_iter();
            Ok(keys
                .filter_map(|(blueprint, identifier)| Some((known(&blueprint)?, identifier)))
                .collect())
        };
        read().map_err(|error| error.to_string())
    }

    pub(crate) fn owns(&self, (blueprint, identifier): &Key) -> Result<bool, String> {
        let asked = self.0.prepare_cached(OWNS).and_then(|mut owns| {
            owns.query_row([blueprint, identifier.as_str()], |row| row.get(0))
        });
        asked.map_err(|error| error.to_string())
    }
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
