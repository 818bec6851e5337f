//! Repositories that are renamed, and that go.

use crate::world::{World, services};

#[tokio::test]
async fn a_repository_that_is_renamed_keeps_its_entities() {
    let world = World::begin().await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let before = world.stock();

    let renamed = world.shop.rename("store");
    world.tell(&renamed, "mapped tree of acme/store").await;
    // Another one may take the name that is free now: it is not the same repository.
    let newcomer = world.github.repository("acme/shop");
    world
        .push_to(&newcomer, &[("port.yml", &services(&["mail"]))])
        .await;
    before.is_whole(&world.port);
    assert_eq!(world.services(), ["cart", "mail", "pay"]);

    world.push(&[("port.yml", &services(&["cart"]))]).await;
    assert_eq!(world.services(), ["cart", "mail"]);
    assert_eq!(world.told(before.taken).deleted, ["service/pay"]);
}

#[tokio::test]
async fn with_a_repository_goes_all_that_was_mapped_of_it_and_nothing_else() {
    let world = World::with(|host| host.plugin("pull-requests").plugin("misbehaving")).await;
    let till = world.github.repository("acme/till");
    world
        .push(&[("port.yml", &services(&["shop", "cart"]))])
        .await;
    world
        .push_to(&till, &[("port.yml", &services(&["till"]))])
        .await;
    for repository in [&world.shop, &till] {
        repository.push_to("fast", &[("a.txt", "a")], "Begin");
        let number = repository.open_pull_request("Be fast", "fast");
        let opened = repository.pull_request_event("opened", number);
        world.tell(&opened, "mapped pull-request").await;
        let number = repository.open_issue("It is slow");
        world
            .tell(&repository.issue_event("opened", number), "mapped issue")
            .await;
    }
    let pulls = world.identifiers("githubPullRequest");
    let issues = world.identifiers("issue");
    assert_eq!((pulls.len(), issues.len()), (2, 2));
    let (mark, deleted) = (world.mark(), world.shop.clone().delete());

    world.deliver(&world.host, &deleted).await;

    let one_each = |port: &portolan_tests::port::FakePort| {
        ["service", "githubPullRequest", "issue"]
            .iter()
            .all(|blueprint| port.entities(blueprint).len() == 1)
    };
    world
        .port
        .wait_for("what is left of acme/till alone", one_each)
        .await;
    assert_eq!(world.services(), ["till"]);
    let left = world.identifiers("githubPullRequest");
    assert!(left[0].starts_with("till"), "{left:?}");
    assert_eq!(
        world.told(mark).deleted.len(),
        4,
        "two services, a pull request and an issue"
    );
}
