//! The README's `port.yml`.

use serde_json::json;

use super::block;
use crate::acme::Acme;

#[tokio::test]
async fn its_port_yml_becomes_the_entity_it_describes() {
    let acme = Acme::new().await;
    let bare = json!({"properties": {}, "required": []});
    acme.port
        .blueprint(json!({"identifier": "domain", "schema": bare}));
    for domain in ["payments", "web"] {
        let entity = json!({"identifier": domain, "properties": {}, "relations": {}});
        acme.port.plant("domain", &entity, "somebody");
    }
    acme.port.blueprint(json!({
        "identifier": "service",
        "schema": {"properties": {
            "tier": {"type": "string"}, "readme": {"type": "string", "format": "markdown"},
        }, "required": []},
        "relations": {"domains": {"target": "domain", "required": false, "many": true}},
    }));
    let host = acme.host().start().await;
    let checkout = acme.github.repository("acme/checkout");
    let yaml = block("yaml", "identifier:").text;

    let files = [("port.yml", yaml.as_str()), ("README.md", "# Checkout\n")];
    let commit = checkout.push(&files, "Describe it");
    acme.deliver(&host, &checkout.pushed(&commit)).await;

    let entity = acme.port.wait_for_entity("service", "checkout").await;
    assert_eq!(entity["title"], "Checkout");
    assert_eq!(
        entity["properties"],
        json!({"tier": "Critical", "readme": "# Checkout\n"})
    );
    assert_eq!(entity["relations"], json!({"domains": ["payments", "web"]}));
}
