//! What knocks at the webhook's door without being GitHub, and what GitHub may send in other ways.

use portolan_tests::github::Signed;

use crate::acme::Acme;

#[tokio::test]
async fn what_is_no_delivery_is_refused_in_one_sentence_and_reaches_nobody() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let event = acme.service("shop");
    let signed = || acme.github.sign(&event);
    let with_body = |body: &str| {
        let mut delivery = signed();
        delivery.body = body.to_owned().into();
        delivery.signed_with(acme.github.webhook_secret())
    };
    let spoiled = |spoil: fn(&mut Signed)| {
        let mut delivery = signed();
        spoil(&mut delivery);
        delivery
    };
    let huge = vec![b' '; (26 << 20) + 1];
    #[rustfmt::skip]
    let table = [
        (signed().signed_with("another secret"), 400, "WEBHOOK_SECRET differ"),
        (spoiled(|it| it.signature = None), 400, "X-Hub-Signature-256 is missing: set the App's webhook secret"),
        (spoiled(|it| it.signature = Some("sha1=00".into())), 400, "is not `sha256=` and 64 hexadecimal digits"),
        (spoiled(|it| it.body = [&it.body[..], b" "].concat().into()), 400, "signature does not match the body"),
        (spoiled(|it| it.event = String::new()), 400, "X-GitHub-Event is missing"),
        (spoiled(|it| it.event = "push\u{9}it".into()), 400, "X-GitHub-Event is longer than 200 characters or"),
        (spoiled(|it| it.guid = String::new()), 400, "X-GitHub-Delivery is missing"),
        (spoiled(|it| it.content_type = "text/plain".into()), 415, "`text/plain` is not understood: set the webhook's content type to application/json"),
        (spoiled(|it| it.content_type = "application/x-www-form-urlencoded".into()), 400, "no field `payload`"),
        (with_body("{\"action\": "), 400, "not a JSON object: EOF"),
        (with_body("[1, 2]"), 400, "not a JSON object"),
        (with_body(""), 400, "not a JSON object"),
        (with_body(&String::from_utf8_lossy(&huge)), 413, "larger than 26 MiB"),
    ];
    let said = host.said();
    for (delivery, status, words) in &table {
        let (answered, text) = acme.github.forge(&host.url(), delivery).await;

        assert_eq!(answered, *status, "{words}: {text}");
        let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let sentence = answer["error"].as_str().unwrap_or_default();
        assert!(sentence.contains(words), "{sentence}");
        assert!(sentence.ends_with('.') && !sentence.contains('\n'));
    }

    acme.arrives(&host, "cart").await;
    assert_eq!(acme.port.writes(), 1, "nothing but the cart");
    let lines = host.lines().split_off(said);
    let refused = lines.iter().filter(|line| line.contains("webhook refused"));
    assert_eq!(refused.count(), table.len(), "{lines:#?}");
    acme.assert_no_secret_in(&lines.join("\n"));
}

#[tokio::test]
async fn every_way_in_which_github_may_send_is_taken() {
    let acme = Acme::new().await;
    let host = acme
        .host()
        .env("WEBHOOK_PATH", "/hooks/github")
        .env("WEBHOOK_SECRET_PREVIOUS", "the one before")
        .start()
        .await;
    let url = |path: &str| format!("{}{path}", host.url());
    let sign_of = |name: &str| acme.github.sign(&acme.service(name));
    let mut charset = sign_of("charset");
    charset.content_type = "application/json; charset=UTF-8".into();
    // Its signature is checked apart, so that nobody waits for it.
    let mut large = acme.service("large");
    large.payload["padding"] = "x".repeat(2 << 20).into();
    let ways = [
        ("large", "", acme.github.sign(&large)),
        ("root", "", sign_of("root")),
        ("probot", "api/github/webhooks", sign_of("probot")),
        ("own", "hooks/github", sign_of("own")),
        ("form", "", sign_of("form").as_form()),
        (
            "rotated",
            "",
            sign_of("rotated").signed_with("the one before"),
        ),
        ("charset", "", charset),
    ];

    for (name, path, delivery) in ways {
        let (status, text) = acme.github.post(&url(path), &delivery).await;
        assert_eq!(status, 202, "{name}: {text}");
        acme.port.wait_for_entity("service", name).await;
    }
    host.wait_for_line("still signed with WEBHOOK_SECRET_PREVIOUS")
        .await;
    for name in ["ping", "star", "of_the_year_2030"] {
        let payload = serde_json::json!({"zen": "Keep it logically awesome.", "hook_id": 1});
        let event = portolan_tests::github::Event::new(name, payload);
        acme.deliver(&host, &event).await;
    }

    let writes = acme.port.writes();
    acme.arrives(&host, "last").await;
    assert_eq!(
        acme.port.writes(),
        writes + 1,
        "what nobody maps writes nothing"
    );
}

#[tokio::test]
async fn health_and_wrong_addresses_are_answered() {
    let acme = Acme::new().await;
    let host = acme.host().bundled(&[]).start().await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let url = |path: &str| format!("{}{path}", host.url());
    #[rustfmt::skip]
    let table = [
        (http.get(url("health")), 200, "ok"),
        (http.head(url("health")), 200, ""),
        (http.post(url("health")), 405, "Only GET is understood here."),
        (http.get(url("")), 405, "Only POST is understood here."),
        (http.post(url("webhook")), 404, "webhooks go to `/` or `/api/github/webhooks`."),
    ];
    for (request, status, words) in table {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status);
        let text = answer.text().await.expect("a text");
        assert!(text.contains(words), "{text}");
    }
}
