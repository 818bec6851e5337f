//! Callers that send as little as they can, for as long as they may.

use portolan_tests::caller::Caller;

use super::{beside, delivery};
use crate::acme::Acme;
use crate::load::resident;

#[tokio::test]
async fn heads_and_bodies_that_dawdle_keep_nobody_else_waiting() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let shop = delivery(&acme, "shop").request();
    let (in_head, in_body) = (&shop[..40], &shop[..shop.len() - 10]);
    let theirs = async {
        let (mut heads, mut bodies) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            for (begun, callers) in [(in_head, &mut heads), (in_body, &mut bodies)] {
                let mut caller = Caller::at(host.address()).await;
                caller.say(begun).await;
                callers.push(caller);
            }
        }
        // The heads have ten seconds; the bodies, whose thirty would be long to wait for, are still being listened to.
        for mut caller in heads {
            let said = caller.hear_out().await;
            assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
            assert!(said.contains("The request's headers took too long to come."));
        }
        bodies
    };

    let bodies = beside(&acme, &host, theirs).await;

    let mut last = bodies.into_iter().next_back().expect("two hundred");
    last.say(&shop[shop.len() - 10..]).await;
    let heard = last.hear().await.expect("an answer");
    assert_eq!(heard.status, 202, "who comes to an end in time is heard");
    acme.port.wait_for_entity("service", "shop").await;
}

/// For bodies in flight, as the host has it.
const BUDGET_MIB: u64 = 256;
/// The host itself with its plugins, what the system keeps of freed memory, and a body that gives way.
const BESIDE_MIB: u64 = 128;

#[tokio::test]
async fn large_bodies_that_never_end_use_up_neither_memory_nor_githubs_turn() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let body = vec![b' '; 25 << 20];
    let head = format!(
        "{}content-length: {}\r\n\r\n",
        delivery(&acme, "shop").head(),
        body.len() + 1
    );
    let theirs = async {
        let mut gave_way = 0;
        // Three times what there is room for.
        let mut callers = Vec::new();
        for _ in 0..30 {
            let mut caller = Caller::at(host.address()).await;
            caller.say(&head).await;
            caller.say(&body).await;
            callers.push(caller);
        }
        // All but one byte of each was sent. It ends those that are still being received.
        for mut caller in callers {
            caller.say(" ").await;
            let heard = caller.hear().await.expect("an answer");
            match heard.status {
                503 => {
                    gave_way += 1;
                    assert!(heard.head.contains("retry-after: 30"), "{heard:?}");
                    assert!(heard.body.contains("Too many bodies"), "{heard:?}");
                }
                // Not the body that was signed.
                status => assert_eq!(status, 400, "{heard:?}"),
            }
        }
        gave_way
    };

    let gave_way = beside(&acme, &host, theirs).await;

    assert!(gave_way >= 20, "room for ten, and {gave_way} gave way");
    let (_, most) = resident(host.pid());
    eprintln!("the host took {most} MiB at most");
    assert!(
        most < BUDGET_MIB + BESIDE_MIB,
        "{most} MiB for a budget of {BUDGET_MIB}"
    );
}
