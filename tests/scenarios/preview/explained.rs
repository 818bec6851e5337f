//! Would its author know what to change?

use portolan_tests::host::Tool;
use serde_json::json;

use super::checkout::shop;
use super::{payload, preview, preview_of};

const BROKEN: &str = r#"resources:
  - kind: pull-request
    selector:
      query: .state == 'open'
    port:
      entity:
        mappings:
          identifier: .head.repo.name + (.id|tostring)
          title: .title
          blueprint: githubPullRequest
  - kind: pull-request
    selector:
      query: 'true'
    port:
      entity:
        mappings:
          identifier: .head.repo.name + (.id|tostring)
          title: .title
          blueprint: '"githubPullRequest"'
          properties:
            creator: .user.login
            files: .changed_files + .user
            readme: file://README.md
          relations:
            service: .head.repo.name
"#;

#[test]
fn each_field_of_a_broken_mapping_is_explained_with_its_line() {
    let tool = Tool::with(&["mapping"]);
    tool.file("pull_request.json", payload(0))
        .file("port-app-config.yml", BROKEN);

    let out = preview(
        &tool,
        "--event pull_request.json --config port-app-config.yml --explain",
    )
    .with_mistakes();

    let (object, rest) = out.split_once("\n\n").expect("a block an object");
    assert_eq!(
        object,
        r#"mapping is configured by port-app-config.yml
pull-request Codertocat/Hello-World#2
  githubPullRequest Hello-World279147437  Update the README with new information.  (mapping, port-app-config.yml:17)
      creator    Codertocat
      files      null
      → service  Hello-World
  mapping: incomplete, so a host would delete nothing
    port-app-config.yml
     2  `pull-request` Codertocat/Hello-World#2:
     4    selector.query      `.state == 'open'` is true: mapped.
    10    blueprint           error: `githubPullRequest` is no valid jq (there is no function `githubPullRequest`). There is no entity.
    11  `pull-request` Codertocat/Hello-World#2:
    13    selector.query      `true` is true: mapped.
    19    blueprint           `"githubPullRequest"` is "githubPullRequest".
    17    identifier          `.head.repo.name + (.id|tostring)` is "Hello-World279147437".
    18    title               `.title` is "Update the README with new information.".
    21    properties.creator  `.user.login` is "Codertocat".
    22    properties.files    warning: `.changed_files + .user` fails: number (1) and object ({"login":"Codertocat","id"...) cannot be added. It is null here.
    23    properties.readme   offline: `README.md` was not read and is left out: `README.md` is not known offline: there is no checkout of Codertocat/Hello-World.
    25    relations.service   `.head.repo.name` is "Hello-World".
    17  Entity `Hello-World279147437` of `githubPullRequest`."#
    );
    for shown in [
        "error: `githubPullRequest` is no valid jq: there is no function `githubPullRequest`. If the text githubPullRequest is meant, write",
        "  --> port-app-config.yml:10:22\n",
        "10 |           blueprint: githubPullRequest\n   |                      ^ blueprint\n",
        "22 |             files: .changed_files + .user\n   |                    ^ properties.files\n",
    ] {
        assert!(rest.contains(shown), "no {shown} in:\n{rest}");
    }
}

#[test]
fn enrichments_that_only_github_knows_are_no_mistake_of_the_author() {
    let tool = Tool::with(&["mapping"]);
    let mapping = r#"resources:
  - kind: repository
    selector:
      query: 'true'
      teams: true
    port:
      entity:
        mappings:
          identifier: .name
          blueprint: '"service"'
          properties:
            url: .html_url
            teams: '[.teams[].slug]'
"#;
    shop(&tool).file("shop/.github/port-app-config.yml", mapping);

    let url = "https://github.example.com/acme/shop";
    let repository = json!({"id": 1, "name": "shop", "full_name": "acme/shop", "owner": {"id": 2, "login": "acme"}, "html_url": url});
    let line = "--repo shop --kind repository --event -";
    let out = preview_of(&tool, line, &repository.to_string()).fine();

    assert!(out.contains("  service shop  (mapping, shop/.github/port-app-config.yml:9)\n      url  https://github.example.com/acme/shop\n"), "{out}");
    assert!(out.contains("offline: `teams` could not be had"), "{out}");
    assert!(
        out.contains("5 |       teams: true\n  |              ^ selector.teams"),
        "{out}"
    );
    assert!(
        out.ends_with("no errors, no warnings, 1 not known offline.\n"),
        "{out}"
    );
}
