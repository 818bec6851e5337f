//! When the trouble is over: the catalog comes to rest and is held against the model.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use portolan_tests::host::RunningHost;

use crate::database::Ledger;
use crate::model::{Differences, Key};
use crate::report::Report;
use crate::traffic::CONNECTIONS;
use crate::world::World;

/// Nothing may change any more once the catalog was right for so long.
const REST: Duration = Duration::from_millis(1_500);

/// Of which entities nobody can know who made them; such a one stays where it is: in doubt nothing is deleted.
#[derive(Default)]
pub(crate) struct Doubt {
    /// Times in which connections broke, so that Port's answers may not have been heard.
    deaf: Vec<(Timestamp, Timestamp)>,
    /// What the host's ledger had as about to be written when it was last killed, and when that was.
    open: BTreeMap<Key, Timestamp>,
    /// What a later host found in Port then, and did not take for its own; and when the one before it was killed.
    found: BTreeMap<Key, Timestamp>,
}

impl Doubt {
    pub(crate) fn deaf(&mut self, from: Timestamp, until: Timestamp) {
        self.deaf.push((from, until));
    }

    /// What the ledger of a host that was killed then says. Intents are recorded before they are sent: what is not
    /// among them was not on its way to Port either.
    pub(crate) fn killed(&mut self, at: Timestamp, ledger: &Ledger) -> Result<(), String> {
        let undecided = ledger.undecided()?;
        for (key, since) in std::mem::take(&mut self.open) {
            // One that was made by the host that knows it as its own must go when nothing declares it.
            if !undecided.contains(&key) && !ledger.owns(&key)? {
                self.found.insert(key, since);
            }
        }
        self.open.extend(undecided.into_iter().map(|key| (key, at)));
        Ok(())
    }

    fn is_over(&self, (key, made): &(Key, Timestamp)) -> bool {
        let mut deaf = self.deaf.iter();
        self.since(key).is_some() || deaf.any(|(from, until)| (from..=until).contains(&made))
    }

    /// Port carried a request out when whoever had sent it was dead already.
    fn is_late(&self, (key, made): &(Key, Timestamp)) -> bool {
        self.since(key).is_some_and(|killed| made > killed)
    }

    fn since(&self, key: &Key) -> Option<&Timestamp> {
        self.open.get(key).or_else(|| self.found.get(key))
    }

    fn excuses(&self, differences: &Differences) -> bool {
        let mut left = differences.left.iter();
        differences.lost.is_empty() && left.all(|left| self.is_over(left))
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
    let left = || differences.left.iter().filter(|left| doubt.is_over(left));
    let late = left().filter(|left| doubt.is_late(left)).count();
    report.count(
        "kept, because nobody can know whose they are",
        left().count(),
    );
    report.count("of them made by a request that outlived its host", late);
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
    for left in differences.left {
        if !doubt.is_over(&left) {
            let ((blueprint, identifier), made) = left;
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

#[test]
fn what_a_killed_host_was_about_to_write_is_in_doubt_until_one_knows_it_as_its_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let left = |rows: &str| {
        let file = folder.path().join("portolan.db");
        let filled = rusqlite::Connection::open(file).and_then(|database| {
            database.execute_batch(&format!(
                "DROP TABLE IF EXISTS ledger;
                 CREATE TABLE ledger (blueprint, identifier, ours, written);
                 INSERT INTO ledger VALUES {rows};"
            ))
        });
        filled.expect("our own statements");
        Ledger::of(folder.path()).expect("just made")
    };
    let (killed, again): (Timestamp, Timestamp) = (
        "2026-01-01T00:00:01Z".parse().expect("a time"),
        "2026-01-01T00:00:03Z".parse().expect("a time"),
    );
    let between: Timestamp = "2026-01-01T00:00:02Z".parse().expect("a time");
    let key = |name: &str| ("service", name.to_owned());

    let mut doubt = Doubt::default();
    let first = left(
        "('service', 'own', 0, 0), ('service', 'open', 0, 0), ('service', 'late', 0, 0), ('service', 'old', 1, 5)",
    );
    doubt.killed(killed, &first).expect("a ledger");
    let second = left(
        "('service', 'own', 1, 7), ('service', 'open', 0, 0), ('service', 'late', 0, 7), ('service', 'old', 1, 5)",
    );
    doubt.killed(again, &second).expect("a ledger");

    let is_over = |name: &str| doubt.is_over(&(key(name), between));
    assert_eq!(
        ["own", "open", "late", "old", "new"].map(is_over),
        [false, true, true, false, false]
    );
    let is_late = |name: &str| doubt.is_late(&(key(name), between));
    assert_eq!(["open", "late"].map(is_late), [false, true]);
}
