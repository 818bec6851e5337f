//! Of one subject the newest state counts, in whatever order its webhooks come.

use portolan_tests::fault::Fault;
use portolan_tests::github::Event;
use portolan_tests::journal::Mark;
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use crate::world::{Told, World};

async fn with(plugin: &str) -> World {
    World::with(|host| host.plugin(plugin)).await
}

/// A pull request that was mapped once.
struct Pull {
    number: u64,
    identifier: String,
    opened: Event,
}

async fn pull_request(world: &World) -> Pull {
    world.shop.push(&[("README.md", "# Shop\n")], "Begin");
    world.shop.push_to("fast", &[("a.txt", "a")], "Be fast");
    let number = world.shop.open_pull_request("One", "fast");
    let opened = world.shop.pull_request_event("opened", number);
    world.tell(&opened, "mapped pull-request").await;
    Pull {
        number,
        identifier: format!("shop{}", opened.payload["pull_request"]["id"]),
        opened,
    }
}

fn title(world: &World, pull: &Pull) -> Value {
    let entity = world.port.entity("githubPullRequest", &pull.identifier);
    entity.expect("it was mapped")["title"].clone()
}

/// Every title that Port was ever told.
fn titles(port: &FakePort) -> Vec<String> {
    let calls = port.requests_since(Mark::default()).into_iter();
    let bodies = calls.filter_map(|call| serde_json::from_slice::<Value>(&call.body).ok());
    let entities = bodies.flat_map(|body| body["entities"].as_array().cloned().unwrap_or_default());
    let title = |entity: Value| entity["title"].as_str().map(str::to_owned);
    entities.filter_map(title).collect()
}

#[tokio::test]
async fn an_older_webhook_that_comes_late_changes_nothing() {
    let world = with("pull-requests").await;
    let pull = pull_request(&world).await;
    world.shop.retitle_pull_request(pull.number, "Two");
    let newer = world.shop.pull_request_event("edited", pull.number);
    world.tell(&newer, "mapped pull-request").await;
    let mut older = pull.opened.clone();
    older.payload["pull_request"]["title"] = json!("Before");
    older.payload["pull_request"]["updated_at"] = json!("2026-01-02T10:00:00Z");

    // As a late first delivery, and again after a restart.
    let line = world.tell(&older, "mapped pull-request").await;
    assert!(line.contains("1 unchanged"), "{line}");
    let world = world.stopped().await;
    let line = world.tell(&older, "mapped pull-request").await;

    assert!(line.contains("1 unchanged"), "{line}");
    assert_eq!(title(&world, &pull), "Two");
    assert!(!titles(&world.port).contains(&"Before".to_owned()));
}

#[tokio::test]
async fn of_two_webhooks_of_the_same_second_neither_is_believed() {
    let world = with("pull-requests").await;
    let pull = pull_request(&world).await;
    world.shop.retitle_pull_request(pull.number, "Two");
    let edited = world.shop.pull_request_event("edited", pull.number);
    world.tell(&edited, "mapped pull-request").await;
    let mut same = edited.clone();
    same.payload["pull_request"]["title"] = json!("Which came first?");
    let mark = world.github.mark();

    let line = world.tell(&same, "mapped pull-request").await;

    assert!(line.contains("1 unchanged"), "{line}");
    assert_eq!(title(&world, &pull), "Two");
    assert!(!titles(&world.port).contains(&"Which came first?".to_owned()));
    let path = format!("/pulls/{}", pull.number);
    let asked = world.github.requests_since(mark);
    assert!(
        asked.iter().any(|request| request.path.ends_with(&path)),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_newer_webhook_is_believed_and_asks_github_nothing() {
    let world = with("pull-requests").await;
    let pull = pull_request(&world).await;
    let mut newer = pull.opened.clone();
    newer.payload["pull_request"]["title"] = json!("Two");
    newer.payload["pull_request"]["updated_at"] = json!("2036-01-02T10:00:00Z");
    let mark = world.github.mark();

    world.tell(&newer, "mapped pull-request").await;

    assert_eq!(title(&world, &pull), "Two");
    let asked = world.github.requests_since(mark);
    assert!(
        !asked.iter().any(|request| request.path.contains("/pulls/")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_deleted_issue_stays_deleted_when_an_older_webhook_comes_late() {
    let world = with("misbehaving").await;
    let number = world.shop.open_issue("It is slow");
    let opened = world.shop.issue_event("opened", number);
    world.tell(&opened, "mapped issue").await;
    let other = world.shop.open_issue("It is slow, too");
    world
        .tell(&world.shop.issue_event("opened", other), "mapped issue")
        .await;
    let before = world.mark();

    let deleted = world.shop.delete_issue(number);
    world.deliver(&world.host, &deleted).await;
    let one = |port: &FakePort| port.entities("issue").len() == 1;
    world.port.wait_for("the issue to go", one).await;
    let world = world.stopped().await;
    let late = world.mark();
    // The webhook of its opening under another GUID, before and after a restart.
    for _ in 0..2 {
        let asked = world.github.mark();
        world.deliver(&world.host, &opened).await;
        let its = format!("/issues/{number}");
        let looked = |_: &_| {
            let asked = world.github.requests_since(asked);
            asked.iter().any(|request| request.path.ends_with(&its))
        };
        world
            .github
            .wait_for_request("the issue to be looked up", looked)
            .await;
    }
    let world = world.stopped().await;

    let told = Told::by(&world.port, late);
    assert!(told.sent.is_empty(), "{told:?}");
    assert_eq!(world.identifiers("issue").len(), 1);
    assert_eq!(world.told(before).deleted.len(), 1);
}

/// GitHub deletes runs without a word, and the next webhook about one finds out.
#[tokio::test]
async fn what_github_has_no_more_of_goes_while_its_list_still_answers() {
    let world = with("workflow-runs").await;
    world.port.blueprint(json!({
        "identifier": "workflowRun", "title": "Workflow run", "relations": {},
        "schema": { "properties": { "state": { "type": "string" }, "attempt": { "type": "number" }, "workflow": { "type": "string" } }, "required": [] },
    }));
    let run = world.shop.start_run("CI");
    world.shop.finish_run(run, "success");
    let completed = world.shop.run_event("completed", run);
    let line = world.tell(&completed, "mapped workflow-run").await;
    assert!(line.contains("1 of them new"), "{line}");

    world.shop.delete_run(run);
    let line = world.tell(&completed, "mapped workflow-run").await;

    assert!(line.contains("1 deleted"), "{line}");
    world.stopped().await;
}

#[tokio::test]
async fn a_pull_request_that_github_does_not_find_is_gone_only_while_their_list_answers() {
    let world = with("pull-requests").await;
    let pull = pull_request(&world).await;
    let its = format!("/pulls/{}", pull.number);
    let missing = |path: &str| Fault::status(404).on(path).always();

    // All of them are out of sight: it is we who may not see them.
    world.github.fail(missing("/pulls"));
    world.tell(&pull.opened, "put aside").await;
    assert!(
        world
            .port
            .entity("githubPullRequest", &pull.identifier)
            .is_some()
    );

    world.github.mend();
    world.github.fail(missing(&its));
    let line = world.tell(&pull.opened, "mapped pull-request").await;
    assert!(line.contains("1 deleted"), "{line}");
}

#[tokio::test]
async fn the_last_of_many_webhooks_counts_whatever_their_order() {
    let world = with("pull-requests").await;
    let pull = pull_request(&world).await;
    let mut events = Vec::new();
    for nth in 0..10 {
        world
            .shop
            .retitle_pull_request(pull.number, &format!("Title {nth}"));
        events.push(world.shop.pull_request_event("edited", pull.number));
    }
    // 7 before 4, 1 after 9, and so on; all but the last are history by then.
    for nth in 0..10 {
        world
            .deliver(&world.host, &events[(nth * 7 + 3) % 10])
            .await;
    }
    let world = world.stopped().await;
    let last = |port: &FakePort| {
        let entity = port.entity("githubPullRequest", &pull.identifier);
        entity.is_some_and(|entity| entity["title"] == "Title 9")
    };
    world.port.wait_for("the last title", last).await;
    let lines = world.end().await;
    assert!(
        !lines.iter().any(|line| line.contains("put aside")),
        "{lines:#?}"
    );
}

/// A star has no state that GitHub could be asked for, and the lane is everybody's: what a later one says is no reason to
/// leave an earlier one out.
#[tokio::test]
async fn a_star_that_was_given_up_is_not_lost_to_a_later_one_and_counts_when_it_runs_again() {
    let world = with("misbehaving").await;
    let star = |login: &str, action: &str| {
        let payload = json!({"action": action});
        let mut event = world.shop.custom_event("star", payload);
        event.payload["sender"]["login"] = json!(login);
        event
    };
    let stargazer = |required: Value| {
        let schema = json!({"properties": {"why": {"type": "string"}}, "required": required});
        json!({"identifier": "stargazer", "schema": schema, "relations": {}})
    };
    world.port.blueprint(stargazer(json!(["why"])));
    world.tell(&star("ann", "created"), "put aside").await;
    world.port.blueprint(stargazer(json!([])));
    // Another one, and that the first was taken back.
    world.tell(&star("bob", "created"), "mapped star").await;
    world.tell(&star("ann", "deleted"), "mapped star").await;

    let replayed = world.host.cli(&["deliveries", "replay", "--cause", "data"]);

    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    world.port.wait_for_entity("stargazer", "ann").await;
    assert_eq!(world.identifiers("stargazer"), ["ann", "bob"]);
}
