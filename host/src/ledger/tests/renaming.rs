//! Entities that get another identifier.

use super::world::{SHOP, SHOP_MAPPED, STORE, Step, World, wish};
use super::*;

#[test]
fn another_identifier_is_written_before_the_old_one_goes() {
    let mut world = World::default();
    world.map(wish(SHOP, &["old"]));
    world.refuses.insert("new".to_owned());
    assert!(world.map(wish(SHOP, &["new"])).deleted.is_empty());
    world.refuses.clear();
    let moved = world.map(wish(SHOP, &["new"]));
    assert_eq!(
        (moved.sent, moved.deleted),
        (vec!["new".to_owned()], vec!["old".to_owned()])
    );
}

#[test]
fn a_renamed_entity_stays_ours_and_nothing_is_deleted() {
    let mut world = World::default();
    world.map(wish(SHOP, &["old"]));
    let renamed = world.map(wish(SHOP, &["new<old"]));
    assert_eq!((renamed.tally.renamed, renamed.tally.created), (1, 0));
    assert!(renamed.complete && renamed.deleted.is_empty() && world.row("old").is_none());
    assert!(world.map(wish(SHOP, &["new<old"])).sent.is_empty());
    assert_eq!(world.map(wish(SHOP, &[])).deleted, ["new"]);
}

#[test]
fn an_entity_of_others_is_renamed_and_stays_theirs() {
    let mut world = World::default();
    world.others_have("old");
    world.map(wish(SHOP, &["new<old"]));
    assert!(world.map(wish(SHOP, &[])).deleted.is_empty() && world.port.contains_key("new"));
}

#[test]
fn a_renaming_whose_answer_got_lost_is_known_by_the_next_try() {
    let mut world = World::default();
    world.map(wish(SHOP, &["old"]));
    world.crash_after_sending(wish(SHOP, &["new<old"]));
    world.map(wish(SHOP, &["new<old"]));
    assert!(world.row("old").is_none());
    assert_eq!(world.map(wish(SHOP, &[])).deleted, ["new"]);
}

#[test]
fn a_hand_made_entity_that_took_the_place_of_ours_is_not_ours() {
    let mut world = World::default();
    world.map(wish(SHOP, &["old"]));
    world.port.remove("old");
    world.others_have("new");
    world.map(wish(SHOP, &["new<old"]));
    assert!(world.row("old").is_none(), "there is nothing to be renamed");
    assert!(world.map(wish(SHOP, &[])).deleted.is_empty());
}

#[test]
fn where_both_exist_the_old_one_is_dropped_like_any_other() {
    let mut world = World::default();
    world.map(wish(SHOP, &["old"]));
    world.others_have("new");
    assert_eq!(world.map(wish(SHOP, &["new<old"])).deleted, ["old"]);
    assert!(world.port.contains_key("new"));

    let mut world = World::default();
    world.map(wish(SHOP, &["old"]));
    world.map(wish(STORE, &["old"]));
    world.others_have("new");
    assert!(
        world.map(wish(SHOP, &["new<old"])).deleted.is_empty(),
        "the store produces it"
    );
    assert_eq!(world.map(wish(STORE, &[])).deleted, ["old"]);
}

#[test]
fn a_refused_half_of_a_renaming_leaves_the_old_one() {
    let mut world = World::default();
    world.map(wish(SHOP, &["old", "cart"]));
    world.refuses.insert("new".to_owned());
    let refused = world.map(wish(SHOP, &["new<old"]));
    assert!(refused.deleted.is_empty() && world.row("old").is_some());
    world.refuses.clear();
    let mended = world.map(wish(SHOP, &["new<old"]));
    assert_eq!(mended.deleted, ["cart"]);
    assert_eq!(
        world.map(wish(SHOP, &[])).deleted,
        ["new"],
        "it was ours all along"
    );
}

#[test]
fn who_still_declares_the_former_identifier_is_named_and_writes_it_again() {
    for crashes in [false, true] {
        let mut world = World::default();
        world.map(wish(STORE, &["old"]));
        if crashes {
            world.crash_after_sending(wish(SHOP, &["new<old"]));
        } else {
            let told = "entity `new` of blueprint `service`: it was to be called so instead of `old`, by which \
                        acme/store still declares it";
            assert_eq!(world.map(wish(SHOP, &["new<old"])).said, [told]);
        }
        assert_eq!(world.map(wish(STORE, &["old"])).sent, ["old"]);
    }
}

#[test]
fn an_identifier_that_is_declared_too_is_not_renamed() {
    let mut world = World::default();
    world.map(wish(SHOP_MAPPED, &["old"]));
    let both = world.map(wish(SHOP_MAPPED, &["new<old", "old"]));
    assert_eq!((both.tally.renamed, both.said.len()), (0, 1));
    assert!(world.port.contains_key("old") && world.port.contains_key("new"));
}

#[test]
fn many_old_ones_that_could_not_be_renamed_wait_for_the_threshold() {
    let mut world = World::default();
    let names = |prefix: &str| (0..30).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>();
    let (old, new) = (names("old"), names("new"));
    let texts =
        |all: &[String]| -> Vec<Entity> { all.iter().map(|text| world::entity(text)).collect() };
    let all = |entities| Wish {
        entities,
        ..wish(SHOP, &[])
    };
    world.map(all(texts(&old)));
    new.iter().for_each(|name| world.others_have(name));
    let renaming: Vec<String> = new
        .iter()
        .zip(&old)
        .map(|(new, old)| format!("{new}<{old}"))
        .collect();
    let left = world.map(all(texts(&renaming)));
    assert_eq!(
        (left.deleted.len(), left.tally.undeleted, left.complete),
        (0, 30, false)
    );
    let waiting = world.rows.iter().filter(|row| row.waits.is_some());
    assert_eq!(waiting.count(), 30);
    let next = plan(all(texts(&renaming)), world.known(SHOP));
    assert_eq!(next.removals(), 30, "now they are asked about");
}

#[test]
fn what_was_renamed_before_is_not_renamed_again() {
    let mut world = World::default();
    world.map(wish(SHOP, &["new<old"]));
    world.others_have("old");
    assert_eq!(world.map(wish(SHOP, &["new=2<old"])).tally.renamed, 0);
    assert!(world.port.contains_key("old"));
}

#[test]
fn an_entity_of_others_never_takes_the_name_of_a_lost_one_of_ours() {
    // Whether the one who wrote the lost one asks for it or somebody else.
    for who in [SHOP, STORE] {
        let mut world = World::default();
        world.map(wish(SHOP, &["new"]));
        world.port.remove("new");
        world.others_have("old");
        assert_eq!(world.map(wish(who, &["new=2<old"])).tally.renamed, 0);
        world.map(wish(SHOP, &[]));
        world.map(wish(STORE, &[]));
        assert!(world.port.keys().eq(["old"]));
    }
}

#[test]
fn what_was_inherited_and_then_lost_makes_nothing_ours() {
    let mut world = World::default();
    world.map(wish(SHOP, &["new"]));
    let started = world.carry_out(wish(STORE, &["new"]), Some(Step::Sending));
    assert!(started.is_none());
    world.map(wish(SHOP, &[]));
    assert!(world.row("new").is_some_and(|row| row.ours), "STORE's");
    world.port.remove("new");
    world.others_have("old");
    assert_eq!(world.map(wish(STORE, &["new<old"])).tally.renamed, 1);
    assert!(world.map(wish(STORE, &[])).deleted.is_empty());
}
