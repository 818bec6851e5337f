//! A configuration that makes its mapper fail: it hurts the repository that it stands in.

use portolan_tests::port::FakePort;

use super::{World, marked};

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_hurts_its_mapper_holds_up_no_other_repository() {
    let world = World::begin().await;
    for (word, said) in [
        ("loop", "did not finish within 2 s"),
        ("memory", "an instance may have 64 MiB"),
        ("panic", "panic in open, as the configuration asked"),
        (
            "diagnostic",
            "`diagnostic` is not a configuration; remove the file",
        ),
    ] {
        let name = format!("acme/{word}");
        let repository = world.github.repository(&name);
        repository.push(&[("misbehave", word)], "Misbehave");
        let before = world.host.said();
        let number = repository.open_issue("An honest issue");
        let event = repository.issue_event("opened", number);
        let (status, _) = world.github.deliver(&world.host.url(), &event).await;
        assert_eq!(status, 202);
        // While it goes wrong, not after.
        world.is_well().await;
        let line = world.host.wait_for_line_after(before, said).await;
        assert!(line.contains(&name), "{line}");
    }
    world.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_always_fails_rests_alone_until_it_is_another_one() {
    let world = World::begin().await;
    let hostile = world.github.repository("acme/hostile");
    hostile.push(&[("misbehave", "panic later")], "Misbehave");
    let issue = |title: &str| {
        let number = hostile.open_issue(title);
        hostile.issue_event("opened", number)
    };
    for nth in 0..20 {
        let event = issue(&format!("An honest issue {nth}"));
        let (status, _) = world.github.deliver(&world.host.url(), &event).await;
        assert_eq!(status, 202);
    }
    let line = world
        .host
        .wait_for_line("failed 5 times in a row for this repository and configuration and rests")
        .await;
    for said in ["acme/hostile", "panic in map, as the configuration asked"] {
        assert!(line.contains(said), "{line}");
    }
    world.host.wait_for_line("it rests for").await;
    // The same version of the same plugin, for a repository that did nothing.
    world.is_well().await;

    // What is new there is tried at once.
    let mended = hostile.push(&[("misbehave", "no more")], "Behave");
    let (github, url) = (&world.github, world.host.url());
    github.deliver(&url, &hostile.pushed(&mended)).await;
    let event = issue("An honest issue");
    github.deliver(&url, &event).await;
    let id = event.payload["issue"]["id"].to_string();
    world.port.wait_for_entity("issue", &id).await;

    // And what waited is not lost: it need not even wait for a version that has not failed.
    world.port.blueprint(marked());
    world.host.plugin_as("versioned", "misbehaving");
    let all = |port: &FakePort| {
        let lines = world.host.lines();
        let aside = lines.iter().filter(|line| line.contains("put aside"));
        port.entities("marked").len() + aside.count() == 20
    };
    world.port.wait_for("what waited", all).await;
    world.is_clean();
}
