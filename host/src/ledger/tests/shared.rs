//! Entities that several produce.

use super::world::{CART_PAGE, SHOP, SHOP_MAPPED, STORE, Step, World, key, wish};
use super::*;

#[test]
fn what_another_one_produces_stays_until_that_one_drops_it_too() {
    // Also where it is the creator who goes first.
    for (first, last) in [(SHOP, SHOP_MAPPED), (SHOP_MAPPED, SHOP)] {
        let mut world = World::default();
        world.map(wish(SHOP, &["cart"]));
        world.map(wish(SHOP_MAPPED, &["cart"]));
        let dropped = world.map(wish(first, &[]));
        assert!(dropped.complete && dropped.deleted.is_empty() && dropped.said.is_empty());
        assert_eq!(world.map(wish(last, &[])).deleted, ["cart"]);
    }
}

#[test]
fn two_repositories_that_write_one_entity_are_named_once_for_each_change() {
    let mut world = World::default();
    assert!(world.map(wish(SHOP, &["cart=1"])).said.is_empty());
    let told = "entity `cart` of blueprint `service`: written by acme/store and by acme/shop; whoever writes last \
                wins. Declare it in one of them";
    assert_eq!(world.map(wish(STORE, &["cart=2"])).said, [told]);
    assert!(world.map(wish(STORE, &["cart=2"])).said.is_empty());
    assert_eq!(world.map(wish(STORE, &["cart=3"])).said, [told]);
    world.loses.insert("cart".to_owned());
    assert_eq!(world.map(wish(STORE, &["cart=4"])).said, [told]);
    let again = world.map(wish(STORE, &["cart=4"]));
    assert!(again.sent == ["cart"] && again.said.is_empty());
}

#[test]
fn two_plugins_may_share_an_entity_of_one_repository() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    assert!(world.map(wish(SHOP_MAPPED, &["cart=2"])).said.is_empty());
}

#[test]
fn a_write_without_merge_makes_others_send_theirs_again() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart=1"]));
    world.map(wish(SHOP_MAPPED, &["cart=2"]));
    assert!(world.map(wish(SHOP, &["cart=1"])).sent.is_empty());
    let replacing = || Wish {
        merge: false,
        ..wish(SHOP_MAPPED, &["cart=3"])
    };
    world.map(replacing());
    assert_eq!(world.map(wish(SHOP, &["cart=1"])).sent, ["cart"]);
    assert!(
        world.map(replacing()).sent.is_empty(),
        "its own is not forgotten"
    );
}

#[test]
fn a_crash_after_a_write_without_merge_makes_others_send_theirs_again_too() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart=1"]));
    world.crash_after_sending(Wish {
        merge: false,
        ..wish(SHOP_MAPPED, &["cart=3"])
    });
    world.map(wish(SHOP_MAPPED, &[]));
    assert_eq!(world.map(wish(SHOP, &["cart=1"])).sent, ["cart"]);
}

#[test]
fn who_was_overwritten_between_an_answer_and_its_commit_sends_again() {
    // Nobody has a turn here, as between two hosts.
    let mut world = World::default();
    let mut replacing = world.begin(Wish {
        merge: false,
        ..wish(SHOP_MAPPED, &["cart=3"])
    });
    while replacing.next != Step::Commit {
        world.step(&mut replacing);
    }
    world.map(wish(SHOP, &["cart=1"]));
    world.step(&mut replacing);
    assert_eq!(world.map(wish(SHOP, &["cart=1"])).sent, ["cart"]);
}

#[test]
fn who_took_an_entity_up_while_it_was_deleted_sends_it_again() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    let mut dropping = world.begin(wish(SHOP, &[]));
    world.step(&mut dropping);
    world.map(wish(STORE, &["cart"]));
    while dropping.next != Step::Over {
        world.step(&mut dropping);
    }
    assert!(world.port.is_empty());
    assert_eq!(world.map(wish(STORE, &["cart"])).sent, ["cart"]);
}

/// An event without a kind that asks for deletions.
fn asking(names: &[&str]) -> Wish<'static> {
    Wish {
        keeps: true,
        deletions: names.iter().map(|name| key(name)).collect(),
        ..wish(CART_PAGE, &[])
    }
}

#[test]
fn a_deletion_by_name_goes_for_all_subjects_of_its_plugin() {
    let mut world = World::default();
    world.map(wish(SHOP_MAPPED, &["cart"]));
    assert_eq!(world.map(asking(&["cart"])).deleted, ["cart"]);
    assert!(world.rows.is_empty());
}

#[test]
fn a_deletion_by_name_leaves_what_the_plugin_did_not_write_or_another_one_did() {
    let mut world = World::default();
    world.others_have("cart");
    world.map(wish(SHOP, &["web", "api"]));
    world.map(wish(SHOP_MAPPED, &["api"]));
    let left = world.map(asking(&["cart", "web", "api"]));
    assert!(left.deleted.is_empty() && world.port.len() == 3);
    assert_eq!(
        left.said[0],
        "entity `cart` of blueprint `service`: mapping asks for its deletion, but has not written it here: it stays in \
         Port"
    );
    assert_eq!(
        left.said.len(),
        2,
        "of web the same, api is gitops' alone now"
    );
    assert_eq!(world.map(wish(SHOP, &[])).deleted, ["api", "web"]);
}

#[test]
fn a_deletion_by_name_does_not_reach_another_organization() {
    let mut world = World::default();
    world.map(Wish {
        organization: 8,
        ..wish(SHOP_MAPPED, &["cart"])
    });
    assert!(world.map(asking(&["cart"])).deleted.is_empty());
    assert_eq!(world.rows.len(), 1);
}

#[test]
fn what_is_returned_and_asked_to_be_deleted_at_once_stays() {
    let mut world = World::default();
    let both = || Wish {
        deletions: vec![key("cart")],
        ..wish(CART_PAGE, &["cart"])
    };
    world.map(both());
    assert!(world.map(both()).deleted.is_empty());
}
