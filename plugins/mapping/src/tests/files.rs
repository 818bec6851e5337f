//! The kind `file`.

use portolan_sdk::test::Run;
use portolan_sdk::{Answer, Question};
use serde_json::json;

use super::{COMMIT, configured, entity, errors, sent, told};
use crate::Mapping;

fn files(files: &str, mappings: &str) -> Run<Mapping> {
    configured(
        "tree",
        &format!(
            "resources:\n  - kind: file\n    selector:\n      query: 'true'\n      files:\n        - {files}\n    port:\n      entity:\n        mappings:\n          identifier: .file.path\n          blueprint: '\"file\"'\n          {mappings}\n"
        ),
    )
}

#[test]
fn a_file_is_described_as_ports_app_and_its_successor_do() {
    let run = files(
        "{path: 'docs/*.yaml'}",
        "properties: {all: 'del(.repo, .repository)'}",
    );
    let done = run.file("docs/api.yaml", "a: 1\n").map();
    let url =
        |sha: &str| format!("https://api.github.com/repos/Codertocat/Hello-World/git/blobs/{sha}");
    let all = &entity(&done).properties["all"];
    let sha = "a8926a52d8dcba5c4386945476ab6a2ad008afd4";
    assert_eq!(
        *all,
        json!({
            "file": {
                "path": "docs/api.yaml", "name": "api.yaml", "fileExtension": "yaml", "mode": null, "type": "blob",
                "sha": sha, "size": 5, "url": url(sha), "content": {"a": 1},
            },
            "organization": "acme", "branch": "master", "path": "docs/api.yaml", "name": "api.yaml", "content": {"a": 1},
            "metadata": {"url": url(sha), "path": "docs/api.yaml", "size": 5, "sha": sha},
            "__repository": "Hello-World", "__organization": "acme", "__branch": "master", "__includedFiles": {},
        })
    );
}

#[test]
fn json_and_yaml_are_read_by_their_ending_unless_that_is_not_wanted() {
    for (file, text, selector, content) in [
        (
            "a.json",
            "{\"a\": [1]}",
            "{path: a.json}",
            json!({"a": [1]}),
        ),
        ("a.JSON", "\u{feff}{}", "{path: a.JSON}", json!({})),
        (
            "a.yml",
            "a: 1\n---\nb: 2\n",
            "{path: ./a.yml}",
            json!([{"a": 1}, {"b": 2}]),
        ),
        ("a.yaml", "", "{path: /a.yaml}", json!(null)),
        (
            "a.yaml",
            "a: 1",
            "{path: a.yaml, skipParsing: true}",
            json!("a: 1"),
        ),
        ("a.txt", "{}", "a.txt", json!("{}")),
    ] {
        let done = files(
            selector,
            "properties: {content: .file.content, same: .content == .file.content}",
        )
        .file(file, text)
        .map();
        assert_eq!(
            json!(entity(&done).properties),
            json!({"content": content, "same": true}),
            "{file}"
        );
        assert!(done.notes().is_empty(), "{:?}", done.notes());
    }
}

#[test]
fn a_broken_file_is_told_with_its_line_and_the_others_arrive() {
    let done = files("{path: '**/*.{json,yml}'}", "")
        .file("a.json", "{\n  \"a\": 1,\n}")
        .file("b.json", "{}")
        .file("c.yml", "a: 1\na: 2\n")
        .map();
    assert_eq!(entity(&done).identifier.to_string(), "b.json");
    assert_eq!(
        errors(&done),
        [
            "error: a.json:3:1: Not readable as JSON: trailing comma. The file is not mapped. Correct it, or write \
             `skipParsing: true` for its text.",
            "error: c.yml:2:1: `a` stands twice in the same object. Remove one of the two. The file is not mapped. Correct it, or write \
             `skipParsing: true` for its text.",
        ]
    );
}

#[test]
fn the_end_of_a_file_has_a_column_too() {
    let done = files("{path: a.json}", "").file("a.json", "{\n").map();
    let [error] = errors(&done).try_into().expect("an error");
    assert!(
        error.starts_with("error: a.json:2:1: Not readable"),
        "{error}"
    );
}

#[test]
fn files_of_other_repositories_are_not_asked_for() {
    for (selector, asked) in [
        ("{path: a.txt, repos: [hello-world]}", true),
        (
            "{path: a.txt, repos: [{name: Hello-World, branch: master}]}",
            true,
        ),
        (
            "{path: a.txt, repos: Hello-World, organization: ACME}",
            true,
        ),
        ("{path: a.txt, repos: [Codertocat/Hello-World]}", true),
        ("{path: a.txt, repos: [web]}", false),
        ("{path: a.txt, repos: []}", false),
        (
            "{path: a.txt, repos: [{name: Hello-World, branch: dev}, Hello-World]}",
            true,
        ),
        ("{path: a.txt, organization: other}", false),
    ] {
        let done = files(selector, "").file("a.txt", "").map();
        assert_eq!(done.entities().len(), usize::from(asked), "{selector}");
        assert!(done.notes().is_empty(), "{selector}: {:?}", done.notes());
    }
    let branch = files(
        "{path: a.txt, repos: [{name: Hello-World, branch: dev}]}",
        "",
    )
    .file("a.txt", "")
    .map();
    assert!(branch.entities().is_empty());
    assert_eq!(
        told(branch.notes()),
        [
            "warning: port-app-config.yml:6:18: `a.txt` is not mapped: the branch `dev` is not read, only the default one is."
        ]
    );
}

#[test]
fn an_item_that_the_documentation_writes_apart_is_understood() {
    let run = files("{path: a.txt}\n        - repos: [web]", "").file("a.txt", "");
    let opened = run.open().unwrap();
    assert!(
        run.map().entities().is_empty(),
        "the repositories belong to the path before"
    );
    let notes = told(&portolan_sdk::Mapper::notes(&opened));
    assert_eq!(
        notes,
        [
            "warning: port-app-config.yml:7:11: selector.files[1]: `repos` stands in an item of its own and is taken as part \
          of the one before. Remove the `-` before it."
        ]
    );
    // Nothing else is a file without a path, and what it mapped is not to be deleted for that.
    for item in [
        "{repos: [web]}\n        - a.txt",
        "a.txt\n        - {pth: b.txt}",
    ] {
        let opened = files(item, "").open();
        let told = opened.map(|_| ()).expect_err("a mistake").to_string();
        assert!(told.contains(": The item has no `path`"), "{told}");
    }
}

#[test]
fn a_mode_is_asked_for_only_where_a_program_looks_at_it() {
    let tree = json!({"tree": [{"path": "bin/x", "mode": "100755", "type": "blob", "sha": "aa"}]});
    let path = format!("/repos/Codertocat/Hello-World/git/trees/{COMMIT}?recursive=1");
    let done = files("{path: bin/x}", "title: .file.mode")
        .file("bin/x", "")
        .api(path, tree)
        .map();
    assert_eq!(entity(&done).title.as_deref(), Some("100755"));
    let without = files("{path: bin/x}", "").file("bin/x", "").map();
    assert!(
        !without
            .asked
            .iter()
            .any(|question| matches!(question, Question::Api(_)))
    );
}

#[test]
fn a_mode_that_is_not_known_is_left_out() {
    let cut = json!({"tree": [{"path": "bin/y", "mode": "100755", "type": "blob", "sha": "aa"}], "truncated": true});
    for (answer, why) in [
        (
            Answer::Json(cut.to_string()),
            "the repository holds more files than GitHub lists at once.",
        ),
        (Answer::Json("[]".to_owned()), "GitHub's answer is no tree."),
        (Answer::Missing, "GitHub finds no tree."),
        (Answer::Refused("Not now.".to_owned()), "Not now."),
    ] {
        let path = format!("/repos/Codertocat/Hello-World/git/trees/{COMMIT}?recursive=1");
        let done = files(
            "{path: bin/x}",
            "properties: {mode: .file.mode, model: '.model', name: .file.name}",
        )
        .file("bin/x", "")
        .answer(Question::api(path), answer)
        .map();
        assert_eq!(
            json!(entity(&done).properties),
            json!({"model": null, "name": "x"})
        );
        let [error] = errors(&done).try_into().expect("an error");
        assert!(
            error.starts_with("error: port-app-config.yml:2:5: The modes of files"),
            "{error}"
        );
        assert!(error.ends_with(why), "{error}");
    }
}

#[test]
fn files_that_are_refused_delete_nothing() {
    let refused = Answer::Refused("a.json has 5120 KB; files over 512 KB are not read".to_owned());
    let done = files("{path: a.json}", "")
        .answer(Question::files("a.json"), refused)
        .map();
    assert_eq!(
        errors(&done),
        [
            "error: port-app-config.yml:6:18: selector.files: The files of `a.json` were not read: a.json has 5120 KB; files over \
          512 KB are not read."
        ]
    );
}

#[test]
fn several_resources_map_one_file_each_its_own_way() {
    let text = "resources:\n  - kind: file\n    selector: {files: [{path: '*.json'}, {path: a.json, skipParsing: true}]}\n    port: {entity: {mappings: {identifier: .file.content.name, blueprint: '\"parsed\"'}}}\n  - kind: file\n    selector: {files: [{path: a.json, skipParsing: true}]}\n    port: {entity: {mappings: {identifier: .path, blueprint: '\"text\"', title: .content}}}\n";
    let done = configured("tree", text)
        .file("a.json", "{\"name\": \"x\"}")
        .map();
    let sent: Vec<_> = done.entities().iter().map(sent).collect();
    assert_eq!(sent[0]["identifier"], "x");
    assert_eq!(
        (&sent[1]["blueprint"], &sent[1]["title"]),
        (&json!("text"), &json!("{\"name\": \"x\"}"))
    );
    assert_eq!(sent.len(), 2);
}
