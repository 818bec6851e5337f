//! What an event costs when more and more is stored: finished deliveries, subjects, and what the ledger remembers.
//!
//! The first thousand the host stores itself; the others are copies of its own rows, put in while it is stopped.

use std::time::Duration;

use crate::database::{self, spread};
use crate::load::ranks;
use crate::table::{Table, Wish};
use crate::world::World;
use crate::{process, through};

const STORED: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const OWN: usize = STORED[0];
/// The hosts take turns, so that what else the machine does hits all of them.
const ROUNDS: usize = 2;
/// Of each host in each round, at once and at a pace. What is stored grows by it, which little more than the first notices.
const EVENTS: usize = 2_000;
const PACED: usize = 300;
const PACE: Duration = Duration::from_millis(10);
const WARM_UP: usize = 200;

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let (template, port) = (world.small_template(), &world.port);
    // Beyond those of the copies.
    let mut indices = STORED[3]..;
    let mut next = |count: usize| template.signed(indices.by_ref().take(count).map(spread));
    let mut hosts = Vec::new();
    for stored in STORED {
        let host = world.host().plugin("pull-requests").start().await;
        host.wait_for_line("loaded plugin pull-requests").await;
        let own = next(OWN);
        through::send(host.address(), &own, port).await;
        let again = host.again();
        host.stop().await;
        database::fill(&again.data_dir(), own.number(0), 0..stored - OWN)
            .expect("a database of the schema that is known here");
        assert_eq!(
            database::deliveries(&again.data_dir(), "done IS NOT NULL"),
            stored
        );
        let host = again.start().await;
        host.wait_for_line("loaded plugin pull-requests").await;
        through::send(host.address(), &next(WARM_UP), port).await;
        hosts.push((host, Duration::ZERO, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (host, cpu, times) in &mut hosts {
            let events = next(EVENTS);
            let sending = through::send(host.address(), &events, port);
            *cpu += process::spent(host.pid(), sending).await.0;
            times.extend(through::paced(host.address(), &next(PACED), PACE, port).await);
        }
    }
    let more = WARM_UP + ROUNDS * (EVENTS + PACED);
    let sent = STORED.len() * (OWN + more);
    through::check(port, (STORED[3]..STORED[3] + sent).map(spread));

    let mut first = None;
    for (stored, (host, cpu, times)) in STORED.into_iter().zip(hosts) {
        let again = host.again();
        host.stop().await;
        let done = database::deliveries(&again.data_dir(), "done IS NOT NULL");
        assert_eq!(done, stored + more, "deliveries on record as done");
        let cpu = cpu.as_secs_f64() * 1e6 / (ROUNDS * EVENTS) as f64;
        let median = ranks(times)[0];
        let (least, soonest) = *first.get_or_insert((cpu, median));
        let reference = format!("{OWN} stored");
        table.beside(
            format!("CPU per event, {stored} stored"),
            (cpu, "µs"),
            (&reference, least),
            Wish::times(1.25),
        );
        table.beside(
            format!("answer at 100/s, median, {stored} stored"),
            (median, "ms"),
            (&reference, soonest),
            Wish::times(1.25),
        );
    }
}
