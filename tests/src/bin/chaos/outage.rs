//! Port refuses everything for a long time while GitHub works on; what waited arrives, in order and soon.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_tests::dice::Dice;
use portolan_tests::fault::Fault;
use portolan_tests::host::RunningHost;
use portolan_tests::journal::Mark;
use portolan_tests::port::FakePort;

use crate::aftermath::{Doubt, judge, stop};
use crate::memory::resident;
use crate::order;
use crate::report::Report;
use crate::traffic::Traffic;
use crate::world::{World, start};

const PER_SECOND: usize = 20;
/// Before Port is lost.
const WELL: usize = 100;
const MINUTE: Duration = Duration::from_secs(60);
/// How long Port fails in one way.
const TURN: Duration = Duration::from_secs(10);
/// What an outage may cost Port: what was under way when it began, then tries of one item at a time, of which each is
/// a handful of calls, soon no more than one a minute.
const CALLS: usize = 100;
const CALLS_A_MINUTE: usize = 10;
/// From Port's return to the last event.
const DRAINED: Duration = Duration::from_secs(120);
/// Longer than the host waits between two tries.
const QUIET: Duration = Duration::from_secs(75);

pub(crate) async fn run(report: &mut Report, mut dice: Dice, minutes: u64) -> anyhow::Result<()> {
    let world = Arc::new(World::new().await?);
    let mut host = start(world.host()).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    let nobody = Arc::new(|_: &str| ());
    let traffic = Traffic::begin(&world, &host, dice.another(), PER_SECOND, nobody).await?;
    let tally = traffic.tally.clone();
    tally.acknowledged.grows_by(WELL).await?;

    let (before, calls) = (tally.acknowledged.now(), Calls::since_now(&world.port));
    let began = Instant::now();
    for minute in 1..=minutes {
        refuse(
            &mut host,
            &world.port,
            began + MINUTE * u32::try_from(minute)?,
        )
        .await;
        let (told, calls) = (tally.acknowledged.now() - before, calls.count(&world.port));
        let memory = resident(host.pid());
        report.note(&format!(
            "minute {minute}: {told} acknowledged, Port was called {calls} times, the host holds {memory:.0} MB"
        ));
    }
    let tally = traffic.end().await?;
    let told = tally.acknowledged.now() - before;
    report.count("deliveries acknowledged while Port refused", told);
    let memory = resident(host.pid());
    report.figure("memory with all of them waiting", memory, "MB");
    let calls = calls.count(&world.port);
    report.count("calls that Port got meanwhile", calls);
    let most = CALLS + CALLS_A_MINUTE * usize::try_from(minutes)?;
    if calls > most {
        report.violation(format!(
            "while it refused everything, Port was called {calls} times, more than {most}"
        ));
    }

    let (returned, writes) = (Instant::now(), world.port.writes());
    world.port.mend();
    world.port.go_up();
    // Whether or not it is, what then follows is judged.
    let _ = (world.port)
        .comes_to(QUIET, |port| port.writes() > writes)
        .await;
    let back = returned.elapsed();
    report.figure(
        "until the host noticed that Port was back",
        back.as_secs_f64(),
        "s",
    );
    let drained = back + judge(report, &world, &host, &Doubt::default(), QUIET).await?;
    if drained > DRAINED {
        report.violation(format!(
            "what waited was in Port {drained:.1?} after its return, and not within {DRAINED:?}"
        ));
    }
    tally.tell(report);
    order::judge(report, &world);
    stop(report, host).await;
    Ok(())
}

/// Answers 503, then nothing, in turns, until that time or until the host is gone.
async fn refuse(host: &mut RunningHost, port: &FakePort, until: Instant) {
    while Instant::now() < until && host.has_ended().is_none() {
        port.fail(Fault::status(503).always());
        port.go_up();
        tokio::time::sleep(TURN).await;
        port.go_down();
        port.mend();
        tokio::time::sleep(TURN).await;
    }
}

/// How often Port is called, answered or not.
struct Calls {
    since: Mark,
    turned_away: usize,
}

impl Calls {
    fn since_now(port: &FakePort) -> Self {
        Self {
            since: port.mark(),
            turned_away: port.turned_away(),
        }
    }

    fn count(&self, port: &FakePort) -> usize {
        port.asked_since(self.since) + port.turned_away() - self.turned_away
    }
}
