//! The store as plain maps: what the others must do, said as simply as possible, and a store for tests of other modules.
//!
//! Nothing outlives it. `restart` does to it what a crash does to the others: the lease ends, lanes are nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::row::{GROUPS, IDENTIFIERS};
use super::{
    Accepted, Cause, Change, Counts, Error, Filter, HELD, Kept, Lease, Loaded, Millis, NewDelivery,
    NewItem, Producers, Progress, Quarantined, Reply, Rest, Row, Seen, Seq, Source, State, Store,
    Summary, Undeleted, Waiting, WaitingOf, now, page, retention,
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
        self.tell(|model| {
            let mut groups: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
            for row in model.ledger.values() {
                if let Some(why) = &row.waits {
                    let of = (&row.plugin, &row.subject, &row.blueprint, why);
                    groups.entry(of).or_default().push(row);
                }
            }
            let group = |((plugin, subject, blueprint, why), rows): (_, Vec<&Row>)| Undeleted {
                plugin: String::clone(plugin),
                subject: String::clone(subject),
                whose: rows
                    .iter()
                    .map(|row| row.whose.clone())
                    .max()
                    .unwrap_or_default(),
                blueprint: String::clone(blueprint),
                why: String::clone(why),
                count: rows.len() as u64,
                identifiers: rows
                    .iter()
                    .take(IDENTIFIERS as usize)
                    .map(|row| row.identifier.clone())
                    .collect(),
            };
            Ok(groups
                .into_iter()
                .take(GROUPS as usize)
                .map(group)
                .collect())
        })
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

impl Model {
    fn number(&mut self) -> Seq {
        self.last += 1;
        self.last
    }

    fn number_of(&self, guid: &str) -> Option<Seq> {
        let mut deliveries = self.deliveries.iter();
        deliveries
            .find(|(_, delivery)| delivery.brought.guid == guid)
            .map(|(number, _)| *number)
    }

    /// The items of a delivery that have not ended.
    fn items_of(&self, delivery: Seq) -> Vec<Seq> {
        let of = |(_, item): &(&Seq, &Item)| item.delivery == Some(delivery);
        self.items.iter().filter(of).map(|(seq, _)| *seq).collect()
    }

    fn accept(&mut self, delivery: NewDelivery, items: Vec<NewItem>) -> Accepted {
        let (now, known) = (delivery.received, self.number_of(&delivery.guid));
        let number = match known {
            Some(number) => number,
            None => self.number(),
        };
        let ends: Vec<_> = self.items_of(number);
        if ends.iter().any(|seq| self.items[seq].open) {
            return Accepted::Waiting;
        }
        for seq in ends {
            self.items.remove(&seq);
            self.quarantine.retain(|(item, _), _| *item != seq);
        }
        let done = items.is_empty().then_some(now);
        match self.deliveries.get_mut(&number) {
            Some(again) => {
                if !again.kept {
                    again.brought.payload = delivery.payload;
                }
                (again.kept, again.items, again.done) = (true, items.clone(), done);
                Accepted::Again(self.once_more(number, items, now))
            }
            None => {
                let delivery = Delivery {
                    brought: delivery,
                    kept: true,
                    items: items.clone(),
                    done,
                };
                self.deliveries.insert(number, delivery);
                let insert = |item| self.insert(item, Some(number), now);
                Accepted::New(items.into_iter().map(insert).collect())
            }
        }
    }

    fn once_more(&mut self, number: Seq, items: Vec<NewItem>, now: Millis) -> Vec<Waiting> {
        let insert = |item| self.insert(refreshed(item), Some(number), now);
        items.into_iter().map(insert).collect()
    }

    fn insert(&mut self, new: NewItem, brought: Option<Seq>, now: Millis) -> Waiting {
        let delivery = match &new.delivery {
            Some(guid) => self
                .number_of(guid)
                .filter(|number| self.deliveries[number].kept),
            None => brought,
        };
        if let Some(delivery) = delivery.and_then(|number| self.deliveries.get_mut(&number)) {
            delivery.done = None;
        }
        let seq = self.number();
        let item = Item {
            new,
            delivery,
            added: now,
            tries: 0,
            faults: 0,
            due: 0,
            why: None,
            open: true,
        };
        self.items.insert(seq, item);
        self.waiting(seq)
    }

    fn waiting(&self, seq: Seq) -> Waiting {
        let item = &self.items[&seq];
        let is_ours = !self.unclaimed.contains(&item.new.lane);
        Waiting {
            seq,
            lease: is_ours.then_some(self.lease),
            lane: item.new.lane.clone(),
            source: item.new.source,
            organization: item.new.organization,
            merges: item.new.merges,
            tries: item.tries,
            faults: item.faults,
            due: item.due,
            plugins: item.new.plugins.clone(),
        }
    }

    fn claim(&mut self, lanes: usize) -> Vec<Waiting> {
        let open = |lane: &String| -> Vec<(&Seq, &Item)> {
            let items = self.items.iter();
            items
                .filter(|(_, item)| item.open && item.new.lane == *lane)
                .collect()
        };
        let mut order: Vec<_> = self
            .unclaimed
            .iter()
            .map(|lane| {
                let items = open(lane);
                let live = items.iter().any(|(_, item)| item.new.source.is_live());
                let seqs: Vec<Seq> = items.iter().map(|(seq, _)| **seq).collect();
                (!live, seqs, lane.clone())
            })
            .collect();
        order.sort();
        order.truncate(lanes);
        let mut claimed = Vec::new();
        for (_, seqs, lane) in order {
            self.unclaimed.remove(&lane);
            claimed.extend(seqs.into_iter().map(|seq| self.waiting(seq)));
        }
        claimed
    }

    fn load(&self, seq: Seq) -> Option<Loaded> {
        let item = self.items.get(&seq).filter(|item| item.open)?;
        let delivery = item
            .delivery
            .and_then(|number| self.deliveries.get(&number));
        let kept = delivery.filter(|delivery| delivery.kept);
        let subject = self.subjects.get(&item.new.lane);
        Some(Loaded {
            delivery: kept.map(|delivery| Kept {
                guid: delivery.brought.guid.clone(),
                event: delivery.brought.event.clone(),
                payload: delivery.brought.payload.clone(),
            }),
            subject: item.new.subject.clone(),
            fresh: item.new.fresh,
            force: item.new.force,
            told: subject.is_some_and(|subject| subject.told_by == seq),
            seen: subject.map_or_else(Seen::default, |subject| Seen {
                version: subject.version.clone(),
                gone: subject.gone,
            }),
        })
    }

    fn record(&mut self, progress: Progress) -> Vec<Waiting> {
        let (seq, now, lane) = (progress.item, progress.now, progress.lane);
        for change in progress.ledger {
            self.change(change);
        }
        if let Some(seen) = progress.seen {
            let subject = self.subjects.entry(lane.clone()).or_default();
            let is_older = seen.version.is_some() && seen.version < subject.version;
            if seen.gone || !is_older {
                subject.gone = seen.gone;
            }
            if seen.version.is_some() && !is_older {
                subject.version = seen.version;
                subject.told_by = seq;
            }
            subject.touched = now;
        }
        for given_up in progress.quarantine {
            if self.items.contains_key(&seq) {
                let plugin = given_up.plugin.unwrap_or_default();
                self.quarantine.insert((seq, plugin), (given_up.cause, now));
            }
        }
        for plugin in &progress.supersedes {
            let earlier: Vec<Seq> = self
                .items
                .range(..seq)
                .filter(|(_, item)| item.new.lane == lane && !item.open)
                .map(|(earlier, _)| *earlier)
                .collect();
            for earlier in earlier {
                if self.quarantine.remove(&(earlier, plugin.clone())).is_some() {
                    self.release(earlier, now);
                }
            }
        }
        for older in progress.stood_for {
            self.finish(older, now);
        }
        let insert = |item| self.insert(item, None, now);
        let added = progress.adds.into_iter().map(insert).collect();
        match progress.rest {
            Rest::InHand => {}
            Rest::Waits {
                plugins,
                tries,
                faults,
                due,
                why,
            } => {
                if let Some(item) = self.items.get_mut(&seq).filter(|item| item.open) {
                    item.new.plugins = plugins;
                    (item.tries, item.faults, item.due) = (tries, faults, due);
                    item.why = Some(why);
                }
            }
            Rest::Done => self.finish(seq, now),
        }
        added
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Put(row) => {
                let key = (
                    row.subject.clone(),
                    row.plugin.clone(),
                    row.blueprint.clone(),
                    row.identifier.clone(),
                );
                self.ledger.insert(key, row);
            }
            Change::Remove {
                plugin,
                subject,
                blueprint,
                identifier,
            } => {
                self.ledger
                    .remove(&(subject, plugin, blueprint, identifier));
            }
            Change::Forget {
                plugin,
                subject,
                blueprint,
                identifier,
            } => {
                for row in self.ledger.values_mut() {
                    let is_it = row.plugin == plugin && row.subject == subject;
                    if row.blueprint == blueprint && row.identifier == identifier && !is_it {
                        row.digest = None;
                    }
                }
            }
            Change::Inherit {
                blueprint,
                identifier,
            } => {
                for row in self.ledger.values_mut() {
                    if row.blueprint == blueprint && row.identifier == identifier {
                        row.ours = true;
                    }
                }
            }
        }
    }

    fn is_quarantined(&self, seq: Seq) -> bool {
        self.quarantine.keys().any(|(item, _)| *item == seq)
    }

    fn finish(&mut self, seq: Seq, now: Millis) {
        if let Some(item) = self.items.get_mut(&seq).filter(|item| item.open) {
            item.open = false;
            self.release(seq, now);
        }
    }

    /// An item ends when it is neither open nor in quarantine; a delivery is done when all its items have ended.
    fn release(&mut self, seq: Seq, now: Millis) {
        if self.items[&seq].open || self.is_quarantined(seq) {
            return;
        }
        let delivery = self.items.remove(&seq).and_then(|item| item.delivery);
        if let Some(number) = delivery
            && self.items_of(number).is_empty()
            && let Some(delivery) = self.deliveries.get_mut(&number)
        {
            delivery.done = Some(now);
        }
    }

    /// Everything, the newest first.
    fn summaries(&self) -> Vec<Summary> {
        let of_deliveries = self.deliveries.iter().map(|(number, delivery)| {
            let brought = &delivery.brought;
            let summary = Summary {
                id: brought.guid.clone(),
                event: brought.event.clone(),
                action: brought.action.clone(),
                repository: brought.repository.clone(),
                ..blank(*number, brought.source, brought.received)
            };
            self.filled(summary, &self.items_of(*number))
        });
        let alone = self
            .items
            .iter()
            .filter(|(_, item)| item.delivery.is_none());
        let of_items = alone.map(|(seq, item)| {
            let summary = Summary {
                repository: item.new.whose.clone(),
                ..blank(*seq, item.new.source, item.added)
            };
            self.filled(summary, &[*seq])
        });
        let mut all: Vec<_> = of_deliveries.chain(of_items).collect();
        all.sort_by_key(|summary| std::cmp::Reverse(summary.number));
        all
    }

    fn filled(&self, mut summary: Summary, items: &[Seq]) -> Summary {
        for seq in items {
            let item = &self.items[seq];
            if item.open {
                summary.waiting.push(WaitingOf {
                    subject: item.new.lane.clone(),
                    tries: item.tries,
                    due: item.due,
                    why: item.why.clone(),
                });
            }
            for ((of, plugin), (cause, at)) in &self.quarantine {
                if of == seq {
                    summary.quarantined.push(Quarantined {
                        subject: item.new.lane.clone(),
                        plugin: Some(plugin.clone()).filter(|plugin| !plugin.is_empty()),
                        cause: cause.clone(),
                        at: *at,
                    });
                }
            }
        }
        summary.state = match (&summary.waiting[..], &summary.quarantined[..]) {
            ([], []) => State::Done,
            ([], _) => State::Quarantined,
            _ => State::Waiting,
        };
        summary
    }

    /// Those that fit, but for what the filter says of the quarantine and of how many.
    fn fitting(&self, filter: &Filter) -> Vec<Summary> {
        let fits = |one: &Summary| {
            (filter.ids.is_empty() || filter.ids.contains(&one.id))
                && filter.state.is_none_or(|state| state == one.state)
                && filter.repository.as_ref().is_none_or(|name| {
                    let of = one.repository.as_ref();
                    of.is_some_and(|of| of.eq_ignore_ascii_case(name))
                })
                && filter
                    .event
                    .as_ref()
                    .is_none_or(|event| *event == one.event)
                && filter.since.is_none_or(|since| one.received >= since)
                && filter.until.is_none_or(|until| one.received < until)
                && filter.before.is_none_or(|before| one.number < before)
        };
        self.summaries().into_iter().filter(fits).collect()
    }

    fn list(&self, filter: &Filter) -> Vec<Summary> {
        let mut found = self.fitting(filter);
        if filter.cause.is_some() || filter.plugin.is_some() || filter.awaits.is_some() {
            found.retain(|one| one.quarantined.iter().any(|pair| fits(pair, filter)));
        }
        limited(found, filter)
    }

    /// What is in quarantine and fits: by item, the plugins.
    fn pairs(&self, one: &Summary, filter: &Filter) -> BTreeMap<Seq, BTreeSet<String>> {
        let mut pairs: BTreeMap<Seq, BTreeSet<String>> = BTreeMap::new();
        for ((seq, plugin), (cause, at)) in &self.quarantine {
            let item = &self.items[seq];
            let pair = Quarantined {
                subject: item.new.lane.clone(),
                plugin: Some(plugin.clone()).filter(|plugin| !plugin.is_empty()),
                cause: cause.clone(),
                at: *at,
            };
            if item.delivery.unwrap_or(*seq) == one.number && fits(&pair, filter) {
                pairs.entry(*seq).or_default().insert(plugin.clone());
            }
        }
        pairs
    }

    fn replay(&mut self, filter: &Filter, now: Millis, dry: bool) -> (u64, Vec<Waiting>) {
        let mut found = self.fitting(filter);
        found.retain(|one| match one.state {
            State::Done => page::names_what_is_done(filter) && self.deliveries[&one.number].kept,
            _ => !self.pairs(one, filter).is_empty(),
        });
        let (mut count, mut queued) = (0, Vec::new());
        for one in limited(found, filter).into_iter().rev() {
            if one.state == State::Done {
                let items = self.deliveries[&one.number].items.clone();
                count += items.len() as u64;
                if !dry {
                    queued.extend(self.once_more(one.number, items, now));
                }
                continue;
            }
            for (seq, plugins) in self.pairs(&one, filter) {
                count += plugins.len() as u64;
                if dry {
                    continue;
                }
                let item = &self.items[&seq];
                let (new, delivery) = (refreshed(item.new.clone()), item.delivery);
                let held = |plugin: &String| {
                    let pair = self.quarantine.get(&(seq, plugin.clone()));
                    pair.is_some_and(|(cause, _)| cause.class == HELD)
                };
                let (held, others): (BTreeSet<_>, BTreeSet<_>) =
                    plugins.iter().cloned().partition(held);
                self.quarantine
                    .retain(|(of, plugin), _| *of != seq || !plugins.contains(plugin));
                for (plugins, agreed) in [(others, false), (held, true)] {
                    if plugins.is_empty() {
                        continue;
                    }
                    let new = NewItem {
                        force: agreed,
                        merges: new.merges && !agreed,
                        plugins: match plugins.contains("") {
                            true => new.plugins.clone(),
                            false => Some(plugins),
                        },
                        ..new.clone()
                    };
                    queued.push(self.insert(new, delivery, now));
                }
                self.release(seq, now);
            }
        }
        (count, queued)
    }

    fn drop(&mut self, filter: &Filter, dry: bool) -> u64 {
        let mut found = self.fitting(filter);
        found.retain(|one| !self.pairs(one, filter).is_empty());
        let mut count = 0;
        for one in limited(found, filter) {
            for (seq, plugins) in self.pairs(&one, filter) {
                count += plugins.len() as u64;
                if dry {
                    continue;
                }
                let mut last = 0;
                self.quarantine.retain(|(of, plugin), (_, at)| {
                    let is_it = *of == seq && plugins.contains(plugin);
                    last = if is_it { last.max(*at) } else { last };
                    !is_it
                });
                self.release(seq, last);
            }
        }
        count
    }

    fn compact(&mut self, now: Millis) -> bool {
        let mut room = retention::ROWS;
        let due = |model: &Self, kept: bool, age: Millis, room: usize| -> Vec<Seq> {
            let all = model.deliveries.iter();
            let due = all.filter_map(|(number, delivery)| {
                let done = delivery.done.filter(|done| *done <= now - age)?;
                (delivery.kept == kept).then_some((done, *number))
            });
            let due: BTreeSet<_> = due.collect();
            due.into_iter().take(room).map(|(_, seq)| seq).collect()
        };
        for number in due(self, true, retention::PAYLOAD, room) {
            if let Some(delivery) = self.deliveries.get_mut(&number) {
                delivery.kept = false;
            }
            room -= 1;
        }
        for number in due(self, false, retention::DELIVERY, room) {
            self.deliveries.remove(&number);
            room -= 1;
        }
        let old = self.subjects.iter();
        let old: BTreeSet<_> = old
            .filter(|(_, subject)| subject.touched <= now - retention::SUBJECT)
            .map(|(lane, subject)| (subject.touched, lane.clone()))
            .collect();
        for (_, lane) in old.into_iter().take(room) {
            room -= 1;
            if !self.ledger.values().any(|row| row.subject == lane) {
                self.subjects.remove(&lane);
            } else if let Some(subject) = self.subjects.get_mut(&lane) {
                subject.touched = now;
            }
        }
        room == 0
    }
}

/// The same once more, its state read anew.
fn refreshed(item: NewItem) -> NewItem {
    NewItem {
        source: Source::Refresh,
        fresh: true,
        delivery: None,
        ..item
    }
}

fn blank(number: Seq, source: Source, received: Millis) -> Summary {
    Summary {
        number,
        id: page::id_of(number),
        event: String::new(),
        action: None,
        repository: None,
        source,
        received,
        state: State::Done,
        waiting: Vec::new(),
        quarantined: Vec::new(),
    }
}

fn fits(pair: &Quarantined, filter: &Filter) -> bool {
    filter
        .cause
        .as_ref()
        .is_none_or(|cause| *cause == pair.cause.class)
        && (filter.plugin.is_none() || filter.plugin == pair.plugin)
        && (filter.awaits.is_none() || filter.awaits == pair.cause.awaits)
}

fn limited(mut found: Vec<Summary>, filter: &Filter) -> Vec<Summary> {
    if filter.limit > 0 {
        found.truncate(filter.limit);
    }
    found
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
