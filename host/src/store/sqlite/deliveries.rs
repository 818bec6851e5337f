//! Deliveries coming in. Whatever has a known GUID is the same delivery.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::columns::{Json, Touched};
use super::items;
use super::session::Write;
use crate::store::{Accepted, NewDelivery, NewItem, Seq, Source, Waiting};

pub(super) fn accept(
    write: &Write<'_>,
    delivery: &NewDelivery,
    new: &[NewItem],
) -> Result<Accepted> {
    let known: Option<(Seq, bool, bool)> = write
        .db
        .prepare_cached(
            "SELECT number, kept, EXISTS (SELECT 1 FROM item WHERE delivery = number AND state = 1)
             FROM delivery WHERE guid = ?1",
        )?
        .query_row([&delivery.guid], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    match known {
        None => keep(write, delivery, new).map(Accepted::New),
        Some((_, _, true)) => Ok(Accepted::Waiting),
        Some((number, kept, false)) => {
            again(write, number, kept, delivery, new).map(Accepted::Again)
        }
    }
}

fn keep(write: &Write<'_>, delivery: &NewDelivery, new: &[NewItem]) -> Result<Vec<Waiting>> {
    let number = write.session.number();
    write
        .db
        .prepare_cached(
            "INSERT INTO delivery (number, guid, event, action, repository, source, received, done, kept, touched)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9)",
        )?
        .execute(params![
            number,
            delivery.guid,
            delivery.event,
            delivery.action,
            delivery.repository,
            delivery.source,
            delivery.received,
            new.is_empty().then_some(delivery.received),
            touched(new),
        ])?;
    put_payload(write, number, delivery)?;
    let insert = |item| items::insert(write, item, Some(number), delivery.received);
    new.iter().map(insert).collect()
}

/// What was in quarantine of it is closed: these items stand for it.
fn again(
    write: &Write<'_>,
    number: Seq,
    kept: bool,
    delivery: &NewDelivery,
    new: &[NewItem],
) -> Result<Vec<Waiting>> {
    write
        .db
        .prepare_cached(
            "DELETE FROM quarantine WHERE item IN (SELECT seq FROM item WHERE delivery = ?1)",
        )?
        .execute([number])?;
    write
        .db
        .prepare_cached("DELETE FROM item WHERE delivery = ?1")?
        .execute([number])?;
    if !kept {
        put_payload(write, number, delivery)?;
    }
    let done = new.is_empty().then_some(delivery.received);
    write
        .db
        .prepare_cached("UPDATE delivery SET done = ?2, kept = 1, touched = ?3 WHERE number = ?1")?
        .execute(params![number, done, touched(new)])?;
    let insert = |item: &NewItem| {
        let item = NewItem {
            source: Source::Refresh,
            fresh: true,
            delivery: None,
            ..item.clone()
        };
        items::insert(write, &item, Some(number), delivery.received)
    };
    new.iter().map(insert).collect()
}

fn put_payload(write: &Write<'_>, number: Seq, delivery: &NewDelivery) -> Result<()> {
    write
        .db
        .prepare_cached("INSERT INTO payload (delivery, packed) VALUES (?1, ?2)")?
        .execute(params![number, delivery.payload])?;
    Ok(())
}

fn touched(new: &[NewItem]) -> Json<Vec<Touched>> {
    Json(new.iter().map(Touched::from).collect())
}

/// The items of a delivery that is done, as they were accepted. None where its payload, which names them, is gone.
pub(super) fn once_more(db: &Connection, number: Seq) -> Result<Vec<NewItem>> {
    let touched: Option<Json<Vec<Touched>>> = db
        .prepare_cached("SELECT touched FROM delivery WHERE number = ?1 AND kept = 1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    let touched = touched.map_or_else(Vec::new, |Json(touched)| touched);
    Ok(touched.into_iter().map(NewItem::from).collect())
}

/// Of these GUIDs those that nobody brought yet.
pub(super) fn unknown(db: &Connection, guids: Vec<String>) -> Result<BTreeSet<String>> {
    let mut known = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM delivery WHERE guid = ?1)")?;
    let mut unknown = BTreeSet::new();
    for guid in guids {
        let is_known: bool = known.query_row([&guid], |row| row.get(0))?;
        if !is_known {
            unknown.insert(guid);
        }
    }
    Ok(unknown)
}
