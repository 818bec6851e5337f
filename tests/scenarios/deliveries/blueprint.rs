//! What is tried again meets the blueprints as they are now.

use portolan_tests::fault::Fault;
use portolan_tests::journal::Recorded;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{deliveries, given_up, mend};
use crate::acme::Acme;

#[tokio::test]
async fn a_blueprint_that_was_mended_a_moment_ago_is_read_anew_by_a_replay() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let guid = given_up(&acme, &host, "shop").await;

    // Whoever still believes in `gitopsMetadata` sends it, and is refused.
    let blueprints: Value = serde_json::from_str(include_str!("../../fixtures/blueprints.json"))
        .expect("the fixture is JSON");
    let mut service = blueprints[1].clone();
    service["schema"]["properties"] = json!({"tier": {"type": "string"}});
    acme.port.blueprint(service);
    deliveries(&host, &format!("replay {guid}")).fine();

    let shop = acme.port.wait_for_entity("service", "shop").await;
    assert_eq!(shop["properties"], json!({"tier": "Golden"}));
}

/// It takes minutes until what is missing is given up, and nobody here has them: what was given up for another reason
/// is said to wait.
#[tokio::test]
async fn what_cannot_be_looked_for_does_not_keep_the_others_from_running_again() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    for name in ["cart", "shop"] {
        given_up(&acme, &host, name).await;
    }
    let (again, store) = (host.again(), host.data_dir().join("portolan.db"));
    host.stop().await;
    let store = Connection::open(store).expect("the host has left it");
    for (name, awaits) in [("cart", "asteroid"), ("shop", "service")] {
        let changed = store.execute(
            "UPDATE quarantine SET awaits = ?1 WHERE item IN
                 (SELECT seq FROM item JOIN delivery ON delivery.number = item.delivery WHERE delivery.repository = ?2)",
            [awaits, &format!("acme/{name}")],
        );
        assert_eq!(changed, Ok(1));
    }
    drop(store);
    mend(&acme);
    acme.port
        .fail(Fault::status(503).on("/blueprints/asteroid").always());

    let _host = again.start().await;

    acme.port.wait_for_entity("service", "shop").await;
    let vain = |request: &Recorded| request.path.contains("asteroid");
    acme.port.wait_for_request("the one in vain", vain).await;
    assert!(acme.port.entity("service", "cart").is_none());
}
