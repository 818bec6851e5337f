//! Callers that go away before they are done: one side closed (FIN), or both at once (RST).

use portolan_tests::caller::Caller;

use super::{beside, delivery, descriptors};
use crate::acme::Acme;

#[tokio::test]
async fn what_came_whole_is_taken_and_what_did_not_leaves_nothing_behind() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let before = descriptors(&host);
    let half = delivery(&acme, "half").request();
    let (in_head, in_body) = (&half[..40], &half[..half.len() - 10]);
    let theirs = async {
        for begun in [&[][..], in_head, in_body] {
            for _ in 0..100 {
                let mut caller = Caller::at(host.address()).await;
                caller.say(begun).await;
                caller.slam();
            }
        }
        for begun in [&[][..], in_head] {
            let mut caller = Caller::at(host.address()).await;
            caller.say(begun).await;
            caller.fall_silent().await;
            assert_eq!(caller.hear_out().await, "", "there is no request to answer");
        }
        let mut caller = Caller::at(host.address()).await;
        caller.say(in_body).await;
        caller.fall_silent().await;
        let said = caller.hear_out().await;
        assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
        assert!(said.contains("The body broke off: "), "{said}");

        let mut caller = Caller::at(host.address()).await;
        caller.say(delivery(&acme, "whole").request()).await;
        caller.fall_silent().await;
        let said = caller.hear_out().await;
        assert!(said.starts_with("HTTP/1.1 202 "), "{said}");
    };

    beside(&acme, &host, theirs).await;

    acme.port.wait_for_entity("service", "whole").await;
    assert!(acme.port.entity("service", "half").is_none());
    // A new delivery is answered after the resets that came before it were seen.
    acme.arrives(&host, "last").await;
    let now = descriptors(&host);
    assert!(
        now < before + 50,
        "{before} descriptors before 300 resets, {now} after"
    );
}
