//! The ways to lose a catalog. Each story ends with a deletion that is meant, so that it is known that one could happen.

mod outside;
mod plugins;

use portolan_tests::fault::Fault;
use portolan_tests::port::FakePort;

use crate::acme::Acme;
use crate::world::{World, services};

const OWN: &str = ".github/port-app-config.yml";

fn pay(tier: &str) -> String {
    format!("identifier: pay\nblueprint: service\nproperties: {{tier: {tier}}}\n")
}

/// Three files, a service each.
async fn three() -> World {
    let world = World::begin().await;
    let (a, b, c) = (services(&["cart"]), services(&["pay"]), services(&["mail"]));
    world
        .push(&[("a/port.yml", &a), ("b/port.yml", &b), ("c/port.yml", &c)])
        .await;
    assert_eq!(world.services(), ["cart", "mail", "pay"]);
    world
}

#[tokio::test]
async fn one_of_three_port_yml_is_broken() {
    let world = three().await;
    let before = world.stock();

    for broken in [
        "identifier: 'pay\n",
        "identifier: pay\n\tblueprint: service\n",
        "- [\n",
    ] {
        // While it is broken another file may even drop what it declared.
        let line = world
            .push(&[("b/port.yml", broken), ("c/port.yml", "[]\n")])
            .await;
        assert!(line.contains("incomplete=true"), "{line}");
        before.is_whole(&world.port);
    }

    world.push(&[("b/port.yml", &services(&["pay"]))]).await;
    assert_eq!(
        world.services(),
        ["cart", "pay"],
        "mended, the files count again"
    );
}

#[tokio::test]
async fn one_entity_of_a_file_is_broken() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay", "mail"]))])
        .await;
    let before = world.stock();

    for broken in [
        "identifier: [pay]\nblueprint: service\n",
        "identifier: p a y\nblueprint: service\n",
    ] {
        let text = [&services(&["cart"]), broken].join("---\n");
        world.push(&[("port.yml", &text)]).await;
        before.is_whole(&world.port);
    }

    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    assert_eq!(world.services(), ["cart", "pay"]);
}

#[tokio::test]
async fn port_refuses_the_new_half_of_a_rename() {
    let world = World::begin().await;
    world
        .push(&[(
            "port.yml",
            &[pay("Other"), services(&["cart"])].join("---\n"),
        )])
        .await;
    let before = world.stock();

    // Called otherwise, with a mistake: what is refused has not taken the old one's place.
    let renamed = pay("Golden").replace("identifier: pay", "identifier: payments");
    let line = world
        .push(&[(
            "port.yml",
            &[renamed.clone(), services(&["cart"])].join("---\n"),
        )])
        .await;
    assert!(line.contains("1 refused"), "{line}");
    before.is_whole(&world.port);
    world.push(&[("README.md", "# Shop\n")]).await;
    before.is_whole(&world.port);

    let mended = renamed.replace("Golden", "Other");
    world
        .push(&[("port.yml", &[mended, services(&["cart"])].join("---\n"))])
        .await;
    assert_eq!(world.services(), ["cart", "payments"]);
    assert_eq!(world.told(before.taken).deleted, ["service/pay"]);
}

#[tokio::test]
async fn the_new_half_of_a_rename_needs_what_is_not_there_yet() {
    let world = World::begin().await;
    let old = "identifier: pay\nblueprint: service\n";
    world
        .push(&[
            (OWN, "createMissingRelatedEntities: false\n"),
            ("port.yml", old),
        ])
        .await;
    let before = world.stock();

    let new = "identifier: payments\nblueprint: service\nrelations: {system: money}\n";
    let line = world.push(&[("port.yml", new)]).await;
    assert!(line.contains("1 to be tried again"), "{line}");
    before.is_whole(&world.port);

    let till = world.github.repository("acme/till");
    world
        .push_to(
            &till,
            &[("port.yml", "identifier: money\nblueprint: system\n")],
        )
        .await;
    world.port.wait_for_entity("service", "payments").await;
    let gone = |port: &FakePort| port.entity("service", "pay").is_none();
    world
        .port
        .wait_for("the old one to go after the new one came", gone)
        .await;
}

#[tokio::test]
async fn the_host_dies_between_ports_answer_and_its_own_record_of_a_creation() {
    let world = World::begin().await;
    world.push(&[("port.yml", &services(&["cart"]))]).await;
    world.port.fail(Fault::lost_answer().on("/bulk").always());
    let files = [("port.yml", &*services(&["cart", "pay"]))];
    let commit = world.shop.push(&files, "Add pay");
    world
        .deliver(&world.host, &world.shop.pushed(&commit))
        .await;
    world.port.wait_for_entity("service", "pay").await;

    // Port has it, and only Port knows.
    let world = world.killed(|acme| acme.port.mend()).await;
    world.host.wait_for_line("mapped tree of acme/shop").await;
    let before = world.stock();

    // Whether it was there before is not known any more, and so it is not deleted.
    let said = world.host.said();
    world
        .push(&[("port.yml", &services(&["cart", "mail"]))])
        .await;
    before.is_whole(&world.port);
    let note = world.host.wait_for_line_after(said, "stays in Port").await;
    assert!(note.contains("pay"), "{note}");

    world.push(&[("port.yml", &services(&["cart"]))]).await;
    assert_eq!(
        world.services(),
        ["cart", "pay"],
        "what it is known to have created goes"
    );
}

#[tokio::test]
async fn the_host_dies_between_ports_answer_and_its_own_record_of_a_deletion() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let mark = world.mark();
    world
        .port
        .fail(Fault::lost_answer().method("DELETE").always());
    let files = [("port.yml", &*services(&["cart"]))];
    let commit = world.shop.push(&files, "Drop pay");
    world
        .deliver(&world.host, &world.shop.pushed(&commit))
        .await;
    let asked = |request: &portolan_tests::journal::Recorded| request.method == "DELETE";
    world.port.wait_for_request("the deletion", asked).await;
    assert_eq!(world.services(), ["cart"]);

    // Somebody declares it again, before a host has learned that it is gone.
    let shop = world.shop.clone();
    let files = [("port.yml", &*services(&["cart", "pay"]))];
    let mut again = None;
    let meanwhile = |acme: &Acme| {
        acme.port.mend();
        again = Some(shop.push(&files, "Take pay up again"));
    };
    let world = world.killed(meanwhile).await;
    let again = again.expect("it happened meanwhile");
    world.deliver(&world.host, &world.shop.pushed(&again)).await;

    world.port.wait_for_entity("service", "pay").await;
    world.push(&[("README.md", "# Shop\n")]).await;
    assert_eq!(world.services(), ["cart", "pay"]);
    let others = world.told(mark).deleted.into_iter();
    let others: Vec<_> = others.filter(|entity| entity != "service/pay").collect();
    assert!(others.is_empty(), "{others:?}");

    // What is said to be mapped may still be what was pushed before.
    world.push(&[("port.yml", &services(&["cart"]))]).await;
    let gone = |port: &FakePort| port.entity("service", "pay").is_none();
    world.port.wait_for("what was taken up to go", gone).await;
    assert_eq!(world.services(), ["cart"]);
}

#[tokio::test]
async fn a_configuration_has_a_mistake() {
    let mut world = World::begin().await;
    // Without the configuration none of these would be found.
    world
        .push(&[
            (OWN, "specPath: '*/spec.yml'\n"),
            ("a/spec.yml", &services(&["cart"])),
            ("b/spec.yml", &services(&["pay"])),
        ])
        .await;
    assert_eq!(world.services(), ["cart", "pay"]);
    let before = world.stock();
    for mistake in [
        "specPath: {a: 1}\n",
        "specPath:\n\t- a/spec.yml\n",
        "enableMergeEntity: maybe\n",
    ] {
        let commit = world.shop.push(&[(OWN, mistake)], "Configure it");
        world
            .tell(&world.shop.pushed(&commit), "port-app-config.yml:")
            .await;
        // Also where whoever knew what held before is gone.
        world = world.stopped().await;
        let commit = world.shop.push(&[("README.md", mistake)], "Go on");
        world
            .tell(&world.shop.pushed(&commit), "port-app-config.yml:")
            .await;
        world = world.stopped().await;
    }
    before.is_whole(&world.port);

    world.push(&[(OWN, "specPath: b/spec.yml\n")]).await;
    assert_eq!(world.services(), ["pay"], "mended, it counts again");
}

#[tokio::test]
async fn a_configuration_that_means_it_has_its_way() {
    let world = three().await;
    let mark = world.mark();
    world.push(&[(OWN, "specPath: a/port.yml\n")]).await;
    assert_eq!(world.services(), ["cart"]);
    assert_eq!(world.told(mark).deleted.len(), 2);
}
