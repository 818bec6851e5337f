//! How long GitHub waits for an answer while slow and idle clients are at the door, against the same host without them;
//! and the memory that bodies take which never end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use portolan_tests::caller::Caller;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::load::{self, ranks};
use crate::process::{self, Watch};
use crate::table::{Table, Wish};
use crate::world::{Template, World};

/// In each round, of which there are as many without the others as beside them.
const DELIVERIES: usize = 1_000;
const ROUNDS: usize = 3;
/// Between deliveries: what is measured is how long an answer takes, not how many there can be.
const PACE: Duration = Duration::from_millis(4);

/// Byte by byte, half of them in a head and half in a body.
const SLOW: usize = 2_000;
/// Say nothing at all.
const IDLE: usize = 1_000;
/// Between two bytes of a slow client, and between two looks of any whether it still has its connection.
const BYTE: Duration = Duration::from_secs(1);

/// Each all but its last byte, and together three times what may be in flight.
const LARGE: usize = 30;
const SIZE: usize = 25 << 20;

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    // Fewer where the machine allows fewer.
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let crowd = usize::try_from(allowed / 2).map_or(SLOW + IDLE, |half| half.min(SLOW + IDLE));
    let world = World::new().await;
    let template = world.template();
    let host = world.host().start().await;
    host.wait_for_line("first start: ").await;
    let mut numbers = 0..;
    // Warm-up.
    answers(host.address(), &template, &mut numbers).await;

    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.extend(answers(host.address(), &template, &mut numbers).await);
        let callers = call(host.address(), &template, crowd).await;
        beside.extend(answers(host.address(), &template, &mut numbers).await);
        drop(callers);
        // Their connections are closed when the host answers whoever comes after them.
        answers(host.address(), &template, &mut numbers).await;
    }
    let (alone, beside) = (ranks(alone), ranks(beside));
    table.beside(
        format!("answer beside {crowd} slow and idle clients, p99"),
        (beside[1], "ms"),
        ("without them", alone[1]),
        Wish::times(2.0),
    );
    table.beside(
        "the same, median",
        (beside[0], "ms"),
        ("without them", alone[0]),
        None,
    );

    let idle = process::rss(host.pid());
    let watch = Watch::of(host.pid());
    never_ending(&host.address(), &template, &mut numbers).await;
    table.figure(
        format!(
            "memory under {LARGE} bodies of {} MiB that never end, beyond what it had",
            SIZE >> 20
        ),
        (watch.stop().await - idle, "MB"),
        // 256 MiB are for bodies, and one more is there while it gives way.
        Wish::at_most(300.0),
    );
}

/// How long each delivery waits, connection included: GitHub reuses few.
async fn answers(
    host: SocketAddr,
    template: &Template,
    numbers: &mut impl Iterator<Item = usize>,
) -> Vec<Duration> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    for number in numbers.take(DELIVERIES) {
        let request = template.request(number);
        pace.tick().await;
        let began = Instant::now();
        let mut connection = load::connect(host).await;
        let status = load::converse(&mut connection, &request).await;
        times.push(began.elapsed());
        assert_eq!(status.expect("an answer"), 202);
    }
    times
}

/// Comes back when all of them have called once; they call again whenever they are turned away.
async fn call(host: SocketAddr, template: &Template, crowd: usize) -> JoinSet<()> {
    let request = template.request(0);
    let mut callers = JoinSet::new();
    let (came, mut coming) = tokio::sync::mpsc::channel(crowd.max(1));
    for number in 0..crowd {
        // The beginning of a head, half of a body, or nothing.
        let begun = match number % 3 {
            0 => request[..40].to_vec(),
            1 => request[..request.len() / 2].to_vec(),
            _ => Vec::new(),
        };
        // They know nothing of each other, so they do not move in step.
        let step = BYTE.mul_f64(number as f64 / crowd as f64);
        let came = came.clone();
        callers.spawn(async move {
            sleep(step).await;
            loop {
                if let Ok(mut caller) = Caller::try_at(host).await {
                    let mut held = caller.try_say(&begun).await;
                    let _ = came.try_send(());
                    if begun.is_empty() {
                        caller.hear_out().await;
                    }
                    while held.is_ok() && !begun.is_empty() {
                        sleep(BYTE).await;
                        held = caller.try_say("x").await;
                    }
                }
                sleep(BYTE).await;
            }
        });
    }
    for _ in 0..crowd {
        coming.recv().await;
    }
    callers
}

/// Bodies that stop before their end, and deliveries beside them until all have been sent.
async fn never_ending(
    host: &SocketAddr,
    template: &Template,
    numbers: &mut impl Iterator<Item = usize>,
) {
    let head = template.head(SIZE + 1);
    let host = *host;
    let sending = tokio::spawn(async move {
        let body = vec![b' '; SIZE];
        let mut callers = Vec::new();
        for _ in 0..LARGE {
            let mut caller = Caller::at(host).await;
            caller.say(&head).await;
            caller.say(&body).await;
            callers.push(caller);
        }
        callers
    });
    answers(host, template, numbers).await;
    drop(sending.await.expect("all were sent"));
}
