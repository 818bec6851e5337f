//! GitHub's own payloads become what Port's examples describe.

use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use super::World;
use super::kinds::EXAMPLES;

/// A host whose organization is the one of the payloads, and what was recorded of an event.
async fn world() -> World {
    let world = World::begin().await;
    for owner in ["Codertocat", "octo-org"] {
        let home = world.github.repository(&format!("{owner}/.github-private"));
        home.push(&[(super::ORGANIZATIONS, EXAMPLES)], "Settle it");
    }
    world
}

/// Delivers each recorded payload; what came of it is as `described` says.
async fn each(
    world: &World,
    event: &str,
    (field, path): (&str, impl Fn(&Value) -> String),
    described: impl Fn(&str, &Value) -> (String, String, Value),
) {
    let recorded = world.github.recorded(event);
    assert!(recorded.len() > 3, "{}", recorded.len());
    for event in recorded {
        let (object, repository) = (&event.payload[field], &event.payload["repository"]);
        // Several were recorded in one second, so that GitHub is asked which of them is true.
        let at = format!("/repositories/{}{}", repository["id"], path(object));
        world.github.serve(&at, object.clone());
        world.deliver(&world.host, &event).await;
        let name = repository["name"].as_str().expect("a name");
        let (blueprint, identifier, wanted) = described(name, object);
        let action = event.payload["action"].as_str().unwrap_or_default();
        let gone = ["deleted", "transferred"].contains(&action);
        let is = |port: &FakePort| match port.entity(&blueprint, &identifier) {
            None => gone,
            Some(entity) => {
                let is = |(name, value): (&String, &Value)| &entity["properties"][name] == value;
                !gone
                    && wanted
                        .as_object()
                        .is_some_and(|wanted| wanted.iter().all(is))
            }
        };
        if !world
            .port
            .comes_to(portolan_tests::journal::PATIENCE, is)
            .await
        {
            let stands = world.port.entity(&blueprint, &identifier);
            panic!(
                "{} {action}: {wanted} is wanted of {identifier}, not {stands:?}",
                event.name
            );
        }
    }
}

fn names(list: &Value, key: &str) -> Value {
    let list = list.as_array().into_iter().flatten();
    list.map(|one| one[key].clone()).collect()
}

#[tokio::test]
async fn pull_requests() {
    let described = |name: &str, pull: &Value| {
        let status = match pull["merged_at"].is_null() {
            true => pull["state"].clone(),
            false => json!("merged"),
        };
        (
            "githubPullRequest".to_owned(),
            format!("{name}{}", pull["id"]),
            json!({
                "creator": pull["user"]["login"], "assignees": names(&pull["assignees"], "login"),
                "reviewers": names(&pull["requested_reviewers"], "login"), "status": status,
                "closedAt": pull["closed_at"], "mergedAt": pull["merged_at"], "prNumber": pull["number"],
                "link": pull["html_url"],
            }),
        )
    };
    let path = |pull: &Value| format!("/pulls/{}", pull["number"]);
    each(
        &world().await,
        "pull_request",
        ("pull_request", path),
        described,
    )
    .await;
}

#[tokio::test]
async fn issues() {
    let described = |name: &str, issue: &Value| {
        (
            "githubIssue".to_owned(),
            format!("{name}{}", issue["id"]),
            json!({
                "creator": issue["user"]["login"], "assignees": names(&issue["assignees"], "login"),
                "labels": names(&issue["labels"], "name"), "status": issue["state"],
                "createdAt": issue["created_at"], "closedAt": issue["closed_at"], "description": issue["body"],
                "issueNumber": issue["number"], "link": issue["html_url"],
            }),
        )
    };
    let path = |issue: &Value| format!("/issues/{}", issue["number"]);
    each(&world().await, "issues", ("issue", path), described).await;
}

#[tokio::test]
async fn workflow_runs() {
    let described = |name: &str, run: &Value| {
        (
            "githubWorkflowRun".to_owned(),
            format!("{name}{}", run["id"]),
            json!({
                "name": run["name"], "triggeringActor": run["triggering_actor"]["login"], "status": run["status"],
                "conclusion": run["conclusion"], "runNumber": run["run_number"], "link": run["html_url"],
            }),
        )
    };
    let path = |run: &Value| format!("/actions/runs/{}", run["id"]);
    each(
        &world().await,
        "workflow_run",
        ("workflow_run", path),
        described,
    )
    .await;
}

#[tokio::test]
async fn the_repository_and_the_files_of_a_push() {
    let world = world().await;
    let recorded = world.github.recorded("push");
    let to_default = |event: &&portolan_tests::github::Event| {
        let branch = event.payload["repository"]["default_branch"].as_str();
        event.payload["ref"] == format!("refs/heads/{}", branch.unwrap_or_default())
    };
    let push = recorded.iter().find(to_default);
    let push = push.expect("one of the recorded pushes is to the default branch");
    // The same repository as the API gives it, with the files that the commit may have had.
    let pushed = &push.payload["repository"];
    let name = pushed["full_name"].as_str().expect("a name");
    let repository = world.github.repository(name);
    let package = r#"{"dependencies": {"react": "^19"}}"#;
    let files = [
        ("README.md", "# Recorded\n"),
        ("package.json", package),
        ("apps/cart/main.go", "package main"),
    ];
    repository.push(&files, "Begin");
    let mut object = pushed.clone();
    object["pushed_at"] = json!("2036-01-02T10:00:00Z");
    object["created_at"] = json!("2019-05-15T15:19:25Z");
    (world.github).serve(&format!("/repositories/{}", pushed["id"]), object.clone());

    world.deliver(&world.host, push).await;

    let name = pushed["name"].as_str().expect("a name");
    let entity = world.port.wait_for_entity("githubRepository", name).await;
    let full = |entity: &Value| entity["properties"]["readme"] == "# Recorded\n";
    world.becomes("githubRepository", name, full).await;
    drop(entity);
    let entity = world
        .port
        .entity("githubRepository", name)
        .expect("just seen");
    assert_eq!(
        entity["properties"],
        json!({
            "readme": "# Recorded\n", "url": object["html_url"], "defaultBranch": object["default_branch"],
            "pushedAt": "2036-01-02T10:00:00Z",
        })
    );
    let identifier = format!("{name}-react");
    let package = world.port.wait_for_entity("package", &identifier).await;
    assert_eq!(package["relations"]["repository"], name);
    let folder = world.port.wait_for_entity("githubFolder", "cart").await;
    let html = object["html_url"].as_str().unwrap_or_default();
    let branch = object["default_branch"].as_str().unwrap_or_default();
    let url = format!("{html}/tree/{branch}/apps/cart");
    assert_eq!(folder["properties"]["url"], url);
}
