//! The host is killed under load after a random time, and started again on what it left; many times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use portolan_tests::dice::Dice;

use crate::aftermath::{Doubt, judge, ready, stop};
use crate::database::Ledger;
use crate::report::Report;
use crate::traffic::Traffic;
use crate::world::{World, start};

const PER_SECOND: usize = 120;
/// A host lives so many milliseconds.
const LIFE: (usize, usize) = (50, 1_500);
/// Nothing moved for so long: nothing will.
const QUIET: Duration = Duration::from_secs(20);

pub(crate) async fn run(report: &mut Report, mut dice: Dice, kills: u64) -> anyhow::Result<()> {
    let world = Arc::new(World::new().await?);
    let mut host = start(world.host()).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    let nobody = Arc::new(|_: &str| ());
    let traffic = Traffic::begin(&world, &host, dice.another(), PER_SECOND, nobody).await?;
    let (mut times, mut doubt) = (Vec::new(), Doubt::default());
    for _ in 0..kills {
        let life = dice.between(LIFE.0, LIFE.1) as u64;
        tokio::time::sleep(Duration::from_millis(life)).await;
        let again = host.again();
        if let Some(status) = host.has_ended() {
            let last = host.lines().pop().unwrap_or_default();
            let sentence = format!("the host ended with {status} before it was killed: {last}");
            report.violation(sentence);
        }
        let folder = host.data_dir();
        host.kill().await;
        let left = Ledger::of(&folder).and_then(|ledger| doubt.killed(Timestamp::now(), &ledger));
        left.map_err(anyhow::Error::msg)?;
        let began = Instant::now();
        host = start(again).await?;
        times.push(began.elapsed());
    }
    let tally = traffic.end().await?;
    tally.tell(report);
    report.count("kills, and starts after them", times.len());
    ready(report, "ready after a kill", times);
    judge(report, &world, &host, &doubt, QUIET).await?;
    stop(report, host).await;
    Ok(())
}
