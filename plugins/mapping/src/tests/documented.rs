//! The example of each kind in Port's documentation, over what GitHub sent.

use serde_json::json;

use super::{configured, entity, event, map, resource, sent};
use portolan_sdk::Owner;

#[test]
fn a_repository_with_its_readme() {
    let text = resource(
        "repository",
        "{query: 'true'}",
        r#"
identifier: .name
title: .name
blueprint: '"githubRepository"'
properties:
  readme: file://README.md
  url: .html_url
  defaultBranch: .default_branch
"#,
    );
    let done = configured("repository", &text)
        .file("README.md", "# Hello")
        .map();
    assert_eq!(
        sent(entity(&done)),
        json!({
            "blueprint": "githubRepository", "identifier": "Hello-World", "title": "Hello-World",
            "properties": {
                "readme": "# Hello", "url": "https://github.com/Codertocat/Hello-World", "defaultBranch": "master",
            },
            "relations": {},
        })
    );
    assert!(done.notes().is_empty(), "{:?}", done.notes());
    assert_eq!(done.rounds, 2, "all is asked at once: {:?}", done.asked);
    let without = configured("repository", &text).map();
    assert_eq!(entity(&without).properties["readme"], json!(null));
    assert!(without.notes().is_empty(), "as Port: {:?}", without.notes());
}

#[test]
fn a_repository_with_its_teams_administrators_and_custom_properties() {
    let text = resource(
        "repository",
        "{query: 'true', teams: true, collaborators: true, customProperties: true}",
        r#"
identifier: .name
blueprint: '"githubRepository"'
properties:
  custom_properties: .customProperties
  tier: .custom_properties.tier
relations:
  githubTeams: '[.teams[].id | tostring]'
  admins: '[.collaborators[] | select(.is_admin == true) | .login]'
"#,
    );
    let custom = json!([{"property_name": "tier", "value": "gold"}]);
    let done = configured("repository", &text)
        .api(
            "/repos/Codertocat/Hello-World/teams",
            json!([{"id": 7, "name": "Core"}, {"id": 9}]),
        )
        .api(
            "/repos/Codertocat/Hello-World/properties/values",
            custom.clone(),
        )
        .api(
            "/repos/Codertocat/Hello-World/collaborators",
            json!([
                {"login": "ann", "permissions": {"admin": true}},
                {"login": "bob", "permissions": {"admin": false}},
            ]),
        )
        .map();
    let entity = entity(&done);
    assert_eq!(entity.properties["custom_properties"], custom);
    assert_eq!(entity.properties["tier"], "gold");
    assert_eq!(
        json!(entity.relations),
        json!({"githubTeams": ["7", "9"], "admins": ["ann"]})
    );
    assert_eq!(done.rounds, 2, "{:?}", done.asked);
}

#[test]
fn what_no_selector_asks_for_is_not_fetched() {
    let done = map(
        "repository",
        "{query: 'true'}",
        "identifier: .name\nblueprint: .visibility",
    );
    assert_eq!(done.asked, []);
}

#[test]
fn a_pull_request_of_the_default_of_2024() {
    let done = map(
        "pull-request",
        "{query: 'true'}",
        r#"
identifier: .head.repo.name + (.id|tostring)
title: .title
blueprint: '"githubPullRequest"'
properties:
  creator: .user.login
  assignees: '[.assignees[].login]'
  reviewers: '[.requested_reviewers[].login]'
  status: .status
  closedAt: .closed_at
  updatedAt: .updated_at
  mergedAt: .merged_at
  prNumber: .id
  link: .html_url
relations:
  service: .head.repo.name
"#,
    );
    assert_eq!(
        sent(entity(&done)),
        json!({
            "blueprint": "githubPullRequest", "identifier": "Hello-World279147437",
            "title": "Update the README with new information.",
            "properties": {
                "creator": "Codertocat", "assignees": [], "reviewers": [], "status": "open", "closedAt": null,
                "updatedAt": "2019-05-15T15:20:33Z", "mergedAt": null, "prNumber": 279147437,
                "link": "https://github.com/Codertocat/Hello-World/pull/2",
            },
            "relations": {"service": "Hello-World"},
        })
    );
}

#[test]
fn a_pull_requests_status_is_merged_closed_or_open() {
    let text = resource(
        "pull-request",
        "{query: 'true'}",
        "identifier: .number | tostring\nblueprint: .status",
    );
    for (state, merged_at, status) in [
        ("open", json!(null), "open"),
        ("closed", json!(null), "closed"),
        ("closed", json!("2026-01-02T03:04:05Z"), "merged"),
    ] {
        let run = configured("pull-request", &text);
        let done = run
            .subject(json!({"number": 1, "state": state, "merged_at": merged_at}))
            .map();
        assert_eq!(entity(&done).blueprint, status);
    }
}

#[test]
fn an_issue_that_is_no_pull_request() {
    let text = resource(
        "issue",
        "{query: .pull_request == null}",
        r#"
identifier: .repo + (.id|tostring)
title: .title
blueprint: '"githubIssue"'
properties:
  creator: .user.login
  assignees: '[.assignees[].login]'
  labels: '[.labels[].name]'
  status: .state
  createdAt: .created_at
  closedAt: .closed_at
  description: .body
  issueNumber: .number
  link: .html_url
relations:
  repository: .repo
"#,
    );
    let done = configured("issue", &text).map();
    let description = entity(&done).properties["description"].clone();
    assert_eq!(
        sent(entity(&done)),
        json!({
            "blueprint": "githubIssue", "identifier": "Hello-World444500041",
            "title": "Spelling error in the README file",
            "properties": {
                "creator": "Codertocat", "assignees": ["Codertocat"], "labels": ["bug"], "status": "open",
                "createdAt": "2019-05-15T15:20:18Z", "closedAt": null, "description": description, "issueNumber": 1,
                "link": "https://github.com/Codertocat/Hello-World/issues/1",
            },
            "relations": {"repository": "Hello-World"},
        })
    );
    let mut pull = super::payload("issues", "edited")["issue"].take();
    pull["pull_request"] =
        json!({"url": "https://api.github.com/repos/Codertocat/Hello-World/pulls/1"});
    assert!(
        configured("issue", &text)
            .subject(pull)
            .map()
            .entities()
            .is_empty()
    );
}

#[test]
fn a_workflow_run() {
    let done = map(
        "workflow-run",
        "{query: 'true'}",
        r#"
identifier: .repository.name + (.id|tostring)
title: .display_title
blueprint: '"githubWorkflowRun"'
properties:
  name: .name
  triggeringActor: .triggering_actor.login
  status: .status
  conclusion: .conclusion
  runNumber: .run_number
  link: .html_url
relations:
  workflow: .repository.name + (.workflow_id|tostring)
"#,
    );
    let sent = sent(entity(&done));
    assert_eq!(sent["identifier"], "octo-repo289782451");
    assert_eq!(
        sent["title"],
        "ci(action): update actions/setup-node digest to 8c91899"
    );
    assert_eq!(sent["properties"]["status"], "queued");
    assert_eq!(sent["properties"]["conclusion"], json!(null));
    assert!(
        sent["relations"]["workflow"]
            .as_str()
            .unwrap()
            .starts_with("octo-repo"),
        "{sent}"
    );
}

#[test]
fn the_successors_dialect_runs_as_well() {
    let text = r#"
resources:
  - kind: repository
    selector:
      query: 'true'
      includedFiles: [README.md, CODEOWNERS]
      include: [teams]
    port:
      entity:
        mappings:
          identifier: .__organization + "/" + .__repository
          blueprint: '"githubRepository"'
          properties:
            readme: .__includedFiles["README.md"]
            codeowners: .__includedFiles["CODEOWNERS"]
          relations:
            teams: '[.__teams[].name]'
  - kind: pull-request
    selector: { query: 'true', states: [open, closed], maxResults: 50, since: 30 }
    port:
      entity:
        mappings:
          identifier: .__repository + "-" + (.number | tostring)
          blueprint: '"githubPullRequest"'
"#;
    let done = configured("repository", text)
        .file("README.md", "# Hello")
        .api(
            "/repos/Codertocat/Hello-World/teams",
            json!([{"name": "Core"}]),
        )
        .map();
    assert_eq!(
        sent(entity(&done)),
        json!({"blueprint": "githubRepository", "identifier": "acme/Hello-World",
            "properties": {"readme": "# Hello", "codeowners": null}, "relations": {"teams": ["Core"]}})
    );
    let done = configured("pull-request", text).map();
    assert_eq!(sent(entity(&done))["identifier"], "Hello-World-2");
}

#[test]
fn without_a_configuration_there_is_nothing_to_map_and_nothing_to_say() {
    let run = event("repository");
    assert_eq!(portolan_sdk::Mapper::wants(&run.open().unwrap()), []);
    assert_eq!(portolan_sdk::Mapper::notes(&run.open().unwrap()), []);
    assert!(run.map().entities().is_empty());
    let empty = run.configuration(Owner::Repository, ".github/port-app-config.yml", "");
    assert!(empty.map().entities().is_empty());
}
