//! Items: from their row's beginning to its end.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::columns::{id, id_if_any, id_of, plugins, plugins_of};
use super::session::Write;
use crate::store::{Kept, Lease, Loaded, Millis, NewItem, Seen, Seq, Source, Waiting};

/// Puts an item at the end of its lane. `brought` is the delivery that it came with.
pub(super) fn insert(
    write: &Write<'_>,
    item: &NewItem,
    brought: Option<Seq>,
    now: Millis,
) -> Result<Waiting> {
    let delivery = match &item.delivery {
        // One whose payload was forgotten meanwhile names nothing any more.
        Some(guid) => reopen(write, guid)?,
        None => brought,
    };
    let seq = write.session.number();
    write
        .db
        .prepare_cached(
            "INSERT INTO item (seq, lane, delivery, source, organization, repository, merges, fresh, force, plugins,
                 subject, whose, added, tries, faults, due, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, 0, 0, 1)",
        )?
        .execute(params![
            seq,
            item.lane,
            delivery,
            item.source,
            id(item.organization),
            item.repository.map(id),
            item.merges,
            item.fresh,
            item.force,
            plugins(&item.plugins),
            item.subject,
            item.whose,
            now,
        ])?;
    Ok(Waiting {
        seq,
        lease: write.session.lease_for(&item.lane, item.source.is_live()),
        lane: item.lane.clone(),
        source: item.source,
        organization: item.organization,
        merges: item.merges,
        tries: 0,
        faults: 0,
        due: 0,
        plugins: item.plugins.clone(),
    })
}

/// A delivery that gets another item is not done.
fn reopen(write: &Write<'_>, guid: &str) -> Result<Option<Seq>> {
    write
        .db
        .prepare_cached(
            "UPDATE delivery SET done = NULL WHERE guid = ?1 AND kept = 1 RETURNING number",
        )?
        .query_row([guid], |row| row.get(0))
        .optional()
}

/// Nothing is to be done about it any more. What is in quarantine keeps its row.
pub(super) fn finish(write: &Write<'_>, seq: Seq, now: Millis) -> Result<()> {
    let kept = write
        .db
        .prepare_cached(
            "UPDATE item SET state = 2
             WHERE seq = ?1 AND state = 1 AND EXISTS (SELECT 1 FROM quarantine WHERE item = ?1)",
        )?
        .execute([seq])?;
    if kept > 0 {
        return Ok(());
    }
    remove(write, seq, 1, now)
}

/// Nothing of it is in quarantine any more: if it was finished but for that, it is finished.
pub(super) fn release(write: &Write<'_>, seq: Seq, now: Millis) -> Result<()> {
    let held: bool = write
        .db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM quarantine WHERE item = ?1)")?
        .query_row([seq], |row| row.get(0))?;
    if held {
        return Ok(());
    }
    remove(write, seq, 2, now)
}

fn remove(write: &Write<'_>, seq: Seq, state: i16, now: Millis) -> Result<()> {
    let delivery: Option<Option<Seq>> = write
        .db
        .prepare_cached("DELETE FROM item WHERE seq = ?1 AND state = ?2 RETURNING delivery")?
        .query_row(params![seq, state], |row| row.get(0))
        .optional()?;
    let Some(Some(delivery)) = delivery else {
        return Ok(());
    };
    write
        .db
        .prepare_cached(
            "UPDATE delivery SET done = ?2
             WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM item WHERE delivery = ?1)",
        )?
        .execute(params![delivery, now])?;
    Ok(())
}

/// The item of a row that is about to be queued once more, its state read anew.
pub(super) fn once_more(db: &Connection, seq: Seq) -> Result<Option<(NewItem, Option<Seq>)>> {
    db.prepare_cached("SELECT * FROM item WHERE seq = ?1")?
        .query_row([seq], |row| {
            let item = NewItem {
                lane: row.get("lane")?,
                source: Source::Refresh,
                organization: id_of(row, "organization")?,
                repository: id_if_any(row, "repository")?,
                merges: row.get("merges")?,
                fresh: true,
                force: row.get("force")?,
                plugins: plugins_of(row, "plugins")?,
                delivery: None,
                subject: row.get("subject")?,
                whose: row.get("whose")?,
            };
            Ok((item, row.get("delivery")?))
        })
        .optional()
}

/// All the open items of lanes that nobody has claimed yet.
pub(super) fn claim(write: &Write<'_>, lanes: usize) -> Result<Vec<Waiting>> {
    let mut claimed = Vec::new();
    for lane in write.session.claim(lanes) {
        let mut items = write
            .db
            .prepare_cached("SELECT * FROM item WHERE lane = ?1 AND state = 1 ORDER BY seq")?;
        for item in items.query_map([lane], |row| waiting(row, write.session.lease))? {
            claimed.push(item?);
        }
    }
    Ok(claimed)
}

fn waiting(row: &Row<'_>, lease: Lease) -> Result<Waiting> {
    Ok(Waiting {
        seq: row.get("seq")?,
        lease: Some(lease),
        lane: row.get("lane")?,
        source: row.get("source")?,
        organization: id_of(row, "organization")?,
        merges: row.get("merges")?,
        tries: row.get("tries")?,
        faults: row.get("faults")?,
        due: row.get("due")?,
        plugins: plugins_of(row, "plugins")?,
    })
}

pub(super) fn load(db: &Connection, seq: Seq) -> Result<Option<Loaded>> {
    db.prepare_cached(
        "SELECT item.subject, item.fresh, item.force, delivery.guid, delivery.event, payload.packed,
             subject.version, subject.gone_at IS NOT NULL AS gone,
             coalesce(subject.told_by = item.seq, 0) AS told
         FROM item
         LEFT JOIN delivery ON delivery.number = item.delivery
         LEFT JOIN payload ON payload.delivery = item.delivery
         LEFT JOIN subject ON subject.lane = item.lane
         WHERE item.seq = ?1 AND item.state = 1",
    )?
    .query_row([seq], |row| {
        let payload: Option<Vec<u8>> = row.get("packed")?;
        let delivery = match payload {
            Some(payload) => Some(Kept {
                guid: row.get("guid")?,
                event: row.get("event")?,
                payload,
            }),
            None => None,
        };
        Ok(Loaded {
            delivery,
            subject: row.get("subject")?,
            fresh: row.get("fresh")?,
            force: row.get("force")?,
            told: row.get("told")?,
            seen: Seen {
                version: row.get("version")?,
                gone: row.get("gone")?,
            },
        })
    })
    .optional()
}
