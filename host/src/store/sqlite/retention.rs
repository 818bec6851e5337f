//! What is forgotten, and when. A little at a call, so that the writer is never away for long.

use rusqlite::{Result, params};

use super::session::Write;
use crate::store::{Millis, retention};

/// Whether there may be more.
pub(super) fn compact(write: &Write<'_>, now: Millis) -> Result<bool> {
    let mut room = retention::ROWS;
    for step in [unpack, forget_deliveries, forget_subjects] {
        room -= step(write, now, room)?.min(room);
        if room == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unpack(write: &Write<'_>, now: Millis, rows: usize) -> Result<usize> {
    let old: Vec<i64> = write
        .db
        .prepare_cached(
            "SELECT number FROM delivery WHERE kept = 1 AND done <= ?1 ORDER BY done, number LIMIT ?2",
        )?
        .query_map(params![now - retention::PAYLOAD, limit(rows)], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for number in &old {
        write
            .db
            .prepare_cached("DELETE FROM payload WHERE delivery = ?1")?
            .execute([number])?;
        write
            .db
            .prepare_cached("UPDATE delivery SET kept = 0 WHERE number = ?1")?
            .execute([number])?;
    }
    Ok(old.len())
}

fn forget_deliveries(write: &Write<'_>, now: Millis, rows: usize) -> Result<usize> {
    write
        .db
        .prepare_cached(
            "DELETE FROM delivery WHERE number IN (
                 SELECT number FROM delivery WHERE kept = 0 AND done <= ?1 ORDER BY done, number LIMIT ?2)",
        )?
        .execute(params![now - retention::DELIVERY, limit(rows)])
}

/// A subject of which the ledger holds something is looked at again as late as if it had been touched.
fn forget_subjects(write: &Write<'_>, now: Millis, rows: usize) -> Result<usize> {
    let old: Vec<String> = write
        .db
        .prepare_cached(
            "SELECT lane FROM subject WHERE touched <= ?1 ORDER BY touched, lane LIMIT ?2",
        )?
        .query_map(params![now - retention::SUBJECT, limit(rows)], |row| {
            row.get(0)
        })?
        .collect::<Result<_>>()?;
    for lane in &old {
        let forgotten = write
            .db
            .prepare_cached(
                "DELETE FROM subject
                 WHERE lane = ?1 AND NOT EXISTS (SELECT 1 FROM ledger WHERE subject = ?1)",
            )?
            .execute([lane])?;
        if forgotten == 0 {
            write
                .db
                .prepare_cached("UPDATE subject SET touched = ?2 WHERE lane = ?1")?
                .execute(params![lane, now])?;
        }
    }
    Ok(old.len())
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
