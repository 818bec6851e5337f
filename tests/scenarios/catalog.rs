//! What `gitops` deletes and what it does not: the catalog follows the files, and nothing else is touched.

mod moves;
mod owners;
mod repositories;

use crate::world::{World, all, services};

#[tokio::test]
async fn an_entity_that_leaves_its_port_yml_is_deleted_and_it_alone() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay", "mail"]))])
        .await;
    let mark = world.mark();

    let line = world
        .push(&[("port.yml", &services(&["cart", "mail"]))])
        .await;

    assert_eq!(world.services(), ["cart", "mail"]);
    assert_eq!(world.told(mark).deleted, ["service/pay"]);
    assert!(line.contains(", 1 deleted"), "{line}");
}

#[tokio::test]
async fn with_a_port_yml_goes_what_it_declared() {
    let world = World::begin().await;
    world
        .push(&[
            ("a/port.yml", &services(&["cart", "pay"])),
            ("b/port.yml", &services(&["mail"])),
            ("c/port.yml", &all("system", &["core"])),
        ])
        .await;
    let mark = world.mark();

    let line = world.delete(&["a/port.yml"]).await;
    assert!(line.contains(", 2 deleted"), "{line}");
    assert_eq!(world.services(), ["mail"]);

    // The last ones too: a repository without any is no mistake.
    world.delete(&["b/port.yml", "c/port.yml"]).await;
    assert!(world.services().is_empty());
    assert!(world.identifiers("system").is_empty());
    let mut deleted = world.told(mark).deleted;
    deleted.sort();
    assert_eq!(
        deleted,
        ["service/cart", "service/mail", "service/pay", "system/core"]
    );
}

#[tokio::test]
async fn of_two_hundred_entities_only_what_changed_is_sent_and_only_what_left_is_deleted() {
    let parts = |tier_of_117: &str, without: Option<u32>| {
        let part = |number: u32| {
            let tier = if number == 117 { tier_of_117 } else { "plain" };
            format!(
                "identifier: part-{number}\nblueprint: component\nproperties: {{tier: {tier}}}\n"
            )
        };
        let numbers = (0..200).filter(|number| Some(*number) != without);
        numbers.map(part).collect::<Vec<_>>().join("---\n")
    };
    let world = World::begin().await;
    let mark = world.mark();
    let line = world.push(&[("port.yml", &parts("plain", None))]).await;
    assert!(line.contains("200 upserted, 200 of them new"), "{line}");
    assert_eq!(world.told(mark).sent.len(), 200);

    let mark = world.mark();
    let line = world.push(&[("README.md", "# Parts\n")]).await;
    assert!(
        line.contains("0 upserted, 0 of them new, 200 unchanged"),
        "{line}"
    );
    let remark = parts("plain", None) + "# A remark changes no entity.\n";
    let line = world.push(&[("port.yml", &remark)]).await;
    assert!(
        line.contains("0 upserted, 0 of them new, 200 unchanged"),
        "{line}"
    );
    let told = world.told(mark);
    assert!(told.sent.is_empty() && told.deleted.is_empty(), "{told:?}");

    let mark = world.mark();
    let line = world.push(&[("port.yml", &parts("gold", None))]).await;
    assert!(
        line.contains("1 upserted, 0 of them new, 199 unchanged"),
        "{line}"
    );
    let told = world.told(mark);
    assert_eq!(told.sent, ["component/part-117"]);
    assert!(told.deleted.is_empty(), "{told:?}");

    let mark = world.mark();
    let line = world.push(&[("port.yml", &parts("gold", Some(42)))]).await;
    assert!(
        line.contains("0 upserted, 0 of them new, 199 unchanged, 1 deleted"),
        "{line}"
    );
    let told = world.told(mark);
    assert!(told.sent.is_empty(), "{told:?}");
    assert_eq!(told.deleted, ["component/part-42"]);
    assert_eq!(world.identifiers("component").len(), 199);
}

#[tokio::test]
async fn a_push_elsewhere_sends_nothing_of_entities_that_tell_their_commit() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let told = world.port.entity("service", "cart").expect("just mapped");
    assert!(told["properties"]["gitopsMetadata"].is_object(), "{told}");
    let mark = world.mark();

    let line = world.push(&[("main.rs", "fn main() {}\n")]).await;

    assert!(line.contains("2 unchanged"), "{line}");
    assert!(world.told(mark).sent.is_empty());
}

#[tokio::test]
async fn what_was_deleted_comes_back_with_its_declaration_and_goes_with_it_again() {
    let world = World::begin().await;
    let (both, one) = (services(&["cart", "pay"]), services(&["cart"]));
    for _ in 0..2 {
        world.push(&[("port.yml", &both)]).await;
        assert_eq!(world.services(), ["cart", "pay"]);
        world.push(&[("port.yml", &one)]).await;
        assert_eq!(world.services(), ["cart"]);
    }
}

#[tokio::test]
async fn what_somebody_deleted_in_port_already_is_no_trouble() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    world.port.remove_entity("service", "pay");

    let line = world.push(&[("port.yml", &services(&["cart"]))]).await;

    assert!(line.contains("1 deleted"), "{line}");
    let mark = world.mark();
    world.push(&[("README.md", "# Shop\n")]).await;
    assert!(world.told(mark).deleted.is_empty(), "once is enough");
}
