//! Where events come from: the first start, installations, repositories, and every kind of webhook.

mod kinds;

use portolan_tests::github::{Event, FakeGitHub, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

/// A GitHub and a Port with the blueprints that the mappers of these stories write.
async fn stand_ins() -> (FakeGitHub, FakePort) {
    let (github, port) = (FakeGitHub::start().await, FakePort::start().await);
    let status = json!({"state": {"type": "string"}});
    for (identifier, properties) in [
        ("service", json!({"tier": {"type": "string"}})),
        ("issue", status),
        ("stargazer", json!({})),
        ("team", json!({})),
        (
            "githubPullRequest",
            json!({"status": {"type": "string"}, "creator": {"type": "string"}, "link": {"type": "string"}}),
        ),
    ] {
        let service = json!({"target": "service", "required": false, "many": false});
        port.blueprint(json!({
            "identifier": identifier, "schema": {"properties": properties, "required": []},
            "relations": {"service": service},
        }));
    }
    (github, port)
}

/// A repository whose `port.yml` declares a service of its name.
fn declared(github: &FakeGitHub, full_name: &str) -> Repository {
    let repository = github.repository(full_name);
    let (_, name) = full_name.split_once('/').expect("owner/name");
    declare(&repository, name);
    repository
}

fn declare(repository: &Repository, identifier: &str) {
    let spec = format!("identifier: {identifier}\nblueprint: service\n");
    repository.push(&[("port.yml", &spec)], "Describe it");
}

async fn deliver(github: &FakeGitHub, host: &RunningHost, event: &Event) {
    let (status, body) = github.deliver(&host.url(), event).await;
    assert_eq!(status, 202, "{body}");
}

fn services(port: &FakePort) -> Vec<String> {
    let text = |entity: &Value| entity["identifier"].as_str().map(str::to_owned);
    port.entities("service").iter().filter_map(text).collect()
}

fn listings(github: &FakeGitHub) -> usize {
    let requests = github.requests();
    let is = |path: &str| path == "/installation/repositories";
    requests.iter().filter(|request| is(&request.path)).count()
}

#[tokio::test]
async fn the_first_start_takes_in_every_installed_repository_and_the_second_none() {
    let (github, port) = stand_ins().await;
    for name in ["acme/cart", "acme/pay", "umbrella/lab"] {
        declared(&github, name);
    }
    declared(&github, "acme/hidden").hide();
    declared(&github, "asleep/bed");
    github.organization("asleep").suspend();
    github.repository("acme/empty");

    let host = TestHost::between(&github, &port).start().await;
    host.wait_for_line("first start: the repositories of 2 installations are taken in")
        .await;
    host.wait_for_line("3 repositories of acme were taken in")
        .await;
    host.wait_for_line("1 repositories of umbrella were taken in")
        .await;
    host.wait_for_line("the installation on asleep is suspended and was passed over")
        .await;
    for name in ["cart", "lab", "pay"] {
        port.wait_for_entity("service", name).await;
    }
    assert_eq!(listings(&github), 2, "one list for each installation");
    let next = host.again();
    host.stop().await;

    declared(&github, "acme/unheard");
    let host = next.start().await;
    host.wait_for_line("umbrella: no readable repository `.github-private`")
        .await;
    let late = declared(&github, "acme/late");
    let head = late.head().expect("just pushed");
    deliver(&github, &host, &late.pushed(&head)).await;
    port.wait_for_entity("service", "late").await;
    let (status, _) = host.stop().await;
    assert!(status.success());
    assert_eq!(listings(&github), 2, "the second start lists nothing");
    assert_eq!(services(&port), ["cart", "lab", "late", "pay"]);
}

#[tokio::test]
async fn a_first_start_that_github_cut_short_is_tried_again_by_itself() {
    let (github, port) = stand_ins().await;
    declared(&github, "acme/cart");
    let missing = portolan_tests::fault::Fault::status(404).on("/installation/repositories");
    github.fail(missing);

    let host = TestHost::between(&github, &port).start().await;
    let line = host
        .wait_for_line("repositories of acme could not be listed")
        .await;
    assert!(line.contains("will be tried again in 1 s"), "{line}");

    port.wait_for_entity("service", "cart").await;
}

#[tokio::test]
async fn a_first_start_that_was_killed_goes_on_with_the_next() {
    let (github, port) = stand_ins().await;
    declared(&github, "acme/cart");
    declared(&github, "umbrella/lab");
    let refused = portolan_tests::fault::Fault::status(500).on("/installation/repositories");
    github.fail(refused.always());
    let host = TestHost::between(&github, &port).start().await;
    host.wait_for_line("first start: the repositories of 2 installations are taken in")
        .await;
    let next = host.again();
    host.kill().await;
    github.mend();

    let _host = next.start().await;

    port.wait_for_entity("service", "cart").await;
    port.wait_for_entity("service", "lab").await;
}

#[tokio::test]
async fn without_sync_on_start_only_webhooks_lead_to_anything() {
    let (github, port) = stand_ins().await;
    declared(&github, "acme/cart");
    let pay = declared(&github, "acme/pay");
    let host = TestHost::between(&github, &port).env("SYNC_ON_START", "false");
    let host = host.start().await;

    let head = pay.head().expect("just pushed");
    deliver(&github, &host, &pay.pushed(&head)).await;
    port.wait_for_entity("service", "pay").await;
    host.stop().await;

    assert_eq!(services(&port), ["pay"]);
    assert_eq!(listings(&github), 0);
}

/// A host that took in nothing at its start.
async fn quiet(github: &FakeGitHub, port: &FakePort) -> RunningHost {
    let host = TestHost::between(github, port).env("SYNC_ON_START", "false");
    host.start().await
}

#[tokio::test]
async fn a_new_installation_brings_all_its_repositories() {
    let (github, port) = stand_ins().await;
    let (acme, host) = (github.organization("acme"), quiet(&github, &port).await);
    acme.not_installed();
    declared(&github, "acme/cart");
    declared(&github, "acme/pay");

    deliver(&github, &host, &acme.install()).await;

    host.wait_for_line("2 repositories of acme were taken in")
        .await;
    port.wait_for_entity("service", "cart").await;
    port.wait_for_entity("service", "pay").await;
}

#[tokio::test]
async fn repositories_added_to_an_installation_are_taken_in_and_no_others() {
    let (github, port) = stand_ins().await;
    declared(&github, "acme/cart");
    declared(&github, "acme/pay").hide();
    let (acme, host) = (github.organization("acme"), quiet(&github, &port).await);

    deliver(&github, &host, &acme.repositories_added(&["pay"])).await;
    port.wait_for_entity("service", "pay").await;
    deliver(&github, &host, &acme.repositories_removed(&["pay"])).await;
    host.stop().await;

    assert_eq!(
        services(&port),
        ["pay"],
        "and what left the installation stays"
    );
}

#[tokio::test]
async fn a_repository_is_followed_from_its_creation_through_its_names() {
    let (github, port) = stand_ins().await;
    github.organization("acme");
    let host = quiet(&github, &port).await;

    let shop = declared(&github, "acme/shop");
    deliver(&github, &host, &shop.event("created", json!({}))).await;
    port.wait_for_entity("service", "shop").await;

    let renamed = shop.rename("store");
    declare(&shop, "store");
    deliver(&github, &host, &renamed).await;
    port.wait_for_entity("service", "store").await;
    host.wait_for_line("mapped tree of acme/store").await;

    shop.push_to(
        "trunk",
        &[("port.yml", "identifier: trunk\nblueprint: service\n")],
        "Begin anew",
    );
    shop.set_default_branch("trunk");
    let changes = json!({"changes": {"default_branch": {"from": "main"}}});
    deliver(&github, &host, &shop.event("edited", changes)).await;
    port.wait_for_entity("service", "trunk").await;

    let (_, said) = host.stop().await;
    let mapped = said.iter().filter(|line| line.contains("mapped tree"));
    assert_eq!(mapped.count(), 3);
}

#[tokio::test]
async fn a_push_told_under_an_old_name_finds_its_repository() {
    let (github, port) = stand_ins().await;
    let shop = declared(&github, "acme/shop");
    let host = quiet(&github, &port).await;
    let old = shop.pushed(&shop.head().expect("just pushed"));
    shop.rename("store");

    deliver(&github, &host, &old).await;

    port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn a_deleted_repository_is_deleted_in_port_and_asked_about_no_more() {
    let (github, port) = stand_ins().await;
    let shop = declared(&github, "acme/shop");
    let host = quiet(&github, &port).await;
    deliver(&github, &host, &shop.event("created", json!({}))).await;
    port.wait_for_entity("service", "shop").await;
    host.wait_for_line("mapped tree").await;
    let asked = github.mark();

    deliver(&github, &host, &shop.delete()).await;
    host.wait_for_line("1 deleted").await;

    assert!(services(&port).is_empty());
    let asked = github.requests_since(asked).into_iter();
    let about = asked.filter(|request| request.path.starts_with("/repo"));
    assert_eq!(about.count(), 0);
}

#[tokio::test]
async fn while_an_installation_sleeps_its_events_are_put_aside_and_waking_makes_up_for_them() {
    let (github, port) = stand_ins().await;
    let shop = declared(&github, "acme/shop");
    let (acme, host) = (github.organization("acme"), quiet(&github, &port).await);
    deliver(&github, &host, &acme.suspend()).await;
    host.wait_for_line("the App was suspended").await;

    let head = shop.head().expect("just pushed");
    deliver(&github, &host, &shop.pushed(&head)).await;
    let aside = host.wait_for_line("put aside").await;
    assert!(
        aside.contains("is suspended: an owner of that organization can unsuspend it"),
        "{aside}"
    );
    assert!(services(&port).is_empty());

    deliver(&github, &host, &acme.unsuspend()).await;
    port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn a_hook_that_is_not_the_apps_names_no_installation_and_its_events_count() {
    let (github, port) = stand_ins().await;
    let (acme, shop) = (github.organization("acme"), declared(&github, "acme/shop"));
    let host = quiet(&github, &port).await;
    let mut event = shop.pushed(&shop.head().expect("just pushed"));
    event.payload["installation"].take();

    deliver(&github, &host, &event).await;
    port.wait_for_entity("service", "shop").await;
    host.wait_for_line("mapped tree").await;
    let stored = port.stored("service", "shop").expect("just seen");
    let installation = acme.installation_id();
    assert_eq!(
        stored.datasource,
        format!("port/github/v1.0.0/{installation}/gitops")
    );

    deliver(&github, &host, &event).await;
    host.stop().await;
    let finding = github.requests();
    let finding = finding
        .iter()
        .filter(|request| request.path == "/repos/acme/shop/installation");
    assert_eq!(finding.count(), 1, "found once, then remembered");
}

#[tokio::test]
async fn an_organizations_own_hook_names_neither_installation_nor_repository_and_counts() {
    let (github, port) = stand_ins().await;
    let acme = github.organization("acme");
    let host = TestHost::between(&github, &port).env("SYNC_ON_START", "false");
    let host = host.plugin("misbehaving").start().await;
    let payload = json!({"action": "created", "team": {"id": 1, "slug": "checkout"}});
    let mut event = acme.custom_event("team", payload);
    event.payload["installation"].take();

    deliver(&github, &host, &event).await;

    port.wait_for_entity("team", "checkout").await;
    let stored = port.stored("team", "checkout").expect("just seen");
    let installation = acme.installation_id();
    assert_eq!(
        stored.datasource,
        format!("port/github/v1.0.0/{installation}/exporter")
    );
}

#[tokio::test]
async fn where_the_app_is_not_installed_a_push_is_put_aside_with_what_to_do() {
    let (github, port) = stand_ins().await;
    let shop = declared(&github, "acme/shop");
    github.organization("acme").not_installed();
    let host = quiet(&github, &port).await;
    let mut event = shop.pushed(&shop.head().expect("just pushed"));
    event.payload["installation"].take();

    deliver(&github, &host, &event).await;

    let aside = host.wait_for_line("put aside").await;
    assert!(
        aside.contains("install it there, or remove the webhook"),
        "{aside}"
    );
}
