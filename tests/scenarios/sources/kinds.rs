//! Kinds by a mapper of one's own: `pull-requests` is the README's tutorial, `misbehaving` maps issues and stars,
//! `workflow-runs` what its name says.

use portolan_tests::github::FakeGitHub;
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use super::{deliver, stand_ins};

async fn mapping(plugin: &str, github: &FakeGitHub, port: &FakePort) -> RunningHost {
    github.organization("acme");
    let host = TestHost::between(github, port).env("SYNC_ON_START", "false");
    host.plugin(plugin).start().await
}

#[tokio::test]
async fn a_pull_request_is_what_its_last_event_says() {
    let (github, port) = stand_ins().await;
    let host = mapping("pull-requests", &github, &port).await;
    let shop = github.repository("acme/shop");
    shop.push_to("fast", &[("a.txt", "a")], "Begin");
    let number = shop.open_pull_request("Be fast", "fast");
    let opened = shop.pull_request_event("opened", number);
    let identifier = format!("shop{}", opened.payload["pull_request"]["id"]);

    deliver(&github, &host, &opened).await;
    let entity = port.wait_for_entity("githubPullRequest", &identifier).await;
    assert_eq!(
        (&entity["title"], &entity["properties"]["status"]),
        (&json!("Be fast"), &json!("open"))
    );
    assert_eq!(entity["relations"]["service"], "shop");

    shop.close_pull_request(number, true);
    deliver(&github, &host, &shop.pull_request_event("closed", number)).await;
    let merged = |port: &FakePort| {
        let entity = port.entity("githubPullRequest", &identifier);
        entity.is_some_and(|entity| entity["properties"]["status"] == "merged")
    };
    port.wait_for("the merge", merged).await;
    let stored = port
        .stored("githubPullRequest", &identifier)
        .expect("just seen");
    let installation = github.organization("acme").installation_id();
    assert_eq!(
        stored.datasource,
        format!("port/github/v1.0.0/{installation}/exporter")
    );
}

#[tokio::test]
async fn events_of_one_pull_request_apply_in_order_and_ask_github_nothing() {
    let (github, port) = stand_ins().await;
    let host = mapping("pull-requests", &github, &port).await;
    let shop = github.repository("acme/shop");
    shop.push_to("fast", &[("a.txt", "a")], "Begin");
    let number = shop.open_pull_request("Title 0", "fast");
    let opened = shop.pull_request_event("opened", number);
    let identifier = format!("shop{}", opened.payload["pull_request"]["id"]);
    deliver(&github, &host, &opened).await;
    port.wait_for_entity("githubPullRequest", &identifier).await;
    host.wait_for_line("acme: no readable repository `.github-private`")
        .await;
    let (asked, written) = (github.mark(), port.mark());

    for nth in 1..=30 {
        shop.retitle_pull_request(number, &format!("Title {nth:02}"));
        let mut edited = shop.pull_request_event("edited", number);
        // One a second, as people work.
        edited.payload["pull_request"]["updated_at"] = json!(format!("2036-01-02T10:00:{nth:02}Z"));
        deliver(&github, &host, &edited).await;
    }
    let last = |port: &FakePort| {
        let entity = port.entity("githubPullRequest", &identifier);
        entity.is_some_and(|entity| entity["title"] == "Title 30")
    };
    port.wait_for("the last title", last).await;
    host.stop().await;

    assert_eq!(
        port.entity("githubPullRequest", &identifier).expect("seen")["title"],
        "Title 30"
    );
    let calls = port.requests_since(written).into_iter();
    let bodies = calls.filter_map(|call| serde_json::from_slice::<Value>(&call.body).ok());
    let titles = bodies.flat_map(|body| body["entities"].as_array().cloned().unwrap_or_default());
    let titles: Vec<_> = titles.map(|entity| entity["title"].to_string()).collect();
    assert!(titles.is_sorted() && !titles.is_empty(), "{titles:?}");
    let mut asked = github.requests_since(asked);
    asked.retain(|request| request.path.starts_with("/repo"));
    assert!(asked.is_empty(), "the webhook brought all: {asked:?}");
}

#[tokio::test]
async fn issues_and_stars_reach_the_mapper_that_asks_for_them() {
    let (github, port) = stand_ins().await;
    let host = mapping("misbehaving", &github, &port).await;
    let shop = github.repository("acme/shop");
    let number = shop.open_issue("It is slow");
    let opened = shop.issue_event("opened", number);
    let identifier = opened.payload["issue"]["id"].to_string();

    deliver(&github, &host, &opened).await;
    let issue = port.wait_for_entity("issue", &identifier).await;
    assert_eq!(issue["properties"]["state"], "open");
    shop.close_issue(number);
    deliver(&github, &host, &shop.issue_event("closed", number)).await;
    let closed = |port: &FakePort| {
        let issue = port.entity("issue", &identifier);
        issue.is_some_and(|issue| issue["properties"]["state"] == "closed")
    };
    port.wait_for("the issue to be closed", closed).await;

    deliver(&github, &host, &shop.star()).await;
    port.wait_for_entity("stargazer", "mona").await;
    host.wait_for_line("misbehaving").await;
}

#[tokio::test]
async fn a_workflow_run_is_followed_to_its_end_with_a_file_that_its_mapper_asks_for() {
    let (github, port) = stand_ins().await;
    let properties = json!({
        "state": {"type": "string"}, "attempt": {"type": "number"}, "workflow": {"type": "string"},
    });
    let schema = json!({"properties": properties, "required": []});
    port.blueprint(json!({"identifier": "workflowRun", "schema": schema}));
    let host = mapping("workflow-runs", &github, &port).await;
    let shop = github.repository("acme/shop");
    shop.push(&[(".github/workflows/ci.yml", "on: push\n")], "Test it");
    let run = shop.start_run("CI");

    deliver(&github, &host, &shop.run_event("requested", run)).await;
    let entity = port.wait_for_entity("workflowRun", &run.to_string()).await;
    assert_eq!(
        entity["properties"],
        json!({"state": "queued", "attempt": 1, "workflow": "on: push\n"})
    );

    shop.finish_run(run, "failure");
    deliver(&github, &host, &shop.run_event("completed", run)).await;
    let failed = |port: &FakePort| {
        let entity = port.entity("workflowRun", &run.to_string());
        entity.is_some_and(|entity| entity["properties"]["state"] == "failure")
    };
    port.wait_for("the end of the run", failed).await;
}

#[tokio::test]
async fn a_later_event_waits_for_one_that_takes_its_mapper_long() {
    let (github, port) = stand_ins().await;
    let host = mapping("misbehaving", &github, &port).await;
    let shop = github.repository("acme/shop");
    let number = shop.open_issue("spin 10");
    let slow = shop.issue_event("opened", number);
    let mut quick = slow.clone();
    quick.payload["issue"]["title"] = json!("Quick");

    quick.payload["issue"]["updated_at"] = json!("2036-01-02T10:00:00Z");
    let identifier = quick.payload["issue"]["id"].to_string();

    deliver(&github, &host, &slow).await;
    deliver(&github, &host, &quick).await;

    let title = |port: &FakePort| {
        let issue = port.entity("issue", &identifier);
        issue.map(|issue| issue["title"].clone())
    };
    port.wait_for("the slow one first", |port| title(port).is_some())
        .await;
    assert_eq!(title(&port), Some(json!("spin 10")));
    port.wait_for("the quick one", |port| title(port) == Some(json!("Quick")))
        .await;
}

#[tokio::test]
async fn what_no_plugin_maps_is_acknowledged_and_left() {
    let (github, port) = stand_ins().await;
    github.organization("acme");
    let host = TestHost::between(&github, &port).env("SYNC_ON_START", "false");
    let host = host.env("LOG_LEVEL", "debug").start().await;
    let shop = github.repository("acme/shop");
    let run = shop.start_run("CI");
    shop.finish_run(run, "success");
    let asked = github.mark();

    deliver(&github, &host, &shop.run_event("completed", run)).await;
    host.wait_for_line("acknowledged workflow_run: no plugin maps it")
        .await;
    deliver(&github, &host, &shop.star()).await;
    host.wait_for_line("acknowledged star: no plugin maps it")
        .await;

    let asked = github.requests_since(asked).into_iter();
    let about = asked.filter(|request| {
        request.path.starts_with("/repo") && !request.path.contains(".github-private")
    });
    assert_eq!(about.count(), 0);
    assert_eq!(port.writes(), 0);
}

#[tokio::test]
async fn githubs_recorded_pull_requests_become_what_the_tutorial_describes() {
    let (github, port) = stand_ins().await;
    let host = mapping("pull-requests", &github, &port).await;
    for event in github.recorded("pull_request") {
        let (pull, repository) = (&event.payload["pull_request"], &event.payload["repository"]);
        // Several were recorded in one second, so that GitHub is asked which of them is true.
        let path = format!(
            "/repositories/{}/pulls/{}",
            repository["id"], pull["number"]
        );
        github.serve(&path, pull.clone());
        deliver(&github, &host, &event).await;
        let name = repository["name"].as_str().expect("a name");
        let status = if pull["merged_at"].is_null() {
            &pull["state"]
        } else {
            &json!("merged")
        };
        let described = |port: &FakePort| {
            let entity = port.entity("githubPullRequest", &format!("{name}{}", pull["id"]));
            entity.is_some_and(|entity| {
                entity["title"] == pull["title"]
                    && entity["properties"]
                        == json!({"status": status, "creator": pull["user"]["login"], "link": pull["html_url"]})
                    && entity["relations"]["service"] == name
            })
        };
        port.wait_for(
            &format!("{} {}", event.name, event.payload["action"]),
            described,
        )
        .await;
    }
}

#[tokio::test]
async fn every_other_recorded_payload_is_accepted() {
    let (github, port) = stand_ins().await;
    let host = mapping("misbehaving", &github, &port).await;
    for name in ["issues", "push", "workflow_run"] {
        for event in github.recorded(name) {
            deliver(&github, &host, &event).await;
        }
    }
    let (status, said) = host.stop().await;
    assert!(status.success());
    let panicked = |line: &&String| line.contains("panicked");
    assert_eq!(said.iter().find(panicked), None);
}
