//! The host is killed under load after a random time, and started again on what it left; many times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use portolan_tests::dice::Dice;

use crate::aftermath::{Doubt, count, judge};
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
    let (mut ready, mut doubt) = (Vec::new(), Doubt::default());
    for _ in 0..kills {
        let life = dice.between(LIFE.0, LIFE.1) as u64;
        tokio::time::sleep(Duration::from_millis(life)).await;
        let again = host.again();
        host.kill().await;
        doubt.before(Timestamp::now());
        let began = Instant::now();
        host = start(again).await?;
        ready.push(began.elapsed());
    }
    let tally = traffic.end().await;
    count(report, &tally);
    report.count("kills, and starts after them", ready.len());
    ready.sort();
    for (name, share) in [("p50", 50), ("p99", 99)] {
        let at = ready.len().saturating_sub(1) * share / 100;
        let time = ready.get(at).map_or(0.0, Duration::as_secs_f64);
        report.figure(format!("ready after a kill, {name}"), time * 1e3, "ms");
    }
    judge(report, &world, &host, &doubt, QUIET).await?;
    let (status, lines) = host.stop().await;
    if !status.success() {
        let last = lines.last().map(String::as_str).unwrap_or_default();
        let sentence = format!("stopped at the end, the host ended with {status}: {last}");
        report.violation(sentence);
    }
    Ok(())
}
