//! Many requests at once on one connection.

use portolan_tests::caller::Caller;

use super::{beside, delivery};
use crate::acme::Acme;

#[tokio::test]
async fn deliveries_sent_without_waiting_for_answers_are_answered_in_order() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let names: Vec<_> = (0..100).map(|number| format!("piped-{number}")).collect();
    let mut requests = Vec::new();
    for name in &names {
        requests.extend(delivery(&acme, name).request());
        // A wrong one between them has its own answer and spoils no other.
        requests.extend(delivery(&acme, "spoiled").signed_with("wrong").request());
    }
    let theirs = async {
        let mut caller = Caller::at(host.address()).await;
        caller.say(requests).await;
        for _ in &names {
            for expected in [202, 400] {
                let heard = caller.hear().await.expect("an answer to each");
                assert_eq!(heard.status, expected, "{heard:?}");
            }
        }
    };

    beside(&acme, &host, theirs).await;

    for name in &names {
        acme.port.wait_for_entity("service", name).await;
    }
    assert!(acme.port.entity("service", "spoiled").is_none());
}

#[tokio::test]
async fn who_asks_without_end_and_never_reads_an_answer_is_cut_off() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let questions = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    let theirs = async {
        let mut caller = Caller::at(host.address()).await;
        while caller.try_say(&questions).await.is_ok() {}
    };

    beside(&acme, &host, theirs).await;
}
