//! CPU time per delivery, accepted and all the way to Port, against a server that only checks the signature;
//! and the memory it takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_tests::host::RunningHost;
use portolan_tests::port::FakePort;

use crate::bare::Bare;
use crate::load;
use crate::process;
use crate::table::{Table, Wish};
use crate::world::{Template, World, padded};

/// In each of the rounds.
const DELIVERIES: usize = 10_000;
/// The servers take turns, so that what else the machine does hits all of them.
const ROUNDS: usize = 2;
/// Accepted but not yet in Port, at most: a tenth of what the inbox holds.
const WINDOW: usize = 1_000;
const WARM_UP: usize = 500;
/// For what is on its way when all was sent.
const TAIL: Duration = Duration::from_secs(60);

const BLUEPRINT: &str = "githubPullRequest";

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let template = world.template();
    let bare = Bare::start(world.github.webhook_secret());
    let accepting = world.host().start().await;
    let mapping = world.host().plugin("pull-requests").start().await;
    mapping.wait_for_line("loaded plugin pull-requests").await;
    // What a start has to do by itself is over then, and what is left is idle.
    for host in [&accepting, &mapping] {
        host.wait_for_line("first start: ").await;
    }
    let port = Arc::new(world.port);

    table.figure(
        "memory, idle",
        (process::rss(mapping.pid()), "MB"),
        Wish::at_most(40.0),
    );

    let warm = 0..WARM_UP;
    load::send(bare.address, &template, warm.clone(), |_| true).await;
    load::send(accepting.address(), &template, warm.clone(), |_| true).await;
    let mut written = 0;
    through(&mapping, &template, &port, warm, &mut written).await;
    let (asked, mut cpu) = (world.github.mark(), [Duration::ZERO; 3]);
    let mut largest = 0.0_f64;
    let mut wall = Duration::ZERO;
    for round in 0..ROUNDS {
        let numbers = WARM_UP + round * DELIVERIES..WARM_UP + (round + 1) * DELIVERIES;
        cpu[0] += spent(
            bare.pid(),
            load::send(bare.address, &template, numbers.clone(), |_| true),
        )
        .await;
        let accept = load::send(accepting.address(), &template, numbers.clone(), |_| true);
        cpu[1] += spent(accepting.pid(), accept).await;
        let began = Instant::now();
        let watch = process::Watch::of(mapping.pid());
        cpu[2] += spent(
            mapping.pid(),
            through(&mapping, &template, &port, numbers, &mut written),
        )
        .await;
        largest = largest.max(watch.stop().await);
        wall += began.elapsed();
    }
    let requests = world.github.requests_since(asked);
    assert!(
        requests.is_empty(),
        "GitHub was asked after the warm-up: {requests:#?}"
    );
    check(&port, WARM_UP + ROUNDS * DELIVERIES);

    let [bare, accepted, mapped] =
        cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / (ROUNDS * DELIVERIES) as f64);
    table.beside(
        "CPU per delivery accepted",
        (accepted, "µs"),
        ("bare axum", bare),
        Wish::times(2.5),
    );
    table.beside(
        "CPU from delivery to upsert",
        (mapped, "µs"),
        ("bare axum", bare),
        Wish::times(8.0),
    );
    let rate = (ROUNDS * DELIVERIES) as f64 / wall.as_secs_f64();
    table.figure(
        "deliveries to upserts, one host beside its stand-ins",
        (rate, "/s"),
        None,
    );
    table.figure("memory, under load", (largest, "MB"), Wish::at_most(80.0));
}

/// Until the last of them is in Port.
async fn through(
    host: &RunningHost,
    template: &Template,
    port: &Arc<FakePort>,
    numbers: std::ops::Range<usize>,
    written: &mut usize,
) {
    let (before, count) = (*written, numbers.len());
    let room = {
        let port = port.clone();
        move |sent: usize| sent + before < writes(&port) + WINDOW
    };
    load::send(host.address(), template, numbers, room).await;
    *written += count;
    port.wait_for_within(TAIL, "the last delivery", |port| writes(port) >= *written)
        .await;
}

fn writes(port: &FakePort) -> usize {
    usize::try_from(port.writes()).expect("as many as were sent")
}

async fn spent(pid: u32, work: impl Future<Output = ()>) -> Duration {
    let before = process::cpu(pid);
    work.await;
    process::cpu(pid) - before
}

/// Each entity by the digest of what it must be.
fn check(port: &FakePort, count: usize) {
    let Some(mut expected) = port.stored(BLUEPRINT, &identifier(0)) else {
        panic!("there is no {}", identifier(0));
    };
    assert_eq!(expected.properties["status"], "open");
    assert_eq!(expected.properties["creator"], "mona");
    assert_eq!(expected.relations["service"], "checkout");
    for number in 0..count {
        let identifier = identifier(number);
        expected.title = Some(format!("Change {}", padded(number)));
        let digest = expected.digest(BLUEPRINT, &identifier);
        assert_eq!(
            port.digest(BLUEPRINT, &identifier),
            Some(digest),
            "{identifier}"
        );
    }
    assert_eq!(port.entities(BLUEPRINT).len(), count);
}

fn identifier(number: usize) -> String {
    format!("checkout{}", padded(number))
}
