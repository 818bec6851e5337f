//! The kind `folder`.

use std::collections::BTreeSet;

use portolan_sdk::test::{Done, Run};
use portolan_sdk::{Answer, Question};
use serde_json::{Value, json};

use super::{COMMIT, configured, errors};
use crate::Mapping;

fn folders(folders: &str, mappings: &str) -> Run<Mapping> {
    configured(
        "tree",
        &format!(
            "resources:\n  - kind: folder\n    selector: {{query: 'true', folders: {folders}}}\n    port:\n      entity:\n        mappings:\n          identifier: .folder.path\n          blueprint: '\"folder\"'\n          {mappings}\n"
        ),
    )
}

/// A repository of these files, as GitHub's trees show it.
fn repository(mut run: Run<Mapping>, files: &[&str]) -> Run<Mapping> {
    let mut trees: BTreeSet<String> = BTreeSet::from([String::new()]);
    for file in files {
        for (at, _) in file.match_indices('/') {
            trees.insert(file[..at].to_owned());
        }
    }
    let sha = |path: &str| match path {
        "" => COMMIT.to_owned(),
        path => format!("sha-{}", path.replace('/', "-")),
    };
    let entry = |path: &str, from: &str| {
        let is_tree = trees.contains(path);
        json!({
            "path": path[from.len()..].trim_start_matches('/'), "mode": if is_tree { "040000" } else { "100644" },
            "type": if is_tree { "tree" } else { "blob" }, "sha": sha(path), "url": "https://api.github.com/x",
        })
    };
    let all: Vec<&str> = trees
        .iter()
        .map(String::as_str)
        .chain(files.iter().copied())
        .collect();
    for tree in &trees {
        let below = |path: &&&str| {
            let inside = tree.is_empty()
                || path
                    .strip_prefix(tree.as_str())
                    .is_some_and(|rest| rest.starts_with('/'));
            inside && !path.is_empty() && **path != tree
        };
        let deep: Vec<Value> = all
            .iter()
            .filter(below)
            .map(|path| entry(path, tree))
            .collect();
        let direct = |entry: &&Value| !entry["path"].as_str().unwrap().contains('/');
        let direct: Vec<Value> = deep.iter().filter(direct).cloned().collect();
        let url = format!("/repos/Codertocat/Hello-World/git/trees/{}", sha(tree));
        run = run.api(
            format!("{url}?recursive=1"),
            json!({"tree": deep, "truncated": false}),
        );
        run = run.api(url, json!({"tree": direct, "truncated": false}));
    }
    run
}

fn paths(done: &Done) -> Vec<String> {
    done.entities()
        .iter()
        .map(|entity| entity.identifier.to_string())
        .collect()
}

const FILES: [&str; 6] = [
    "README.md",
    "apps/cart/src/main.rs",
    "apps/web/index.html",
    "libs/ui/button.ts",
    "libs/core/x/y.ts",
    "docs/a.md",
];

#[test]
fn a_pattern_is_followed_only_as_deep_as_it_leads() {
    for (pattern, expected, questions) in [
        ("[{path: '*'}]", &["apps", "docs", "libs"][..], 1),
        ("[{path: 'apps/*'}]", &["apps/cart", "apps/web"], 2),
        ("[{path: /apps/*/}]", &["apps/cart", "apps/web"], 2),
        ("['./apps/cart/']", &["apps/cart"], 2),
        (
            "[{path: '*/*'}]",
            &["apps/cart", "apps/web", "libs/core", "libs/ui"],
            4,
        ),
        ("[{path: '{apps,libs}/c*'}]", &["apps/cart", "libs/core"], 3),
        (
            "[{path: 'apps/*'}, {path: 'libs/*'}]",
            &["apps/cart", "apps/web", "libs/core", "libs/ui"],
            3,
        ),
        (
            "[{path: 'libs/**'}]",
            &["libs/core", "libs/core/x", "libs/ui"],
            2,
        ),
        ("[{path: '**/src'}]", &["apps/cart/src"], 1),
        ("[{path: nope/*}]", &[], 1),
        ("[{path: '*', repos: [web]}]", &[], 0),
    ] {
        let done = repository(folders(pattern, ""), &FILES).map();
        assert_eq!(paths(&done), expected, "{pattern}");
        let asked = done
            .asked
            .iter()
            .filter(|question| matches!(question, Question::Api(_)));
        assert_eq!(asked.count(), questions, "{pattern}: {:?}", done.asked);
        assert!(done.notes().is_empty(), "{pattern}: {:?}", done.notes());
    }
}

#[test]
fn a_folder_is_described_as_ports_app_and_its_successor_do() {
    let run = folders(
        "[{path: 'apps/*', includedFiles: [owners.txt]}]",
        "properties: {folder: .folder, names: '[.repo.name, .__repository.name, .__organization, .__branch]', owners: '.__includedFiles[\"owners.txt\"]', readme: file://README.md}",
    );
    let done = repository(run, &["apps/cart/a"])
        .file("apps/cart/owners.txt", "ann")
        .file("apps/cart/README.md", "# Cart")
        .map();
    assert_eq!(
        json!(done.entities()[0].properties),
        json!({
            "folder": {"name": "cart", "path": "apps/cart", "mode": "040000", "type": "tree", "sha": "sha-apps-cart", "url": "https://api.github.com/x"},
            "names": ["Hello-World", "Hello-World", "acme", "master"],
            "owners": "ann",
            "readme": "# Cart",
        })
    );
}

#[test]
fn several_hundred_folders_take_a_few_questions() {
    let files: Vec<_> = (0..400)
        .map(|nth| format!("apps/app{nth}/src/main.rs"))
        .collect();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let mut run = repository(
        folders(
            "[{path: 'apps/*'}]",
            "properties: {readme: file://README.md}",
        ),
        &files,
    );
    for nth in 0..250 {
        run = run.file(format!("apps/app{nth}/README.md"), "x");
    }
    let done = run.map();
    assert_eq!(done.entities().len(), 400);
    assert!(done.notes().is_empty());
    assert_eq!(
        done.asked.len(),
        4,
        "two trees, one glob, a blueprint: {:?}",
        done.asked
    );
}

#[test]
fn more_than_can_be_asked_is_told_and_deletes_nothing() {
    let files: Vec<_> = (0..400)
        .map(|nth| format!("app{nth}/src/main.rs"))
        .collect();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let done = repository(folders("[{path: '*/src'}]", ""), &files).map();
    assert!(
        done.entities().len() > 200 && done.entities().len() < 256,
        "{}",
        done.entities().len()
    );
    assert_eq!(done.asked.len(), 256);
    let [error] = errors(&done).try_into().expect("an error");
    assert!(
        error.contains("256 questions") && error.contains("were left out"),
        "{error}"
    );
}

#[test]
fn a_tree_that_github_cuts_or_refuses_deletes_nothing() {
    let tree = |deep: &str| {
        Question::api(format!(
            "/repos/Codertocat/Hello-World/git/trees/{COMMIT}{deep}"
        ))
    };
    let cut = Answer::Json(json!({"tree": [{"path": "a", "mode": "040000", "type": "tree", "sha": "aa"}], "truncated": true}).to_string());
    let done = folders("[{path: '**/*'}]", "")
        .answer(tree("?recursive=1"), cut)
        .map();
    assert_eq!(paths(&done), ["a"]);
    assert_eq!(
        errors(&done),
        [
            "error: port-app-config.yml:3:48: The folders of `**/*` are not all known: in the root it holds more than GitHub lists \
          at once. Name the folders more closely."
        ]
    );
    let done = folders("[{path: '*'}]", "")
        .answer(tree(""), Answer::Refused("no".to_owned()))
        .map();
    assert_eq!(errors(&done).len(), 1);
}

#[test]
fn a_tree_that_github_names_and_does_not_find_deletes_nothing() {
    let tree = json!({"tree": [{"path": "apps", "mode": "040000", "type": "tree", "sha": "aa"}]});
    let root = format!("/repos/Codertocat/Hello-World/git/trees/{COMMIT}");
    let done = folders("[{path: 'apps/*'}]", "").api(root, tree).map();
    assert_eq!(
        errors(&done),
        [
            "error: port-app-config.yml:3:48: The folders of `apps/*` are not all known: in apps/ GitHub finds nothing, \
             although there was a tree."
        ]
    );
}

#[test]
fn a_file_in_a_folder_that_nobody_can_read_is_left_out() {
    let run = folders(
        "[{path: 'apps/*'}]",
        "properties: {readme: file://README.md}",
    );
    let refused = Answer::Refused(
        "`apps/*/README.md` would bring this event to more than 300 files".to_owned(),
    );
    let done = repository(run, &["apps/cart/a"])
        .answer(Question::files("apps/*/README.md"), refused)
        .map();
    assert_eq!(
        json!(done.entities()[0].properties),
        json!({}),
        "what Port has stays"
    );
    assert_eq!(errors(&done).len(), 1);
}
