//! What is produced no more and is still in Port is named, with what its deletion waits for.

use std::time::Instant;

use portolan_tests::host::RunningHost;
use portolan_tests::journal::PATIENCE;
use serde_json::{Value, json};

use super::{deliveries, deliveries_at_rest};
use crate::world::{World, services};

const NONE: &str = "No deletion waits.\n";

/// What is in Port, and is to go.
fn waiting(host: &RunningHost) -> Value {
    let said = deliveries(host, "deletions --json").fine();
    serde_json::from_str(&said).expect("JSON")
}

/// What was done is on record a moment after it was said.
fn nothing_waits_any_more(host: &RunningHost) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = deliveries(host, "deletions").fine();
        if said == NONE {
            return;
        }
        assert!(Instant::now() < deadline, "{said}");
    }
}

#[tokio::test]
async fn what_waits_behind_a_refused_entity_is_named_also_after_a_kill_until_it_goes() {
    let world = World::begin().await;
    let both = services(&["cart", "pay"]);
    world.push(&[("port.yml", &both)]).await;
    assert_eq!(deliveries(&world.host, "deletions").fine(), NONE);

    // Called otherwise, with a mistake.
    let payments = |tier: &str| {
        let renamed =
            format!("identifier: payments\nblueprint: service\nproperties: {{tier: {tier}}}\n");
        [renamed, services(&["cart"])].join("---\n")
    };
    let said = world.host.said();
    let line = world.push(&[("port.yml", &payments("Golden"))]).await;
    assert!(line.contains("1 deletions waiting"), "{line}");
    world.host.wait_for_line_after(said, "put aside").await;
    let named = deliveries(&world.host, "deletions").fine();
    assert_eq!(
        named,
        "1 entity is produced no more and still in Port, because its deletion waits:\n  \
         acme/shop, plugin gitops, blueprint service: pay\n    \
         Port did not take `payments` of the same event, which may be meant to take its place: it is deleted once that \
         is written\n"
    );

    let at_rest = world.host.again();
    let asked = |_: &_| assert_eq!(deliveries_at_rest(&at_rest, "deletions").fine(), named);
    let world = world.killed(asked).await;
    assert_eq!(
        waiting(&world.host)["waiting"][0]["entities"],
        json!(["pay"])
    );

    let line = world.push(&[("port.yml", &payments("Other"))]).await;
    assert!(line.contains("1 deleted"), "{line}");
    assert_eq!(world.services(), ["cart", "payments"]);
    nothing_waits_any_more(&world.host);
}

#[tokio::test]
async fn what_nobody_may_delete_yet_is_named_until_a_person_agrees() {
    let world = World::begin().await;
    let names: Vec<_> = (10..40).map(|number| format!("s{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    world.push(&[("port.yml", &services(&names))]).await;
    let before = world.stock();

    let said = world.host.said();
    let line = world.delete(&["port.yml"]).await;
    assert!(line.contains("30 deletions waiting"), "{line}");
    world.host.wait_for_line_after(said, "put aside").await;
    before.is_whole(&world.port);
    let waiting = waiting(&world.host);
    assert_eq!(waiting["count"], 30);
    let group = &waiting["waiting"][0];
    let told = ["plugin", "repository", "blueprint", "count"].map(|field| &group[field]);
    let expected = [
        json!("gitops"),
        json!("acme/shop"),
        json!("service"),
        json!(30),
    ];
    assert_eq!(told, expected.each_ref());
    assert_eq!(group["entities"].as_array().map(Vec::len), Some(10));
    let why = group["why"].as_str().unwrap_or_default();
    assert!(
        why.contains("entityDeletionThreshold") && why.contains("--cause held"),
        "{why}"
    );

    let said = world.host.said();
    deliveries(&world.host, "replay --cause held").fine();
    world.host.wait_for_line_after(said, "30 deleted").await;
    assert!(world.services().is_empty());
    nothing_waits_any_more(&world.host);
}
