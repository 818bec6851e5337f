//! GitHub and Port are reached through connections that break, stand still and close on one side.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portolan_tests::Place;
use portolan_tests::dice::Dice;
use portolan_tests::github::FakeGitHub;
use portolan_tests::port::FakePort;
use portolan_tests::proxy::FakeProxy;
use portolan_tests::tls::Authority;

use crate::aftermath::{Doubt, judge, stop};
use crate::report::Report;
use crate::traffic::Traffic;
use crate::world::{World, start};

const PER_SECOND: usize = 40;
const ROUGH: Duration = Duration::from_secs(20);
/// What was under way when the weather turned is over then.
const LATE: SignedDuration = SignedDuration::from_secs(3);
/// Longer than the host waits between two tries.
const QUIET: Duration = Duration::from_secs(75);

pub(crate) async fn run(report: &mut Report, mut dice: Dice) -> anyhow::Result<()> {
    // Under TLS and by names that only the proxy leads to: nothing goes past it.
    let authority = Authority::new();
    let github = Place::secured(&authority, "github.acme.test");
    let port = Place::secured(&authority, "port.acme.test");
    let world = World::between(
        FakeGitHub::start_at(github).await,
        FakePort::start_at(port).await,
    )?;
    let (world, proxy) = (Arc::new(world), FakeProxy::start().await);
    let host = world
        .host()
        .trusting(&authority)
        .env("HTTPS_PROXY", proxy.url());
    let host = start(host).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    let nobody = Arc::new(|_: &str| ());
    let traffic = Traffic::begin(&world, &host, dice.another(), PER_SECOND, nobody).await?;

    let rough = Timestamp::now();
    proxy.rough(dice.draw());
    tokio::time::sleep(ROUGH).await;
    let tally = traffic.end().await?;
    proxy.calm();
    let mut doubt = Doubt::default();
    doubt.deaf(rough, Timestamp::now() + LATE);

    tally.tell(report);
    let fates = proxy.fates();
    for (what, count) in [
        ("connections reset", fates.reset),
        ("connections cut short", fates.truncated),
        ("connections closed on one side", fates.half_closed),
        ("connections that stood still", fates.stalled),
        ("spared for a while", fates.spared),
    ] {
        report.count(what, count);
    }
    if fates.reset + fates.truncated + fates.half_closed + fates.stalled == 0 {
        report.violation("no connection came to harm: nothing was shown");
    }
    // So that the calm in which nothing is in doubt has begun.
    tokio::time::sleep(LATE.unsigned_abs()).await;
    judge(report, &world, &host, &doubt, QUIET).await?;
    stop(report, host).await;
    Ok(())
}
