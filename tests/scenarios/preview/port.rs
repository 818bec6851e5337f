//! What would change in Port is shown where credentials are given, and nothing is written.

use portolan_tests::host::Tool;
use serde_json::json;

use super::objects::with_port;
use super::{objects, preview};
use crate::acme::Acme;

const PORT_YML: &str = "\
- identifier: shop
  title: Shop
  blueprint: service
  properties: { tier: Other, language: Rust }
  relations: { system: web }
- identifier: cart
  title: Cart
  blueprint: service
  properties: { language: Rust, url: null }
- identifier: web
  blueprint: system
";

#[tokio::test(flavor = "multi_thread")]
async fn created_changed_and_unchanged_entities_are_told_apart() {
    let acme = Acme::new().await;
    let shop = json!({"identifier": "shop", "title": "The shop", "properties": {"tier": "Mission Critical", "language": "Rust", "readme": "kept"}, "relations": {}});
    acme.port.plant("service", &shop, "somebody");
    let cart = json!({"identifier": "cart", "title": "Cart", "properties": {"language": "Rust", "tier": "Other"}, "relations": {}});
    acme.port.plant("service", &cart, "somebody");
    let tool = with_port(Tool::with(&["gitops"]), &acme);
    // Without it the files' last commits would be asked for, which only GitHub knows.
    let settings = "enrichEntitiesWithGitopsMetadata: false\n";
    tool.file("here/port.yml", PORT_YML)
        .file("here/.github/port-app-config.yml", settings);

    let line = "--repo here --repository acme/shop --default-branch main";
    let out = preview(&tool, line).fine();

    assert_eq!(
        out,
        "\
gitops is configured by here/.github/port-app-config.yml
tree acme/shop
  ~ service shop  Shop  (gitops, here/port.yml:1)
      title     The shop → Shop
      tier      Mission Critical → Other
      → system  null → web
  = service cart  Cart  (gitops, here/port.yml:6)
  + system web  (gitops, here/port.yml:10)

note: what mappers do not return any more is not shown: which entities were theirs, only the ledger of a host knows.
1 object: 3 entities, 1 would be created, 1 changed, 1 unchanged; no errors, no warnings.
"
    );
    assert_eq!(acme.port.writes(), 0);

    tool.file(
        "here/.github/port-app-config.yml",
        &format!("{settings}enableMergeEntity: false\n"),
    );
    let replaced = objects(&preview(&tool, "--repo here --repository acme/shop --json").fine());
    let changes = &replaced[0]["entities"];
    let removed = json!({"field": "properties.readme", "old": "kept", "new": null});
    assert!(
        changes[0]["changes"]
            .as_array()
            .is_some_and(|changes| changes.contains(&removed)),
        "{changes}"
    );
    assert_eq!(
        changes[1]["changes"],
        json!([{"field": "properties.tier", "old": "Other", "new": null}])
    );
    assert_eq!(changes[2]["change"], "created");
}

/// The files' last commits are among what would be written, and only GitHub knows them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_replacing_write_would_remove_is_said_not_to_be_known() {
    let acme = Acme::new().await;
    let cart = json!({"identifier": "cart", "properties": {"tier": "Other"}, "relations": {}});
    acme.port.plant("service", &cart, "somebody");
    let tool = with_port(Tool::with(&["gitops"]), &acme);
    tool.file("here/port.yml", PORT_YML).file(
        "here/.github/port-app-config.yml",
        "enableMergeEntity: false\n",
    );

    let out = preview(&tool, "--repo here --repository acme/shop --json").fine();

    assert_eq!(objects(&out)[0]["plugins"][0]["unknown"], true, "{out}");
    assert!(
        out.contains("what a replacing write would remove is not shown"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blueprint_that_port_does_not_have_is_a_mistake() {
    let acme = Acme::new().await;
    let tool = with_port(Tool::with(&["gitops"]), &acme);
    tool.file(
        "here/port.yml",
        "identifier: shop\nblueprint: microservice\n",
    );

    let out = preview(&tool, "--repo here --repository acme/shop").with_mistakes();

    assert!(out.contains("  ? microservice shop"), "{out}");
    assert!(
        out.contains("error: Port has no blueprint `microservice`. Create it there"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_port_refuses_are_told_in_a_sentence() {
    let acme = Acme::new().await;
    acme.port.refuse_credentials();
    let tool = with_port(Tool::with(&["gitops"]), &acme);
    tool.file("here/port.yml", "identifier: shop\nblueprint: service\n");

    let why = preview(&tool, "--repo here --repository acme/shop").refused();

    assert!(why.contains("PORT_CLIENT_ID"), "{why}");
    acme.assert_no_secret_in(&why);
}

#[test]
fn half_of_the_credentials_is_a_mistake_in_the_environment() {
    let tool = Tool::with(&["gitops"])
        .env("PORT_CLIENT_ID", "id")
        .env("PORT_URL", "https://api.port.io");
    tool.file("here/port.yml", "");

    let why = preview(&tool, "--repo here").refused();

    assert!(why.starts_with("PORT_CLIENT_SECRET is not set"), "{why}");
}
