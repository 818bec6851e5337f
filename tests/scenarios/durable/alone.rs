//! What fails, fails alone: the next event of its subject goes on, and so does every other plugin.

use portolan_tests::github::Event;
use portolan_tests::port::FakePort;

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
    let honest = retitled(&world, number, "Honest");

    world.deliver(&world.host, &poisonous).await;
    world.deliver(&world.host, &honest).await;

    let line = world.host.wait_for_line("put aside").await;
    assert!(
        line.contains("misbehaving") && line.contains("panicked at"),
        "{line}"
    );
    let mapped = |port: &FakePort| {
        let issues = port.entities("issue");
        issues
            .first()
            .is_some_and(|issue| issue["title"] == "Honest")
    };
    world
        .port
        .wait_for("the honest event behind it", mapped)
        .await;
    let lines = world.end().await;
    let last = lines.last().map(String::as_str).unwrap_or_default();
    assert!(last.contains("1 in quarantine"), "{last}");
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
        .wait_for_line("failed 5 times in a row and rests")
        .await;
    let all = |port: &FakePort| port.entities("marked").len() == 5;
    world
        .port
        .wait_for("what the other one makes of these", all)
        .await;

    // It is not called, and this waits for it; the other one is, for this event and for the next.
    let number = world.shop.open_issue("Honest");
    let said = world.host.said();
    world
        .deliver(&world.host, &world.shop.issue_event("opened", number))
        .await;
    let line = world.host.wait_for_line_after(said, "mapped issue").await;
    assert!(
        line.contains("versioned") && line.contains("1 of them new"),
        "{line}"
    );
    let line = world
        .tell(&retitled(&world, number, "Honest again"), "mapped issue")
        .await;
    assert!(
        line.contains("versioned") && line.contains("1 unchanged"),
        "{line}"
    );
    assert!(world.identifiers("issue").is_empty(), "it rests");
    let world = world.stopped().await;

    // A start is a new beginning, and what waited for it was kept.
    let mapped = |port: &FakePort| {
        let issues = port.entities("issue").into_iter();
        issues
            .map(|issue| issue["title"].clone())
            .any(|title| title == "Honest again")
    };
    world
        .port
        .wait_for("what waited for the plugin", mapped)
        .await;
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
