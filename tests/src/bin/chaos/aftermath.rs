//! When the trouble is over: the catalog comes to rest and is held against the model.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use portolan_tests::host::RunningHost;

use crate::model::Differences;
use crate::report::Report;
use crate::traffic::CONNECTIONS;
use crate::world::World;

/// Nothing may change any more once the catalog was right for so long.
const REST: Duration = Duration::from_millis(1_500);

/// When the host may not have heard what Port answered. Whose an entity is that was made then, nobody knows; it stays
/// where it is: in doubt nothing is deleted.
#[derive(Default)]
pub(crate) struct Doubt(Vec<(Timestamp, Timestamp)>);

impl Doubt {
    pub(crate) fn add(&mut self, from: Timestamp, until: Timestamp) {
        self.0.push((from, until));
    }

    /// An answer was on its way, or the host was working on it.
    pub(crate) fn before(&mut self, at: Timestamp) {
        let from = at.checked_sub(SignedDuration::from_secs(2));
        self.add(from.unwrap_or(at), at);
    }

    fn is_over(&self, made: Timestamp) -> bool {
        let mut times = self.0.iter();
        times.any(|(from, until)| (*from..=*until).contains(&made))
    }

    fn excuses(&self, differences: &Differences) -> bool {
        let mut left = differences.left.iter();
        differences.lost.is_empty() && left.all(|(_, made)| self.is_over(*made))
    }
}

/// Waits until all is as it must be, or nothing moved for `quiet`; then lets entities go in calm weather.
/// Gives how long it was until the last of what had to be in Port was there.
pub(crate) async fn judge(
    report: &mut Report,
    world: &World,
    host: &RunningHost,
    doubt: &Doubt,
    quiet: Duration,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let right = |now: &Differences| doubt.excuses(now);
    let (differences, written) = world.settle(quiet, REST, right).await;
    let drained = written.saturating_duration_since(began);
    report.count("subjects compared with the model", world.model.subjects());
    let seconds = drained.as_secs_f64();
    report.figure("until the catalog was at rest", seconds, "s");
    report.count(
        "acknowledged, and not in Port as the world is",
        differences.lost.len(),
    );
    let doubted = |made: &Timestamp| doubt.is_over(*made);
    let kept = differences.left.iter().filter(|(_, made)| doubted(made));
    report.count("kept, because nobody can know whose they are", kept.count());
    let lost = !differences.lost.is_empty();
    tell(report, differences, doubt);
    if lost {
        report.note("entities are not taken away any more: what is lost would hold that up");
        return Ok(drained);
    }

    let differences = deletions(world, host, doubt, quiet).await?;
    report.count(
        "not declared any more in calm weather, and still there",
        differences.left.len(),
    );
    tell(report, differences, doubt);
    Ok(drained)
}

/// Now nothing is in doubt: what is no longer declared goes.
async fn deletions(
    world: &World,
    host: &RunningHost,
    doubt: &Doubt,
    quiet: Duration,
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
        let right = |now: &Differences| doubt.excuses(now);
        world.settle(quiet, REST, right).await;
    }
    let mut differences = world.model.differences(&world.port);
    differences.left.retain(|(_, made)| *made >= since);
    Ok(differences)
}

fn tell(report: &mut Report, differences: Differences, doubt: &Doubt) {
    for lost in differences.lost {
        report.violation(lost.to_string());
    }
    for ((blueprint, identifier), made) in differences.left {
        if !doubt.is_over(made) {
            report.violation(format!(
                "{blueprint} {identifier}, made at {made}, is still in Port, though nothing declares it"
            ));
        }
    }
}

/// How soon the host answered after each of its starts.
pub(crate) fn ready(report: &mut Report, what: &str, mut times: Vec<Duration>) {
    times.sort();
    for (name, share) in [("p50", 50), ("p99", 99)] {
        let at = times.len().saturating_sub(1) * share / 100;
        let time = times.get(at).map_or(0.0, Duration::as_secs_f64);
        report.figure(format!("{what}, {name}"), time * 1e3, "ms");
    }
}

/// Ends the host as a deployment does: it must still be there, have given up nothing, and end well.
pub(crate) async fn stop(report: &mut Report, mut host: RunningHost) {
    let (status, lines) = match host.has_ended() {
        Some(status) => (status, host.lines()),
        None => host.stop().await,
    };
    let last = lines.last().map(String::as_str).unwrap_or_default();
    if !status.success() {
        return report.violation(format!("the host ended with {status}: {last}"));
    }
    match number_before(" in quarantine", last) {
        Some(0) => report.count("in quarantine at the end", 0),
        Some(count) => report.violation(format!("{count} are in quarantine")),
        None => report.violation(format!("the host's last words tell no quarantine: {last}")),
    }
}

/// What the host counts in a line of its log.
pub(crate) fn number_before(words: &str, line: &str) -> Option<usize> {
    let (before, _) = line.split_once(words)?;
    before.rsplit(' ').next()?.parse().ok()
}
