//! What is read of the file, and what is said about it.

use portolan_sdk::{Mapper, Owner, Want, WriteOptions};
use serde_json::json;

use super::{configured, event, mistakes, resource, told};

const GRANULAR: &str = ".github/port-app-config.yml";
const PLAIN: &str = "identifier: .name\nblueprint: '\"service\"'";

fn wants(text: &str) -> Vec<Want> {
    configured("repository", text)
        .open()
        .unwrap_or_else(|failure| panic!("{failure}"))
        .wants()
}

fn want(kind: &str, scope: serde_json::Value) -> Want {
    Want {
        kind: kind.to_owned(),
        scope,
    }
}

#[test]
fn exactly_the_kinds_that_resources_need_are_wanted() {
    let kind = |kind: &str, selector: &str| {
        resource(kind, selector, PLAIN)
            .trim_start_matches("resources:\n")
            .to_owned()
    };
    let both = format!(
        "resources:\n{}{}{}",
        kind("file", "{files: [a]}"),
        kind("folder", "{folders: [a]}"),
        kind("issue", "{}")
    );
    assert_eq!(
        wants(&both),
        [
            want("issue", json!({"finished": false})),
            want("tree", json!({}))
        ]
    );
    assert_eq!(wants("enableMergeEntity: true\n"), []);
    for (selector, scope) in [
        ("{}", json!({"finished": false})),
        (
            "{closedPullRequests: true}",
            json!({"finished": true, "newest": 100, "days": 60}),
        ),
        ("{states: [open]}", json!({"finished": false})),
        (
            "{states: [closed], maxResults: 500, since: 7}",
            json!({"finished": true, "newest": 500, "days": 7}),
        ),
    ] {
        assert_eq!(
            wants(&resource("pull-request", selector, PLAIN)),
            [want("pull-request", scope)],
            "{selector}"
        );
    }
    let two = format!(
        "resources:\n{}{}",
        kind("pull-request", "{closedPullRequests: true}"),
        kind("pull-request", "{states: [closed], since: 90}")
    );
    assert_eq!(
        wants(&two),
        [want(
            "pull-request",
            json!({"finished": true, "newest": 100, "days": 90})
        )]
    );
    assert_eq!(
        wants(&resource("issue", "{state: all}", PLAIN)),
        [want("issue", json!({"finished": true}))]
    );
    assert_eq!(
        wants(&resource("workflow-run", "{}", PLAIN)),
        [want(
            "workflow-run",
            json!({"finished": true, "newest": 10})
        )]
    );
    assert_eq!(
        wants(&resource("repository", "{}", PLAIN)),
        [want("repository", json!({}))]
    );
}

#[test]
fn a_repositorys_own_file_replaces_the_organizations() {
    let run = configured("repository", &resource("repository", "{}", PLAIN));
    let own = resource(
        "repository",
        "{}",
        "identifier: .full_name\nblueprint: '\"mine\"'",
    );
    let done = run.configuration(
        Owner::Repository,
        GRANULAR,
        format!("enableMergeEntity: false\n{own}"),
    );
    assert!(!done.open().unwrap().options().merge);
    let done = done.map();
    assert_eq!(super::entity(&done).blueprint, "mine");
}

#[test]
fn the_flags_are_obeyed() {
    let run = configured(
        "repository",
        "deleteDependentEntities: true\nentityDeletionThreshold: 0.5\nresources: []\n",
    );
    let options = run.open().unwrap().options();
    assert_eq!(
        options,
        WriteOptions {
            delete_dependents: true,
            deletion_threshold: Some(0.5),
            ..WriteOptions::default()
        }
    );
    let own = run.configuration(
        Owner::Repository,
        GRANULAR,
        "entityDeletionThreshold: 0.9\n",
    );
    assert_eq!(
        own.open().unwrap().options().deletion_threshold,
        Some(0.5),
        "a repository may only be stricter"
    );
}

#[test]
fn a_file_that_lies_where_it_is_not_read_is_told() {
    let notes = |run: portolan_sdk::test::Run<crate::Mapping>| told(&run.open().unwrap().notes());
    let text = resource("repository", "{}", PLAIN);
    let misplaced =
        event("repository").configuration(Owner::Repository, "port-app-config.yml", &*text);
    assert_eq!(
        notes(misplaced.clone()),
        [
            "warning: port-app-config.yml: The file is not read here. Move it to `.github/port-app-config.yml`, or to the root of \
          the organization's repository `.github-private`."
        ]
    );
    assert!(misplaced.map().entities().is_empty());
    let organizations_own = configured("repository", &text).configuration(
        Owner::Repository,
        "port-app-config.yml",
        &*text,
    );
    assert_eq!(notes(organizations_own), [""; 0]);
}

#[test]
fn what_is_no_configuration_does_not_open() {
    for (text, mistake) in [
        ("resources: [\n", ":1:12: Not readable as YAML: "),
        (
            "resources:\n\t- kind: x\n",
            ":2:2: A tab stands where YAML wants spaces.",
        ),
        (
            "resources: {kind: repository}\n",
            ":1:12: resources: `resources` is a list, but an object stands here.",
        ),
        (
            "enableMergeEntity: maybe\nresources: []\n",
            ":1:20: enableMergeEntity: ",
        ),
        (
            "- kind: repository\n",
            ":1:1: The configuration is an object of settings",
        ),
        (
            "resources: [repository]\n",
            ":1:13: resources[]: `resources[]` is an object, but text stands here.",
        ),
        (
            "resources: [{port: {}}]\n",
            ":1:13: kind: The resource has no `kind`",
        ),
        (
            "resources: [{kind: repository, selector: {query: 'true'}}]\n",
            ":1:13: port: The resource has no `port`",
        ),
        (
            "resources: [{kind: pull_request, port: {}}]\n",
            ":1:20: kind: `pull_request` is no kind. Did you mean `pull-request`?",
        ),
        (
            "resources: [{kind: repository, port: {entity: {}}}]\n",
            ":1:47: port.entity.mappings: There is no `port.entity.mappings`",
        ),
        (
            "resources: [{kind: repository, port: {entity: {mappings: {identifier: .name}}}}]\n",
            ":1:58: blueprint: The mapping has no `blueprint`",
        ),
        (
            "resources: [{kind: repository, port: {entity: {mappings: {identifier: .name, blueprint: service}}}}]\n",
            ":1:89: blueprint: `service` is no valid jq",
        ),
        (
            "resources: [{kind: file, port: {entity: {mappings: {identifier: .name, blueprint: '\"x\"'}}}}]\n",
            ":1:13: selector.files: A `file` resource names what it maps",
        ),
        (
            "resources: [{kind: folder, selector: {folders: ['/']}, port: {}}]\n",
            ":1:49: selector.folders[0]: `/` is the root of the repository",
        ),
        (
            "resources: [{kind: file, selector: {files: ['!a']}, port: {}}]\n",
            ":1:45: selector.files[0]: `!a` would exclude paths",
        ),
        (
            "resources: [{kind: issue, port: {entity: {mappings: {identifier: {a: .b}, blueprint: '\"x\"'}}}}]\n",
            ":1:66: identifier: An identifier is a jq expression, or a search",
        ),
        (
            "resources: [{kind: file, selector: {files: [docs/]}, port: {}}]\n",
            ":1:45: selector.files[0]: `docs/` names a folder; for the files below it write `**` after it.",
        ),
        (
            "resources: [{kind: folder, selector: {folders: ['a/[z-a]']}, port: {}}]\n",
            ":1:49: selector.folders[0]: `a/[z-a]` is no glob: ",
        ),
    ] {
        let told = mistakes(text);
        assert!(
            told[0].starts_with(&format!("error: port-app-config.yml{mistake}")),
            "{text}: {told:?}"
        );
    }
}

#[test]
fn a_resource_that_cannot_be_read_leaves_the_others_and_deletes_nothing() {
    let good = resource("repository", "{}", PLAIN);
    for (broken, concerns) in [
        (
            "  - kind: repository\n    port: {entity: {mappings: {identifier: .name}}}\n",
            true,
        ),
        ("  - just text\n", true),
        ("  - kind: repositry\n    port: {}\n", true),
        ("  - kind: repository\n    port:\n", true),
        ("  - kind: repository\n", true),
        (
            "  - kind: issue\n    port: {entity: {mappings: []}}\n    selector: 3\n",
            false,
        ),
    ] {
        let run = configured("repository", &format!("{good}{broken}"));
        let notes = told(&run.open().unwrap().notes());
        assert!(
            notes.iter().any(|note| note.starts_with("error: ")),
            "{notes:?}"
        );
        let done = run.map();
        assert_eq!(done.entities().len(), 1);
        assert_eq!(
            super::errors(&done).len(),
            usize::from(concerns),
            "{broken}: {:?}",
            done.notes()
        );
    }
}

#[test]
fn a_program_that_does_not_compile_is_told_at_its_character() {
    let good = resource("repository", "{}", PLAIN);
    let broken = format!(
        "{good}  - kind: repository\n    port:\n      entity:\n        mappings:\n          identifier: '.name | nope(1)'\n          blueprint: '\"service\"'\n"
    );
    let run = configured("repository", &broken);
    let notes = told(&run.open().unwrap().notes());
    let [note] = notes.try_into().expect("one note");
    assert!(
        note.starts_with(
            "error: port-app-config.yml:13:32: identifier: `.name | nope(1)` is no valid jq: "
        ),
        "{note}"
    );
    let done = run.map();
    assert_eq!(done.entities().len(), 1, "the other resource");
    let [error] = super::errors(&done).try_into().expect("incomplete");
    assert!(
        error.starts_with(
            "error: port-app-config.yml:13:23: identifier: `.name | nope(1)` is no valid jq"
        ),
        "{error}"
    );
}
