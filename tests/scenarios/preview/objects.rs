//! Objects by the thousand: one a line, however they come, and no mapper can tell that others came before.

use portolan_tests::host::Tool;
use serde_json::{Value, json};

use super::{lines, objects, preview, preview_of, pull_request, pull_requests};
use crate::acme::Acme;

#[test]
fn objects_come_one_a_line_or_as_a_list() {
    let tool = Tool::with(&["pull-requests"]);
    let list: Vec<Value> = pull_requests()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let laid_out = serde_json::to_string_pretty(&list).expect("JSON");

    let by_line = preview_of(
        &tool,
        "--event - --kind pull-request --json",
        &pull_requests(),
    )
    .fine();
    let as_list = preview_of(&tool, "--event - --kind pull-request --json", &laid_out).fine();

    let entities = |out: &str| {
        objects(out)
            .into_iter()
            .map(|object| object["entities"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(entities(&by_line).len(), list.len());
    assert_eq!(entities(&by_line), entities(&as_list));
    let numbers: Vec<_> = objects(&by_line)
        .iter()
        .map(|object| object["line"].as_u64())
        .collect();
    assert_eq!(
        numbers,
        (1..=list.len() as u64).map(Some).collect::<Vec<_>>()
    );
}

#[test]
fn a_line_that_is_no_json_ends_it_and_what_came_before_is_shown() {
    let tool = Tool::with(&["pull-requests"]);
    tool.file(
        "pulls.ndjson",
        &format!("{}\n{{\"id\": nonsense}}\n", pull_request(0)),
    );

    let said = preview(&tool, "--event pulls.ndjson --kind pull-request");

    assert!(
        said.out.contains("githubPullRequest Hello-World279147437"),
        "{}",
        said.out
    );
    let why = said.refused();
    assert!(
        why.starts_with("pulls.ndjson: line 2: expected ident, column 9"),
        "{why}"
    );
}

#[test]
fn ten_thousand_mistakes_are_one_with_a_count() {
    let tool = Tool::with(&["mapping"]);
    tool.file(
        "port-app-config.yml",
        &mapping("properties: { sum: '.number + .user' }"),
    );
    let mut pull = pull_request(0);
    let pulls: String = (0..10_000)
        .map(|number| {
            pull["number"] = number.into();
            pull["user"] = json!({"login": "ann"});
            format!("{}\n", json!({"id": number, "number": number, "user": {"login": "ann"}, "base": {"repo": pull["base"]["repo"]}}))
        })
        .collect();

    let out = preview_of(
        &tool,
        "--event - --kind pull-request --config port-app-config.yml",
        &pulls,
    )
    .fine();

    assert_eq!(
        out.matches("warning:").count(),
        3,
        "no more of a kind than can be read: {out}"
    );
    assert!(
        out.contains("and 9,997 more like it"),
        "{}",
        &out[out.len() - 1_000..]
    );
    assert!(
        out.ends_with("10,000 objects: 10,000 entities; no errors, 10,000 warnings.\n"),
        "{}",
        &out[out.len() - 200..]
    );
}

/// Answers that were needed before are given with the first call, and instances are used again.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_an_object_does_not_depend_on_those_before_it() {
    let acme = Acme::new().await;
    let tool = with_port(Tool::with(&["mapping", "pull-requests"]), &acme);
    let resource = "properties: { creator: .user.login, readme: file://README.md, unknown: .id }";
    tool.file("here/README.md", "# Hello\n")
        .file("port-app-config.yml", &mapping(resource));
    let line = "--repo here --event - --kind pull-request --config port-app-config.yml --json";
    let run = |input: String| objects(&preview_of(&tool, line, &input).fine());

    let together = run(pull_requests());
    let alone: Vec<_> = pull_requests()
        .lines()
        .flat_map(|pull| run(pull.to_owned()))
        .collect();

    assert!(together.len() > 10 && together.len() == alone.len());
    for (mut together, mut alone) in together.into_iter().zip(alone) {
        for object in [&mut together, &mut alone] {
            object["line"] = Value::Null;
        }
        let told = together["diagnostics"].as_array().expect("a list");
        assert!(
            told.iter().any(|told| told["message"]
                .as_str()
                .is_some_and(|text| text.contains("has no property `unknown`"))),
            "{told:?}"
        );
        assert_eq!(together, alone);
    }
    assert_eq!(acme.port.writes(), 0);
}

#[test]
fn what_was_compiled_is_kept_where_users_keep_such_things() {
    let tool = Tool::with(&["pull-requests"]).without("DATA_DIR");
    let cache = tool.folder().join("cache");
    let tool = tool.env("XDG_CACHE_HOME", cache.display().to_string());
    let compiled = || std::fs::read_dir(cache.join("portolan")).map_or(0, Iterator::count);
    let pull = pull_request(0).to_string();
    let run = || lines(&preview_of(&tool, "--event - --kind pull-request --json", &pull).fine());

    let first = run();
    assert_eq!(compiled(), 1);
    assert_eq!(run(), first);
    assert_eq!(compiled(), 1);
}

/// A mapping of pull requests with this in its entity.
pub(super) fn mapping(more: &str) -> String {
    format!(
        r#"resources:
  - kind: pull-request
    selector:
      query: 'true'
    port:
      entity:
        mappings:
          identifier: .id | tostring
          blueprint: '"githubPullRequest"'
          {more}
"#
    )
}

/// Asks this stand-in for blueprints and entities.
pub(super) fn with_port(tool: Tool, acme: &Acme) -> Tool {
    tool.env("PORT_URL", acme.port.url())
        .env("PORT_CLIENT_ID", acme.port.client_id())
        .env("PORT_CLIENT_SECRET", acme.port.client_secret())
}
