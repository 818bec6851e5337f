//! What is to go and is still there says what it waits for, until it has gone or is wanted again.

use super::world::{SHOP, World, wish};
use super::*;

fn waits(world: &World, name: &str) -> Option<String> {
    let row = world.row(name);
    row.unwrap_or_else(|| panic!("no row of {name}"))
        .waits
        .clone()
}

#[test]
fn behind_an_entity_that_port_refused() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart", "mail"]));
    world.refuses.insert("web".to_owned());
    for _ in 0..2 {
        world.map(wish(SHOP, &["mail", "web"]));
        let why = waits(&world, "cart").expect("it is to go");
        assert!(
            why.starts_with("Port did not take `web` of the same event"),
            "{why}"
        );
        assert_eq!(waits(&world, "mail"), None);
    }
    world.works();
    world.map(wish(SHOP, &["mail", "web"]));
    assert!(world.row("cart").is_none());
}

#[test]
fn behind_several_of_which_some_are_tried_again() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    world.loses = ["api", "web"].map(str::to_owned).into();
    world.map(wish(SHOP, &["api", "web"]));
    let why = waits(&world, "cart").expect("it is to go");
    assert!(
        why.starts_with("Port does not have yet `api` and 1 more"),
        "{why}"
    );
}

#[test]
fn what_is_produced_again_waits_no_more() {
    for (again, refused) in [("cart", false), ("cart=1", false), ("cart=1", true)] {
        let mut world = World::default();
        world.map(wish(SHOP, &["cart"]));
        world.refuses.insert("web".to_owned());
        world.map(wish(SHOP, &["web"]));
        assert!(waits(&world, "cart").is_some());
        world.works();
        if refused {
            world.refuses.insert("cart".to_owned());
        }
        world.map(wish(SHOP, &[again]));
        assert_eq!(waits(&world, "cart"), None, "{again}, refused: {refused}");
    }
}

#[test]
fn what_port_keeps_says_why() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    world.keeps.insert("cart".to_owned());
    world.map(wish(SHOP, &[]));
    assert_eq!(waits(&world, "cart").as_deref(), Some("it is kept"));
    // An outcome with a mistake in it says nothing of what is not in it.
    let broken = Wish {
        complete: false,
        ..wish(SHOP, &[])
    };
    world.map(broken);
    assert_eq!(waits(&world, "cart").as_deref(), Some("it is kept"));
}

#[test]
fn what_nobody_agreed_to_waits_for_a_person_and_is_unchanged_when_it_is_back() {
    let mut world = World::default();
    let names: Vec<String> = (0..30).map(|number| format!("s{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.map(wish(SHOP, &names));

    let plan = plan(wish(SHOP, &[]), world.known(SHOP));
    assert!(plan.over(30).is_some());
    world.commit(plan.held());

    let why = waits(&world, "s7").expect("it is to go");
    assert!(why.contains("entityDeletionThreshold"), "{why}");
    let back = world.map(wish(SHOP, &names));
    assert_eq!((back.sent.len(), back.tally.unchanged), (0, 30));
    assert_eq!(waits(&world, "s7"), None);
}
