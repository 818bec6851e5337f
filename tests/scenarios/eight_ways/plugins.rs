//! What a plugin does not say just now, or says no more because it is gone itself, is not dropped.

use portolan_tests::github::Event;

use crate::world::World;

/// An issue that `misbehaving` mapped, and its number.
async fn one_issue() -> (World, u64) {
    let world = World::with(|host| host.plugin("misbehaving").plugin("versioned")).await;
    let number = world.shop.open_issue("An honest issue");
    world
        .deliver(&world.host, &world.shop.issue_event("opened", number))
        .await;
    let both = |port: &portolan_tests::port::FakePort| {
        port.entities("issue").len() == 1 && port.entities("marked").len() == 1
    };
    world
        .port
        .wait_for("what both plugins make of it", both)
        .await;
    (world, number)
}

/// `misbehaving` does what an issue's title says.
fn retitled(world: &World, number: u64, title: &str) -> Event {
    world.shop.retitle_issue(number, title);
    world.shop.issue_event("edited", number)
}

/// This time the mapper says that there is nothing.
async fn goes_when_it_is_meant(world: &World, number: u64) {
    world
        .deliver(&world.host, &retitled(world, number, "nothing"))
        .await;
    let gone = |port: &portolan_tests::port::FakePort| port.entities("issue").is_empty();
    world.port.wait_for("the issue to go", gone).await;
    let marked = world.identifiers("marked");
    assert!(!marked.is_empty(), "the other plugin's stays");
}

#[tokio::test]
async fn a_mapper_traps() {
    let (world, number) = one_issue().await;
    let before = world.stock();
    for title in ["panic", "loop"] {
        let line = world
            .tell(&retitled(&world, number, title), "put aside")
            .await;
        assert!(line.contains("misbehaving"), "{line}");
        before.is_whole(&world.port);
    }
    goes_when_it_is_meant(&world, number).await;
}

#[tokio::test]
async fn a_mapper_answers_err() {
    let (world, number) = one_issue().await;
    let before = world.stock();
    let line = world
        .tell(&retitled(&world, number, "refuse"), "put aside")
        .await;
    assert!(line.contains("I will not map this issue"), "{line}");
    before.is_whole(&world.port);
    goes_when_it_is_meant(&world, number).await;
}

#[tokio::test]
async fn a_mapper_returns_what_breaks_the_contract() {
    let (world, number) = one_issue().await;
    let before = world.stock();
    for title in [
        "invalid-json",
        "bad-identifier",
        "bad-blueprint",
        "partial",
        "unchanged",
    ] {
        world
            .tell(&retitled(&world, number, title), "misbehaving")
            .await;
    }
    let world = world.stopped().await;
    before.is_whole(&world.port);
    goes_when_it_is_meant(&world, number).await;
}

#[tokio::test]
async fn a_plugins_file_is_deleted() {
    let (world, number) = one_issue().await;
    let before = world.stock();
    world.host.remove_plugin("misbehaving");
    world
        .host
        .wait_for_line("unloaded plugin misbehaving")
        .await;

    // Its subjects go on without it, and one of them even goes.
    let other = world.shop.open_issue("Another one");
    world
        .tell(&world.shop.issue_event("opened", other), "mapped issue")
        .await;
    let edited = retitled(&world, number, "nothing");
    world.tell(&edited, "mapped issue").await;
    let world = world.stopped().await;
    let edited = retitled(&world, number, "nothing again");
    world.tell(&edited, "mapped issue").await;
    before.is_whole(&world.port);

    // It is still known what it made: with the file back, its word counts.
    world.host.plugin("misbehaving");
    world.host.wait_for_line("loaded plugin misbehaving").await;
    goes_when_it_is_meant(&world, number).await;
}
