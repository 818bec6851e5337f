//! How long GitHub waits for an answer at the pace of usual days and of busy ones, all that follows from each delivery
//! being done meanwhile; beside the disk that every answer waits for.

use std::time::Duration;

use crate::load::ranks;
use crate::table::{Table, Wish};
use crate::world::World;
use crate::{database, disk, through};

/// Host and disk take turns, so that what else the machine does hits both.
const ROUNDS: usize = 4;
const USUAL: Duration = Duration::from_millis(20);
const BUSY: Duration = Duration::from_millis(2);
/// In each round: ten seconds of usual days, four of busy ones.
const AT_USUAL: u32 = 500;
const AT_BUSY: usize = 2_000;
const WARM_UP: usize = 500;

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let (template, port) = (world.template(), &world.port);
    let host = world.host().plugin("pull-requests").start().await;
    host.wait_for_line("loaded plugin pull-requests").await;
    host.wait_for_line("first start: ").await;
    let mut numbers = 0..;
    let mut next = |count: usize| template.signed(numbers.by_ref().take(count));
    through::send(host.address(), &next(WARM_UP), port).await;

    let folder = tempfile::tempdir_in(host.data_dir()).expect("a folder on the host's disk");
    let (mut syncs, mut usual, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        syncs.extend(disk::syncs(folder.path(), AT_USUAL, USUAL).await);
        let deliveries = next(AT_USUAL as usize);
        usual.extend(through::paced(host.address(), &deliveries, USUAL, port).await);
        busy.extend(through::paced(host.address(), &next(AT_BUSY), BUSY, port).await);
    }
    let sent = WARM_UP + ROUNDS * (AT_USUAL as usize + AT_BUSY);
    through::check(port, 0..sent);
    let kept = database::deliveries(&host.data_dir(), "true");
    assert_eq!(kept, sent, "deliveries on disk");

    let [syncs, usual, busy] = [syncs, usual, busy].map(ranks);
    table.beside(
        "answer at 50/s, p99",
        (usual[1], "ms"),
        ("the disk's own fdatasync", syncs[1]),
        Wish::times(1.0).plus(3.0),
    );
    table.beside(
        "answer at 50/s, median",
        (usual[0], "ms"),
        ("the disk's own fdatasync", syncs[0]),
        None,
    );
    table.beside(
        "answer at 500/s, p99",
        (busy[1], "ms"),
        ("at 50/s", usual[1]),
        Wish::at_most(100.0),
    );
    table.beside(
        "answer at 500/s, median",
        (busy[0], "ms"),
        ("at 50/s", usual[0]),
        None,
    );
}
