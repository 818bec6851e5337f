//! The README's `port-app-config.yml`.

use portolan_tests::port::FakePort;
use serde_json::json;

use super::block;
use crate::acme::Acme;

#[tokio::test]
async fn its_configuration_becomes_the_entities_it_describes() {
    let acme = Acme::new().await;
    let host = acme.host().bundled(&["gitops", "mapping"]).start().await;
    let yaml = block("yaml", "resources:").text;
    let shop = acme.github.repository("acme/shop");
    let files = [
        (".github/port-app-config.yml", yaml.as_str()),
        ("README.md", "# Shop\n"),
    ];
    let commit = shop.push(&files, "Describe it");
    acme.deliver(&host, &shop.pushed(&commit)).await;
    shop.push_to("fast", &[("a.txt", "a")], "Begin");
    let number = shop.open_pull_request("Be fast", "fast");
    let opened = shop.pull_request_event("opened", number);
    acme.deliver(&host, &opened).await;

    // Its pull request may have made it as a bare target.
    let wanted = json!({"readme": "# Shop\n", "url": shop.json()["html_url"]});
    let is = |port: &FakePort| {
        let service = port.entity("service", "shop");
        service.is_some_and(|service| service["properties"] == wanted)
    };
    acme.port.wait_for("the repository as a service", is).await;
    let pull = &opened.payload["pull_request"];
    let identifier = format!("shop{}", pull["id"]);
    let entity = acme
        .port
        .wait_for_entity("githubPullRequest", &identifier)
        .await;
    assert_eq!(entity["title"], "Be fast");
    assert_eq!(
        entity["properties"],
        json!({"creator": "mona", "status": "open", "link": pull["html_url"]})
    );
    assert_eq!(entity["relations"]["service"], "shop");
}
