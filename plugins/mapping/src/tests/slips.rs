//! Slips that must not delete: a key left blank, a word misspelled.

use serde_json::json;

use super::{configured, entity, errors, map, mistakes, resource, told};

const PLAIN: &str = "identifier: .number | tostring\nblueprint: '\"x\"'";

#[test]
fn a_selectors_key_without_a_value_admits_all() {
    for selector in [
        "{state: }",
        "{state: ''}",
        "{state: []}",
        "{state: [' ']}",
        "{labels: }",
        "{labels: ''}",
        "{labels: 'bug,'}",
        "{labels: [bug, '']}",
        "{state: OPEN}",
    ] {
        let done = map("issue", selector, PLAIN);
        assert_eq!(done.entities().len(), 1, "{selector}");
    }
    for selector in ["{states: []}", "{states: }"] {
        let done = map("pull-request", selector, PLAIN);
        assert_eq!(done.entities().len(), 1, "{selector}");
    }
    for selector in ["{statuses: }", "{statuses: []}", "{statuses: [Queued]}"] {
        let done = map(
            "workflow-run",
            selector,
            "identifier: .id | tostring\nblueprint: '\"x\"'",
        );
        assert_eq!(done.entities().len(), 1, "{selector}");
    }
}

#[test]
fn a_state_that_github_does_not_know_is_a_mistake() {
    for (kind, selector, mistake) in [
        (
            "issue",
            "{state: opened}",
            "3:23: selector.state: `opened` is none of what `selector.state` knows: open, closed, all.",
        ),
        (
            "pull-request",
            "{states: [open, merged]}",
            "3:24: selector.states: `merged` is none of what `selector.states` knows: open, closed, all.",
        ),
        (
            "workflow-run",
            "{statuses: [complete]}",
            "3:26: selector.statuses: `complete` is none of what ",
        ),
        (
            "issue",
            "{includedFiles: [a], state: {}}",
            "3:43: selector.state: `selector.state` holds texts, but an object stands here.",
        ),
    ] {
        let told = mistakes(&resource(kind, selector, PLAIN));
        let told = told.last().expect("a mistake");
        assert!(
            told.starts_with(&format!("error: port-app-config.yml:{mistake}")),
            "{told}"
        );
    }
}

#[test]
fn closed_ones_are_listed_however_that_is_spelled() {
    for selector in ["{state: Closed}", "{state: ALL}", "{states: ['closed ']}"] {
        let kind = if selector.contains("states") {
            "pull-request"
        } else {
            "issue"
        };
        let text = resource(kind, selector, PLAIN);
        let opened = configured(kind, &text).open().unwrap();
        let wants = portolan_sdk::Mapper::wants(&opened);
        assert_eq!(wants[0].scope["finished"], true, "{selector}");
    }
}

#[test]
fn an_item_has_a_name_where_none_is_written() {
    let text = |name: &str| {
        format!(
            "resources:\n  - kind: issue\n    port:\n      itemsToParse: .labels\n      itemsToParseName: {name}\n      entity:\n        mappings: {{identifier: .item.name, blueprint: '\"label\"'}}\n"
        )
    };
    for name in ["", "''", "' '", "item"] {
        let done = configured("issue", &text(name)).map();
        assert_eq!(entity(&done).identifier.to_string(), "bug", "{name}");
    }
    assert_eq!(
        mistakes(&text("[a, b]")),
        [
            "error: port-app-config.yml:5:25: port.itemsToParseName: `port.itemsToParseName` is one name, but a list stands here."
        ]
    );
}

#[test]
fn a_flag_is_a_truth_value_in_quotes_too_and_nothing_else() {
    let text = |teams: &str| {
        resource(
            "repository",
            &format!("{{teams: {teams}}}"),
            "identifier: .name\nblueprint: '\"x\"'\nproperties: {teams: .teams}",
        )
    };
    let path = "/repos/Codertocat/Hello-World/teams";
    for (teams, found) in [
        ("'true'", json!([7])),
        ("\"false\"", json!(null)),
        ("", json!(null)),
    ] {
        let done = configured("repository", &text(teams))
            .api(path, json!([7]))
            .map();
        assert_eq!(entity(&done).properties["teams"], found, "{teams}");
    }
    for teams in ["yes", "1", "[]"] {
        let told = mistakes(&text(teams));
        assert!(
            told[0].contains("selector.teams: `selector.teams` is true or false, but "),
            "{told:?}"
        );
    }
}

#[test]
fn a_search_with_null_finds_no_identifier_however_it_is_written() {
    for (rules, entities) in [
        (
            "[{property: \"login\", operator: \"=\", value: .owner.login}]",
            1,
        ),
        ("[{property: \"login\", operator: \"=\", value: .nope}]", 0),
        (
            "[{property: \"login\", operator: \"in\", value: [.owner.login, .nope]}]",
            0,
        ),
        ("[{combinator: \"or\", rules: []}]", 0),
        ("[]", 0),
    ] {
        let search = format!("{{combinator: \"and\", rules: {rules}}}");
        let done = map(
            "repository",
            "{query: 'true'}",
            &format!("identifier: '{search}'\nblueprint: '\"x\"'"),
        );
        assert_eq!(done.entities().len(), entities, "{search}");
        assert_eq!(done.notes().len(), 1 - entities, "{search}");
        assert_eq!(errors(&done), [""; 0]);
    }
}

#[test]
fn nulls_of_one_list_are_told_of_one_object() {
    let done = map(
        "repository",
        "{query: 'true'}",
        "identifier: .name\nblueprint: '\"x\"'\nrelations: {many: '[null, null, null]'}",
    );
    let [note] = told(done.notes()).try_into().expect("one note");
    assert!(!note.contains("The same"), "{note}");
}
