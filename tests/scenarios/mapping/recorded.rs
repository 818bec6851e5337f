//! GitHub's own payloads become what Port's examples describe.

use portolan_tests::journal::PATIENCE;
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

/// Delivers each recorded payload; what came of it is as `described` says: no entity, or one with these properties.
async fn each(
    world: &World,
    event: &str,
    (field, path): (&str, impl Fn(&Value) -> String),
    described: impl Fn(&str, &Value) -> (&'static str, String, Option<Value>),
) {
    let recorded = world.github.recorded(event);
    assert!(recorded.len() > 3, "{}", recorded.len());
    for (nth, mut event) in recorded.into_iter().enumerate() {
        // They were recorded at all times; here each happens a second after the one before.
        event.payload[field]["updated_at"] = json!(format!("2036-01-02T10:00:{nth:02}Z"));
        let (object, repository) = (&event.payload[field], &event.payload["repository"]);
        let at = format!("/repositories/{}{}", repository["id"], path(object));
        world.github.serve(&at, object.clone());
        world.deliver(&world.host, &event).await;
        let name = repository["name"].as_str().expect("a name");
        let (blueprint, identifier, wanted) = described(name, object);
        let action = event.payload["action"].as_str().unwrap_or_default();
        let wanted = wanted.filter(|_| !["deleted", "transferred"].contains(&action));
        let is = |port: &FakePort| match (port.entity(blueprint, &identifier), &wanted) {
            (None, None) => true,
            (Some(entity), Some(Value::Object(wanted))) => {
                (wanted.iter()).all(|(name, value)| &entity["properties"][name] == value)
            }
            _ => false,
        };
        if !world.port.comes_to(PATIENCE, is).await {
            let stands = world.port.entity(blueprint, &identifier);
            let name = &event.name;
            panic!("{name} {action}: {wanted:?} is wanted of {identifier}, not {stands:?}");
        }
    }
}

/// Of what is not there at all there are no names either.
fn names(list: &Value, key: &str) -> Value {
    match list.as_array() {
        Some(list) => list.iter().map(|one| one[key].clone()).collect(),
        None => Value::Null,
    }
}

#[tokio::test]
async fn pull_requests() {
    let described = |name: &str, pull: &Value| {
        let status = match pull["merged_at"].is_null() {
            true => pull["state"].clone(),
            false => json!("merged"),
        };
        (
            "githubPullRequest",
            format!("{name}{}", pull["id"]),
            Some(json!({
                "creator": pull["user"]["login"], "assignees": names(&pull["assignees"], "login"),
                "reviewers": names(&pull["requested_reviewers"], "login"), "status": status,
                "closedAt": pull["closed_at"], "mergedAt": pull["merged_at"], "prNumber": pull["number"],
                "link": pull["html_url"],
            })),
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
            "githubIssue",
            format!("{name}{}", issue["id"]),
            // The list of issues has pull requests in it; the example passes them over.
            issue["pull_request"].is_null().then(|| json!({
                "creator": issue["user"]["login"], "assignees": names(&issue["assignees"], "login"),
                "labels": names(&issue["labels"], "name"), "status": issue["state"],
                "createdAt": issue["created_at"], "closedAt": issue["closed_at"], "description": issue["body"],
                "issueNumber": issue["number"], "link": issue["html_url"],
            })),
        )
    };
    let path = |issue: &Value| format!("/issues/{}", issue["number"]);
    each(&world().await, "issues", ("issue", path), described).await;
}

#[tokio::test]
async fn workflow_runs() {
    let described = |_: &str, run: &Value| {
        // One payload is of a run of another repository than the one that it names.
        let name = run["repository"]["name"].as_str().unwrap_or_default();
        (
            "githubWorkflowRun",
            format!("{name}{}", run["id"]),
            Some(json!({
                "name": run["name"], "triggeringActor": run["triggering_actor"]["login"], "status": run["status"],
                "conclusion": run["conclusion"], "runNumber": run["run_number"], "link": run["html_url"],
            })),
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
    let full = |entity: &Value| entity["properties"]["readme"] == "# Recorded\n";
    world.becomes("githubRepository", name, full).await;
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
