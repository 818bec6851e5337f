//! What somebody reads who asks how each field came about.

use super::{configured, map, resource, told};

#[test]
fn an_object_is_explained_in_order() {
    let text = resource(
        "issue",
        "{query: '.state == \"open\"'}",
        "identifier: .repo + \"-\" + (.number | tostring)\nblueprint: '\"githubIssue\"'\ntitle: .title\nproperties:\n  readme: file://README.md\n  none: empty\n  bad: .title | keys\nrelations:\n  repository: .repo\n",
    );
    let done = configured("issue", &text)
        .file("README.md", "# Hello")
        .explain()
        .map();
    let told = told(done.notes());
    let expected = [
        "note: port-app-config.yml:2:5: `issue` Codertocat/Hello-World#1:",
        "note: port-app-config.yml:3:23: selector.query: `.state == \"open\"` is true: mapped.",
        "note: port-app-config.yml:8:22: blueprint: `\"githubIssue\"` is \"githubIssue\".",
        "note: port-app-config.yml:7:23: identifier: `.repo + \"-\" + (.number | tostring)` is \"Hello-World-1\".",
        "note: port-app-config.yml:9:18: title: `.title` is \"Spelling error in the README file\".",
        "note: port-app-config.yml:11:21: properties.readme: `README.md` is \"# Hello\".",
        "note: port-app-config.yml:12:19: properties.none: `empty` gives nothing: left out.",
        "warning: port-app-config.yml:13:18: properties.bad: `.title | keys` fails: ",
        "note: port-app-config.yml:15:25: relations.repository: `.repo` is \"Hello-World\".",
        "note: port-app-config.yml:7:11: Entity `Hello-World-1` of `githubIssue`.",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
    let plain = configured("issue", &text)
        .file("README.md", "# Hello")
        .map();
    assert_eq!(
        plain.entities(),
        done.entities(),
        "explaining changes nothing"
    );
}

#[test]
fn what_is_passed_over_says_why() {
    let explained = |selector: &str| {
        let text = resource("issue", selector, "identifier: .repo\nblueprint: '\"x\"'");
        let done = configured("issue", &text).explain().map();
        assert!(done.entities().is_empty());
        told(done.notes()).pop().expect("a note")
    };
    assert_eq!(
        explained("{query: '.state == \"closed\"'}"),
        "note: port-app-config.yml:3:23: selector.query: `.state == \"closed\"` is false: passed over."
    );
    assert_eq!(
        explained("{query: 'true', labels: [urgent]}"),
        "note: port-app-config.yml:2:5: selector: Passed over: it has no label `urgent`."
    );
    assert!(
        map(
            "issue",
            "{query: 'false'}",
            "identifier: .repo\nblueprint: '\"x\"'"
        )
        .notes()
        .is_empty()
    );
}

#[test]
fn where_nothing_is_found_the_paths_are_named() {
    let explained = |kind: &str, selector: &str| {
        let text = resource(kind, selector, "identifier: .path\nblueprint: '\"x\"'");
        let done = configured("tree", &text).explain().map();
        told(done.notes()).pop().expect("a note")
    };
    assert_eq!(
        explained(
            "file",
            "{files: [{path: a.json}, {path: b.json, repos: [web]}]}"
        ),
        "note: port-app-config.yml:2:5: Passed over: Codertocat/Hello-World has no files at `a.json`."
    );
    assert_eq!(
        explained("folder", "{folders: [{path: '*', repos: [web]}]}"),
        "note: port-app-config.yml:2:5: Passed over: no folders of Codertocat/Hello-World are named."
    );
}

#[test]
fn a_long_explanation_ends_somewhere() {
    let text = "resources:\n  - kind: repository\n    port:\n      itemsToParse: '[range(20000)]'\n      entity:\n        mappings: {identifier: .item | tostring, blueprint: '\"x\"', title: .item}\n";
    let done = configured("repository", text).explain().map();
    assert_eq!(done.entities().len(), 20_000);
    let all: usize = done.notes().iter().map(|note| note.message.len()).sum();
    assert!(all < 300_000, "{all}");
    assert!(
        done.notes()
            .iter()
            .any(|note| note.message.ends_with("because it is too much."))
    );
}
