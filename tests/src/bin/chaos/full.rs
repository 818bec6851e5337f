//! The disk is full for a while under load: nothing new is taken in, what waits goes on, and it is over by itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_tests::dice::Dice;
use portolan_tests::mount::Mount;
use portolan_tests::port::FakePort;
use tokio::time::timeout;

use crate::aftermath::{Doubt, judge, stop};
use crate::order;
use crate::report::Report;
use crate::traffic::Traffic;
use crate::world::{World, start};

const PER_SECOND: usize = 40;
/// Before anything goes wrong, while Port is away, and after it is over.
const DELIVERIES: usize = 200;
/// For what waits, while the disk is full.
const PATIENCE: Duration = Duration::from_secs(90);
/// Nothing moved for so long: nothing will.
const QUIET: Duration = Duration::from_secs(20);

pub(crate) async fn run(report: &mut Report, mut dice: Dice, seconds: u64) -> anyhow::Result<()> {
    let mount = match Mount::of("size=32m") {
        Ok(mount) => mount,
        Err(why) => {
            report.note(&format!("NOT TESTED, a full disk: {why}"));
            return Ok(());
        }
    };
    let world = Arc::new(World::new().await?);
    let data = mount.folder().display().to_string();
    let mut host = start(world.host().env("DATA_DIR", data)).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    // It has put room by, as much as so small a disk allows.
    host.wait_for_line("are put by for that").await;
    let nobody = Arc::new(|_: &str| ());
    let traffic = Traffic::begin(&world, &host, dice.another(), PER_SECOND, nobody).await?;
    let tally = traffic.tally.clone();
    tally.acknowledged.grows_by(DELIVERIES).await?;

    // So that something waits.
    world.port.go_down();
    tally.acknowledged.grows_by(DELIVERIES).await?;
    mount.fill();
    tally.refused.reaches(1).await?;
    let full = Instant::now();
    let (accepted, refused) = (tally.acknowledged.now(), tally.refused.now());
    let waiting = lost(&world);
    report.count("subjects that wait when the disk is full", waiting.len());
    world.port.go_up();
    let all = |_: &FakePort| lost(&world).is_disjoint(&waiting);
    let left = PATIENCE.saturating_sub(full.elapsed());
    let drained = timeout(left, world.port.comes_to(left, all)).await;
    if !drained.unwrap_or(false) {
        let left = lost(&world).intersection(&waiting).count();
        report.violation(format!("{left} of them still wait after {PATIENCE:?}"));
    }
    let drained = full.elapsed();
    let drained = drained.as_secs_f64();
    report.figure("until they were in Port, the disk being full", drained, "s");
    let rest = Duration::from_secs(seconds).saturating_sub(full.elapsed());
    tokio::time::sleep(rest).await;
    let lasted = full.elapsed().as_secs_f64();
    report.figure("the disk was full for", lasted, "s");
    let (accepted, refused) = (
        tally.acknowledged.now() - accepted,
        tally.refused.now() - refused,
    );
    report.count("acknowledged meanwhile", accepted);
    report.count("refused with 503 meanwhile", refused);
    if let Some(status) = host.has_ended() {
        report.violation(format!("the host ended with {status} on a full disk"));
    }

    mount.make_room();
    let room = Instant::now();
    tally.acknowledged.grows_by(1).await?;
    let accepts = room.elapsed().as_secs_f64();
    report.figure("until it accepts again once there is room", accepts, "s");
    tally.acknowledged.grows_by(DELIVERIES).await?;
    traffic.end().await?.tell(report);
    judge(report, &world, &host, &Doubt::default(), QUIET).await?;
    order::judge(report, &world);
    stop(report, host).await;
    Ok(())
}

/// The deliveries that were acknowledged, and of which Port does not know yet.
fn lost(world: &World) -> BTreeSet<String> {
    let differences = world.model.differences(&world.port);
    let lost = differences.lost.into_iter();
    lost.map(|lost| lost.guid).collect()
}
