//! Configurations shaped like those in use, good and broken.
//!
//! Each file in `corpus` says in its last lines, after `#=`, what becomes of it over one object of each kind: every
//! entity (`entity BLUEPRINT IDENTIFIER`), and how every diagnostic begins.

use std::collections::BTreeSet;
use std::path::Path;

use portolan_sdk::test::{Failure, Run};
use portolan_sdk::{Mapper, Owner};
use serde_json::json;

use super::{COMMIT, event, told};
use crate::Mapping;

const FILE: &str = "port-app-config.yml";

fn run(kind: &str, text: &str) -> Run<Mapping> {
    let tree = |path: &str, sha: &str, kind: &str| json!({"path": path, "mode": "040000", "type": kind, "sha": sha});
    let trees = "/repos/Codertocat/Hello-World/git/trees";
    event(kind)
        .configuration(Owner::Organization, FILE, text)
        .api(
            format!("{trees}/{COMMIT}"),
            json!({"tree": [tree("apps", "aa", "tree"), tree("docs", "bb", "tree"), tree("README.md", "cc", "blob")]}),
        )
        .api(format!("{trees}/aa"), json!({"tree": [tree("cart", "dd", "tree"), tree("web", "ee", "tree")]}))
        .api("/repos/Codertocat/Hello-World/teams", json!([{"id": 7, "name": "Core", "slug": "core"}]))
        .api("/repos/Codertocat/Hello-World/collaborators?affiliation=direct", json!([{"login": "ann"}]))
        .api("/repos/Codertocat/Hello-World/collaborators", json!([{"login": "ann", "permissions": {"admin": true}}]))
        .file("README.md", "# Hello")
        .file("package.json", r#"{"name": "web", "dependencies": {"react": "^19"}}"#)
        .file("broken.json", "{\n  oops\n}")
        .file("apps/cart/port.yml", "- identifier: cart\n  blueprint: service\n  title: Cart\n")
}

/// What becomes of a configuration.
fn becomes(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match run("repository", text).open() {
        Ok(mapping) => found.extend(told(&mapping.notes())),
        Err(Failure::Configuration(mistakes)) => return told(&mistakes).into_iter().collect(),
        Err(other) => panic!("{other}"),
    }
    for kind in Mapping::describe().kinds {
        let done = run(&kind, text).map();
        found.extend(told(done.notes()));
        let entities = done.entities().iter();
        found.extend(
            entities.map(|entity| format!("entity {} {}", entity.blueprint, entity.identifier)),
        );
    }
    found
}

#[test]
fn each_maps_or_is_diagnosed_at_the_right_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 40, "{}", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("#= "))
            .collect();
        assert!(!expected.is_empty(), "{name} says nothing");
        let mut found = becomes(&text);
        assert!(!found.is_empty(), "{name} is silently empty");
        for expected in expected {
            let is_it = |found: &String| match expected.starts_with("entity ") {
                true => found == expected,
                false => found.starts_with(expected),
            };
            if !found.iter().any(is_it) {
                wrong.push(format!("{name}: missing: {expected}"));
            }
            found.retain(|found| !is_it(found));
        }
        wrong.extend(
            found
                .into_iter()
                .map(|found| format!("{name}: not expected: {found}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
