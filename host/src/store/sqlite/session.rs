//! What this process knows besides the file: its lease, the next number, and lanes that nobody took over since the start.
//!
//! SQLite has one process. What it inserts it works on itself; what lay there at its start is handed out by `claim`,
//! a lane at a time, and until then whatever comes into such a lane waits behind it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::{Lease, Seq};

/// Where the lease of the last process is kept.
const LEASE: &str = "store/lease";

/// One write within a batch: the open transaction, and the session.
pub(super) struct Write<'a> {
    pub(super) db: &'a Connection,
    pub(super) session: &'a Session,
}

pub(super) struct Session {
    pub(super) lease: Lease,
    next: Cell<Seq>,
    unclaimed: RefCell<Unclaimed>,
}

#[derive(Default)]
struct Unclaimed {
    /// Only of listed subjects, the first item's number, the lane.
    order: BTreeSet<(bool, Seq, String)>,
    lanes: HashMap<String, (bool, Seq)>,
    /// Claimed in the batch under way: put back if that is rolled back.
    claimed: Vec<(bool, Seq, String)>,
}

impl Session {
    pub(super) fn begin(db: &mut Connection) -> rusqlite::Result<Self> {
        let change = db.transaction()?;
        let lease = change.query_row(
            "INSERT INTO mark (name, text) VALUES (?1, '1')
             ON CONFLICT (name) DO UPDATE SET text = CAST(CAST(text AS INTEGER) + 1 AS TEXT)
             RETURNING CAST(text AS INTEGER)",
            [LEASE],
            |row| row.get(0),
        )?;
        let last: Seq = change.query_row(
            "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name IN ('delivery', 'item')",
            [],
            |row| row.get(0),
        )?;
        let mut unclaimed = Unclaimed::default();
        {
            let mut lanes = change.prepare(
                "SELECT lane, MIN(source = ?1), MIN(seq) FROM item WHERE state = 1 GROUP BY lane",
            )?;
            let mut rows = lanes.query(params![crate::store::Source::Listed as i16])?;
            while let Some(row) = rows.next()? {
                unclaimed.put((row.get(1)?, row.get(2)?, row.get(0)?));
            }
        }
        change.commit()?;
        Ok(Self {
            lease,
            next: Cell::new(last + 1),
            unclaimed: RefCell::new(unclaimed),
        })
    }

    /// For a delivery or an item; never used twice, but some are left out.
    pub(super) fn number(&self) -> Seq {
        self.next.replace(self.next.get() + 1)
    }

    /// The lease for an item that was just inserted: `None` where older ones of its lane lie unclaimed.
    pub(super) fn lease_for(&self, lane: &str, live: bool) -> Option<Lease> {
        let mut unclaimed = self.unclaimed.borrow_mut();
        let Some(&(listed, first)) = unclaimed.lanes.get(lane) else {
            return Some(self.lease);
        };
        if live && listed {
            let lane = lane.to_owned();
            unclaimed.order.remove(&(true, first, lane.clone()));
            unclaimed.put((false, first, lane));
        }
        None
    }

    pub(super) fn claim(&self, lanes: usize) -> Vec<String> {
        let mut unclaimed = self.unclaimed.borrow_mut();
        let mut claimed = Vec::new();
        while claimed.len() < lanes
            && let Some(entry) = unclaimed.order.pop_first()
        {
            unclaimed.lanes.remove(&entry.2);
            claimed.push(entry.2.clone());
            unclaimed.claimed.push(entry);
        }
        claimed
    }

    pub(super) fn committed(&self) {
        self.unclaimed.borrow_mut().claimed.clear();
    }

    pub(super) fn rolled_back(&self) {
        let mut unclaimed = self.unclaimed.borrow_mut();
        for entry in std::mem::take(&mut unclaimed.claimed) {
            unclaimed.put(entry);
        }
    }
}

impl Unclaimed {
    fn put(&mut self, entry: (bool, Seq, String)) {
        self.lanes.insert(entry.2.clone(), (entry.0, entry.1));
        self.order.insert(entry);
    }
}

pub(super) fn mark(db: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT text FROM mark WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

pub(super) fn set_mark(db: &Connection, name: &str, text: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO mark (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = excluded.text",
    )?
    .execute([name, text])?;
    Ok(())
}
