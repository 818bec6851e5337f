//! Random walks: whatever is done in whatever order, a store answers as the model does.
//!
//! A walk follows from its seed alone, which is told when one fails.

use std::collections::BTreeSet;

use super::*;
use crate::store::{Change, Filter, HELD, Millis, Seen, State};

const WALKS: u64 = 12;
const STEPS: usize = 150;
const DAY: Millis = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn sqlite_answers_as_the_model_does() {
    for seed in 0..WALKS {
        walk(seed, &mut InFile::default()).await;
    }
}

async fn walk(seed: u64, place: &mut dyn Place) {
    let mut model = InMemory::default();
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut held: Vec<Waiting> = Vec::new();
    let (mut now, mut leases) = (1_000, [0; 2]);
    for number in 0..STEPS {
        now += match dice.below(12) {
            0 => 8 * DAY,
            _ => 10,
        };
        let step = step(&mut dice, &held, now);
        let (told, items) = apply(&mut model, &step, &mut leases[0]).await;
        let (answered, _) = apply(place, &step, &mut leases[1]).await;
        // Only what differs: the rest is long.
        let differ = answered
            .lines()
            .zip(told.lines())
            .find(|(one, other)| one != other);
        assert_eq!(differ, None, "seed {seed}, step {number}: {step:#?}");
        assert_eq!(
            answered.lines().count(),
            told.lines().count(),
            "seed {seed}, step {number}"
        );
        match step {
            Step::Restart => held.clear(),
            Step::Record(progress) if progress.rest == Rest::Done => held.retain(|item| {
                item.seq != progress.item && !progress.stood_for.contains(&item.seq)
            }),
            _ => {}
        }
        held.extend(items.into_iter().filter(|item| item.lease.is_some()));
    }
}

#[derive(Debug)]
enum Step {
    Restart,
    Accept(NewDelivery, Vec<NewItem>),
    Add(Vec<NewItem>),
    Claim(usize),
    Record(Box<Progress>),
    Replay(Filter, Millis, bool),
    Drop(Filter, bool),
    Compact(Millis),
    Mark(String),
    /// Everything that can be asked.
    Look(Filter),
}

fn step(dice: &mut Dice, held: &[Waiting], now: Millis) -> Step {
    match dice.below(20) {
        0 => Step::Restart,
        1..=5 => {
            let delivery = NewDelivery {
                received: now,
                event: dice.of(&["push", "star"]).to_owned(),
                repository: dice
                    .maybe()
                    .then(|| dice.of(&["acme/shop", "acme/till"]).to_owned()),
                ..delivery(dice.of(&["a", "b", "c", "d", "e", "f"]))
            };
            Step::Accept(delivery, dice.items())
        }
        6 => Step::Add(dice.items()),
        7..=8 => Step::Claim(dice.below(3) + 1),
        9..=14 if !held.is_empty() => {
            let item = &held[dice.below(held.len())];
            Step::Record(Box::new(progress(dice, held, item, now)))
        }
        15 => Step::Replay(dice.filter(), now, dice.maybe()),
        16 => Step::Drop(dice.filter(), dice.maybe()),
        17 => Step::Compact(now),
        18 => Step::Mark(now.to_string()),
        _ => Step::Look(dice.filter()),
    }
}

fn progress(dice: &mut Dice, held: &[Waiting], item: &Waiting, now: Millis) -> Progress {
    let older = |other: &&Waiting| other.lane == item.lane && other.seq < item.seq;
    let stood_for = match dice.maybe() {
        true => held.iter().filter(older).map(|older| older.seq).collect(),
        false => Vec::new(),
    };
    Progress {
        lease: 0,
        item: item.seq,
        lane: item.lane.clone(),
        now,
        stood_for,
        ledger: (0..dice.below(4))
            .map(|_| dice.change(&item.lane, now))
            .collect(),
        seen: dice.maybe().then(|| Seen {
            version: dice.maybe().then(|| dice.below(9).to_string()),
            gone: dice.below(4) == 0,
        }),
        quarantine: (0..dice.below(6).saturating_sub(3))
            .map(|_| dice.quarantine())
            .collect(),
        supersedes: match dice.below(4) {
            0 => BTreeSet::from(["".to_owned(), "gitops".to_owned()]),
            _ => BTreeSet::new(),
        },
        adds: match dice.below(5) {
            0 => dice.items(),
            _ => Vec::new(),
        },
        rest: match dice.below(6) {
            0 => Rest::InHand,
            1 => Rest::Waits {
                plugins: dice.plugins(),
                tries: 2,
                faults: 1,
                due: now + 5,
                why: "it waits".to_owned(),
            },
            _ => Rest::Done,
        },
    }
}

/// What a store answers, without what may differ: the lease's number, and the clock of what no delivery brought.
async fn apply(place: &mut dyn Place, step: &Step, lease: &mut i64) -> (String, Vec<Waiting>) {
    if let Step::Restart = step {
        place.restart().await;
        return (String::new(), Vec::new());
    }
    let store = place.store();
    let (own, mut items) = (*lease, Vec::new());
    let mut take = |waiting: Vec<Waiting>| {
        for item in &waiting {
            *lease = item.lease.unwrap_or(*lease);
        }
        items = waiting;
        for item in &mut items {
            item.lease = item.lease.map(|_| 0);
        }
        format!("{items:?}")
    };
    let told = match step {
        Step::Restart => unreachable!("it was done above"),
        Step::Accept(delivery, new) => match store.accept(delivery.clone(), new.clone()).await {
            Ok(Accepted::New(items)) => format!("new {}", take(items)),
            Ok(Accepted::Again(items)) => format!("again {}", take(items)),
            other => format!("{other:?}"),
        },
        Step::Add(new) => take(store.add(new.clone()).await.unwrap()),
        Step::Claim(lanes) => take(store.claim(*lanes).await.unwrap()),
        Step::Record(progress) => {
            let progress = Progress {
                lease: own,
                ..*progress.clone()
            };
            take(store.record(progress).await.unwrap())
        }
        Step::Replay(filter, now, dry) => {
            let (count, items) = store.replay(filter.clone(), *now, *dry).await.unwrap();
            format!("{count} {}", take(items))
        }
        Step::Drop(filter, dry) => format!("{:?}", store.drop(filter.clone(), *dry).await),
        Step::Compact(now) => format!("{:?}", store.compact(*now).await),
        Step::Mark(text) => format!("{:?}", store.set_mark("mark", text).await),
        Step::Look(filter) => look(store, filter).await,
    };
    (told, items)
}

async fn look(store: &dyn Store, filter: &Filter) -> String {
    let timeless = |mut summary: Summary| {
        if summary.id.starts_with("item-") {
            summary.received = 0;
        }
        summary
    };
    let mut seen = Vec::new();
    for filter in [filter.clone(), Filter::default()] {
        let list = store.list(filter).await.unwrap();
        for summary in list {
            let (_, payload) = store.show(&summary.id).await.unwrap().unwrap();
            seen.push(format!("{:?} {payload:?}", timeless(summary)));
        }
    }
    for plugin in PLUGINS {
        for lane in LANES {
            let keys = BTreeSet::from([("service".to_owned(), "x".to_owned())]);
            seen.push(format!("{:?}", store.producers(plugin, lane, keys).await));
        }
        seen.push(format!("{:?}", store.held(plugin, 7).await));
    }
    for seq in 1..200 {
        seen.push(format!("{:?}", store.load(seq).await));
    }
    seen.push(format!("{:?}", store.subjects(42).await));
    seen.push(format!("{:?}", store.awaited().await));
    seen.push(format!("{:?}", store.undeleted().await));
    seen.push(format!("{:?}", store.counts().await));
    seen.push(format!("{:?}", store.mark("mark").await));
    let guids = ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned);
    seen.push(format!("{:?}", store.unknown(guids.to_vec()).await));
    seen.join("\n")
}

const LANES: [&str; 4] = ["pull/1", "pull/2", "tree/1", "tree/2"];
const PLUGINS: [&str; 2] = ["gitops", "mapping"];

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn maybe(&mut self) -> bool {
        self.below(2) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn plugins(&mut self) -> Option<BTreeSet<String>> {
        let plugin = self.of(&PLUGINS);
        self.maybe().then(|| BTreeSet::from([plugin.to_owned()]))
    }

    fn items(&mut self) -> Vec<NewItem> {
        let many = self.below(3);
        (0..many).map(|_| self.item()).collect()
    }

    fn item(&mut self) -> NewItem {
        let lane = self.of(&LANES);
        let source = self.of(&[Source::Webhook, Source::Recovered, Source::Listed]);
        NewItem {
            source,
            merges: self.maybe(),
            fresh: self.maybe(),
            force: self.maybe(),
            plugins: self.plugins(),
            subject: self.maybe().then(|| vec![1, 2, 3]),
            whose: self.maybe().then(|| "Acme/Shop".to_owned()),
            ..item(lane)
        }
    }

    fn key(&mut self) -> (String, String) {
        let blueprint = self.of(&["service", "team"]);
        (blueprint.to_owned(), self.of(&["x", "y"]).to_owned())
    }

    fn change(&mut self, lane: &str, now: Millis) -> Change {
        let (blueprint, identifier) = self.key();
        let (plugin, subject) = (self.of(&PLUGINS).to_owned(), lane.to_owned());
        match self.below(6) {
            0 => Change::Inherit {
                blueprint,
                identifier,
            },
            1 => Change::Forget {
                plugin,
                subject,
                blueprint,
                identifier,
            },
            2 => Change::Remove {
                plugin,
                subject,
                blueprint,
                identifier,
            },
            _ => Change::Put(Row {
                blueprint,
                ours: self.maybe(),
                written: now,
                waits: self
                    .maybe()
                    .then(|| self.of(&["for x", "for y"]).to_owned()),
                ..row(&plugin, &subject, &identifier)
            }),
        }
    }

    fn quarantine(&mut self) -> Quarantine {
        Quarantine {
            plugin: self.maybe().then(|| self.of(&PLUGINS).to_owned()),
            cause: Cause {
                class: self.of(&["data", "plugin", HELD]).to_owned(),
                why: "it failed".to_owned(),
                awaits: self.maybe().then(|| "service".to_owned()),
            },
        }
    }

    fn filter(&mut self) -> Filter {
        let mut filter = Filter::default();
        match self.below(9) {
            0 => {
                filter.ids = vec![
                    self.of(&["a", "b", "nobody"]).to_owned(),
                    "item-7".to_owned(),
                ]
            }
            1 => filter.state = Some(self.of(&[State::Waiting, State::Quarantined, State::Done])),
            2 => filter.cause = Some("data".to_owned()),
            3 => filter.plugin = Some("gitops".to_owned()),
            4 => filter.awaits = Some("service".to_owned()),
            5 => filter.repository = Some("acme/shop".to_owned()),
            6 => filter.event = Some("push".to_owned()),
            7 => filter.until = Some(30 * DAY),
            _ => {}
        }
        if self.maybe() {
            filter.limit = 1 + self.below(3);
        }
        filter
    }
}
