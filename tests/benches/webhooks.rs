//! CPU time per delivery, acknowledged and all the way to Port, against a server that only checks the signature;
//! and the memory it takes.

use std::time::{Duration, Instant};

use crate::bare::Bare;
use crate::table::{Table, Wish};
use crate::world::World;
use crate::{database, load, process, through};

/// In each of the rounds.
const DELIVERIES: usize = 10_000;
/// The servers take turns, so that what else the machine does hits all of them.
const ROUNDS: usize = 2;
const WARM_UP: usize = 500;

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let (template, port) = (world.template(), &world.port);
    let bare = Bare::start(world.github.webhook_secret());
    let unwanting = world.host().start().await;
    let mapping = world.host().plugin("pull-requests").start().await;
    mapping.wait_for_line("loaded plugin pull-requests").await;
    // What a start has to do by itself is over then, and what is left is idle.
    for host in [&unwanting, &mapping] {
        host.wait_for_line("first start: ").await;
    }
    table.figure(
        "memory, idle",
        (process::rss(mapping.pid()), "MB"),
        Wish::at_most(40.0),
    );

    let warm = template.signed(0..WARM_UP);
    for address in [bare.address, unwanting.address()] {
        load::send(address, &warm, load::CONNECTIONS, None).await;
    }
    through::send(mapping.address(), &warm, port).await;
    let (asked, mut cpu) = (world.github.mark(), [Duration::ZERO; 3]);
    let mut largest = 0.0_f64;
    let mut wall = Duration::ZERO;
    for round in 0..ROUNDS {
        let begin = WARM_UP + round * DELIVERIES;
        let deliveries = template.signed(begin..begin + DELIVERIES);
        let send = |address| load::send(address, &deliveries, load::CONNECTIONS, None);
        cpu[0] += process::spent(bare.pid(), send(bare.address)).await.0;
        cpu[1] += process::spent(unwanting.pid(), send(unwanting.address()))
            .await
            .0;
        let (began, watch) = (Instant::now(), process::Watch::of(mapping.pid()));
        let sending = through::send(mapping.address(), &deliveries, port);
        cpu[2] += process::spent(mapping.pid(), sending).await.0;
        largest = largest.max(watch.stop().await);
        wall += began.elapsed();
    }
    let mut requests = world.github.requests_since(asked);
    // Whether anything was missed is asked by the clock.
    requests.retain(|request| !request.path.ends_with("/hook/deliveries"));
    assert!(
        requests.is_empty(),
        "GitHub was asked after the warm-up: {requests:#?}"
    );
    let sent = WARM_UP + ROUNDS * DELIVERIES;
    through::check(port, 0..sent);
    let folder = mapping.again();
    mapping.stop().await;
    let done = database::deliveries(&folder.data_dir(), "done IS NOT NULL");
    assert_eq!(done, sent, "deliveries on record as done");

    let [bare, unwanted, mapped] =
        cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / (ROUNDS * DELIVERIES) as f64);
    table.beside(
        "CPU per delivery that no plugin wants",
        (unwanted, "µs"),
        ("bare axum", bare),
        Wish::times(2.5),
    );
    table.beside(
        "CPU from delivery to upsert, everything durable",
        (mapped, "µs"),
        ("bare axum", bare),
        Wish::times(10.0).better(Wish::times(6.0)),
    );
    let rate = (ROUNDS * DELIVERIES) as f64 / wall.as_secs_f64();
    table.figure(
        "deliveries to upserts, one host beside its stand-ins",
        (rate, "/s"),
        None,
    );
    table.figure("memory, under load", (largest, "MB"), Wish::at_most(80.0));
}
