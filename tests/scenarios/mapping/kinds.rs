//! The example of each kind in Port's documentation, live: it is created, it changes, it goes.

use portolan_tests::github::Event;
use serde_json::{Value, json};

use super::World;

/// Port docs, GitHub, "Examples".
pub(super) const EXAMPLES: &str = include_str!("examples.yml");

async fn world() -> World {
    let world = World::begin().await;
    world.organization(EXAMPLES).await;
    world
}

/// GitHub's own links to the stand-in.
fn link(world: &World, path: &str) -> String {
    let repository = world.shop.json();
    let html = repository["html_url"].as_str().unwrap_or_default();
    format!("{html}{path}")
}

#[tokio::test]
async fn a_repository_follows_its_pushes_and_its_settings_until_it_is_deleted() {
    let world = world().await;
    world.writes(&world.shop, &[("README.md", "# Shop")]).await;
    let readme = |text: &'static str| move |entity: &Value| entity["properties"]["readme"] == text;
    world
        .becomes("githubRepository", "shop", readme("# Shop"))
        .await;
    let repository = world.shop.json();
    let entity = world.port.entity("githubRepository", "shop");
    assert_eq!(
        entity.map(|entity| (entity["title"].clone(), entity["properties"].clone())),
        Some((
            json!("shop"),
            json!({
                "readme": "# Shop", "url": repository["html_url"], "defaultBranch": "main",
                "pushedAt": repository["pushed_at"],
            })
        ))
    );

    // What GitHub calls the repository's own time does not change with a push.
    world
        .writes(&world.shop, &[("README.md", "# Shop, open")])
        .await;
    world
        .becomes("githubRepository", "shop", readme("# Shop, open"))
        .await;
    assert_eq!(world.shop.json()["updated_at"], repository["updated_at"]);

    world.shop.describe("Sells", &[]);
    let edited = world.shop.event("edited", json!({}));
    world.deliver(&world.host, &edited).await;
    let described = |entity: &Value| entity["properties"]["description"] == "Sells";
    world.becomes("githubRepository", "shop", described).await;

    let deleted = world.shop.clone().delete();
    world.deliver(&world.host, &deleted).await;
    world.goes("githubRepository", "shop").await;
}

#[tokio::test]
async fn a_pull_request_is_opened_and_merged_and_goes_with_its_repository() {
    let world = world().await;
    world.shop.push_to("fast", &[("a.txt", "a")], "Begin");
    let number = world.shop.open_pull_request("Be fast", "fast");
    let opened = world.shop.pull_request_event("opened", number);
    let pull = opened.payload["pull_request"].clone();
    let identifier = format!("shop{}", pull["id"]);

    world.deliver(&world.host, &opened).await;

    let entity = world
        .port
        .wait_for_entity("githubPullRequest", &identifier)
        .await;
    assert_eq!(entity["title"], "Be fast");
    assert_eq!(
        entity["properties"],
        json!({
            "creator": "mona", "assignees": ["mona"], "reviewers": [], "status": "open",
            "updatedAt": pull["updated_at"], "prNumber": number,
            "link": link(&world, &format!("/pull/{number}")),
        })
    );
    assert_eq!(entity["relations"]["repository"], "shop");

    world.shop.close_pull_request(number, true);
    let closed = world.shop.pull_request_event("closed", number);
    world.deliver(&world.host, &closed).await;
    let merged = |entity: &Value| {
        let properties = &entity["properties"];
        properties["status"] == "merged" && properties["mergedAt"].is_string()
    };
    world
        .becomes("githubPullRequest", &identifier, merged)
        .await;

    let deleted = world.shop.clone().delete();
    world.deliver(&world.host, &deleted).await;
    world.goes("githubPullRequest", &identifier).await;
}

#[tokio::test]
async fn an_issue_is_opened_closed_and_deleted() {
    let world = world().await;
    let number = world.shop.open_issue("It is slow");
    let opened = world.shop.issue_event("opened", number);
    let issue = opened.payload["issue"].clone();
    let identifier = format!("shop{}", issue["id"]);

    world.deliver(&world.host, &opened).await;

    let entity = world.port.wait_for_entity("githubIssue", &identifier).await;
    assert_eq!(entity["title"], "It is slow");
    assert_eq!(
        entity["properties"],
        json!({
            "creator": "mona", "assignees": [], "labels": [], "status": "open", "createdAt": issue["created_at"],
            "updatedAt": issue["updated_at"], "description": "It does not work.",
            "issueNumber": number, "link": link(&world, &format!("/issues/{number}")),
        })
    );
    assert_eq!(entity["relations"]["repository"], "shop");

    world.shop.close_issue(number);
    let closed = world.shop.issue_event("closed", number);
    world.deliver(&world.host, &closed).await;
    let closed = |entity: &Value| entity["properties"]["status"] == "closed";
    world.becomes("githubIssue", &identifier, closed).await;

    let deleted = world.shop.delete_issue(number);
    world.deliver(&world.host, &deleted).await;
    world.goes("githubIssue", &identifier).await;
    // Its repository was made as a bare target: nobody says that it is gone.
    let repositories = world.identifiers("githubRepository");
    assert!(
        repositories.contains(&"shop".to_owned()),
        "{repositories:?}"
    );
}

#[tokio::test]
async fn a_workflow_run_is_followed_to_its_end() {
    let world = world().await;
    world
        .shop
        .push(&[(".github/workflows/ci.yml", "on: push\n")], "Test it");
    let run = world.shop.start_run("CI");
    let requested = world.shop.run_event("requested", run);
    let object = requested.payload["workflow_run"].clone();
    let identifier = format!("shop{run}");

    world.deliver(&world.host, &requested).await;

    let entity = world
        .port
        .wait_for_entity("githubWorkflowRun", &identifier)
        .await;
    assert_eq!(entity["title"], "CI");
    assert_eq!(
        entity["properties"],
        json!({
            "name": "CI", "triggeringActor": "mona", "status": "queued",
            "createdAt": object["created_at"], "runStartedAt": object["run_started_at"],
            "updatedAt": object["updated_at"], "runNumber": 1, "runAttempt": 1,
            "link": link(&world, &format!("/actions/runs/{run}")),
        })
    );
    assert_eq!(entity["relations"]["workflow"], "shop51");

    world.shop.finish_run(run, "success");
    let completed = world.shop.run_event("completed", run);
    world.deliver(&world.host, &completed).await;
    let done = |entity: &Value| entity["properties"]["conclusion"] == "success";
    world.becomes("githubWorkflowRun", &identifier, done).await;

    let deleted = world.shop.clone().delete();
    world.deliver(&world.host, &deleted).await;
    world.goes("githubWorkflowRun", &identifier).await;
}

#[tokio::test]
async fn packages_are_those_that_the_file_names_now() {
    let world = world().await;
    let package = |text: &'static str| [("package.json", text)];
    let first = package(r#"{"dependencies": {"react": "^18", "left-pad": "1.0.0"}}"#);
    world.writes(&world.shop, &first).await;

    let react = world.port.wait_for_entity("package", "shop-react").await;
    assert_eq!(react["title"], "react@^18");
    assert_eq!(
        (&react["properties"], &react["relations"]),
        (
            &json!({"package": "react", "version": "^18"}),
            &json!({"repository": "shop"})
        )
    );
    world.port.wait_for_entity("package", "shop-left-pad").await;

    let next = package(r#"{"dependencies": {"react": "^19"}}"#);
    world.writes(&world.shop, &next).await;
    let newer = |entity: &Value| entity["properties"]["version"] == "^19";
    world.becomes("package", "shop-react", newer).await;
    world.goes("package", "shop-left-pad").await;

    let commit = world.shop.delete_files(&["package.json"], "Begin anew");
    world
        .deliver(&world.host, &world.shop.pushed(&commit))
        .await;
    world.goes("package", "shop-react").await;
}

#[tokio::test]
async fn folders_of_a_monorepo_come_change_and_go() {
    let world = world().await;
    let files = [
        ("apps/cart/README.md", "# Cart"),
        ("apps/pay/main.go", "package main"),
        ("docs/index.md", "# Docs"),
    ];
    world.writes(&world.shop, &files).await;

    let cart = world.port.wait_for_entity("githubFolder", "cart").await;
    assert_eq!(
        (&cart["title"], &cart["properties"], &cart["relations"]),
        (
            &json!("cart"),
            &json!({"readme": "# Cart", "url": link(&world, "/tree/main/apps/cart")}),
            &json!({"repository": "shop"})
        )
    );
    world.port.wait_for_entity("githubFolder", "pay").await;
    assert_eq!(world.identifiers("githubFolder"), ["cart", "pay"]);

    world
        .writes(&world.shop, &[("apps/cart/README.md", "# The cart")])
        .await;
    let told = |entity: &Value| entity["properties"]["readme"] == "# The cart";
    world.becomes("githubFolder", "cart", told).await;

    let commit = world
        .shop
        .delete_files(&["apps/pay/main.go"], "Stop paying");
    world
        .deliver(&world.host, &world.shop.pushed(&commit))
        .await;
    world.goes("githubFolder", "pay").await;
    assert_eq!(world.identifiers("githubFolder"), ["cart"]);
}

/// Requests about a repository itself.
fn asked_for(world: &World, since: portolan_tests::journal::Mark) -> usize {
    let path = format!("/repositories/{}", world.shop.id());
    let requests = world.github.requests_since(since);
    requests
        .iter()
        .filter(|request| request.path == path)
        .count()
}

#[tokio::test]
async fn a_push_asks_for_its_repository_only_where_a_configuration_wants_it() {
    let world = World::with(|host| host.env("LOG_LEVEL", "debug")).await;
    let push = |text: &'static str| -> Event {
        let commit = world.shop.push(&[("README.md", text)], "Say it");
        world.shop.pushed(&commit)
    };
    let asked = world.github.mark();
    world.tell(&push("one"), "no configuration wants it").await;
    assert_eq!(asked_for(&world, asked), 0);

    world.organization(EXAMPLES).await;
    let readme = |text: &'static str| move |entity: &Value| entity["properties"]["readme"] == text;
    world
        .becomes("githubRepository", "shop", readme("one"))
        .await;
    let asked = world.github.mark();
    world.deliver(&world.host, &push("two")).await;
    world
        .becomes("githubRepository", "shop", readme("two"))
        .await;
    assert_eq!(asked_for(&world, asked), 1);
}
