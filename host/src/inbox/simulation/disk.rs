//! A store whose last writes a crash may lose, and the checks of what must never be lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::checks::Violation;
use super::github::Told;
use crate::store::{Millis, Progress, Rest, Seen, Seq, Source, Waiting};

pub(super) const PLUGINS: [&str; 3] = ["a", "b", "c"];

/// What survives a crash.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) deliveries: HashSet<u64>,
    pub(super) items: BTreeMap<Seq, Row>,
    pub(super) seen: BTreeMap<usize, Seen>,
    pub(super) quarantine: Vec<Aside>,
    last: Seq,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The GUID that brought it.
    pub(super) guid: Option<u64>,
    pub(super) subject: usize,
    pub(super) lane: String,
    pub(super) organization: u64,
    pub(super) source: Source,
    pub(super) merges: bool,
    pub(super) told: Option<Told>,
    pub(super) plugins: Option<BTreeSet<String>>,
    pub(super) tries: u32,
    pub(super) faults: u32,
    pub(super) due: Millis,
    /// Plugins that are not done with it.
    pub(super) open_for: BTreeSet<String>,
}

pub(super) struct Aside {
    pub(super) row: Row,
    pub(super) plugin: Option<String>,
    pub(super) class: String,
}

impl Disk {
    /// What the host holds of the item from now on; `None` where its delivery is known and waits.
    pub(super) fn accept(&mut self, mut row: Row) -> Option<Waiting> {
        if let Some(guid) = row.guid
            && !self.deliveries.insert(guid)
        {
            if self.items.values().any(|item| item.guid == Some(guid)) {
                return None;
            }
            // It was done: its subject is read anew.
            row.source = Source::Refresh;
            row.told = None;
        }
        self.last += 1;
        let waiting = waiting(self.last, &row);
        self.items.insert(self.last, row);
        Some(waiting)
    }

    /// `settled` are the plugins that were done with the item this time.
    pub(super) fn record(
        &mut self,
        subject: usize,
        progress: &Progress,
        settled: &BTreeSet<String>,
    ) -> Result<(), Violation> {
        for older in &progress.stood_for {
            self.items.remove(older);
        }
        if let Some(new) = &progress.seen {
            let seen = self.seen.entry(subject).or_default();
            seen.version = seen.version.take().max(new.version.clone());
            seen.gone |= new.gone;
        }
        let Some(row) = self.items.get_mut(&progress.item) else {
            return Ok(());
        };
        row.open_for.retain(|plugin| !settled.contains(plugin));
        for aside in &progress.quarantine {
            let given_up = |plugin: &String| aside.plugin.as_ref().is_none_or(|one| one == plugin);
            row.open_for.retain(|plugin| !given_up(plugin));
            self.quarantine.push(Aside {
                row: row.clone(),
                plugin: aside.plugin.clone(),
                class: aside.cause.class.clone(),
            });
        }
        match &progress.rest {
            Rest::InHand => {}
            Rest::Done if !row.open_for.is_empty() => {
                return Err(format!(
                    "item {} is done and {:?} never were",
                    progress.item, row.open_for
                ));
            }
            Rest::Done => {
                self.items.remove(&progress.item);
            }
            Rest::Waits {
                plugins,
                tries,
                faults,
                due,
                ..
            } => {
                row.plugins.clone_from(plugins);
                (row.tries, row.faults, row.due) = (*tries, *faults, *due);
            }
        }
        Ok(())
    }

    pub(super) fn open(&self) -> Vec<Waiting> {
        let open = self.items.iter();
        open.map(|(seq, row)| waiting(*seq, row)).collect()
    }

    /// All that is in quarantine once more, its state read anew.
    pub(super) fn replay(&mut self) -> Vec<Waiting> {
        let asides = std::mem::take(&mut self.quarantine);
        let again = asides.into_iter().map(|aside| {
            self.last += 1;
            let plugins = match aside.plugin {
                Some(plugin) => Some(BTreeSet::from([plugin])),
                None => aside.row.plugins,
            };
            let row = Row {
                open_for: plugins.clone().unwrap_or_else(all),
                guid: None,
                source: Source::Refresh,
                told: None,
                plugins,
                tries: 0,
                faults: 0,
                due: 0,
                ..aside.row
            };
            let waiting = waiting(self.last, &row);
            self.items.insert(self.last, row);
            waiting
        });
        again.collect()
    }
}

/// Every plugin there is.
pub(super) fn all() -> BTreeSet<String> {
    PLUGINS.map(str::to_owned).into()
}

fn waiting(seq: Seq, row: &Row) -> Waiting {
    Waiting {
        seq,
        lease: Some(1),
        lane: row.lane.clone(),
        source: row.source,
        organization: row.organization,
        merges: row.merges,
        tries: row.tries,
        faults: row.faults,
        due: row.due,
        plugins: row.plugins.clone(),
    }
}
