//! The rules against chance: a seed decides what changes on GitHub, in which order and how often webhooks tell of it,
//! who is away for how long, which plugins fail, and when the host crashes and what of its last writes is lost.
//!
//! Time is a number, so that an hour's outage takes a moment. The model of the catalog (`checks`) shares nothing with the
//! rules. `SEEDS=50000 cargo test --workspace --lib inbox::simulation` runs that many; a seed that fails is named with
//! the command that runs it alone and tells what happened.

mod chance;
mod checks;
mod disk;
mod github;
mod world;

use std::env;

use checks::Violation;
use world::{Tally, World};

/// What each `make test` runs.
const SEEDS: u64 = 300;

/// A mistake that a run is made with, to see that the checks find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// What a webhook brought is mapped, however old it is.
    GuardDropped,
    /// A delivery is acknowledged when it arrives, not when it is on disk.
    AcknowledgedTooEarly,
    /// Items of one subject are not kept apart.
    LanesIgnored,
}

fn run(seed: u64, bug: Option<Bug>, trace: bool) -> Result<Tally, Violation> {
    let mut world = World::new(seed, bug);
    world.trace = trace;
    world.run()?;
    Ok(world.tally)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")),
    )
}

#[test]
fn whatever_happens_nothing_is_lost_out_of_order_or_older_than_it_was() {
    let (first, last) = match number("SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, number("SEEDS").unwrap_or(SEEDS)),
    };
    let mut steps = 0;
    for seed in first..last {
        match run(seed, None, first + 1 == last) {
            Ok(tally) => steps += tally.steps,
            Err(violation) => panic!(
                "seed {seed}: {violation}. To see how it came about: \
                 SEED={seed} cargo test --workspace --lib inbox::simulation -- --nocapture whatever"
            ),
        }
    }
    eprintln!("{} seeds, {steps} steps", last - first);
}

#[test]
fn the_runs_go_through_what_they_are_there_for() {
    let mut all = Tally::default();
    for tally in (0..100).filter_map(|seed| run(seed, None, false).ok()) {
        all.steps += tally.steps;
        all.outages += tally.outages;
        all.probes += tally.probes;
        all.stood_for += tally.stood_for;
        all.around += tally.around;
        all.quarantined += tally.quarantined;
        all.panics += tally.panics;
        all.lost_writes += tally.lost_writes;
    }
    assert!(all.outages > 100 && all.probes > all.outages, "{all:?}");
    let rare = [
        all.stood_for,
        all.around,
        all.quarantined,
        all.panics,
        all.lost_writes,
    ];
    assert!(rare.iter().all(|often| *often > 10), "{all:?}");
}

#[test]
fn a_mistake_that_is_planted_is_found() {
    let found = |bug, expected: &str| {
        let violation =
            (0..1_000).find_map(|seed| Some((seed, run(seed, Some(bug), false).err()?)));
        let (seed, violation) = violation.unwrap_or_else(|| panic!("{bug:?} was not found"));
        assert!(
            violation.contains(expected),
            "{bug:?}: seed {seed}: {violation}"
        );
        eprintln!("{bug:?}: found by seed {seed}");
    };
    found(Bug::GuardDropped, "over state");
    found(Bug::AcknowledgedTooEarly, "was acknowledged and is lost");
    found(Bug::LanesIgnored, "in hand");
}
