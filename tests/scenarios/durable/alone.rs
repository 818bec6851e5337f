//! What fails, fails alone: the next event of its subject goes on, and so does every other plugin.

use portolan_tests::github::Event;
use portolan_tests::port::FakePort;
use serde_json::json;

use crate::world::World;

async fn world() -> World {
    World::with(|host| host.plugin("misbehaving").plugin("versioned")).await
}

/// `misbehaving` does what an issue's title says.
fn retitled(world: &World, number: u64, title: &str) -> Event {
    world.shop.retitle_issue(number, title);
    world.shop.issue_event("edited", number)
}

#[tokio::test]
async fn a_poisonous_event_is_put_aside_and_its_subject_goes_on() {
    let world = world().await;
    let number = world.shop.open_issue("panic");
    let poisonous = world.shop.issue_event("opened", number);

    let line = world.tell(&poisonous, "put aside").await;
    assert!(
        line.contains("misbehaving") && line.contains("panicked at"),
        "{line}"
    );
    let other = world.shop.open_issue("Another one");
    world
        .deliver(&world.host, &world.shop.issue_event("opened", other))
        .await;
    world
        .deliver(&world.host, &retitled(&world, number, "Honest"))
        .await;

    let both = |port: &FakePort| port.entities("issue").len() == 2;
    world.port.wait_for("the honest events", both).await;
    let world = world.stopped().await;
    let lines = world.end().await;
    let last = lines.last().map(String::as_str).unwrap_or_default();
    // What was said of its older state is of no interest any more.
    assert!(last.contains("0 in quarantine"), "{last}");
}

#[tokio::test]
async fn a_plugin_that_rests_holds_up_no_other_on_the_same_subject() {
    let world = world().await;
    // One after the other, until it rests.
    for _ in 0..5 {
        let number = world.shop.open_issue("panic");
        world
            .deliver(&world.host, &world.shop.issue_event("opened", number))
            .await;
    }
    world
        .host
        .wait_for_line("failed 5 times in a row for this repository and configuration and rests")
        .await;
    let all = |port: &FakePort| port.entities("marked").len() == 5;
    world
        .port
        .wait_for("what the other one makes of these", all)
        .await;

    // It is not called, and this waits for it; the other one is, for this event and for the next.
    let number = world.shop.open_issue("file README.md");
    let new = "mapped issue of acme/shop: 1 upserted, 1 of them new";
    let line = world
        .tell(&world.shop.issue_event("opened", number), new)
        .await;
    assert!(line.contains("versioned"), "{line}");
    let unchanged = "mapped issue of acme/shop: 0 upserted, 0 of them new, 1 unchanged";
    let edited = retitled(&world, number, "file LICENSE");
    let line = world.tell(&edited, unchanged).await;
    assert!(line.contains("versioned"), "{line}");
    assert!(world.identifiers("issue").is_empty(), "it rests");

    // What waits for it is kept; another version of it does not have to rest.
    let text = json!({"type": "string"});
    let schema = json!({"properties": {"is": text, "text": text}, "required": []});
    let answer = json!({"identifier": "answer", "schema": schema, "relations": {}});
    let world = world.killed(|acme| acme.port.blueprint(answer)).await;
    world.host.plugin_as("asking", "misbehaving");
    let id = edited.payload["issue"]["id"].to_string();
    world.port.wait_for_entity("answer", &id).await;
}

#[tokio::test]
async fn what_one_plugin_cannot_write_yet_holds_up_no_other_on_the_same_subject() {
    let world = world().await;
    world.port.remove_blueprint("issue");
    let number = world.shop.open_issue("Honest");
    world
        .deliver(&world.host, &world.shop.issue_event("opened", number))
        .await;
    let marked = |port: &FakePort| port.entities("marked").len() == 1;
    world
        .port
        .wait_for("what the other one makes of it", marked)
        .await;
    world.host.wait_for_line("no such blueprint").await;

    // The first of the two waits for the blueprint, and the second behind it, but for the other plugin.
    let unchanged = "mapped issue of acme/shop: 0 upserted, 0 of them new, 1 unchanged";
    let line = world
        .tell(&retitled(&world, number, "Honest again"), unchanged)
        .await;
    assert!(line.contains("versioned"), "{line}");
}
