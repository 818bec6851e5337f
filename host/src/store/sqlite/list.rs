//! Deliveries as people look at them, and those items that no delivery brought.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params, params_from_iter};

use crate::store::{
    Cause, Counts, Filter, Millis, Quarantined, Seq, Source, State, Summary, WaitingOf, page,
};

/// One line of the list, without what waits and what is in quarantine.
pub(super) struct Head {
    pub(super) number: Seq,
    /// What brought it; otherwise it is the item of that number.
    pub(super) is_delivery: bool,
    pub(super) is_done: bool,
    guid: String,
    event: String,
    action: Option<String>,
    repository: Option<String>,
    source: Source,
    received: Millis,
}

/// Which of those that fit are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    All,
    /// With something in quarantine that fits.
    Quarantined,
    /// The same, and what is done and can be had again.
    Replayable,
}

/// A condition with its values, in the order of their question marks.
#[derive(Default)]
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn and_if(&mut self, sql: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.and(sql, [value.into()]);
        }
    }
}

/// The newest first.
pub(super) fn find(db: &Connection, filter: &Filter, of: Of) -> Result<Vec<Head>> {
    let mut found = deliveries(db, filter, of)?;
    found.extend(items(db, filter, of)?);
    found.sort_by_key(|head| std::cmp::Reverse(head.number));
    if filter.limit > 0 {
        found.truncate(filter.limit);
    }
    Ok(found)
}

fn deliveries(db: &Connection, filter: &Filter, of: Of) -> Result<Vec<Head>> {
    let mut fits = Condition::default();
    if !filter.ids.is_empty() {
        let ids = serde_json::to_string(&filter.ids).unwrap_or_default();
        fits.and("guid IN (SELECT value FROM json_each(?))", [ids.into()]);
    }
    fits.and_if("repository = ? COLLATE NOCASE", filter.repository.clone());
    fits.and_if("event = ?", filter.event.clone());
    fits.and_if("received >= ?", filter.since);
    fits.and_if("received < ?", filter.until);
    fits.and_if("number < ?", filter.before);
    // What is open or in quarantine is little, and looked up from there.
    let open = "number IN (SELECT delivery FROM item WHERE delivery IS NOT NULL AND state = 1)";
    let closed = "number IN (SELECT delivery FROM item WHERE delivery IS NOT NULL AND state = 2)";
    match filter.state {
        None => {}
        Some(State::Waiting) => fits.and(open, []),
        Some(State::Quarantined) => {
            fits.and(closed, []);
            fits.and(&format!("NOT {open}"), []);
        }
        Some(State::Done) => fits.and("done IS NOT NULL", []),
    }
    let quarantined = quarantine(filter);
    let among = format!(
        "number IN (SELECT item.delivery FROM quarantine JOIN item ON item.seq = quarantine.item
             WHERE item.delivery IS NOT NULL{})",
        quarantined.sql
    );
    match of {
        Of::All if quarantined.values.is_empty() => {}
        Of::Replayable if page::names_what_is_done(filter) => {
            fits.and(
                &format!("({among} OR (done IS NOT NULL AND kept = 1))"),
                quarantined.values,
            );
        }
        _ => fits.and(&among, quarantined.values),
    }
    let sql = format!(
        "SELECT number, guid, event, action, repository, source, received, done IS NOT NULL AS done
         FROM delivery WHERE 1 = 1{} ORDER BY number DESC LIMIT ?",
        fits.sql
    );
    fits.values.push(limit(filter));
    db.prepare_cached(&sql)?
        .query_map(params_from_iter(fits.values), |row| {
            Ok(Head {
                number: row.get("number")?,
                is_delivery: true,
                is_done: row.get("done")?,
                guid: row.get("guid")?,
                event: row.get("event")?,
                action: row.get("action")?,
                repository: row.get("repository")?,
                source: row.get("source")?,
                received: row.get("received")?,
            })
        })?
        .collect()
}

fn items(db: &Connection, filter: &Filter, of: Of) -> Result<Vec<Head>> {
    if filter.event.is_some() || filter.state == Some(State::Done) {
        return Ok(Vec::new());
    }
    let mut fits = Condition::default();
    if !filter.ids.is_empty() {
        let ids: Vec<_> = filter.ids.iter().filter_map(|id| page::item(id)).collect();
        let ids = serde_json::to_string(&ids).unwrap_or_default();
        fits.and("seq IN (SELECT value FROM json_each(?))", [ids.into()]);
    }
    fits.and_if("whose = ? COLLATE NOCASE", filter.repository.clone());
    fits.and_if("added >= ?", filter.since);
    fits.and_if("added < ?", filter.until);
    fits.and_if("seq < ?", filter.before);
    match filter.state {
        Some(State::Waiting) => fits.and("state = 1", []),
        Some(State::Quarantined) => fits.and("state = 2", []),
        _ => {}
    }
    let quarantined = quarantine(filter);
    if of != Of::All || !quarantined.values.is_empty() {
        let among = format!(
            "seq IN (SELECT item FROM quarantine WHERE 1 = 1{})",
            quarantined.sql
        );
        fits.and(&among, quarantined.values);
    }
    let sql = format!(
        "SELECT seq, whose, source, added FROM item WHERE delivery IS NULL{} ORDER BY seq DESC LIMIT ?",
        fits.sql
    );
    fits.values.push(limit(filter));
    db.prepare_cached(&sql)?
        .query_map(params_from_iter(fits.values), |row| {
            Ok(Head {
                number: row.get("seq")?,
                is_delivery: false,
                is_done: false,
                guid: String::new(),
                event: String::new(),
                action: None,
                repository: row.get("whose")?,
                source: row.get("source")?,
                received: row.get("added")?,
            })
        })?
        .collect()
}

/// Which rows of the quarantine fit.
fn quarantine(filter: &Filter) -> Condition {
    let mut fits = Condition::default();
    fits.and_if("quarantine.class = ?", filter.cause.clone());
    fits.and_if("quarantine.plugin = ?", filter.plugin.clone());
    fits.and_if("quarantine.awaits = ?", filter.awaits.clone());
    fits
}

fn limit(filter: &Filter) -> Value {
    match filter.limit {
        0 => Value::Integer(-1),
        limit => Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)),
    }
}

/// The rows of the quarantine that fit, of one line: item and plugin, in the order of the items.
pub(super) fn pairs(db: &Connection, head: &Head, filter: &Filter) -> Result<Vec<(Seq, String)>> {
    let fits = quarantine(filter);
    let of = match head.is_delivery {
        true => "item.delivery = ?",
        false => "item.seq = ?",
    };
    let sql = format!(
        "SELECT quarantine.item, quarantine.plugin FROM item JOIN quarantine ON quarantine.item = item.seq
         WHERE {of}{} ORDER BY quarantine.item, quarantine.plugin",
        fits.sql
    );
    let values = std::iter::once(Value::Integer(head.number)).chain(fits.values);
    db.prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

pub(super) fn list(db: &Connection, filter: &Filter) -> Result<Vec<Summary>> {
    let found = find(db, filter, Of::All)?;
    found.into_iter().map(|head| summary(db, head)).collect()
}

pub(super) fn show(db: &Connection, id: &str) -> Result<Option<(Summary, Option<Vec<u8>>)>> {
    let one = Filter {
        ids: vec![id.to_owned()],
        limit: 1,
        ..Filter::default()
    };
    let Some(head) = find(db, &one, Of::All)?.into_iter().next() else {
        return Ok(None);
    };
    let packed = match head.is_delivery {
        true => db
            .prepare_cached("SELECT packed FROM payload WHERE delivery = ?1")?
            .query_row([head.number], |row| row.get(0))
            .optional()?,
        false => None,
    };
    Ok(Some((summary(db, head)?, packed)))
}

fn summary(db: &Connection, head: Head) -> Result<Summary> {
    let of = match head.is_delivery {
        true => "delivery = ?1",
        false => "seq = ?1",
    };
    let waiting: Vec<WaitingOf> = db
        .prepare_cached(&format!(
            "SELECT lane, tries, due, why FROM item WHERE {of} AND state = 1 ORDER BY seq"
        ))?
        .query_map([head.number], |row| {
            Ok(WaitingOf {
                subject: row.get(0)?,
                tries: row.get(1)?,
                due: row.get(2)?,
                why: row.get(3)?,
            })
        })?
        .collect::<Result<_>>()?;
    let quarantined: Vec<Quarantined> = db
        .prepare_cached(&format!(
            "SELECT item.lane, quarantine.* FROM item JOIN quarantine ON quarantine.item = item.seq
             WHERE {of} ORDER BY item.seq, quarantine.plugin"
        ))?
        .query_map([head.number], put_aside)?
        .collect::<Result<_>>()?;
    let state = match (waiting.is_empty(), quarantined.is_empty()) {
        (false, _) => State::Waiting,
        (true, false) => State::Quarantined,
        (true, true) => State::Done,
    };
    Ok(Summary {
        number: head.number,
        id: match head.is_delivery {
            true => head.guid,
            false => page::id_of(head.number),
        },
        event: head.event,
        action: head.action,
        repository: head.repository,
        source: head.source,
        received: head.received,
        state,
        waiting,
        quarantined,
    })
}

fn put_aside(row: &Row<'_>) -> Result<Quarantined> {
    let plugin: String = row.get("plugin")?;
    Ok(Quarantined {
        subject: row.get("lane")?,
        plugin: Some(plugin).filter(|plugin| !plugin.is_empty()),
        cause: Cause {
            class: row.get("class")?,
            why: row.get("why")?,
            awaits: row.get("awaits")?,
        },
        at: row.get("at")?,
    })
}

pub(super) fn awaited(db: &Connection) -> Result<Vec<(String, u64)>> {
    db.prepare_cached(
        "SELECT awaits, count(*) FROM quarantine WHERE awaits IS NOT NULL GROUP BY awaits ORDER BY awaits",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?
    .collect()
}

pub(super) fn counts(db: &Connection) -> Result<Counts> {
    let count = |sql: &str| -> Result<u64> {
        db.prepare_cached(sql)?
            .query_row(params![], |row| row.get(0))
            .map(i64::cast_unsigned)
    };
    Ok(Counts {
        deliveries: count("SELECT count(*) FROM delivery")?,
        waiting: count("SELECT count(*) FROM item WHERE state = 1")?,
        quarantined: count("SELECT count(*) FROM quarantine")?,
        entities: count("SELECT count(*) FROM ledger")?,
        undeleted: count("SELECT count(*) FROM ledger WHERE waits IS NOT NULL")?,
    })
}
