//! What a person decides about what was given up: once more, or never mind.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::list::{Head, Of, find, pairs};
use super::session::Write;
use super::{deliveries, items};
use crate::store::{Filter, HELD, Millis, NewItem, Seq, Waiting};

/// The oldest first, so that they wait in the order in which they came.
pub(super) fn replay(
    write: &Write<'_>,
    filter: &Filter,
    now: Millis,
) -> Result<(u64, Vec<Waiting>)> {
    let mut found = find(write.db, filter, Of::Replayable)?;
    found.reverse();
    let (mut count, mut queued) = (0, Vec::new());
    for head in &found {
        if head.is_done {
            let again = deliveries::once_more(write.db, head.number)?;
            count += again.len() as u64;
            queued.extend(once_more(write, head.number, &again, now)?);
            continue;
        }
        for (item, plugins) in by_item(write.db, head, filter)? {
            count += plugins.len() as u64;
            queued.extend(queue(write, item, &plugins, now)?);
        }
    }
    Ok((count, queued))
}

pub(super) fn drop(write: &Write<'_>, filter: &Filter) -> Result<u64> {
    let mut count = 0;
    for head in find(write.db, filter, Of::Quarantined)? {
        for (item, plugins) in by_item(write.db, &head, filter)? {
            count += plugins.len() as u64;
            let at = close(write, item, &plugins)?;
            items::release(write, item, at)?;
        }
    }
    Ok(count)
}

/// How many either of them would be about.
pub(super) fn count(db: &Connection, filter: &Filter, of: Of) -> Result<u64> {
    let mut count = 0;
    for head in find(db, filter, of)? {
        count += match head.is_done {
            true => deliveries::once_more(db, head.number)?.len() as u64,
            false => pairs(db, &head, filter)?.len() as u64,
        };
    }
    Ok(count)
}

/// All the items of a delivery that was done.
fn once_more(
    write: &Write<'_>,
    delivery: Seq,
    again: &[NewItem],
    now: Millis,
) -> Result<Vec<Waiting>> {
    if again.is_empty() {
        return Ok(Vec::new());
    }
    write
        .db
        .prepare_cached("UPDATE delivery SET done = NULL WHERE number = ?1")?
        .execute([delivery])?;
    let insert = |item| items::insert(write, item, Some(delivery), now);
    again.iter().map(insert).collect()
}

/// A new item at the end of the lane stands for what is in quarantine: what came meanwhile goes first. What was held has
/// one of its own: whoever runs that again agrees to it, and to nothing that any other plugin may want.
fn queue(
    write: &Write<'_>,
    seq: Seq,
    plugins: &BTreeSet<String>,
    now: Millis,
) -> Result<Vec<Waiting>> {
    let Some((item, delivery)) = items::once_more(write.db, seq)? else {
        return Ok(Vec::new());
    };
    let held = held(write.db, seq)?;
    let (held, others): (BTreeSet<_>, BTreeSet<_>) =
        (plugins.iter().cloned()).partition(|plugin| held.contains(plugin));
    close(write, seq, plugins)?;
    let mut queued = Vec::new();
    for (plugins, agreed) in [(others, false), (held, true)] {
        if plugins.is_empty() {
            continue;
        }
        let item = NewItem {
            // Who agreed before agreed to what there was then.
            force: agreed,
            // Nothing else of the lane may stand for it.
            merges: item.merges && !agreed,
            plugins: match plugins.contains("") {
                // What did not come to calling plugins is for all that want it, or for those that were meant.
                true => item.plugins.clone(),
                false => Some(plugins),
            },
            ..item.clone()
        };
        queued.push(items::insert(write, &item, delivery, now)?);
    }
    items::release(write, seq, now)?;
    Ok(queued)
}

/// The plugins for which it waits for a person's consent.
fn held(db: &Connection, seq: Seq) -> Result<BTreeSet<String>> {
    db.prepare_cached("SELECT plugin FROM quarantine WHERE item = ?1 AND class = ?2")?
        .query_map(params![seq, HELD], |row| row.get(0))?
        .collect()
}

/// Takes rows out of the quarantine. When the last of them came in.
fn close(write: &Write<'_>, seq: Seq, plugins: &BTreeSet<String>) -> Result<Millis> {
    let mut last = 0;
    for plugin in plugins {
        let at: Option<Millis> = write
            .db
            .prepare_cached("DELETE FROM quarantine WHERE item = ?1 AND plugin = ?2 RETURNING at")?
            .query_row(params![seq, plugin], |row| row.get(0))
            .optional()?;
        last = last.max(at.unwrap_or(0));
    }
    Ok(last)
}

/// What earlier items of a lane left for a plugin is no longer of interest.
pub(super) fn supersede(
    write: &Write<'_>,
    lane: &str,
    before: Seq,
    plugin: &str,
    now: Millis,
) -> Result<()> {
    let earlier: Vec<Seq> = write
        .db
        .prepare_cached(
            "SELECT seq FROM item JOIN quarantine ON quarantine.item = item.seq
             WHERE lane = ?1 AND state = 2 AND seq < ?2 AND plugin = ?3",
        )?
        .query_map(params![lane, before, plugin], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for seq in earlier {
        close(write, seq, &BTreeSet::from([plugin.to_owned()]))?;
        items::release(write, seq, now)?;
    }
    Ok(())
}

fn by_item(
    db: &Connection,
    head: &Head,
    filter: &Filter,
) -> Result<BTreeMap<Seq, BTreeSet<String>>> {
    let mut items: BTreeMap<Seq, BTreeSet<String>> = BTreeMap::new();
    for (item, plugin) in pairs(db, head, filter)? {
        items.entry(item).or_default().insert(plugin);
    }
    Ok(items)
}
