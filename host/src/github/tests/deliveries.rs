//! The log of deliveries.

use serde_json::{Value, json};

use crate::github::standin::{Asked, Reply, failed, ok, standin};

fn attempt(id: u64, status_code: u16) -> Value {
    json!({
        "id": id, "guid": format!("guid-{id}"), "delivered_at": "2026-11-22T10:00:00Z", "redelivery": false,
        "duration": 0.1, "status": "?", "status_code": status_code, "event": "push", "action": null,
        "installation_id": 7, "repository_id": 5,
    })
}

#[tokio::test]
async fn the_log_is_read_as_the_app_page_by_page() {
    let standin = standin(|asked: &Asked| -> Reply {
        assert!(asked.bearer.contains('.'), "no JWT: {}", asked.bearer);
        match &*asked.line {
            "GET /app/hook/deliveries?per_page=100" => {
                let next = "</api/v3/app/hook/deliveries?cursor=v1_1>; rel=\"next\"".to_owned();
                let body = json!([attempt(3, 502), attempt(2, 202)]).to_string();
                (200, vec![("link", next)], body.into())
            }
            "GET /app/hook/deliveries?cursor=v1_1" => ok(json!([attempt(1, 0)])),
            _ => failed(404, "Not Found"),
        }
    })
    .await;
    let first = standin.github.deliveries(None).await.expect("a page");
    let ids = first.attempts.iter().map(|one| (one.id, one.succeeded()));
    assert_eq!(ids.collect::<Vec<_>>(), [(3, false), (2, true)]);
    let last = standin.github.deliveries(first.next.as_ref()).await;
    let last = last.expect("the last page");
    assert_eq!((last.attempts.len(), last.next), (1, None));
}

#[tokio::test]
async fn a_payload_is_read_as_it_stands_in_the_log() {
    let standin = standin(|asked: &Asked| {
        let sent = |payload: &str| {
            ok(format!(
                r#"{{"id":1,"guid":"g","event":"issues","request":{{"headers":{{}},"payload":{payload}}}}}"#
            ))
        };
        match &*asked.line {
            "GET /app/hook/deliveries/1" => sent(r#"{"action": "opened", "id": 12345678901234567890123}"#),
            "GET /app/hook/deliveries/2" => sent("null"),
            "GET /app/hook/deliveries/3" => sent("[]"),
            _ => failed(404, "Not Found"),
        }
    })
    .await;
    let delivery = standin.github.delivery(1).await.expect("an answer");
    let delivery = delivery.expect("a payload");
    assert_eq!((delivery.id(), delivery.event()), ("g", "issues"));
    assert_eq!(
        delivery.payload(),
        r#"{"action": "opened", "id": 12345678901234567890123}"#
    );
    for without in [2, 4] {
        let none = standin.github.delivery(without).await.expect("an answer");
        assert!(none.is_none(), "{without}");
    }
    let odd = standin.github.delivery(3).await.expect_err("no payload");
    assert!(!odd.is_transient(), "{odd}");
    assert!(odd.to_string().contains("not a JSON object"), "{odd}");
}
