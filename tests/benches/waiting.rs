//! The memory of a host that may not go on: very many events wait while Port does not answer.

use std::time::Duration;

use portolan_tests::fault::Fault;

use crate::process::{self, Watch};
use crate::table::{Table, Wish};
use crate::world::World;
use crate::{database, load};

const WAITING: usize = 100_000;
/// Signed at once; between two such loads the host has a moment, as it has between two bursts.
const LOAD: usize = 10_000;
const CONNECTIONS: usize = 64;
const NEVER: Duration = Duration::from_secs(3_600);

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let template = world.template();
    let host = world.host().plugin("pull-requests").start().await;
    host.wait_for_line("loaded plugin pull-requests").await;
    host.wait_for_line("first start: ").await;
    world.port.fail(Fault::slow(NEVER).on("/entities").always());
    let idle = process::rss(host.pid());
    let watch = Watch::of(host.pid());
    for begin in (0..WAITING).step_by(LOAD) {
        let deliveries = template.signed(begin..begin + LOAD);
        load::send(host.address(), &deliveries, CONNECTIONS, None).await;
    }
    let largest = watch.stop().await;
    let waiting = database::deliveries(&host.data_dir(), "done IS NULL");
    assert_eq!(waiting, WAITING, "deliveries that wait");
    assert_eq!(
        world.port.writes(),
        0,
        "what Port does not answer is not written"
    );
    table.beside(
        format!("memory, {WAITING} events waiting"),
        (process::rss(host.pid()), "MB"),
        ("idle", idle),
        Wish::at_most(150.0),
    );
    table.beside(
        "the most it was meanwhile",
        (largest, "MB"),
        ("idle", idle),
        Wish::at_most(150.0),
    );
}
