//! What is said about a configuration that can be read and is probably not meant.

use serde_json::json;

use super::{configured, opened, resource};

const PLAIN: &str = "identifier: .name\nblueprint: '\"service\"'";

#[test]
fn a_property_that_does_not_compile_is_null_as_in_port() {
    let text = resource(
        "repository",
        "{}",
        &format!("{PLAIN}\nproperties:\n  tier: gold\n  stars: .stargazers_count"),
    );
    let notes = opened(&text);
    assert!(
        notes[0].starts_with("warning: port-app-config.yml:10:19: properties.tier: "),
        "{notes:?}"
    );
    assert!(
        notes[0].ends_with(
            " If the text gold is meant, write `tier: '\"gold\"'`, with both kinds of quotes."
        ),
        "{notes:?}"
    );
    let done = configured("repository", &text).map();
    assert_eq!(
        json!(super::entity(&done).properties),
        json!({"tier": null, "stars": 0})
    );
    assert!(super::errors(&done).is_empty());
}

#[test]
fn kinds_that_are_not_mapped_are_passed_over() {
    let kind = |kind: &str| opened(&format!("resources:\n  - kind: {kind}\n    port: {{}}\n"));
    assert_eq!(
        kind("team"),
        [
            "warning: port-app-config.yml:2:11: kind: The kind `team` is not mapped yet; the resource is passed over."
        ]
    );
    assert_eq!(
        kind("gists"),
        [
            "warning: port-app-config.yml:2:11: kind: `gists` is no kind; the resource is passed over."
        ]
    );
}

#[test]
fn what_is_probably_not_meant_is_told() {
    for (kind, selector, mappings, note) in [
        (
            "issue",
            "{}",
            "identifier: .repo.name\nblueprint: '\"x\"'",
            "7:23: identifier: `.repo.name` reads `.repo.…`, but of kind `issue` `.repo` is the repository's name itself",
        ),
        (
            "pull-request",
            "{}",
            "identifier: .repo.name + \"x\"\nblueprint: '\"x\"'",
            "7:23: identifier: `.repo.name + \"x\"` reads `.repo.…`, but of kind `pull-request` there is no `.repo`: write `.base.repo.name`",
        ),
        (
            "repository",
            "{}",
            "identifier: .id\nblueprint: '\"x\"'",
            "7:23: identifier: `.id` is a number, and identifiers are texts. Write `.id | tostring`.",
        ),
        (
            "repository",
            "{}",
            "identifier: .name\nblueprint: type",
            "8:22: blueprint: `type` is a function of jq and not the blueprint of that name.",
        ),
        (
            "repository",
            "{}",
            "identifier: .name\nblueprint: '\"x\"'\nproperty: {a: .b}",
            "9:11: property: `property` is not a key of a mapping",
        ),
        (
            "repository",
            "{team: true}",
            "identifier: .name\nblueprint: '\"x\"'",
            "3:16: team: `team` is not a key of the selector of kind `repository` and is ignored. Did you mean `teams`?",
        ),
        (
            "repository",
            "{teams: 'True'}",
            "identifier: .name\nblueprint: '\"x\"'",
            "3:23: selector.teams: `selector.teams` is taken for true. Remove the quotes.",
        ),
        (
            "file",
            "{files: [{path: a, includedFiles: [b]}]}",
            "identifier: .name\nblueprint: '\"x\"'",
            "3:34: includedFiles: `includedFiles` is not a key of an item of `selector.files` and is ignored.",
        ),
        (
            "repository",
            "{repoSearch: {query: x}}",
            "identifier: .name\nblueprint: '\"x\"'",
            "3:16: selector.repoSearch: `repoSearch` is not read here and changes nothing. Narrow by `query` instead.",
        ),
        (
            "repository",
            "{include: [teams, stars]}",
            "identifier: .name\nblueprint: '\"x\"'",
            "3:25: selector.include: `stars` is nothing that can be included.",
        ),
    ] {
        let notes = opened(&resource(kind, selector, mappings));
        let [told] = notes
            .try_into()
            .unwrap_or_else(|notes: Vec<String>| panic!("{mappings}: {notes:#?}"));
        assert!(
            told.starts_with(&format!("warning: port-app-config.yml:{note}")),
            "{told}"
        );
    }
    let nothing = opened("resource:\n  - kind: repository\n");
    assert_eq!(
        nothing,
        [
            "note: port-app-config.yml: Nothing is mapped by jq, because there is no `resources`. Is `resource` meant to be it?"
        ]
    );
}

#[test]
fn a_text_in_a_list_is_advised_without_a_key() {
    let notes = opened(&resource(
        "repository",
        "{}",
        &format!("{PLAIN}\nproperties:\n  domains: [gold]"),
    ));
    assert!(
        notes[0].ends_with(
            " If the text gold is meant, write `'\"gold\"'`, with both kinds of quotes."
        ),
        "{notes:?}"
    );
}
