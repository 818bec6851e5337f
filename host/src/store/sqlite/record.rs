//! What was done about an item, in one piece.

use rusqlite::{Result, params};

use super::columns::plugins;
use super::session::Write;
use super::writer::Failed;
use super::{items, ledger, quarantine};
use crate::store::{Error, Millis, Progress, Quarantine, Rest, Seen, Seq, Waiting};

pub(super) fn record(write: &Write<'_>, progress: &Progress) -> Result<Vec<Waiting>, Failed> {
    if progress.lease != write.session.lease {
        return Err(Failed::Refused(Error::Lease));
    }
    let (seq, now) = (progress.item, progress.now);
    for change in &progress.ledger {
        ledger::apply(write.db, change)?;
    }
    if let Some(seen) = &progress.seen {
        remember(write, progress, seen)?;
    }
    for given_up in &progress.quarantine {
        put_aside(write, seq, given_up, now)?;
    }
    for plugin in &progress.supersedes {
        quarantine::supersede(write, &progress.lane, seq, plugin, now)?;
    }
    for older in &progress.stood_for {
        items::finish(write, *older, now)?;
    }
    // Before the item's end, so that a delivery that leads to more is not done in between.
    let add = |item| items::insert(write, item, None, now);
    let added = progress.adds.iter().map(add).collect::<Result<_>>()?;
    match &progress.rest {
        Rest::InHand => {}
        Rest::Waits {
            plugins: still,
            tries,
            faults,
            due,
            why,
        } => {
            write
                .db
                .prepare_cached(
                    "UPDATE item SET plugins = ?2, tries = ?3, faults = ?4, due = ?5, why = ?6
                     WHERE seq = ?1 AND state = 1",
                )?
                .execute(params![seq, plugins(still), tries, faults, due, why])?;
        }
        Rest::Done => items::finish(write, seq, now)?,
    }
    Ok(added)
}

/// A version gives way to a newer one alone, and an older one says nothing about what is there now. What is gone keeps
/// its version, so that what was under way before is known as older.
fn remember(write: &Write<'_>, progress: &Progress, seen: &Seen) -> Result<()> {
    let (lane, now) = (&progress.lane, progress.now);
    write
        .db
        .prepare_cached(
            "INSERT INTO subject (lane, version, gone_at, touched, told_by)
             VALUES (?1, ?2, CASE WHEN ?3 THEN ?4 END, ?4, CASE WHEN ?2 IS NOT NULL THEN ?5 END)
             ON CONFLICT (lane) DO UPDATE SET
                 gone_at = CASE
                     WHEN ?3 THEN ?4
                     WHEN excluded.version < subject.version THEN gone_at
                 END,
                 version = CASE
                     WHEN excluded.version IS NULL OR excluded.version < subject.version THEN subject.version
                     ELSE excluded.version
                 END,
                 told_by = CASE
                     WHEN excluded.version IS NULL OR excluded.version < subject.version THEN subject.told_by
                     ELSE excluded.told_by
                 END,
                 touched = ?4",
        )?
        .execute(params![lane, seen.version, seen.gone, now, progress.item])?;
    Ok(())
}

/// An item that is finished already has no row to hold it.
fn put_aside(write: &Write<'_>, seq: Seq, given_up: &Quarantine, now: Millis) -> Result<()> {
    let cause = &given_up.cause;
    write
        .db
        .prepare_cached(
            "INSERT INTO quarantine (item, plugin, class, why, awaits, at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM item WHERE seq = ?1)
             ON CONFLICT (item, plugin) DO UPDATE SET
                 class = excluded.class, why = excluded.why, awaits = excluded.awaits, at = excluded.at",
        )?
        .execute(params![
            seq,
            given_up.plugin.as_deref().unwrap_or(""),
            cause.class,
            cause.why,
            cause.awaits,
            now
        ])?;
    Ok(())
}
