//! Random outcomes of several producers, with refusals, lost answers and crashes, against a model that only folds what
//! each of them says that there is.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{CART_PAGE, Crash, SHOP, SHOP_MAPPED, STORE, Who, World, wish};
use super::*;

const SEEDS: u64 = 3_000;
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

/// Without a disturbance the catalog must be the model's to the last entity. Lost answers may leave entities of which
/// the ledger cannot know that it created them.
fn run(seed: u64, disturbed: bool) {
    let at = format!("seed {seed}, disturbed: {disturbed}");
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut world = World::default();
    for name in chance.some(&NAMES[1..5]) {
        world.others_have(name);
    }
    let mut writers: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut renamed = false;
    for _ in 0..STEPS {
        let producer = chance.below(PRODUCERS.len());
        world.refuses.clear();
        world.keeps.clear();
        world.loses.clear();
        if chance.once_in(3) {
            world.refuses = owned(chance.some(&NAMES));
            world.keeps = owned(chance.some(&NAMES));
        }
        if disturbed && chance.once_in(4) {
            world.loses = owned(chance.some(&NAMES));
        }
        let crash = match disturbed.then(|| chance.below(12)) {
            Some(0) => Some(Crash::AfterIntents),
            Some(1) => Some(Crash::AfterSending),
            Some(2) => Some(Crash::AfterDeleting),
            _ => None,
        };
        let names = chance.some(&NAMES);
        let mut texts: Vec<String> = Vec::new();
        for name in &names {
            writers.entry(name).or_default().insert(producer);
            let mut text = format!("{name}={}", chance.below(3));
            let blueprint = |name: &str| name.contains('/');
            if let Some(old) = NAMES.get(chance.below(40))
                && blueprint(old) == blueprint(name)
            {
                text += &format!("<{old}");
                renamed = true;
            }
            texts.push(text);
        }
        let outcome = Wish {
            entities: texts.iter().map(|text| world::entity(text)).collect(),
            complete: !chance.once_in(4),
            merge: !chance.once_in(4),
            force: chance.once_in(8),
            ..wish(PRODUCERS[producer], &[])
        };
        let complete = outcome.complete;
        let before: BTreeSet<String> = world.port.keys().cloned().collect();
        world.carry_out(outcome, crash);
        if !complete && !renamed {
            let lost = before
                .difference(&world.port.keys().cloned().collect())
                .count();
            assert_eq!(lost, 0, "{at}: an incomplete outcome deleted");
        }
    }

    world.refuses.clear();
    world.keeps.clear();
    world.loses.clear();
    // The model: what each says last, and what was there before.
    let mut produced: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (producer, who) in PRODUCERS.into_iter().enumerate() {
        let names = chance.some(&NAMES);
        for name in &names {
            produced.entry(name).or_default().push(producer);
            writers.entry(name).or_default().insert(producer);
        }
        let done = world.map(wish(who, &names));
        assert!(done.complete, "{at}: nothing stood in the way");
    }
    for name in NAMES {
        let there = world.port.get(name);
        match produced.contains_key(name) {
            true => assert!(there.is_some(), "{at}: {name} is missing"),
            false => assert!(
                there.is_none_or(|stored| stored.foreign || stored.doubtful),
                "{at}: {name} is left over: {there:?}"
            ),
        }
        // Where nobody else ever wrote it, it is what its producer says.
        if let Some(stored) = there
            && produced.contains_key(name)
            && writers.get(name).is_some_and(|writers| writers.len() == 1)
            && !renamed
        {
            assert!(
                stored.value.contains(r#""title":"0""#),
                "{at}: {name} is {stored:?}"
            );
        }
    }
    let held = world.rows.len();
    let meant: usize = produced.values().map(Vec::len).sum();
    assert_eq!(held, meant, "{at}: a row for each that is produced");
}

fn owned(names: Vec<&str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}
