//! The store as plain maps: what the others must do, said as simply as possible, and a store for tests of other modules.
//!
//! Nothing outlives it. `restart` does to it what a crash does to the others: the lease ends, lanes are nobody's.
//! What the maps hold stands here; what is done to them stands in files of the same names as in `sqlite`, so that the
//! two can be read side by side.

mod items;
mod list;
mod quarantine;
mod record;
mod retention;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    Accepted, Cause, Counts, Error, Filter, Lease, Loaded, Millis, NewDelivery, NewItem, Producers,
    Progress, Reply, Row, Seq, Store, Summary, Undeleted, Waiting, now,
};

#[derive(Default)]
pub(crate) struct Memory(Mutex<Model>);

#[derive(Default)]
struct Model {
    lease: Lease,
    last: Seq,
    deliveries: BTreeMap<Seq, Delivery>,
    items: BTreeMap<Seq, Item>,
    /// By item and plugin; no plugin is an empty one.
    quarantine: BTreeMap<(Seq, String), (Cause, Millis)>,
    /// By subject, plugin, blueprint and identifier.
    ledger: BTreeMap<(String, String, String, String), Row>,
    subjects: BTreeMap<String, Subject>,
    marks: BTreeMap<String, String>,
    unclaimed: BTreeSet<String>,
    trouble: Option<Error>,
}

struct Delivery {
    brought: NewDelivery,
    kept: bool,
    items: Vec<NewItem>,
    done: Option<Millis>,
}

struct Item {
    new: NewItem,
    delivery: Option<Seq>,
    added: Millis,
    tries: u32,
    faults: u32,
    due: Millis,
    why: Option<String>,
    open: bool,
}

#[derive(Default)]
struct Subject {
    version: Option<String>,
    told_by: Seq,
    gone: bool,
    touched: Millis,
}

impl Memory {
    /// The process ends without a word, and another one begins.
    pub(crate) fn restart(&self) {
        let mut model = self.model();
        model.lease += 1;
        let open = model.items.values().filter(|item| item.open);
        model.unclaimed = open.map(|item| item.new.lane.clone()).collect();
    }

    /// From now on: [`Error::Full`] refuses what is new, [`Error::Broken`] everything, `None` nothing.
    pub(crate) fn trouble(&self, trouble: Option<Error>) {
        self.model().trouble = trouble;
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_comes<T>(&self, change: impl FnOnce(&mut Model) -> T) -> Reply<'static, T>
    where
        T: Send + 'static,
    {
        let mut model = self.model();
        let result = match model.trouble.clone() {
            Some(trouble) => Err(trouble),
            None => Ok(change(&mut model)),
        };
        Box::pin(async { result })
    }

    fn tell<T>(&self, change: impl FnOnce(&mut Model) -> Result<T, Error>) -> Reply<'static, T>
    where
        T: Send + 'static,
    {
        let mut model = self.model();
        let result = match model.trouble.clone() {
            Some(Error::Broken(why)) => Err(Error::Broken(why)),
            _ => change(&mut model),
        };
        Box::pin(async { result })
    }
}

impl Store for Memory {
    fn accept(&self, delivery: NewDelivery, items: Vec<NewItem>) -> Reply<'_, Accepted> {
        self.new_comes(|model| model.accept(delivery, items))
    }

    fn add(&self, items: Vec<NewItem>) -> Reply<'_, Vec<Waiting>> {
        self.new_comes(|model| {
            let insert = |item| model.insert(item, None, now());
            items.into_iter().map(insert).collect()
        })
    }

    fn claim(&self, lanes: usize) -> Reply<'_, Vec<Waiting>> {
        self.tell(|model| Ok(model.claim(lanes)))
    }

    fn load(&self, item: Seq) -> Reply<'_, Option<Loaded>> {
        self.tell(|model| Ok(model.load(item)))
    }

    fn record(&self, progress: Progress) -> Reply<'_, Vec<Waiting>> {
        self.tell(|model| match progress.lease == model.lease {
            true => Ok(model.record(progress)),
            false => Err(Error::Lease),
        })
    }

    fn producers(
        &self,
        plugin: &str,
        subject: &str,
        mut keys: BTreeSet<(String, String)>,
    ) -> Reply<'_, Producers> {
        self.tell(|model| {
            let key = |row: &Row| (row.blueprint.clone(), row.identifier.clone());
            let rows = model.ledger.values().cloned();
            let (own, others): (Vec<_>, Vec<_>) =
                rows.partition(|row| row.plugin == plugin && row.subject == subject);
            keys.extend(own.iter().map(key));
            let mut others: Vec<_> = others
                .into_iter()
                .filter(|row| keys.contains(&key(row)))
                .collect();
            others.sort_by_key(|row| (key(row), row.plugin.clone(), row.subject.clone()));
            Ok(Producers { own, others })
        })
    }

    fn held(&self, plugin: &str, organization: u64) -> Reply<'_, u64> {
        self.tell(|model| {
            let held = |row: &&Row| row.plugin == plugin && row.organization == organization;
            Ok(model.ledger.values().filter(held).count() as u64)
        })
    }

    fn undeleted(&self) -> Reply<'_, Vec<Undeleted>> {
        self.tell(|model| Ok(model.undeleted()))
    }

    fn subjects(&self, repository: u64) -> Reply<'_, Vec<(String, String)>> {
        self.tell(|model| {
            let rows = model.ledger.values();
            let of = rows.filter(|row| row.repository == Some(repository));
            let mut pairs: BTreeSet<_> = of
                .map(|row| (row.subject.clone(), row.plugin.clone()))
                .collect();
            let open = model.items.values().filter(|item| item.open);
            let open = open.filter(|item| item.new.repository == Some(repository));
            pairs.extend(open.map(|item| (item.new.lane.clone(), String::new())));
            Ok(pairs.into_iter().collect())
        })
    }

    fn list(&self, filter: Filter) -> Reply<'_, Vec<Summary>> {
        self.tell(|model| Ok(model.list(&filter)))
    }

    fn show(&self, id: &str) -> Reply<'_, Option<(Summary, Option<Vec<u8>>)>> {
        self.tell(|model| {
            let summary = model.summaries().into_iter().find(|one| one.id == id);
            Ok(summary.map(|summary| {
                let delivery = model.deliveries.get(&summary.number);
                let kept = delivery.filter(|delivery| delivery.kept);
                let payload = kept.map(|delivery| delivery.brought.payload.clone());
                (summary, payload)
            }))
        })
    }

    fn replay(&self, filter: Filter, now: Millis, dry: bool) -> Reply<'_, (u64, Vec<Waiting>)> {
        match dry {
            true => self.tell(|model| Ok(model.replay(&filter, now, true))),
            false => self.new_comes(|model| model.replay(&filter, now, false)),
        }
    }

    fn drop(&self, filter: Filter, dry: bool) -> Reply<'_, u64> {
        self.tell(|model| Ok(model.drop(&filter, dry)))
    }

    fn awaited(&self) -> Reply<'_, Vec<(String, u64)>> {
        self.tell(|model| {
            let mut awaited = BTreeMap::new();
            for (cause, _) in model.quarantine.values() {
                if let Some(what) = &cause.awaits {
                    *awaited.entry(what.clone()).or_insert(0) += 1;
                }
            }
            Ok(awaited.into_iter().collect())
        })
    }

    fn unknown(&self, guids: Vec<String>) -> Reply<'_, BTreeSet<String>> {
        self.tell(|model| {
            let unknown = |guid: &String| model.number_of(guid).is_none();
            Ok(guids.into_iter().filter(unknown).collect())
        })
    }

    fn mark(&self, name: &str) -> Reply<'_, Option<String>> {
        self.tell(|model| Ok(model.marks.get(name).cloned()))
    }

    fn set_mark(&self, name: &str, text: &str) -> Reply<'_, ()> {
        self.tell(|model| {
            model.marks.insert(name.to_owned(), text.to_owned());
            Ok(())
        })
    }

    fn compact(&self, now: Millis) -> Reply<'_, bool> {
        self.tell(|model| Ok(model.compact(now)))
    }

    fn counts(&self) -> Reply<'_, Counts> {
        self.tell(|model| {
            Ok(Counts {
                deliveries: model.deliveries.len() as u64,
                waiting: model.items.values().filter(|item| item.open).count() as u64,
                quarantined: model.quarantine.len() as u64,
                entities: model.ledger.len() as u64,
                undeleted: model
                    .ledger
                    .values()
                    .filter(|row| row.waits.is_some())
                    .count() as u64,
            })
        })
    }
}

mod tests {
    use super::*;

    #[tokio::test]
    async fn trouble_is_made_and_mended() {
        let memory = Memory::default();
        memory.trouble(Some(Error::Full("a test".to_owned())));
        assert!(matches!(memory.add(vec![]).await, Err(Error::Full(_))));
        assert_eq!(memory.claim(1).await, Ok(vec![]));
        memory.trouble(Some(Error::Broken("a test".to_owned())));
        assert!(matches!(memory.claim(1).await, Err(Error::Broken(_))));
        memory.trouble(None);
        assert_eq!(memory.add(vec![]).await, Ok(vec![]));
    }
}
