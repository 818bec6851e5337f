//! What a database keeps, for whoever checks that nothing is missing; and rows of very many deliveries at once.

use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, params};

use crate::world::{guid, padded};

/// The host's, in its data directory.
pub(crate) const NAME: &str = "portolan.db";

/// Rows of one transaction.
const CHUNK: usize = 100_000;

/// Deliveries of which this is true; it may be in use.
pub(crate) fn deliveries(folder: &Path, which: &str) -> usize {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let counted = Connection::open_with_flags(folder.join(NAME), flags).and_then(|db| {
        let count = format!("SELECT count(*) FROM delivery WHERE {which}");
        db.query_row(&count, [], |row| row.get::<_, u32>(0))
    });
    counted.expect("a database with a table of deliveries") as usize
}

/// A number of seven digits for each of nine million, next to none of its neighbours': GitHub's ids of one kind come
/// from all of GitHub.
pub(crate) fn spread(index: usize) -> usize {
    index * FACTOR % PRIME
}

const FACTOR: usize = 4_567_891;
const PRIME: usize = 8_999_993;

/// As if the host had done these, too: copies of what it wrote about `like`, each with numbers of its own.
/// The payloads are all the same, which nobody reads any more. The host is stopped meanwhile.
pub(crate) fn fill(folder: &Path, like: usize, indices: Range<usize>) -> rusqlite::Result<()> {
    let mut db = Connection::open(folder.join(NAME))?;
    // Whoever fills it waits for the end; nothing has to be safe before.
    db.pragma_update(None, "synchronous", "OFF")?;
    db.pragma_update(None, "cache_size", -1_000_000)?;
    let last: i64 = db.query_row("SELECT max(seq) FROM sqlite_sequence", [], |row| row.get(0))?;
    for (table, which) in [
        ("delivery", "guid = ?1 AND done IS NOT NULL"),
        (
            "payload",
            "delivery = (SELECT number FROM delivery WHERE guid = ?1)",
        ),
        ("subject", "lane LIKE '%/' || ?2"),
        ("ledger", "subject LIKE '%/' || ?2"),
    ] {
        let model = format!(
            "CREATE TEMP TABLE one_{table} AS SELECT * FROM {table} WHERE {which} AND ?1 <> ?2"
        );
        db.execute(&model, [guid(like), padded(like)])?;
    }
    for begin in indices.clone().step_by(CHUNK) {
        let change = db.transaction()?;
        copy(&change, like, last, begin..indices.end.min(begin + CHUNK))?;
        change.commit()?;
    }
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    // What the system still has to write would be in the way of what is measured.
    let synced = std::fs::File::open(folder.join(NAME)).and_then(|file| file.sync_all());
    synced.expect("the disk keeps it");
    Ok(())
}

fn copy(
    change: &Transaction<'_>,
    like: usize,
    last: i64,
    indices: Range<usize>,
) -> rusqlite::Result<()> {
    let id = format!("(1000000 + i * {FACTOR} % {PRIME})");
    // A delivery and its item draw from one sequence.
    let number = "(?2 + 2 * i + 1)";
    for rows in [
        format!(
            "INSERT INTO delivery (number, guid, event, action, repository, source, received, done, kept, touched)
             SELECT {number}, printf('%08x-%04x-4000-9000-%012d', abs(random()) % 4294967296, abs(random()) % 65536, i),
                 event, action, repository, source, received, done, kept, replace(touched, ?1, {id})
             FROM n, one_delivery"
        ),
        format!("INSERT INTO payload (delivery, packed) SELECT {number}, packed FROM n, one_payload"),
        format!(
            "INSERT INTO subject (lane, version, told_by, gone_at, touched)
             SELECT replace(lane, ?1, {id}), version, {number} + 1, gone_at, touched FROM n, one_subject"
        ),
        format!(
            "INSERT INTO ledger (plugin, subject, organization, repository, whose, blueprint, identifier, digest, ours,
                 written)
             SELECT plugin, replace(subject, ?1, {id}), organization, repository, whose, blueprint,
                 replace(identifier, ?1, {id}), digest, ours, written
             FROM n, one_ledger"
        ),
    ] {
        let sql = format!(
            "WITH RECURSIVE n (i) AS (SELECT ?3 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?4) {rows}"
        );
        let (begin, end) = (indices.start as i64, indices.end as i64);
        let made = change.execute(&sql, params![padded(like), last, begin, end])?;
        assert_eq!(made, indices.len(), "what is copied is one row: {rows}");
    }
    Ok(())
}
