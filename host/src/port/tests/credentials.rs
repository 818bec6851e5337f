//! Who the host is to Port.

use secrecy::SecretString;

use super::*;

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_repeated() {
    let (port, log) = port(
        |seen, _| match seen.head.contains("authorization: bearer t2") {
            true => all_created(seen),
            false => refused(401, "unauthorized"),
        },
    )
    .await;
    let (one, other) = (many(1), [entity("web", "{}")]);
    let answers = tokio::join!(
        port.upsert(&one, HOW, SOURCE),
        port.upsert(&other, HOW, SOURCE)
    );
    assert_eq!(answers, (vec![CREATED], vec![CREATED]));
    let log = log.lock().expect("not poisoned");
    assert_eq!(
        log.iter()
            .filter(|seen| seen.line.contains("access_token"))
            .count(),
        2
    );
    let bulk = log.iter().find(|seen| seen.is_bulk()).expect("a bulk call");
    assert_eq!(
        bulk.line,
        "POST /v1/blueprints/service/entities/bulk?upsert=true&merge=true&create_missing_related_entities=false http/1.1"
    );
    assert!(
        bulk.head
            .contains("user-agent: port/github/v1.0.0/7/gitops"),
        "{}",
        bulk.head
    );
}

#[tokio::test]
async fn a_token_that_stays_refused_is_nobodys_entitys_fault() {
    let (port, _) = port(|_, _| refused(401, "unauthorized")).await;
    let error = port
        .upsert(&many(1), HOW, SOURCE)
        .await
        .remove(0)
        .expect_err("refused");
    assert!(
        error.is_transient() && error.to_string().contains("PORT_CLIENT_ID"),
        "{error}"
    );
}

#[tokio::test]
async fn wrong_credentials_are_told_in_one_sentence_without_the_secret() {
    let (mut port, _) = port(|_, _| refused(500, "unused")).await;
    let settings = settings::Port {
        client_secret: SecretString::from("wrong-one"),
        ..at(port.rest.base().as_str())
    };
    port = Port::new(&settings).expect("a client");
    let error = port.check().await.expect_err("refused").to_string();
    assert!(
        error.contains("refuses PORT_CLIENT_ID and PORT_CLIENT_SECRET (401: wrong secret)"),
        "{error}"
    );
    assert!(!error.contains("wrong-one"));
}

#[test]
fn a_certificate_file_without_certificates_is_told() {
    let settings = settings::Port {
        extra_ca: Some(b"nothing".to_vec()),
        ..at("https://api.port.io/")
    };
    let error = Port::new(&settings).err().map(|error| format!("{error:#}"));
    assert_eq!(
        error.as_deref(),
        Some("setting up the client for Port: EXTRA_CA_FILE holds no certificate in PEM form")
    );
}
