//! A mistake in a mapping is named with its place, and deletes nothing.

use serde_json::Value;

use super::{OWN, World};

/// A repository's description and its packages; what stands for an identifier of a package, and for a property, is given.
fn both(identifier: &str, version: &str) -> String {
    format!(
        "resources:
  - kind: file
    selector: {{query: 'true', files: [{{path: about.json}}]}}
    port:
      entity:
        mappings:
          identifier: .repo.name
          blueprint: '\"githubRepository\"'
          properties: {{description: .file.content.text}}
  - kind: file
    selector: {{query: 'true', files: [{{path: package.json}}]}}
    port:
      itemsToParse: .file.content.dependencies | to_entries
      entity:
        mappings:
          identifier: {identifier}
          blueprint: '\"package\"'
          properties:
            package: .item.key
            version: {version}
"
    )
}

const IDENTIFIER: &str = ".repo.name + \"-\" + .item.key";
const VERSION: &str = ".item.value";

fn about(text: &'static str) -> impl Fn(&Value) -> bool {
    move |entity| entity["properties"]["description"] == text
}

/// A world in which both resources mapped what they should.
async fn world() -> World {
    let world = World::begin().await;
    let good = both(IDENTIFIER, VERSION);
    let files = [
        (OWN, good.as_str()),
        ("about.json", r#"{"text": "Sells"}"#),
        (
            "package.json",
            r#"{"dependencies": {"react": "^18", "vue": "^3"}}"#,
        ),
    ];
    world.writes(&world.shop, &files).await;
    world
        .becomes("githubRepository", "shop", about("Sells"))
        .await;
    world.port.wait_for_entity("package", "shop-vue").await;
    world
}

#[tokio::test]
async fn a_resource_that_cannot_be_read_or_fails_only_adds_and_the_others_go_on() {
    for (identifier, place, words) in [
        // No jq.
        (".repo.name + + .item.key", ":16:", "identifier"),
        // jq, but not of these objects.
        (".item.key | error(\"no\")", ":16:", "identifier"),
    ] {
        let world = world().await;
        let (mark, said) = (world.mark(), world.host.said());
        let broken = both(identifier, VERSION);
        let files = [
            (OWN, broken.as_str()),
            ("about.json", r#"{"text": "Buys"}"#),
            ("package.json", r#"{"dependencies": {"react": "^19"}}"#),
        ];
        world.writes(&world.shop, &files).await;

        world
            .becomes("githubRepository", "shop", about("Buys"))
            .await;
        let at = format!("{OWN}{place}");
        let line = world.host.wait_for_line_after(said, &at).await;
        assert!(line.contains(words) && line.contains("acme/shop"), "{line}");
        world.host.wait_for_line_after(said, "incomplete").await;
        assert!(world.told(mark).deleted.is_empty(), "{identifier}");
        assert_eq!(world.identifiers("package"), ["shop-react", "shop-vue"]);

        // Mended, it says again what there is, and what there is not.
        let good = both(IDENTIFIER, VERSION);
        world.writes(&world.shop, &[(OWN, &good)]).await;
        world.goes("package", "shop-vue").await;
    }
}

#[tokio::test]
async fn a_property_that_fails_is_told_and_the_rest_of_the_entity_is_written() {
    let world = world().await;
    let said = world.host.said();
    let broken = both(IDENTIFIER, ".item.value | error(\"no\")");
    let files = [
        (OWN, broken.as_str()),
        ("package.json", r#"{"dependencies": {"svelte": "^5"}}"#),
    ];
    world.writes(&world.shop, &files).await;

    let svelte = world.port.wait_for_entity("package", "shop-svelte").await;
    assert_eq!(svelte["properties"]["package"], "svelte");
    let line = world
        .host
        .wait_for_line_after(said, &format!("{OWN}:20:"))
        .await;
    assert!(line.contains("properties.version"), "{line}");
    // It concerns that property alone: what is not there any more goes.
    world.goes("package", "shop-vue").await;
}

#[tokio::test]
async fn a_file_that_is_no_yaml_leaves_the_last_good_one_in_force() {
    let world = world().await;
    let (mark, said) = (world.mark(), world.host.said());
    let broken = both(IDENTIFIER, "'.item.value");
    let files = [
        (OWN, broken.as_str()),
        (
            "package.json",
            r#"{"dependencies": {"react": "^19", "vue": "^3"}}"#,
        ),
    ];
    world.writes(&world.shop, &files).await;

    let newer = |entity: &Value| entity["properties"]["version"] == "^19";
    world.becomes("package", "shop-react", newer).await;
    world
        .host
        .wait_for_line_after(said, &format!("{OWN}:"))
        .await;
    let stays = "the last configuration without mistakes stays in force";
    world.host.wait_for_line_after(said, stays).await;
    assert!(world.told(mark).deleted.is_empty());
}
