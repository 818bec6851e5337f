//! Random outcomes of several producers, with refusals, lost answers and crashes, against a model that only folds what
//! each of them says that there is.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{CART_PAGE, Running, SHOP, SHOP_MAPPED, STORE, Step, Who, World, wish};
use super::*;

const SEEDS: u64 = 400;
const STEPS: usize = 40;
const PRODUCERS: [Who; 4] = [SHOP, SHOP_MAPPED, CART_PAGE, STORE];
const NAMES: [&str; 6] = ["a", "b", "c", "team/a", "team/b", "team/c"];

/// Xorshift: the same numbers for the same seed, everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn some(&mut self, names: &[&'static str]) -> Vec<&'static str> {
        let mut some = names.to_vec();
        some.retain(|_| self.once_in(2));
        some
    }
}

#[test]
fn the_catalog_ends_up_as_the_producers_say() {
    for seed in 1..=SEEDS {
        for disturbed in [false, true] {
            run(seed, disturbed);
        }
    }
}

/// The same with several events under way at once, each with the turn of what it touches.
#[test]
fn events_that_share_entities_do_each_other_no_harm() {
    for seed in 1..=SEEDS {
        let mut story = Story::new(seed, false);
        let mut running: Vec<(usize, Running<'_>)> = Vec::new();
        for _ in 0..STEPS * 4 {
            let producer = story.chance.below(PRODUCERS.len());
            let chosen = running.iter().position(|(other, _)| *other == producer);
            if let Some(index) = chosen {
                let event = &mut running[index].1;
                story.world.step(event);
                if event.next == Step::Over {
                    running.remove(index);
                }
                continue;
            }
            let outcome = story.outcome(producer);
            let event = story.world.begin(outcome);
            let mine = event.plan.touches();
            let waits = |other: &Running<'_>| !other.plan.touches().is_disjoint(&mine);
            if !running.iter().any(|(_, other)| waits(other)) {
                running.push((producer, event));
            }
        }
        for (_, event) in &mut running {
            while event.next != Step::Over {
                story.world.step(event);
            }
        }
        story.end();
    }
}

/// Without a disturbance the catalog must be the model's to the last entity. Lost answers may leave entities of which
/// the ledger cannot know that it created them.
fn run(seed: u64, disturbed: bool) {
    let mut story = Story::new(seed, disturbed);
    for _ in 0..STEPS {
        let producer = story.chance.below(PRODUCERS.len());
        let outcome = story.outcome(producer);
        let crash = match disturbed.then(|| story.chance.below(12)) {
            Some(0) => Some(Step::Sending),
            Some(1) => Some(Step::Deleting),
            Some(2) => Some(Step::Commit),
            _ => None,
        };
        let complete = outcome.complete;
        let before: BTreeSet<String> = story.world.port.keys().cloned().collect();
        story.world.carry_out(outcome, crash);
        let after: BTreeSet<String> = story.world.port.keys().cloned().collect();
        assert!(
            complete || story.renames || before.is_subset(&after),
            "{}: an incomplete outcome deleted",
            story.at
        );
    }
    story.end();
}

struct Story {
    at: String,
    disturbed: bool,
    chance: Chance,
    world: World,
    /// What each may name at all: some entities have one producer, others several.
    reach: Vec<Vec<&'static str>>,
    renames: bool,
}

impl Story {
    fn new(seed: u64, disturbed: bool) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let at = format!("seed {seed}, disturbed: {disturbed}");
        let mut world = World {
            story: at.clone(),
            ..World::default()
        };
        for name in chance.some(&NAMES[1..5]) {
            world.others_have(name);
        }
        Self {
            at,
            disturbed,
            world,
            reach: PRODUCERS.map(|_| chance.some(&NAMES)).into(),
            renames: chance.once_in(2),
            chance,
        }
    }

    /// Anything that a producer may say, in a world in which anything may go wrong.
    fn outcome(&mut self, producer: usize) -> Wish<'static> {
        let (chance, world) = (&mut self.chance, &mut self.world);
        world.works();
        if chance.once_in(3) {
            world.refuses = owned(chance.some(&NAMES));
            world.keeps = owned(chance.some(&NAMES));
        }
        if self.disturbed && chance.once_in(4) {
            world.loses = owned(chance.some(&NAMES));
        }
        let mut entities = Vec::new();
        for name in chance.some(&self.reach[producer]) {
            let mut text = format!("{name}={}", chance.below(3));
            if let Some(old) = NAMES.get(chance.below(40))
                && self.renames
                && old.contains('/') == name.contains('/')
            {
                text += &format!("<{old}");
            }
            entities.push(world::entity(&text));
        }
        Wish {
            entities,
            complete: !chance.once_in(4),
            merge: !chance.once_in(4),
            force: chance.once_in(8),
            ..wish(PRODUCERS[producer], &[])
        }
    }

    /// Everybody says once more what there is, and nothing goes wrong: now the model must be right.
    fn end(mut self) {
        let at = &self.at;
        self.world.works();
        let mut produced: BTreeMap<&str, usize> = BTreeMap::new();
        for (producer, who) in PRODUCERS.into_iter().enumerate() {
            let names = self.chance.some(&self.reach[producer]);
            for name in &names {
                *produced.entry(name).or_default() += 1;
            }
            let done = self.world.map(wish(who, &names));
            assert!(done.complete, "{at}: nothing stood in the way");
        }
        for name in NAMES {
            let there = self.world.port.get(name);
            if !produced.contains_key(name) {
                assert!(
                    there.is_none_or(|stored| stored.foreign || stored.doubtful),
                    "{at}: {name} is left over: {there:?}"
                );
                continue;
            }
            let stored = there.unwrap_or_else(|| panic!("{at}: {name} is missing"));
            // Where nobody else ever writes it, it is what its producer says.
            let writers = self.reach.iter().filter(|reach| reach.contains(&name));
            if writers.count() == 1 && !self.renames {
                assert!(
                    stored.value.contains(r#""title":"0""#),
                    "{at}: {name} is {stored:?}"
                );
            }
        }
        let waits = self.world.rows.iter().find(|row| row.waits.is_some());
        assert!(waits.is_none(), "{at}: {waits:?} is produced");
        let meant: usize = produced.values().sum();
        assert_eq!(self.world.rows.len(), meant, "{at}: a row for each");
    }
}

fn owned(names: Vec<&str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}
