//! `port-app-config.yml`: the repository's, else the organization's; a mistake in it changes nothing.

use portolan_tests::journal::Recorded;
use portolan_tests::port::FakePort;

use super::{World, only_line};

const OWN: &str = ".github/port-app-config.yml";

fn spec(identifier: &str) -> String {
    format!("identifier: {identifier}\nblueprint: service\nproperties: {{tier: {identifier}}}\n")
}

#[tokio::test]
async fn a_repository_says_where_its_specs_lie() {
    let world = World::start().await;
    world
        .push(&[
            (OWN, "specPath:\n  - catalog/*.yaml\n  - extra.yml\n"),
            ("port.yml", &spec("unread")),
            ("catalog/cart.yaml", &spec("cart")),
            ("catalog/deep/er.yaml", &spec("deeper")),
            ("extra.yml", &spec("extra")),
        ])
        .await;
    assert_eq!(world.identifiers("service"), ["cart", "extra"]);
}

#[tokio::test]
async fn an_organization_speaks_for_repositories_that_say_nothing_themselves() {
    let world = World::start().await;
    let home = world.github.repository("acme/.github-private");
    home.push(
        &[("port-app-config.yml", "specPath: org.yml\n")],
        "Settle it",
    );

    world
        .push(&[("org.yml", &spec("by-org")), ("own.yml", &spec("by-repo"))])
        .await;
    assert_eq!(world.identifiers("service"), ["by-org"]);

    world.push(&[(OWN, "specPath: own.yml\n")]).await;
    assert_eq!(world.identifiers("service"), ["by-repo"]);
}

#[tokio::test]
async fn what_the_organization_changes_holds_at_once_for_all_its_repositories() {
    let world = World::with(|host| host.env("LOG_LEVEL", "debug")).await;
    let files = [("a.yml", &*spec("a")), ("b.yml", &*spec("b"))];
    let home = world.github.repository("acme/.github-private");
    let config = |text: &str| home.push(&[("port-app-config.yml", text)], "Settle it");
    config("specPath: a.yml\n");
    world.push(&files).await;
    assert_eq!(world.identifiers("service"), ["a"]);
    let asked = world.github.mark();

    let event = home.pushed(&config("specPath: b.yml\n"));
    world.github.deliver(&world.host.url(), &event).await;

    world
        .host
        .wait_for_line(
            "the configuration of acme changed for gitops: its repositories are mapped anew",
        )
        .await;
    let only_b = |_: &FakePort| world.identifiers("service") == ["b"];
    world.port.wait_for("what the new one says", only_b).await;
    let listed = |path: &str| path == "/installation/repositories";
    let lists = world.github.requests_since(asked);
    let lists = lists.iter().filter(|request| listed(&request.path));
    assert_eq!(lists.count(), 1);

    // A push there that configures nothing lists nothing.
    let (said, asked) = (world.host.said(), world.github.mark());
    let event = home.pushed(&home.push(&[("README.md", "# Ours")], "Explain it"));
    world.github.deliver(&world.host.url(), &event).await;
    let nothing = "the push to acme/.github-private configures nothing";
    world.host.wait_for_line_after(said, nothing).await;
    let asked = world.github.requests_since(asked);
    assert!(asked.iter().all(|request| !listed(&request.path)));
}

#[tokio::test]
async fn a_mistake_is_named_with_its_place_and_the_last_good_configuration_stays() {
    let world = World::start().await;
    world
        .push(&[(OWN, "specPath: a.yml\n"), ("port.yml", &spec("unread"))])
        .await;

    let said = world
        .push(&[
            (OWN, "specPath: a.yml\nenableMergeEntity: maybe\n"),
            ("a.yml", &spec("a")),
        ])
        .await;
    only_line(
        &said,
        ".github/port-app-config.yml:2:20: `enableMergeEntity` must be true or false, but text stands here.",
    );
    only_line(
        &said,
        "the last configuration without mistakes stays in force",
    );
    assert_eq!(world.identifiers("service"), ["a"]);

    let said = world.push(&[(OWN, "specPath: [a.yml, port.yml]\n")]).await;
    assert!(
        !said.iter().any(|line| line.contains("port-app-config")),
        "{said:?}"
    );
    assert_eq!(world.identifiers("service"), ["a", "unread"]);
}

#[tokio::test]
async fn a_configuration_wrong_from_the_start_writes_nothing_and_says_so() {
    let world = World::start().await;
    let files = [
        (OWN, "specPath:\n\t- port.yml\n"),
        ("port.yml", &*spec("shop")),
    ];
    let until = "no earlier one is known";
    let said = world.push_to(&world.shop, &files, until).await;
    only_line(
        &said,
        ".github/port-app-config.yml:2:2: A tab stands where YAML wants spaces.",
    );
    assert!(world.identifiers("service").is_empty());
}

#[tokio::test]
async fn an_unknown_key_is_warned_about_once_and_a_mistake_too() {
    let world = World::start().await;
    let said = world
        .push(&[(OWN, "specPaths: a.yml\n"), ("port.yml", &spec("shop"))])
        .await;
    let line = only_line(&said, "specPaths");
    assert!(line.contains("WARN"), "{line}");
    world.push(&[("README.md", "# Shop")]).await;
    only_line(&world.host.lines(), "specPaths");

    let mistake = "`enableMergeEntity` must be true or false";
    world.push(&[(OWN, "enableMergeEntity: maybe\n")]).await;
    world.push(&[("README.md", "# The shop")]).await;
    only_line(&world.host.lines(), mistake);
}

#[tokio::test]
async fn what_is_absent_keeps_its_value_and_null_clears_it() {
    let world = World::start().await;
    let properties =
        |text: &str| format!("identifier: shop\nblueprint: service\nproperties: {text}\n");
    let all = properties("{tier: gold, replicas: 3, url: \"https://shop.example\"}");
    world.push(&[("port.yml", &all)]).await;

    world
        .push(&[("port.yml", &properties("{tier: null, replicas: 4}"))])
        .await;

    let shop = world.service("shop");
    let shop = &shop["properties"];
    assert_eq!(shop["replicas"], 4);
    assert_eq!(shop["url"], "https://shop.example");
    assert!(shop["tier"].is_null(), "{shop}");
}

#[tokio::test]
async fn without_merging_too_what_could_not_be_mapped_this_time_is_not_cleared() {
    let world = World::start().await;
    let spec = |text: &str| format!("identifier: shop\nblueprint: service\nproperties: {text}\n");
    let all = spec("{tier: gold, replicas: 3}");
    world
        .push(&[(OWN, "enableMergeEntity: false\n"), ("port.yml", &all)])
        .await;

    let said = world
        .push(&[
            ("port.yml", &spec("{replicas: 4}")),
            ("bad/port.yml", "identifier: 'x\n"),
        ])
        .await;

    only_line(&said, "incomplete=true");
    let shop = world.service("shop");
    assert_eq!(shop["properties"]["replicas"], 4);
    assert_eq!(shop["properties"]["tier"], "gold");
}

#[tokio::test]
async fn without_merging_what_is_absent_goes() {
    let world = World::start().await;
    let properties =
        |text: &str| format!("identifier: shop\nblueprint: service\nproperties: {text}\n");
    let all = properties("{tier: gold, replicas: 3}");
    world
        .push(&[(OWN, "enableMergeEntity: false\n"), ("port.yml", &all)])
        .await;

    world
        .push(&[("port.yml", &properties("{replicas: 4}"))])
        .await;

    let shop = world.service("shop");
    assert_eq!(shop["properties"]["replicas"], 4);
    assert!(shop["properties"]["tier"].is_null(), "{shop}");
}

#[tokio::test]
async fn without_bare_targets_entities_are_written_after_what_they_point_at() {
    let world = World::start().await;
    let files = [
        (OWN, "createMissingRelatedEntities: false\n"),
        (
            "port.yml",
            "- {identifier: shop, blueprint: service, relations: {system: core}}\n\
             - {identifier: core, blueprint: system}\n\
             - {identifier: lost, blueprint: service, relations: {system: nowhere}}\n",
        ),
    ];
    let said = (world.push_to(&world.shop, &files, "will be tried again")).await;

    assert_eq!(world.identifiers("service"), ["shop"]);
    assert_eq!(world.identifiers("system"), ["core"]);
    let refused = only_line(&said, "nowhere");
    assert!(refused.contains("lost"), "{refused}");
    only_line(&said, "2 upserted, 2 of them new, 1 to be tried again");
    let writes = world.port.requests();
    let writes: Vec<_> = writes
        .iter()
        .filter(|request| request.path.contains("/entities"))
        .collect();
    let first = |part: &str| {
        let named = |request: &&Recorded| String::from_utf8_lossy(&request.body).contains(part);
        writes.iter().position(named)
    };
    assert!(first("\"identifier\":\"core\"") < first("\"identifier\":\"shop\""));
    let bare = "create_missing_related_entities=true";
    assert!(writes.iter().all(|request| !request.query.contains(bare)));
}

#[tokio::test]
async fn a_configuration_that_is_no_text_leaves_the_last_good_one_in_force() {
    let world = World::start().await;
    let files = [("own.yml", &*spec("own")), ("port.yml", &*spec("default"))];
    world.push(&files).await;
    assert_eq!(world.identifiers("service"), ["default"]);
    world.push(&[(OWN, "specPath: own.yml\n")]).await;
    assert_eq!(world.identifiers("service"), ["own"]);

    // Saved by an editor as UTF-16, which is not the same as removed.
    let utf16: Vec<u8> = "\u{feff}specPath: none.yml\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let commit = world.shop.push_bytes(&[(OWN, &utf16)], "Save it anew");
    let said = world.host.said();
    let event = world.shop.pushed(&commit);
    world.github.deliver(&world.host.url(), &event).await;
    world.host.wait_for_line_after(said, "mapped tree").await;

    let said = world.host.lines().split_off(said);
    only_line(
        &said,
        "in acme/shop: .github/port-app-config.yml is not UTF-8 text: save it as UTF-8",
    );
    only_line(
        &said,
        "the last configuration without mistakes stays in force",
    );
    only_line(&said, "1 unchanged");
}
