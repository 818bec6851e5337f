//! The host is killed under load after a random time, and started again on what it left; many times.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use portolan_tests::dice::Dice;

use crate::model::Differences;
use crate::report::Report;
use crate::traffic::{CONNECTIONS, Tally, Traffic};
use crate::world::{World, start};

const PER_SECOND: usize = 120;
/// Nothing moved for so long: nothing will.
const QUIET: Duration = Duration::from_secs(20);
/// An entity made so shortly before a kill may have been made without the host hearing of it. Whose it is then
/// nobody knows, so that it stays: in doubt nothing is deleted.
const DOUBT: SignedDuration = SignedDuration::from_secs(2);

pub(crate) async fn run(report: &mut Report, mut dice: Dice, kills: u64) -> anyhow::Result<()> {
    let world = Arc::new(World::new().await?);
    let mut host = start(world.host()).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    let nobody = Arc::new(|_: &str| ());
    let traffic = Traffic::begin(&world, &host, dice.another(), PER_SECOND, nobody).await?;
    let (mut ready, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(dice.between(50, 1_500) as u64)).await;
        let again = host.again();
        killed.push(Timestamp::now());
        host.kill().await;
        let began = Instant::now();
        host = start(again).await?;
        ready.push(began.elapsed());
    }
    let tally = traffic.end().await;
    let began = Instant::now();
    let differences = world.settle(QUIET, |now| is_excused(now, &killed)).await;
    let drained = began.elapsed();

    count(report, &tally);
    report.count("subjects compared with the model", world.model.subjects());
    report.count("restarts", ready.len());
    ready.sort();
    let of = |share: usize| ready.get(ready.len().saturating_sub(1) * share / 100);
    for (name, time) in [("p50", of(50)), ("p99", of(99))] {
        let time = time.map_or(0.0, Duration::as_secs_f64);
        report.figure(format!("ready after a kill, {name}"), time * 1e3, "ms");
    }
    report.figure("until the catalog was right", drained.as_secs_f64(), "s");
    judge(report, &differences, &killed);

    let differences = deletions(&world, &host, &killed).await?;
    judge(report, &differences, &killed);
    let (status, lines) = host.stop().await;
    if !status.success() {
        let last = lines.last().map(String::as_str).unwrap_or_default();
        report.violation(format!(
            "stopped at the end, the host ended with {status}: {last}"
        ));
    }
    Ok(())
}

/// In calm weather nothing is in doubt: what is no longer declared goes.
async fn deletions(
    world: &World,
    host: &portolan_tests::host::RunningHost,
    killed: &[Timestamp],
) -> anyhow::Result<Differences> {
    let repositories: Vec<_> = (0..CONNECTIONS)
        .map(|number| world.github.repository(&format!("acme/svc-{number}")))
        .collect();
    let since = Timestamp::now();
    for (title, parts) in [("Nearly done", &[0][..]), ("Done", &[])] {
        for repository in &repositories {
            let change = world.describe(repository, title, parts);
            world.deliver(host, &change).await?;
        }
        let excuse = |now: &Differences| is_excused(now, killed);
        world.settle(QUIET, excuse).await;
    }
    let mut differences = world.model.differences(&world.port);
    differences.left.retain(|(_, made)| *made >= since);
    Ok(differences)
}

fn is_excused(differences: &Differences, killed: &[Timestamp]) -> bool {
    let mut left = differences.left.iter();
    differences.lost.is_empty() && left.all(|(_, made)| is_in_doubt(*made, killed))
}

fn is_in_doubt(made: Timestamp, killed: &[Timestamp]) -> bool {
    let mut killed = killed.iter();
    killed.any(|at| made <= *at && at.duration_since(made) < DOUBT)
}

fn judge(report: &mut Report, differences: &Differences, killed: &[Timestamp]) {
    report.count(
        "acknowledged, and not in Port as the world is",
        differences.lost.len(),
    );
    for sentence in &differences.lost {
        report.violation(sentence);
    }
    let (doubted, wrong): (Vec<_>, Vec<_>) = differences
        .left
        .iter()
        .partition(|(_, made)| is_in_doubt(*made, killed));
    report.count(
        "kept, because a kill left in doubt whose they are",
        doubted.len(),
    );
    for ((blueprint, identifier), made) in wrong {
        report.violation(format!(
            "{blueprint} {identifier}, made at {made}, is still in Port, though nothing declares it"
        ));
    }
}

pub(crate) fn count(report: &mut Report, tally: &Tally) {
    let counts = [
        ("deliveries acknowledged", &tally.acknowledged),
        ("sent again after that", &tally.repeated),
        ("refused with 503", &tally.refused),
        ("sent without an answer", &tally.unanswered),
    ];
    for (what, count) in counts {
        report.count(what, count.load(Ordering::Relaxed));
    }
    let odd = tally.odd.load(Ordering::Relaxed);
    if odd > 0 {
        report.violation(format!(
            "{odd} deliveries were answered neither 2xx nor 503"
        ));
    }
}
