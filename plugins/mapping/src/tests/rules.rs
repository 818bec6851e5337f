//! Port's rules of evaluation, and what is told where something is probably not meant.

use serde_json::json;

use super::{configured, entity, errors, map, resource, sent, told};

/// The notes of a repository mapped like this.
fn notes(selector: &str, mappings: &str) -> Vec<String> {
    told(map("repository", selector, mappings).notes())
}

const PLAIN: &str = "identifier: .name\nblueprint: '\"service\"'\n";

#[test]
fn the_first_output_counts_and_none_leaves_the_key_out() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}properties:\n  first: '1, 2'\n  none: empty\n  nothing: .nope\n"),
    );
    assert_eq!(
        json!(entity(&done).properties),
        json!({"first": 1, "nothing": null})
    );
    assert!(done.notes().is_empty(), "{:?}", done.notes());
}

#[test]
fn a_property_that_fails_is_null_and_told() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}properties:\n  bad: .name | keys\n  good: .id\n"),
    );
    assert_eq!(
        json!(entity(&done).properties),
        json!({"bad": null, "good": 186853002})
    );
    let [note] = told(done.notes()).try_into().expect("one note");
    assert!(
        note.starts_with(
            "warning: port-app-config.yml:10:18: properties.bad: `.name | keys` fails: "
        ),
        "{note}"
    );
    assert!(note.ends_with(" It is null here."), "{note}");
}

#[test]
fn nested_values_are_put_together_leaf_by_leaf() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!(
            "{PLAIN}properties:\n  live: true\n  level: 3\n  at: {{name: .name, none: empty, list: [.id, '\"x\"', {{a: .nope}}]}}\n"
        ),
    );
    assert_eq!(
        json!(entity(&done).properties),
        json!({"live": true, "level": 3, "at": {"name": "Hello-World", "list": [186853002, "x", {"a": null}]}})
    );
}

#[test]
fn a_selector_decides_by_truth() {
    for (query, entities, note) in [
        ("'true'", 1, ""),
        ("true", 1, ""),
        ("'false'", 0, ""),
        (".archived", 0, ""),
        (
            ".nope",
            0,
            "warning: port-app-config.yml:3:23: selector.query: `.nope` gives null where true or false is wanted; it is taken for false. Compare it with something.",
        ),
        (
            "empty",
            0,
            "warning: port-app-config.yml:3:23: selector.query: `empty` gives null where true or false is wanted; it is taken for false. Compare it with something.",
        ),
        (
            ".name",
            1,
            "warning: port-app-config.yml:3:23: selector.query: `.name` gives \"Hello-World\" where true or false is wanted; it is taken for true. Compare it with something.",
        ),
    ] {
        let done = map("repository", &format!("{{query: {query}}}"), PLAIN);
        assert_eq!(done.entities().len(), entities, "{query}");
        let notes = told(done.notes()).join("\n");
        assert_eq!(notes, note, "{query}");
    }
    let without = map("repository", "", PLAIN);
    assert_eq!(without.entities().len(), 1, "no selector takes all");
}

#[test]
fn a_selector_that_fails_is_false_and_deletes_nothing() {
    let done = map(
        "repository",
        "{query: '.name > 3 and (.name | keys)'}",
        PLAIN,
    );
    assert!(done.entities().is_empty());
    let [error] = errors(&done).try_into().expect("an error");
    assert!(
        error.starts_with("error: port-app-config.yml:3:23: selector.query: "),
        "{error}"
    );
    assert!(error.ends_with("It is taken for false."), "{error}");
}

#[test]
fn without_identifier_or_blueprint_there_is_no_entity() {
    for (mappings, severity, at) in [
        (
            "identifier: .nope\nblueprint: '\"service\"'",
            "warning",
            "7:23: identifier: `.nope` gives no identifier",
        ),
        (
            "identifier: '\"\"'\nblueprint: '\"service\"'",
            "warning",
            "7:23: identifier: `\"\"` gives no identifier",
        ),
        (
            "identifier: empty\nblueprint: '\"service\"'",
            "warning",
            "7:23: identifier: `empty` gives no identifier",
        ),
        (
            "identifier: .name\nblueprint: .language | empty",
            "warning",
            "8:22: blueprint: `.language | empty` gives no blueprint",
        ),
        (
            "identifier: .owner\nblueprint: '\"service\"'",
            "error",
            "7:23: identifier: `.owner` gives an object where a text is wanted",
        ),
        (
            "identifier: .name | keys\nblueprint: '\"service\"'",
            "error",
            "7:23: identifier: `.name | keys` fails: ",
        ),
    ] {
        let done = map("repository", "{query: 'true'}", mappings);
        assert!(done.entities().is_empty(), "{mappings}");
        let [note] = told(done.notes())
            .try_into()
            .unwrap_or_else(|notes| panic!("{mappings}: {notes:?}"));
        assert!(
            note.starts_with(&format!("{severity}: port-app-config.yml:{at}")),
            "{mappings}: {note}"
        );
    }
}

#[test]
fn what_concerns_many_items_is_told_once() {
    let text = "resources:\n  - kind: repository\n    port:\n      itemsToParse: '[{a: null}, {a: \"x\"}, {a: \"\"}, {}]'\n      entity:\n        mappings:\n          identifier: .item.a\n          blueprint: '\"service\"'\n";
    let done = configured("repository", text).map();
    assert_eq!(entity(&done).identifier.to_string(), "x");
    let [note] = told(done.notes()).try_into().expect("one note");
    assert!(note.ends_with(" (The same for 2 more objects.)"), "{note}");
}

#[test]
fn an_identifier_that_is_a_number_becomes_its_digits() {
    let done = map(
        "repository",
        "{query: 'true'}",
        "identifier: .id\nblueprint: '\"service\"'",
    );
    assert_eq!(entity(&done).identifier.to_string(), "186853002");
    assert_eq!(
        told(done.notes()),
        [
            "note: port-app-config.yml:7:23: identifier: `.id` gives a number, which is taken as the text \"186853002\". \
          Write `.id | tostring` to say so."
        ]
    );
    let large = configured(
        "repository",
        &resource(
            "repository",
            "{query: 'true'}",
            "identifier: .id\nblueprint: '\"service\"'",
        ),
    );
    let done = large
        .subject(json!({"id": 9_007_199_254_740_993_u64}))
        .map();
    assert_eq!(entity(&done).identifier.to_string(), "9007199254740993");
}

#[test]
fn one_object_may_become_several_entities() {
    let text = "resources:\n  - kind: repository\n    port:\n      entity:\n        mappings:\n          - identifier: .name\n            blueprint: '\"service\"'\n          - identifier: .owner.login\n            blueprint: '\"owner\"'\n  - kind: repository\n    port:\n      entity:\n        mappings: {identifier: .name, blueprint: '\"service\"', relations: {owner: .owner.login}}\n";
    let done = configured("repository", text).map();
    let sent: Vec<_> = done
        .entities()
        .iter()
        .map(|entity| format!("{} {}", entity.blueprint, entity.identifier))
        .collect();
    assert_eq!(
        sent,
        [
            "service Hello-World",
            "owner Codertocat",
            "service Hello-World"
        ],
        "the host merges by key"
    );
}

#[test]
fn items_are_seen_beside_the_object_by_their_name() {
    let text = "resources:\n  - kind: issue\n    selector: {query: '.label.name != \"x\"'}\n    port:\n      itemsToParse: .labels\n      itemsToParseName: label\n      entity:\n        mappings: {identifier: .label.name, blueprint: '\"label\"', relations: {issue: .repo}}\n";
    let done = configured("issue", text).map();
    assert_eq!(
        sent(entity(&done)),
        json!({"blueprint": "label", "identifier": "bug", "properties": {}, "relations": {"issue": "Hello-World"}})
    );
    for (items, severity, note) in [
        (
            ".body_html",
            "warning",
            "port.itemsToParse: `.body_html` gives null, not a list",
        ),
        (".user", "error", "port.itemsToParse: `.user` gives {"),
        (
            ".title | keys",
            "error",
            "port.itemsToParse: `.title | keys` fails",
        ),
    ] {
        let done = configured("issue", &text.replace(".labels", items)).map();
        assert!(done.entities().is_empty());
        let [told] = told(done.notes()).try_into().expect("one note");
        assert!(
            told.starts_with(&format!("{severity}: port-app-config.yml:5:21: {note}")),
            "{told}"
        );
    }
}

#[test]
fn the_only_clock_is_the_events() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}properties:\n  at: now | todate\n"),
    );
    assert_eq!(entity(&done).properties["at"], "2026-01-01T00:00:00Z");
    assert!(
        notes(
            "{query: 'true'}",
            &format!("{PLAIN}properties:\n  secret: env.HOME\n")
        )
        .is_empty()
    );
}

#[test]
fn a_closed_pull_request_stays_unless_the_selector_wants_open_ones_alone() {
    for (selector, closed) in [
        ("{query: 'true'}", true),
        ("{query: 'true', closedPullRequests: true}", true),
        ("{query: 'true', states: [open]}", false),
        ("{query: 'true', states: [open, closed]}", true),
    ] {
        let text = resource(
            "pull-request",
            selector,
            "identifier: .number | tostring\nblueprint: '\"pr\"'",
        );
        let run = configured("pull-request", &text);
        assert_eq!(run.map().entities().len(), 1, "an open one: {selector}");
        let done = run
            .subject(super::payload("pull_request", "closed")["pull_request"].take())
            .map();
        assert_eq!(done.entities().len(), usize::from(closed), "{selector}");
    }
    for (selector, mapped) in [
        ("{query: 'true', state: open}", true),
        ("{query: 'true', state: closed}", false),
        ("{query: 'true', state: all, labels: [Bug]}", true),
        ("{query: 'true', labels: 'bug,urgent'}", false),
    ] {
        let done = map(
            "issue",
            selector,
            "identifier: .number | tostring\nblueprint: '\"issue\"'",
        );
        assert_eq!(done.entities().len(), usize::from(mapped), "{selector}");
    }
}
