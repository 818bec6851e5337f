//! Stories of producers, a ledger and a catalog.

mod random;
mod renaming;
mod shared;
mod waits;
mod world;

use self::world::{CART_PAGE, SHOP, World, wish};
use super::*;

#[test]
fn what_did_not_change_is_not_sent_and_what_is_returned_no_more_is_deleted() {
    let mut world = World::default();
    let all: Vec<String> = (0..200).map(|number| format!("s{number}")).collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(world.map(wish(SHOP, &all)).sent.len(), 200);

    let again = world.map(wish(SHOP, &all));
    assert_eq!((again.sent.len(), again.tally.unchanged), (0, 200));
    all[7] = "s7=2";
    assert_eq!(world.map(wish(SHOP, &all)).sent, ["s7"]);
    let gone = world.map(wish(SHOP, &all[..199]));
    assert_eq!(
        (gone.sent.len(), gone.deleted),
        (0, vec!["s199".to_owned()])
    );
    assert!(gone.complete && world.rows.len() == 199);
}

#[test]
fn a_gone_subject_takes_its_entities_with_it() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart", "team/core"]));
    assert_eq!(world.map(wish(SHOP, &[])).deleted, ["cart", "team/core"]);
    assert!(world.port.is_empty() && world.rows.is_empty());
}

#[test]
fn an_entity_that_was_there_before_is_added_to_and_then_left() {
    let mut world = World::default();
    world.others_have("cart");
    world.map(wish(SHOP, &["cart=1"]));
    world.map(wish(SHOP, &["cart=2"]));
    let left = world.map(wish(SHOP, &[]));
    assert!(left.deleted.is_empty() && world.rows.is_empty());
    assert_eq!(
        left.said,
        [
            "entity `cart` of blueprint `service`: gitops produces it no more; it stays in Port, for it was there \
             before. Delete it there if nobody needs it"
        ]
    );
    assert!(world.port.contains_key("cart"));
}

#[test]
fn an_incomplete_outcome_only_adds() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart", "web"]));
    let broken = world.map(Wish {
        complete: false,
        deletions: vec![world::key("cart")],
        ..wish(SHOP, &["web=2", "api"])
    });
    assert_eq!(
        (broken.sent, broken.deleted.len()),
        (vec!["web".to_owned(), "api".to_owned()], 0)
    );
    assert_eq!(world.rows.len(), 3);
    assert_eq!(
        world.map(wish(SHOP, &["web=2", "api"])).deleted,
        ["cart"],
        "once it is mended"
    );
}

#[test]
fn what_was_written_without_its_other_half_is_replaced_once_it_is_whole() {
    let replacing = |complete| Wish {
        merge: false,
        complete,
        ..wish(SHOP, &["cart"])
    };
    assert!(replacing(false).merges() && !replacing(true).merges());
    let mut world = World::default();
    world.map(replacing(false));
    assert_eq!(world.map(replacing(true)).sent, ["cart"]);
    assert!(world.map(replacing(true)).sent.is_empty());
}

#[test]
fn a_refused_entity_holds_up_the_deletions_of_its_blueprint_alone() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart", "team/core"]));
    world.refuses.insert("web".to_owned());
    let refused = world.map(wish(SHOP, &["web", "api"]));
    assert_eq!(refused.deleted, ["team/core"]);
    assert_eq!(
        (
            refused.tally.written,
            refused.tally.refused,
            refused.tally.undeleted
        ),
        (1, 1, 1)
    );
    assert!(!refused.complete && world.row("web").is_none());

    world.refuses.clear();
    let mended = world.map(wish(SHOP, &["web", "api"]));
    assert_eq!(
        (mended.sent, mended.deleted),
        (vec!["web".to_owned()], vec!["cart".to_owned()])
    );
}

#[test]
fn a_refused_change_leaves_what_was_known() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart=1"]));
    world.refuses.insert("cart".to_owned());
    world.map(wish(SHOP, &["cart=2"]));
    assert!(
        world.map(wish(SHOP, &["cart=1"])).sent.is_empty(),
        "Port still has it so"
    );
}

#[test]
fn a_deletion_that_port_does_not_carry_out_is_tried_again() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    world.keeps.insert("cart".to_owned());
    let kept = world.map(wish(SHOP, &[]));
    assert_eq!((kept.complete, kept.tally.undeleted), (false, 1));
    world.keeps.clear();
    assert!(world.map(wish(SHOP, &[])).complete && world.port.is_empty());
}

#[test]
fn a_crash_before_ports_answer_leaves_an_entity_of_which_nobody_knows_whose_it_is() {
    let mut world = World::default();
    world.crash_after_sending(wish(SHOP, &["cart"]));
    world.map(wish(SHOP, &["cart"]));
    let left = world.map(wish(SHOP, &[]));
    assert!(left.deleted.is_empty() && world.port.contains_key("cart"));
    assert_eq!(left.said.len(), 1);
}

#[test]
fn a_crash_before_the_commit_hides_no_change() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart=1"]));
    world.crash_after_sending(wish(SHOP, &["cart=2"]));
    assert_eq!(
        world.map(wish(SHOP, &["cart=1"])).sent,
        ["cart"],
        "Port has the other one"
    );
    assert_eq!(
        world.map(wish(SHOP, &[])).deleted,
        ["cart"],
        "it is still ours"
    );
}

#[test]
fn what_was_deleted_just_before_a_crash_is_written_when_it_comes_back() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    world.crash_after_deleting(wish(SHOP, &[]));
    assert_eq!(world.map(wish(SHOP, &["cart"])).sent, ["cart"]);
}

#[test]
fn more_than_the_threshold_waits_for_a_person() {
    let mut world = World::default();
    let all: Vec<String> = (0..30).map(|number| format!("s{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    world.map(wish(SHOP, &all));

    let over = |wish: Wish<'_>, held| plan(wish, world.known(SHOP)).over(held);
    let told = over(wish(SHOP, &[]), 30).expect("30 of 30");
    assert_eq!(
        told,
        "30 of the 30 entities that gitops holds in the organization would be deleted for acme/shop, more than the \
         entityDeletionThreshold of 0.9 allows. Nothing was changed: replay it if that is wanted"
    );
    assert_eq!(over(wish(SHOP, &[]), 34), None);
    assert_eq!(over(wish(SHOP, &all[..10]), 0), None, "twenty always pass");
    assert!(over(wish(SHOP, &all[..9]), 22).is_some());
    let wanting = |threshold| Wish {
        threshold: Some(threshold),
        ..wish(SHOP, &[])
    };
    assert!(over(wanting(0.1), 200).is_some() && over(wanting(f64::NAN), 200).is_some());
    assert_eq!(over(wanting(7.0), 30), None);
    let agreed = Wish {
        agreed: true,
        ..wish(SHOP, &[])
    };
    assert_eq!(over(agreed, 30), None);
}

#[test]
fn a_forced_refresh_sends_everything_again() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart", "web"]));
    let forced = Wish {
        force: true,
        ..wish(SHOP, &["cart", "web"])
    };
    assert_eq!(world.map(forced).sent, ["cart", "web"]);
    assert_eq!(world.map(wish(SHOP, &[])).deleted, ["cart", "web"]);
}

#[test]
fn what_a_search_finds_is_always_sent_and_never_held() {
    let mut world = World::default();
    for _ in 0..2 {
        assert_eq!(world.map(wish(SHOP, &["?"])).sent, ["?"]);
    }
    assert!(world.rows.is_empty());
}

#[test]
fn a_renamed_repository_keeps_its_entities_and_is_told_by_its_new_name() {
    let mut world = World::default();
    world.map(wish(SHOP, &["cart"]));
    let renamed = Wish {
        whose: "acme/store",
        ..wish(SHOP, &["cart"])
    };
    assert!(world.map(renamed).sent.is_empty());
    let row = world.row("cart").expect("it is held");
    assert_eq!((row.whose.as_str(), row.ours), ("acme/store", true));
}

#[test]
fn a_subject_without_a_kind_keeps_what_it_does_not_name() {
    let star = |names: &[&str]| Wish {
        keeps: true,
        ..wish(CART_PAGE, names)
    };
    let mut world = World::default();
    world.map(star(&["ann"]));
    assert!(world.map(star(&["bob"])).deleted.is_empty());
    let asked = Wish {
        deletions: vec![world::key("ann")],
        ..star(&[])
    };
    assert_eq!(world.map(asked).deleted, ["ann"]);
    assert!(world.row("bob").is_some());
}
