//! What becomes of what was declared: where it came from, whose it is, who may write it.

use serde_json::Value;

use super::{World, only_line};

const SHOP: &str = "identifier: shop\nblueprint: service\n";

#[tokio::test]
async fn an_entity_tells_the_commit_of_its_file_and_a_push_elsewhere_changes_nothing() {
    let world = World::start().await;
    world
        .push(&[
            ("port.yml", SHOP),
            ("core/port.yml", "identifier: core\nblueprint: system\n"),
        ])
        .await;
    let declared = world.shop.head().expect("just pushed").sha;
    let before = world.port.digest("service", "shop");

    world.push(&[("main.rs", "fn main() {}\n")]).await;

    assert_ne!(world.shop.head().expect("pushed again").sha, declared);
    assert_eq!(world.port.digest("service", "shop"), before);
    let shop = world.service("shop");
    let metadata = &shop["properties"]["gitopsMetadata"];
    assert_eq!(metadata["specPath"], "port.yml");
    assert_eq!(metadata["repository"], "acme/shop");
    assert_eq!(metadata["commit"]["sha"], declared);
    let core = world.port.entity("system", "core").expect("it arrived");
    assert_eq!(
        core["properties"]["gitopsMetadata"],
        Value::Null,
        "its blueprint has no place for it"
    );
}

#[tokio::test]
async fn metadata_has_the_name_that_the_configuration_gives_it_or_is_left_out() {
    let world = World::start().await;
    let config = |text: &'static str| [(".github/port-app-config.yml", text), ("port.yml", SHOP)];
    world
        .push(&config("gitopsMetadataProperty: limits\n"))
        .await;
    let shop = world.service("shop");
    assert_eq!(shop["properties"]["limits"]["specPath"], "port.yml");
    assert!(shop["properties"]["gitopsMetadata"].is_null());

    let off = "enrichEntitiesWithGitopsMetadata: false\nenableMergeEntity: false\n";
    world.push(&config(off)).await;
    assert!(world.service("shop")["properties"]["limits"].is_null());
}

#[tokio::test]
async fn an_entity_declared_twice_is_reported_with_both_places() {
    let world = World::start().await;
    let tier = |tier: &str| {
        format!("# A remark\nidentifier: shop\nblueprint: service\nproperties: {{tier: {tier}}}\n")
    };
    let said = world
        .push(&[
            ("a/port.yml", &tier("first")),
            ("b/port.yml", &tier("second")),
        ])
        .await;

    only_line(
        &said,
        "b/port.yml:2:1: `shop` of `service` is declared twice: at a/port.yml:2 and at b/port.yml:2.",
    );
    assert_eq!(world.service("shop")["properties"]["tier"], "first");
}

#[tokio::test]
async fn a_blueprint_that_the_operator_does_not_allow_is_refused_in_words() {
    let world = World::with(|host| host.env("ALLOWED_BLUEPRINTS", "gitops:service, domain")).await;
    let said = world
        .push(&[(
            "port.yml",
            "- {identifier: shop, blueprint: service}\n- {identifier: core, blueprint: system}\n",
        )])
        .await;

    only_line(
        &said,
        "gitops may not write the blueprint \"system\": ALLOWED_BLUEPRINTS does not list it",
    );
    assert_eq!(world.identifiers("service"), ["shop"]);
    assert!(world.identifiers("system").is_empty());
}

#[tokio::test]
async fn what_port_refuses_is_told_in_ports_words_and_the_others_arrive() {
    let world = World::start().await;
    let files = [(
        "port.yml",
        "- {identifier: bad, blueprint: service, properties: {replicas: many}}\n\
             - {identifier: unheard, blueprint: service, properties: {color: red}}\n\
             - {identifier: homeless, blueprint: planet}\n\
             - {identifier: good, blueprint: service}\n",
    )];
    let said = (world.push_to(&world.shop, &files, "will be tried again")).await;

    assert_eq!(world.identifiers("service"), ["good"]);
    let bad = only_line(&said, "\"replicas\" must be of type number");
    assert!(bad.contains("bad"), "{bad}");
    only_line(&said, "color");
    only_line(&said, "planet");
    only_line(
        &said,
        "1 upserted, 1 of them new, 2 refused, 1 to be tried again",
    );
}
