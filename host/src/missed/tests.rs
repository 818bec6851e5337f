//! Rounds through a log that a socket serves as GitHub does, two attempts a page.

mod store;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::github::standin::{Asked, Reply, Standin, failed, ok, standin};
use store::Known;

const NOON: &str = "2026-11-22T12:00:00Z";

/// A line of the log.
#[derive(Clone)]
struct Line {
    id: u64,
    guid: String,
    sent: Timestamp,
    event: &'static str,
    status: u16,
}

/// The world that a test begins in.
struct World {
    /// The newest first.
    log: Arc<Mutex<Vec<Line>>>,
    /// What requests fail with, by a part of their line.
    broken: Arc<Mutex<Option<(String, u16)>>>,
    github: Standin,
    store: Arc<Known>,
    taken: Arc<Mutex<Vec<String>>>,
    /// Deliveries for which there is still room.
    room: Arc<AtomicUsize>,
}

impl World {
    async fn new() -> Self {
        let (log, broken) = (Arc::<Mutex<Vec<Line>>>::default(), Arc::default());
        let answering = (
            log.clone(),
            Arc::<Mutex<Option<(String, u16)>>>::clone(&broken),
        );
        let github = standin(move |asked| {
            let (log, broken) = &answering;
            if let Some((part, status)) = &*broken.lock().unwrap()
                && asked.line.contains(part)
            {
                return failed(*status, "broken");
            }
            answer(&log.lock().unwrap(), asked)
        })
        .await;
        Self {
            log,
            broken,
            github,
            store: Arc::default(),
            taken: Arc::default(),
            room: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    /// GitHub sent something, so many minutes after noon; gives its GUID.
    fn sent(&self, minutes: i64, event: &'static str, status: u16) -> String {
        let mut log = self.log.lock().unwrap();
        let id = log.len() as u64 + 1;
        let guid = format!("guid-{id}");
        let noon: Timestamp = NOON.parse().unwrap();
        log.insert(
            0,
            Line {
                id,
                guid: guid.clone(),
                sent: noon + SignedDuration::from_mins(minutes),
                event,
                status,
            },
        );
        guid
    }

    /// A process that reads the log.
    fn started(&self, mode: WebhookMode) -> Missed {
        let mut missed = Missed::new(self.github.github.clone(), self.store.clone(), mode);
        missed.now = || NOON.parse().unwrap();
        missed.started = (missed.now)();
        missed
    }

    async fn round(&self, missed: &mut Missed) -> Result<Round, Trouble> {
        let wanted = |event: &str, _: Option<&str>| event != "star";
        let accept = |delivery: Delivery, source: Source| {
            assert_eq!(source, Source::Recovered);
            let full = self
                .room
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |room| {
                    room.checked_sub(1)
                })
                .is_err();
            if !full {
                let guid = delivery.id().to_owned();
                assert!(
                    self.store.guids.lock().unwrap().insert(guid.clone()),
                    "twice"
                );
                self.taken.lock().unwrap().push(guid);
            }
            async move { if full { Err("no room") } else { Ok(()) } }
        };
        missed.round(&wanted, &accept).await
    }

    /// A round in a process of its own, as after a restart.
    async fn once(&self, mode: WebhookMode) -> Round {
        let mut missed = self.started(mode);
        self.round(&mut missed).await.expect("nothing is broken")
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }

    fn breaks(&self, part: &str, status: u16) {
        *self.broken.lock().unwrap() = Some((part.to_owned(), status));
    }

    fn mends(&self) {
        *self.broken.lock().unwrap() = None;
    }

    /// Payloads that were fetched since this was asked last.
    fn fetched(&self) -> Vec<String> {
        let asked = self.github.asked().into_iter();
        let asked = asked.filter(|line| line.contains("deliveries/"));
        asked.collect()
    }
}

fn answer(log: &[Line], asked: &Asked) -> Reply {
    let short = |line: &Line| -> Value {
        json!({
            "id": line.id, "guid": line.guid, "delivered_at": line.sent.to_string(), "redelivery": false,
            "duration": 0.1, "status": "?", "status_code": line.status, "event": line.event, "action": null,
        })
    };
    if let Some(id) = asked.line.strip_prefix("GET /app/hook/deliveries/") {
        let found = log.iter().find(|line| line.id.to_string() == id);
        return found.map_or_else(
            || failed(404, "Not Found"),
            |line| {
                let mut long = short(line);
                long["request"] = json!({"headers": {}, "payload": {"number": line.id}});
                ok(long)
            },
        );
    }
    let cursor = asked.line.split_once("cursor=");
    let from = cursor.map_or(u64::MAX, |(_, id)| id.parse().unwrap());
    let mut below = log.iter().filter(|line| line.id <= from);
    let page: Vec<_> = below.by_ref().take(2).map(short).collect();
    let mut reply = ok(json!(page));
    if let Some(next) = below.next() {
        let link = format!(
            "</api/v3/app/hook/deliveries?cursor={}>; rel=\"next\"",
            next.id
        );
        reply.1.push(("link", link));
    }
    reply
}

#[tokio::test]
async fn what_was_sent_before_the_first_start_is_left_and_what_came_after_is_recovered() {
    let world = World::new().await;
    world.sent(-30, "push", 502);
    world.sent(-20, "push", 502);
    assert_eq!(world.once(WebhookMode::Push).await, Round::default());
    assert!(world.taken().is_empty());

    let lost = [world.sent(1, "push", 502), world.sent(2, "issues", 503)];
    world.sent(3, "push", 202);
    world.sent(4, "star", 502);
    let round = world.once(WebhookMode::Push).await;
    assert_eq!((round.recovered, round.unwanted), (2, 1));
    assert_eq!(round.since, NOON.parse().ok());
    assert_eq!(world.taken(), lost, "the oldest first");
    let get = |id: u64| format!("GET /app/hook/deliveries/{id}");
    let mut fetched = world.fetched();
    fetched.sort();
    assert_eq!(fetched, [get(3), get(4)], "nobody wants a star");

    assert_eq!(world.once(WebhookMode::Push).await.recovered, 0);
    assert!(world.fetched().is_empty(), "the store has them");
}

#[tokio::test]
async fn what_was_lost_before_the_log_had_anything_counts() {
    let world = World::new().await;
    assert_eq!(world.once(WebhookMode::Push).await, Round::default());
    let lost = world.sent(-5, "push", 502);
    let round = world.once(WebhookMode::Push).await;
    assert_eq!((round.recovered, round.since), (1, NOON.parse().ok()));
    assert_eq!(world.taken(), [lost]);
}

#[tokio::test]
async fn whoever_starts_while_github_is_away_still_counts_from_the_start() {
    let world = World::new().await;
    world.sent(-5, "push", 502);
    let mut missed = world.started(WebhookMode::Push);
    world.breaks("deliveries", 502);
    let trouble = world.round(&mut missed).await.expect_err("it is away");
    assert!(trouble.to_string().contains("502"), "{trouble}");
    world.mends();
    let lost = world.sent(5, "push", 502);
    world.round(&mut missed).await.expect("it is back");
    assert_eq!(world.taken(), [lost]);
}

#[tokio::test]
async fn what_ends_a_round_anywhere_ends_nothing_for_good_and_repeats_nothing() {
    let world = World::new().await;
    world.sent(-30, "push", 202);
    world.once(WebhookMode::Push).await;
    let lost: Vec<_> = (1..=9)
        .map(|minute| world.sent(minute, "push", 502))
        .collect();

    // There is room for two, then GitHub is away, then a later page is.
    world.room.store(2, Ordering::SeqCst);
    let trouble = world.round(&mut world.started(WebhookMode::Push)).await;
    assert_eq!(trouble.expect_err("no room").to_string(), "no room");
    world.room.store(usize::MAX, Ordering::SeqCst);
    world.breaks("deliveries/6", 502);
    let trouble = world.round(&mut world.started(WebhookMode::Push)).await;
    assert!(matches!(trouble, Err(Trouble::GitHub(_))), "{trouble:?}");
    world.breaks("cursor=6", 503);
    let mut missed = world.started(WebhookMode::Push);
    assert!(world.round(&mut missed).await.is_err());
    world.mends();
    let round = world.round(&mut missed).await.expect("all is well");

    assert_eq!(round.since, NOON.parse().ok());
    assert_eq!(world.taken(), lost);
}

#[tokio::test]
async fn one_that_github_cannot_give_holds_up_no_other_and_is_asked_for_again() {
    let world = World::new().await;
    world.once(WebhookMode::Push).await;
    let lost: Vec<_> = (1..=3)
        .map(|minute| world.sent(minute, "push", 502))
        .collect();
    let mut missed = world.started(WebhookMode::Push);
    world.breaks("deliveries/2", 500);
    let round = world
        .round(&mut missed)
        .await
        .expect("the others are there");
    assert_eq!(
        (round.recovered, world.taken()),
        (2, vec![lost[0].clone(), lost[2].clone()])
    );
    world.mends();
    world.round(&mut missed).await.expect("all is well");
    assert_eq!(world.taken(), [lost[1].clone()]);

    let none = world.sent(4, "push", 502);
    world.breaks("deliveries/4", 404);
    let round = world.round(&mut missed).await.expect("nothing to wait for");
    assert_eq!(round.recovered, 0);
    world.mends();
    world.round(&mut missed).await.expect("all is well");
    assert!(world.taken().is_empty(), "{none} is given up");
}

#[tokio::test]
async fn where_the_log_is_the_only_way_in_all_of_it_counts_from_the_beginning() {
    let world = World::new().await;
    let sent = [
        world.sent(-9_000, "push", 200),
        world.sent(-20, "issues", 502),
        world.sent(1, "push", 0),
    ];
    world.sent(2, "star", 200);
    let mut missed = world.started(WebhookMode::Pull);
    let round = world.round(&mut missed).await.expect("all is well");
    assert_eq!((round.recovered, round.unwanted), (3, 1));
    assert_eq!(world.taken(), sent);
    let late = world.sent(2, "push", 200);
    world.round(&mut missed).await.expect("all is well");
    assert_eq!(world.taken(), [late]);
}

#[tokio::test]
async fn a_round_reads_only_as_far_as_there_is_news() {
    let world = World::new().await;
    (1..=8).for_each(|minute| drop(world.sent(minute, "push", 202)));
    let mut missed = world.started(WebhookMode::Pull);
    world.round(&mut missed).await.expect("all is well");
    world.github.asked();
    world.round(&mut missed).await.expect("all is well");
    assert_eq!(world.github.asked().len(), 1);
    let new = world.sent(8, "push", 202);
    world.taken();
    world.round(&mut missed).await.expect("all is well");
    assert_eq!(world.taken(), [new]);
    assert_eq!(world.github.asked().len(), 3, "two pages and the payload");
}

#[tokio::test]
async fn who_was_away_for_longer_than_the_log_is_told_where_it_begins() {
    const FOUR_DAYS: i64 = 4 * 24 * 60;
    for (kept, begins) in [(false, "2026-11-22T12:10:00Z".parse().ok()), (true, None)] {
        let world = World::new().await;
        let mut first = world.started(WebhookMode::Push);
        first.now = || "2026-11-18T12:00:00Z".parse().unwrap();
        world.sent(-FOUR_DAYS, "push", 202);
        world.round(&mut first).await.expect("all is well");
        if !kept {
            world.log.lock().unwrap().clear();
        }
        let lost = world.sent(10, "push", 502);

        let round = world.once(WebhookMode::Push).await;

        assert_eq!((round.begins, world.taken()), (begins, vec![lost]));
    }
}

#[tokio::test]
async fn as_long_as_it_runs_it_takes_in_what_was_lost() {
    let world = World::new().await;
    let lost = world.sent(1, "push", 502);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let accept = move |delivery: Delivery, _| {
        let tell = tell.clone();
        async move { tell.send(delivery.id().to_owned()) }
    };
    world.breaks("deliveries", 502);
    let missed = world.started(WebhookMode::Push);
    let running = tokio::spawn(missed.run(|_, _| true, accept));
    // GitHub was asked, and is away.
    while world.github.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    world.mends();
    assert_eq!(told.recv().await, Some(lost));
    running.abort();
}
