//! The README's preview of a mapping, in a checkout that has one with a mistake.

use std::fs;
use std::path::Path;

use portolan_tests::host;
use serde_json::Value;

use super::commands::PREVIEW;
use super::shell::{Script, put_binary};
use super::{block, folder};
use crate::preview::PULL_REQUESTS;

const MAPPING: &str = r#"resources:
  - kind: pull-request
    selector:
      query: 'true'
    port:
      entity:
        mappings:
          identifier: .id | tostring
          blueprint: githubPullRequest
  - kind: pull-request
    selector:
      query: 'true'
    port:
      entity:
        mappings:
          identifier: .id | tostring
          blueprint: '"githubPullRequest"'
"#;

/// GitHub's own program needs a login. A mistake is status 1, which a shell that stops at the first would not go past.
const STAND_INS: &str = r#"
gh() {
    [ "$*" = "api --paginate repos/acme/shop/pulls?state=all" ]
    cat "$PULLS"
}
portolan() { command portolan "$@" || [ $? = 1 ]; }
"#;

#[tokio::test]
async fn it_shows_entities_and_the_mistake_under_its_line_in_each_way() {
    let folder = folder();
    let at = |path: &str| folder.path().join(path);
    for dir in ["bin/plugins", "shop/.git", "shop/.github"] {
        fs::create_dir_all(at(dir)).expect("the target folder is writable");
    }
    put_binary(&at("bin/portolan"));
    for name in ["gitops", "mapping"] {
        write(&at(&format!("bin/plugins/{name}.wasm")), host::guest(name));
    }
    let payload = PULL_REQUESTS.lines().next().expect("there is one");
    let opened: Value = serde_json::from_str(payload).expect("it is JSON");
    let pulls = serde_json::json!([opened["pull_request"], opened["pull_request"]]);
    write(&at("pulls.json"), pulls.to_string());
    let remote = "[remote \"origin\"]\n\turl = https://github.com/Codertocat/Hello-World.git\n";
    write(&at("shop/.git/config"), remote);
    write(&at("shop/.github/port-app-config.yml"), MAPPING);
    write(
        &at("shop/port.yml"),
        "identifier: hello\nblueprint: service\n",
    );
    write(&at("shop/pull_request.json"), payload);
    // Kept, so that plugins are compiled once.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("preview");

    let path = std::env::var("PATH").expect("programs are found by it");
    let said = Script::of(block("sh", PREVIEW), &at("shop"))
        .with_stand_ins(STAND_INS)
        .with_empty_environment()
        .env("PATH", format!("{}:{path}", at("bin").display()))
        .env("PULLS", at("pulls.json"))
        .env("XDG_CACHE_HOME", cache)
        .run()
        .await;

    assert!(said.contains("service hello"), "{said}");
    assert!(said.contains("`.id | tostring` is \"279147437\""), "{said}");
    let shown = block("text", "error: ").text;
    assert!(said.contains(&shown), "{said}");
    let pulls = fs::read_to_string(at("shop/pulls.ndjson")).expect("it was written there");
    assert_eq!(
        pulls.matches("\"identifier\":\"279147437\"").count(),
        2,
        "{pulls}"
    );
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
