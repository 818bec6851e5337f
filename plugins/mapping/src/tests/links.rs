//! What points to other entities: relations, teams and searches.

use serde_json::json;

use super::{entity, errors, map, sent, told};

const PLAIN: &str = "identifier: .name\nblueprint: '\"service\"'\n";

#[test]
fn relations_reach_port_in_a_form_that_it_takes() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!(
            "{PLAIN}relations:\n  one: .name\n  many: '[.name, null, \"\", 7]'\n  none: .nope\n  empty: '\"\"'\n  number: .id\n  \
             object: .owner\n  failed: .name | keys\n  left_out: empty\n"
        ),
    );
    assert_eq!(
        json!(entity(&done).relations),
        json!({"one": "Hello-World", "many": ["Hello-World", "7"], "none": null, "number": "186853002", "failed": null})
    );
    let notes = told(done.notes());
    assert_eq!(notes.len(), 7, "{notes:#?}");
    assert!(
        notes[0]
            .starts_with("warning: port-app-config.yml:11:19: relations.many: A null in the list"),
        "{notes:#?}"
    );
    assert!(
        notes[3].starts_with("warning: port-app-config.yml:13:20: relations.empty: An empty text"),
        "{notes:#?}"
    );
    assert!(
        notes[5].contains("relations.object: An object is neither an identifier nor a list"),
        "{notes:#?}"
    );
}

#[test]
fn titles_icons_and_teams() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}title: .id\nicon: '\"Github\"'\nteam: '[\"payments\", null]'\n"),
    );
    let sent = sent(entity(&done));
    assert_eq!(
        (&sent["title"], &sent["icon"], &sent["team"]),
        (&json!("186853002"), &json!("Github"), &json!(["payments"]))
    );
    let cleared = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}title: .nope\nteam: null\n"),
    );
    assert_eq!(entity(&cleared).title, None);
    assert_eq!(entity(&cleared).team, Some(json!(null)));
}

#[test]
fn a_search_reaches_port_with_its_leaves_evaluated() {
    let rule = |value: &str| {
        format!(
            "{{combinator: '\"and\"', rules: [{{property: '\"login\"', operator: '\"=\"', value: {value}}}]}}"
        )
    };
    let found = json!({"combinator": "and", "rules": [{"property": "login", "operator": "=", "value": "Codertocat"}]});
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!(
            "identifier: {}\nblueprint: '\"service\"'\nteam: {}\nrelations:\n  owner: {}\n  nobody: {}\n  failed: {}\n",
            rule(".owner.login"),
            rule(".owner.login"),
            rule(".owner.login"),
            rule(".nope"),
            rule(".name | keys"),
        ),
    );
    let entity = entity(&done);
    assert_eq!(
        entity.identifier,
        portolan_sdk::Identifier::Search(found.clone())
    );
    assert_eq!(entity.team, Some(found.clone()));
    assert_eq!(json!(entity.relations), json!({"owner": found}));
    let notes = told(done.notes());
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(
        notes[0].contains("relations.nobody: The search compares `login` with null"),
        "{notes:#?}"
    );
    assert!(
        notes[1].contains("relations.failed.rules[0].value: `.name | keys` fails"),
        "{notes:#?}"
    );
    let without = map(
        "repository",
        "{query: 'true'}",
        &format!("identifier: {}\nblueprint: '\"service\"'", rule(".nope")),
    );
    assert!(without.entities().is_empty());
    assert!(errors(&without).is_empty());
    let failed = map(
        "repository",
        "{query: 'true'}",
        &format!(
            "identifier: {}\nblueprint: '\"service\"'",
            rule(".name | keys")
        ),
    );
    assert!(failed.entities().is_empty());
    assert_eq!(errors(&failed).len(), 1);
}

#[test]
fn a_renaming_names_the_old_identifier() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}currentIdentifier: .full_name\n"),
    );
    assert_eq!(
        entity(&done).previous_identifier.as_deref(),
        Some("Codertocat/Hello-World")
    );
}
