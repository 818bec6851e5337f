//! The ledger's rows.

use std::collections::BTreeSet;

use rusqlite::{Connection, Result, params};

use super::columns::{id, id_if_any, id_of};
use crate::store::row::{GROUPS, IDENTIFIERS};
use crate::store::{Change, Producers, Row, Undeleted};

pub(super) fn apply(db: &Connection, change: &Change) -> Result<()> {
    match change {
        Change::Put(row) => db
            .prepare_cached(
                "INSERT INTO ledger (plugin, subject, organization, repository, whose, blueprint, identifier, digest,
                     ours, written, waits)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (subject, plugin, blueprint, identifier) DO UPDATE SET
                     organization = excluded.organization, repository = excluded.repository, whose = excluded.whose,
                     digest = excluded.digest, ours = excluded.ours, written = excluded.written,
                     waits = excluded.waits",
            )?
            .execute(params![
                row.plugin,
                row.subject,
                id(row.organization),
                row.repository.map(id),
                row.whose,
                row.blueprint,
                row.identifier,
                row.digest,
                row.ours,
                row.written,
                row.waits,
            ])?,
        Change::Remove {
            plugin,
            subject,
            blueprint,
            identifier,
        } => db
            .prepare_cached(
                "DELETE FROM ledger
                 WHERE subject = ?2 AND plugin = ?1 AND blueprint = ?3 AND identifier = ?4",
            )?
            .execute(params![plugin, subject, blueprint, identifier])?,
        Change::Forget {
            plugin,
            subject,
            blueprint,
            identifier,
        } => db
            .prepare_cached(
                "UPDATE ledger SET digest = NULL
                 WHERE blueprint = ?3 AND identifier = ?4 AND NOT (plugin = ?1 AND subject = ?2)",
            )?
            .execute(params![plugin, subject, blueprint, identifier])?,
        Change::Inherit {
            blueprint,
            identifier,
        } => db
            .prepare_cached("UPDATE ledger SET ours = 1 WHERE blueprint = ?1 AND identifier = ?2")?
            .execute(params![blueprint, identifier])?,
    };
    Ok(())
}

pub(super) fn producers(
    db: &Connection,
    plugin: &str,
    subject: &str,
    mut keys: BTreeSet<(String, String)>,
) -> Result<Producers> {
    let own: Vec<Row> = db
        .prepare_cached(
            "SELECT * FROM ledger WHERE subject = ?2 AND plugin = ?1 ORDER BY blueprint, identifier",
        )?
        .query_map([plugin, subject], row)?
        .collect::<Result<_>>()?;
    keys.extend(
        own.iter()
            .map(|row| (row.blueprint.clone(), row.identifier.clone())),
    );
    let mut statement = db.prepare_cached(
        "SELECT * FROM ledger
         WHERE blueprint = ?1 AND identifier = ?2 AND NOT (plugin = ?3 AND subject = ?4)
         ORDER BY plugin, subject",
    )?;
    let mut others = Vec::new();
    for (blueprint, identifier) in &keys {
        for other in statement.query_map([blueprint, identifier, plugin, subject], row)? {
            others.push(other?);
        }
    }
    Ok(Producers { own, others })
}

fn row(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row {
        plugin: row.get("plugin")?,
        subject: row.get("subject")?,
        organization: id_of(row, "organization")?,
        repository: id_if_any(row, "repository")?,
        whose: row.get("whose")?,
        blueprint: row.get("blueprint")?,
        identifier: row.get("identifier")?,
        digest: row.get("digest")?,
        ours: row.get("ours")?,
        written: row.get("written")?,
        waits: row.get("waits")?,
    })
}

pub(super) fn held(db: &Connection, plugin: &str, organization: u64) -> Result<u64> {
    db.prepare_cached("SELECT count(*) FROM ledger WHERE plugin = ?1 AND organization = ?2")?
        .query_row(params![plugin, id(organization)], |row| row.get(0))
        .map(i64::cast_unsigned)
}

pub(super) fn undeleted(db: &Connection) -> Result<Vec<Undeleted>> {
    let mut first = db.prepare_cached(
        "SELECT identifier FROM ledger
         WHERE plugin = ?1 AND subject = ?2 AND blueprint = ?3 AND waits = ?4 ORDER BY identifier LIMIT ?5",
    )?;
    let mut groups: Vec<Undeleted> = db
        .prepare_cached(
            "SELECT plugin, subject, max(whose) AS whose, blueprint, waits, count(*) AS count
             FROM ledger WHERE waits IS NOT NULL
             GROUP BY plugin, subject, blueprint, waits ORDER BY plugin, subject, blueprint, waits LIMIT ?1",
        )?
        .query_map([GROUPS], |row| {
            Ok(Undeleted {
                plugin: row.get("plugin")?,
                subject: row.get("subject")?,
                whose: row.get("whose")?,
                blueprint: row.get("blueprint")?,
                why: row.get("waits")?,
                identifiers: Vec::new(),
                count: row.get::<_, i64>("count")?.cast_unsigned(),
            })
        })?
        .collect::<Result<_>>()?;
    for group in &mut groups {
        let of = params![
            group.plugin,
            group.subject,
            group.blueprint,
            group.why,
            IDENTIFIERS
        ];
        let found = first.query_map(of, |row| row.get(0))?;
        group.identifiers = found.collect::<Result<_>>()?;
    }
    Ok(groups)
}

pub(super) fn subjects(db: &Connection, repository: u64) -> Result<Vec<(String, String)>> {
    db.prepare_cached(
        "SELECT subject, plugin FROM ledger WHERE repository = ?1
         UNION SELECT lane, '' FROM item WHERE repository = ?1 AND state = 1
         ORDER BY 1, 2",
    )?
    .query_map([id(repository)], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}
