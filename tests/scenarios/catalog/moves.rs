//! Files move, branches move, histories are rewritten: what is declared at the head of the default branch stands.

use portolan_tests::github::Commit;
use serde_json::json;

use crate::world::{World, services};

#[tokio::test]
async fn a_port_yml_that_moves_keeps_its_entities() {
    let world = World::begin().await;
    world
        .push(&[
            ("a/port.yml", &services(&["cart", "pay"])),
            ("other.yml", "{}\n"),
        ])
        .await;
    let before = world.stock();

    // Renamed: in one commit as Git does it, in two of one push, told by the name alone.
    let added = world
        .shop
        .push(&[("b/port.yml", &services(&["cart", "pay"]))], "Copy it");
    let removed = world.shop.delete_files(&["a/port.yml"], "Drop the old one");
    let line = world.pushed(&world.shop, &[added, removed]).await;

    before.is_whole(&world.port);
    assert_eq!(world.services(), ["cart", "pay"]);
    let cart = world.port.entity("service", "cart").expect("it stayed");
    assert_eq!(
        cart["properties"]["gitopsMetadata"]["specPath"], "b/port.yml",
        "{line}"
    );

    world.push(&[("b/port.yml", &services(&["cart"]))]).await;
    assert_eq!(world.services(), ["cart"], "and it goes from its new place");
}

#[tokio::test]
async fn a_port_yml_whose_name_is_no_longer_one_is_gone() {
    let world = World::begin().await;
    world
        .push(&[
            ("port.yml", &services(&["cart"])),
            ("b/port.yml", &services(&["pay"])),
        ])
        .await;
    let renamed = world
        .shop
        .push(&[("port.yml.off", &services(&["cart"]))], "Switch it off");
    let removed = world.shop.delete_files(&["port.yml"], "Drop the old one");

    world.pushed(&world.shop, &[renamed, removed]).await;

    assert_eq!(world.services(), ["pay"]);
}

#[tokio::test]
async fn an_entity_that_moves_from_one_file_to_another_in_one_push_stays() {
    let world = World::begin().await;
    world
        .push(&[
            ("a/port.yml", &services(&["cart", "pay"])),
            ("b/port.yml", &services(&["mail"])),
        ])
        .await;
    for (a, b) in [
        (&["cart"][..], &["mail", "pay"][..]),
        (&["cart", "pay"], &["mail"]),
    ] {
        let before = world.stock();
        let line = world
            .push(&[("a/port.yml", &services(a)), ("b/port.yml", &services(b))])
            .await;
        before.is_whole(&world.port);
        assert!(line.contains("incomplete=false"), "{line}");
    }
    world.delete(&["a/port.yml"]).await;
    assert_eq!(world.services(), ["mail"]);
}

#[tokio::test]
async fn a_push_to_another_branch_deletes_nothing() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let before = world.stock();
    let idea = world
        .shop
        .push_to("idea", &[("port.yml", &services(&["idea"]))], "Try it");

    world.deliver(&world.host, &world.shop.pushed(&idea)).await;
    let line = world.push(&[("README.md", "# Shop\n")]).await;

    assert!(line.contains("2 unchanged"), "{line}");
    before.is_whole(&world.port);
    assert_eq!(world.services(), ["cart", "pay"]);
}

#[tokio::test]
async fn the_default_branch_is_what_counts_also_after_it_was_switched() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let mark = world.mark();
    world.shop.push_to(
        "trunk",
        &[("port.yml", &services(&["cart", "mail"]))],
        "Begin anew",
    );
    world.shop.set_default_branch("trunk");
    let changes = json!({"changes": {"default_branch": {"from": "main"}}});

    world
        .tell(
            &world.shop.event("edited", changes),
            "mapped tree of acme/shop",
        )
        .await;

    assert_eq!(world.services(), ["cart", "mail"]);
    assert_eq!(world.told(mark).deleted, ["service/pay"]);
}

#[tokio::test]
async fn a_history_that_is_forced_over_another_one_is_compared_with_what_stands() {
    let world = World::begin().await;
    world
        .push(&[
            ("port.yml", &services(&["cart", "pay"])),
            ("old.txt", "Old\n"),
        ])
        .await;
    let mark = world.mark();
    let (before, unrelated) = (world.shop.head().expect("just pushed"), unrelated(&world));
    assert_eq!(unrelated.parent, None, "it shares no commit with what was");
    world.shop.reset("main", &unrelated);
    let mut event = world.shop.pushed(&unrelated);
    event.payload["before"] = json!(before.sha);
    event.payload["forced"] = json!(true);

    world.tell(&event, "mapped tree of acme/shop").await;

    assert_eq!(world.services(), ["cart", "mail"]);
    assert_eq!(world.told(mark).deleted, ["service/pay"]);
}

/// A commit for `main` that has no parent.
fn unrelated(world: &World) -> Commit {
    // A branch begins at the default one, if there is such a branch.
    world.shop.set_default_branch("nowhere");
    let files = [("port.yml", &*services(&["cart", "mail"]))];
    let mut commit = world.shop.push_to("anew", &files, "Begin anew");
    world.shop.set_default_branch("main");
    commit.branch = "main".to_owned();
    commit
}

#[tokio::test]
async fn a_push_too_large_to_be_told_whole_is_mapped_whole() {
    let world = World::begin().await;
    world
        .push(&[
            ("port.yml", &services(&["cart", "pay"])),
            ("b/port.yml", &services(&["mail"])),
        ])
        .await;
    let mark = world.mark();
    let texts: Vec<_> = (0..320).map(|number| format!("docs/{number}.md")).collect();
    let mut files: Vec<_> = texts
        .iter()
        .map(|path| (path.as_str(), "Words\n"))
        .collect();
    let fewer = services(&["cart"]);
    files.push(("port.yml", &fewer));
    let mut commits = vec![
        world.shop.push(&files, "Write it all down"),
        world.shop.delete_files(&["b/port.yml"], "Drop mail"),
    ];
    for number in 0..23 {
        let text = format!("{number}\n");
        commits.push(world.shop.push(&[("count.txt", &text)], "Count"));
    }
    let mut event = crate::world::push_of(&world.shop, &commits);
    // What it is about is not among what is told: the newest twenty commits, and of the files none.
    let told = event.payload["commits"].as_array().expect("a list").clone();
    event.payload["commits"] = json!(told[told.len() - 20..]);

    world.tell(&event, "mapped tree of acme/shop").await;

    assert_eq!(world.services(), ["cart"]);
    let mut deleted = world.told(mark).deleted;
    deleted.sort();
    assert_eq!(deleted, ["service/mail", "service/pay"]);
}
