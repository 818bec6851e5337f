//! Whose an entity is: what two declare stays while one does, what was there before us is never deleted.

use serde_json::json;

use crate::world::{World, all, services};

#[tokio::test]
async fn what_two_files_declare_stays_until_neither_does() {
    let world = World::begin().await;
    world
        .push(&[("a/port.yml", &services(&["web", "cart"]))])
        .await;
    let before = world.stock();

    let line = world
        .push(&[("b/port.yml", &services(&["web", "pay"]))])
        .await;
    assert!(line.contains("incomplete=true"), "declared twice: {line}");
    world.push(&[("a/port.yml", &services(&["cart"]))]).await;
    before.is_whole(&world.port);
    assert_eq!(world.services(), ["cart", "pay", "web"]);

    world.push(&[("b/port.yml", &services(&["pay"]))]).await;
    assert_eq!(world.services(), ["cart", "pay"]);
    assert_eq!(world.told(before.taken).deleted, ["service/web"]);
}

#[tokio::test]
async fn what_two_repositories_declare_is_warned_about_and_stays_until_neither_does() {
    // Whoever wrote it first may drop it first or last.
    for (first_to_drop, second) in [("shop", "till"), ("till", "shop")] {
        let world = World::begin().await;
        let till = world.github.repository("acme/till");
        let repository = |name: &str| if name == "shop" { &world.shop } else { &till };
        world
            .push(&[("port.yml", &services(&["web", "shop"]))])
            .await;
        let (before, said) = (world.stock(), world.host.said());

        world
            .push_to(&till, &[("port.yml", &services(&["web", "till"]))])
            .await;

        let warned = world
            .host
            .wait_for_line_after(said, "whoever writes last wins")
            .await;
        for part in ["WARN", "web", "acme/shop", "acme/till"] {
            assert!(warned.contains(part), "no {part} in: {warned}");
        }
        let alone = |name: &str| services(&[name]);
        world
            .push_to(
                repository(first_to_drop),
                &[("port.yml", &alone(first_to_drop))],
            )
            .await;
        before.is_whole(&world.port);

        world
            .push_to(repository(second), &[("port.yml", &alone(second))])
            .await;
        assert_eq!(world.services(), ["shop", "till"]);
        assert_eq!(
            world.told(before.taken).deleted,
            ["service/web"],
            "{first_to_drop} first"
        );
    }
}

#[tokio::test]
async fn what_was_there_before_us_is_added_to_and_never_deleted() {
    let world = World::begin().await;
    let legacy = json!({"identifier": "legacy", "properties": {"language": "COBOL"}});
    world.port.plant("service", &legacy, "somebody");
    let before = world.stock();
    let tier = "identifier: legacy\nblueprint: service\nproperties: {tier: Other}\n";
    world
        .push(&[("port.yml", &[tier, &services(&["cart"])].join("---\n"))])
        .await;
    let merged = world
        .port
        .entity("service", "legacy")
        .expect("it was planted");
    assert_eq!(merged["properties"]["tier"], "Other");
    assert_eq!(merged["properties"]["language"], "COBOL");

    let said = world.host.said();
    world.push(&[("port.yml", &services(&["cart"]))]).await;

    let note = world.host.wait_for_line_after(said, "stays in Port").await;
    assert!(note.contains("legacy"), "{note}");
    world.push(&[("README.md", "# Shop\n")]).await;
    before.is_whole(&world.port);
    world.delete(&["port.yml"]).await;
    assert_eq!(world.services(), ["legacy"], "and ours goes");
}

#[tokio::test]
async fn what_a_relation_made_bare_and_a_file_declared_later_stays() {
    let world = World::begin().await;
    let cart = "identifier: cart\nblueprint: service\nrelations: {system: core}\n";
    world.push(&[("port.yml", cart)]).await;
    assert_eq!(world.identifiers("system"), ["core"]);
    world
        .push(&[("core/port.yml", &all("system", &["core", "edge"]))])
        .await;
    let mark = world.mark();

    world.delete(&["core/port.yml"]).await;

    assert_eq!(world.identifiers("system"), ["core"]);
    assert_eq!(world.told(mark).deleted, ["system/edge"]);
}

#[tokio::test]
async fn what_others_depend_on_is_deleted_with_them_only_where_that_is_asked_for() {
    let world = World::begin().await;
    let till = world.github.repository("acme/till");
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let live = "identifier: live\nblueprint: deployment\nrelations: {service: pay}\n";
    world.push_to(&till, &[("port.yml", live)]).await;
    let said = world.host.said();

    world.push(&[("port.yml", &services(&["cart"]))]).await;

    let refused = world.host.wait_for_line_after(said, "dependents").await;
    assert!(refused.contains("pay"), "{refused}");
    assert_eq!(world.services(), ["cart", "pay"]);
    assert_eq!(world.identifiers("deployment"), ["live"]);

    let asked = "deleteDependentEntities: true\n";
    world.push(&[(".github/port-app-config.yml", asked)]).await;
    assert_eq!(world.services(), ["cart"]);
    assert!(world.identifiers("deployment").is_empty());
}
