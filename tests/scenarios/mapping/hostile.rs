//! A hostile configuration costs its own repository alone, and is named with its place.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::kinds::EXAMPLES;
use super::{OWN, World};

/// A configuration whose one resource selects by this program.
fn selecting(program: &str) -> String {
    format!(
        "resources:
  - kind: issue
    selector:
      query: '{program}'
    port: {{entity: {{mappings: {{identifier: .id | tostring, blueprint: '\"githubIssue\"'}}}}}}
"
    )
}

/// Each with what the log says of it.
fn hostile() -> Vec<(&'static str, String, &'static str)> {
    let program = |name, program| (name, selecting(program), "port-app-config.yml:4:");
    let resource =
        "{kind: issue, port: {entity: {mappings: {identifier: .title, blueprint: .title}}}}";
    vec![
        program("recursion", "[recurse(.)] | length > 0"),
        program("range", "[range(1e12)] | length > 0"),
        program("regex", "(\"a\" * 1000) | test(\"(a+)+(?!a)b\")"),
        program("string", "(\"x\" * 1e9) | length > 0"),
        (
            "resources",
            format!("resources: [&one {resource}{}]\n", ", *one".repeat(10_000)),
            "port-app-config.yml:",
        ),
        (
            "file",
            format!("{}# {}\n", selecting("true"), "x".repeat(5 << 20)),
            "port-app-config.yml has 5120 KB; files over 512 KB are not read",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_repository_configures_the_others_events_go_on() {
    let world = World::begin().await;
    world.organization(EXAMPLES).await;
    for (name, text, told) in hostile() {
        let repository = world.github.repository(&format!("acme/{name}"));
        repository.push(&[(OWN, &text)], "Harm them");
        let said = world.host.said();
        // More than there are workers.
        for nth in 0..100 {
            let number = repository.open_issue(&format!("Issue {nth}"));
            let event = repository.issue_event("opened", number);
            world.deliver(&world.host, &event).await;
        }

        // While it goes wrong, not after.
        let began = Instant::now();
        let number = world.shop.open_issue(&format!("Honest beside {name}"));
        let event = world.shop.issue_event("opened", number);
        let identifier = format!("shop{}", event.payload["issue"]["id"]);
        world.deliver(&world.host, &event).await;
        let is = |entity: &Value| entity["title"] == format!("Honest beside {name}");
        world.becomes("githubIssue", &identifier, is).await;
        let took = began.elapsed();
        eprintln!("{name}: an honest event beside it took {took:?}");
        assert!(took < Duration::from_secs(15), "{name}: {took:?}");

        let whose = format!("acme/{name}\"");
        let line = world.says(said, &[told, &whose]).await;
        if told.ends_with(":4:") {
            assert!(line.contains("selector.query"), "{line}");
        }
        assert!(line.len() < 2_000, "{name}: {} bytes", line.len());
    }
    let foreign = |identifier: &String| !identifier.starts_with("shop");
    let issues = world.identifiers("githubIssue");
    assert_eq!(issues.iter().find(|one| foreign(one)), None);
}
