use serde_json::{Value, json};

use super::{errors, identifiers, map, shop, warnings};

#[test]
fn a_port_yml_becomes_its_entity() {
    let done = map("identifier: checkout-api
title: Checkout API
blueprint: service
team: payments
icon: Microservice
properties:
  tier: Critical   # see the handbook
  replicas: 4
  oncall: null
  labels: { a: [1, 2.5, true] }
relations:
  system: shop
  domains: [payments, web]
  owner: null
");
    let [entity] = done.entities() else {
        panic!("{done:?}")
    };
    assert_eq!(
        (
            entity.blueprint.as_str(),
            entity.identifier.to_string().as_str()
        ),
        ("service", "checkout-api")
    );
    assert_eq!(entity.title.as_deref(), Some("Checkout API"));
    assert_eq!(entity.icon.as_deref(), Some("Microservice"));
    assert_eq!(entity.team, Some(json!("payments")));
    assert_eq!(
        Value::Object(entity.properties.clone()),
        json!({"tier": "Critical", "replicas": 4, "oncall": null, "labels": {"a": [1, 2.5, true]}}),
        "what is null is cleared, what is absent is not named"
    );
    assert_eq!(
        Value::Object(entity.relations.clone()),
        json!({"system": "shop", "domains": ["payments", "web"], "owner": null})
    );
    assert_eq!(
        entity.place.as_ref().expect("it has a place").to_string(),
        "port.yml:1:1"
    );
    assert!(done.notes().is_empty(), "{:?}", done.notes());
}

#[test]
fn the_yaml_that_ports_page_exports_comes_back_as_it_was() {
    let done = map("- identifier: cart
  title: Cart
  icon: null
  team: []
  blueprint: service
  properties:
    readme: null
    url: https://cart.example.com
  relations:
    group: null
- identifier: web
  title: null
  team: null
  blueprint: service
  properties: {}
  relations: {}
");
    let [cart, web] = done.entities() else {
        panic!("{done:?}")
    };
    assert_eq!(
        (cart.team.clone(), cart.icon.clone()),
        (Some(json!([])), None)
    );
    assert_eq!(cart.properties["readme"], Value::Null);
    assert_eq!(cart.relations["group"], Value::Null);
    assert_eq!(
        (web.team.clone(), web.title.clone()),
        (Some(json!([])), None),
        "an empty list is how Port clears teams"
    );
    assert!(done.notes().is_empty(), "{:?}", done.notes());
}

#[test]
fn a_file_may_hold_one_entity_a_list_documents_or_json() {
    let done = shop()
        .file("a/port.yml", "---\nidentifier: a\nblueprint: service\n")
        .file("b/port.yml", "- {identifier: b1, blueprint: service}\n- {identifier: b2, blueprint: service}\n")
        .file("c/port.yml", "identifier: c1\nblueprint: service\n---\n---\n- identifier: c2\n  blueprint: service\n")
        .file("d/port.yml", "{\n\t\"identifier\": \"d\",\n\t\"blueprint\": \"service\"\n}\n")
        .file("d/other.yml", "identifier: other\nblueprint: service\n")
        .map();
    assert_eq!(identifiers(&done), ["a", "b1", "b2", "c1", "c2", "d"]);
    assert_eq!(
        done.entities()[2]
            .place
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("b/port.yml:2:3")
    );
    assert!(done.notes().is_empty(), "{:?}", done.notes());
}

#[test]
fn an_empty_file_declares_nothing_and_says_so() {
    for text in ["", "---\n", "# later\n", "[]\n", "---\n---\n"] {
        let done = map(text);
        assert!(done.entities().is_empty());
        assert_eq!(
            done.notes()[0].to_string(),
            "note: port.yml: The file declares no entity.",
            "{text:?}"
        );
    }
}

#[test]
fn numbers_as_identifiers_keep_their_spelling() {
    let done = map("identifier: 1.10
blueprint: version
relations: {build: 007, parts: [12345678901234567890123, x]}
properties: {since: 2024-01-02, enabled: yes, big: 18446744073709551615, huge: 12345678901234567890123, sha: 12e4567890}
");
    assert_eq!(identifiers(&done), ["1.10"]);
    assert_eq!(done.entities()[0].relations["build"], "007");
    assert_eq!(
        done.entities()[0].relations["parts"],
        json!(["12345678901234567890123", "x"])
    );
    assert_eq!(
        Value::Object(done.entities()[0].properties.clone()),
        json!({
            "since": "2024-01-02", "enabled": "yes", "big": 18_446_744_073_709_551_615_u64,
            "huge": "12345678901234567890123", "sha": "12e4567890"
        })
    );
    assert_eq!(
        warnings(&done),
        [
            "warning: port.yml:1:13: identifier: The number is taken as the text \"1.10\". Put it in quotes to say so."
        ]
    );
}

#[test]
fn a_search_in_a_relation_or_team_reaches_port_as_it_is() {
    let search = json!({"combinator": "and", "rules": [{"property": "github_login", "operator": "=", "value": "octo"}]});
    let done = map(&format!(
        "identifier: cart\nblueprint: service\nteam: {search}\nrelations:\n  owner: {search}\n"
    ));
    assert_eq!(done.entities()[0].relations["owner"], search);
    assert_eq!(done.entities()[0].team.as_ref(), Some(&search));
}

#[test]
fn unknown_keys_are_pointed_out_but_for_those_of_ports_own_example() {
    let done =
        map("apiVersion: v0.1\nkind: x\nidentifier: cart\nblueprint: service\nlifecycle: prod\n");
    assert_eq!(identifiers(&done), ["cart"]);
    let [warning] = warnings(&done).try_into().expect("one warning");
    assert!(
        warning
            .starts_with("warning: port.yml:5:1: lifecycle: `lifecycle` is not a key of an entity"),
        "{warning}"
    );
}

#[test]
fn of_two_files_that_declare_one_entity_the_first_is_used() {
    let done = shop()
        .file("b/port.yml", "- {identifier: web, blueprint: service}\n- {identifier: cart, title: Second, blueprint: service}\n")
        .file("a/port.yml", "identifier: cart\ntitle: First\nblueprint: service\n")
        .file("c/port.yml", "identifier: cart\nblueprint: team\n")
        .map();
    assert_eq!(identifiers(&done), ["cart", "web", "cart"]);
    assert_eq!(done.entities()[0].title.as_deref(), Some("First"));
    assert_eq!(
        errors(&done),
        [
            "error: b/port.yml:2:3: identifier: `cart` of `service` is declared twice: at a/port.yml:1 and at \
          b/port.yml:2. The first is used; remove one of them."
        ]
    );
}

#[test]
fn one_file_that_declares_an_entity_twice_is_told_both_lines() {
    let done =
        map("- {identifier: cart, blueprint: service}\n- {identifier: cart, blueprint: service}\n");
    assert_eq!(identifiers(&done), ["cart"]);
    let [error] = errors(&done).try_into().expect("one error");
    assert!(error.contains("at port.yml:1 and at port.yml:2"), "{error}");
}

#[test]
fn aliases_and_merge_keys_are_written_out() {
    let done = map(
        "- &base {identifier: a, blueprint: service, properties: {tier: 1}}\n- <<: *base\n  identifier: b\n",
    );
    assert_eq!(identifiers(&done), ["a", "b"]);
    assert_eq!(done.entities()[1].properties["tier"], 1);
}
