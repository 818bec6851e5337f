//! What GitHub does not show is not gone.

use portolan_tests::fault::Fault;
use portolan_tests::journal::Recorded;
use serde_json::json;

use super::three;
use crate::world::{World, services};

#[tokio::test]
async fn a_repository_left_the_installation() {
    let world = World::with(|host| host.plugin("misbehaving")).await;
    world
        .push(&[("port.yml", &services(&["cart", "pay"]))])
        .await;
    let issue = world.shop.open_issue("It is slow");
    world
        .tell(&world.shop.issue_event("opened", issue), "mapped issue")
        .await;
    let before = world.stock();

    // A push that would drop one, and an issue whose state must be asked for: all answer 404 from now on.
    let commit = world
        .shop
        .push(&[("port.yml", &services(&["cart"]))], "Drop pay");
    let (pushed, same) = (
        world.shop.pushed(&commit),
        world.shop.issue_event("edited", issue),
    );
    let organization = world.github.organization("acme");
    let removed = organization.repositories_removed(&["shop"]);
    world.tell(&pushed, "put aside").await;
    world.tell(&same, "put aside").await;
    world.deliver(&world.host, &removed).await;
    let world = world.stopped().await;
    before.is_whole(&world.port);

    let added = organization.repositories_added(&["shop"]);
    world.tell(&added, "mapped tree of acme/shop").await;
    assert_eq!(
        world.services(),
        ["cart"],
        "within reach again, its files count"
    );
    assert_eq!(world.identifiers("issue").len(), 1);
}

#[tokio::test]
async fn an_issue_is_out_of_sight_and_an_issue_is_gone() {
    let world = World::with(|host| host.plugin("misbehaving")).await;
    let organization = world.github.organization("acme");
    let number = world.shop.open_issue("It is slow");
    let opened = world.shop.issue_event("opened", number);
    world.tell(&opened, "mapped issue").await;
    let before = world.stock();

    // The same state once more has to be looked up, which is not allowed just now.
    organization.without_permission("issues");
    world.github.revoke_tokens();
    world.github.fail(Fault::status(404).on("/issues").always());
    world.tell(&opened, "put aside").await;
    before.is_whole(&world.port);
    world.github.mend();
    organization.grant(&[
        ("metadata", "read"),
        ("contents", "read"),
        ("issues", "read"),
    ]);
    world.github.revoke_tokens();

    // Deleted without a webhook: GitHub does not know it, and shows all the others.
    world.shop.delete_issue(number);
    world.deliver(&world.host, &opened).await;
    let none = |port: &portolan_tests::port::FakePort| port.entities("issue").is_empty();
    world.port.wait_for("the issue to go", none).await;
}

#[tokio::test]
async fn a_tree_comes_in_part() {
    let world = World::begin().await;
    let names: Vec<_> = (0..12).map(|number| format!("part-{number}")).collect();
    let mut files = Vec::new();
    for name in &names {
        files.push((format!("parts/{name}/deep/port.yml"), services(&[name])));
        files.push((format!("parts/{name}/README.md"), "Hello\n".to_owned()));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    world.push(&files).await;
    let before = world.stock();

    world.github.truncate_trees_after(5);
    let line = world.push(&[("README.md", "# Parts\n")]).await;
    assert!(line.contains("12 unchanged"), "{line}");
    before.is_whole(&world.port);

    world.delete(&["parts/part-7/deep/port.yml"]).await;
    assert_eq!(world.told(before.taken).deleted, ["service/part-7"]);
}

#[tokio::test]
async fn one_file_cannot_be_read_just_now() {
    let world = three().await;
    let before = world.stock();
    world
        .github
        .fail(Fault::status(500).on("/git/blobs/").always());
    let tier = "identifier: pay\nblueprint: service\nproperties: {tier: Other}\n";
    let commit = world
        .shop
        .push(&[("b/port.yml", tier), ("c/port.yml", "[]\n")], "Change it");

    world
        .deliver(&world.host, &world.shop.pushed(&commit))
        .await;
    let failed = |request: &Recorded| request.status == 500 && request.path.contains("/git/blobs/");
    world.github.wait_for_request("the file", failed).await;
    let world = world.stopped().await;
    before.is_whole(&world.port);

    world.github.mend();
    let gone = |port: &portolan_tests::port::FakePort| port.entity("service", "mail").is_none();
    world.port.wait_for("mail to go", gone).await;
    assert_eq!(world.services(), ["cart", "pay"]);
    assert_eq!(world.told(before.taken).deleted, ["service/mail"]);
}

#[tokio::test]
async fn a_file_is_too_large_to_be_read() {
    let world = three().await;
    let before = world.stock();

    let line = world
        .push(&[
            ("b/port.yml", &"#".repeat(600 * 1024)),
            ("c/port.yml", "[]\n"),
        ])
        .await;

    assert!(line.contains("incomplete=true"), "{line}");
    before.is_whole(&world.port);
    world.delete(&["b/port.yml"]).await;
    assert_eq!(world.services(), ["cart"]);
}

#[tokio::test]
async fn an_entity_of_others_is_merged_into_and_dropped() {
    let world = World::begin().await;
    let theirs = json!({"identifier": "theirs", "properties": {"language": "COBOL"}});
    world.port.plant("service", &theirs, "somebody");
    world
        .push(&[("port.yml", &services(&["theirs", "ours"]))])
        .await;
    let before = world.stock();

    world.push(&[("port.yml", &services(&["ours"]))]).await;
    before.is_whole(&world.port);
    // Nor when it is declared and dropped once more, nor without any file.
    world
        .push(&[("port.yml", &services(&["theirs", "ours"]))])
        .await;
    world.push(&[("port.yml", &services(&["ours"]))]).await;
    before.is_whole(&world.port);

    world.delete(&["port.yml"]).await;
    assert_eq!(world.services(), ["theirs"]);
}
