use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;

use super::claim::PANICS;
use super::*;
use crate::delivery::{Delivery, Headers};
use crate::subject::{Organization, Repository, Subject};

/// What a sync lists: the files of a repository.
pub(super) fn item(repository: u64) -> Item {
    item_of(1, repository)
}

fn item_of(organization: u64, repository: u64) -> Item {
    let organization = Organization {
        id: organization,
        login: "acme".into(),
    };
    let repository = Repository {
        id: repository,
        owner: "acme".into(),
        name: "shop".into(),
        default_branch: None,
        json: "{}".into(),
    };
    Item::new(None, Subject::tree(1, organization, repository))
}

/// Of a kind whose events count one by one.
pub(super) fn star(repository: u64) -> Item {
    let mut item = item(repository);
    item.subject.kind = "star".to_owned();
    item.subject.key = format!("star/{repository}");
    item
}

/// The files of a repository, because of a push.
pub(super) fn led_to(repository: u64, delivery: &str) -> Item {
    let mut item = item(repository);
    item.delivery = Some(pushed(delivery));
    item
}

fn pushed(id: &str) -> Arc<Delivery> {
    // `{}` signed with `secret`.
    let signature = "sha256=77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13";
    let headers = Headers {
        event: Some("push"),
        delivery: Some(id),
        signature: Some(signature),
        content_type: Some("application/json"),
    };
    let secrets = [SecretString::from("secret")];
    let delivery = Delivery::authenticate(&secrets, headers, Bytes::from("{}"));
    Arc::new(delivery.expect("rightly signed"))
}

fn inbox(items: usize) -> Inbox {
    Inbox::new(Capacity {
        items,
        ..Capacity::default()
    })
}

#[tokio::test]
async fn a_lane_is_worked_on_by_one_at_a_time() {
    let inbox = inbox(10);
    inbox.push_all(vec![star(1), star(1), star(2)]).unwrap();
    let first = inbox.take().await.unwrap();
    let other = inbox.take().await.unwrap();
    assert_eq!(first.item().subject.key, "star/1");
    assert_eq!(other.item().subject.key, "star/2");
    let waiting = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.take().await.unwrap().item().subject.key.clone() }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    first.done();
    assert_eq!(waiting.await.unwrap(), "star/1");
}

#[tokio::test]
async fn all_or_nothing_is_taken_in() {
    let inbox = inbox(4);
    inbox.push_all(vec![item(1)]).unwrap();
    assert_eq!(inbox.push_all(vec![item(2), item(3)]), Err(Full));
    assert_eq!(inbox.len(), 1);
    inbox.take().await.unwrap().done();
    inbox.push_all(vec![item(2), item(3)]).unwrap();
}

#[tokio::test]
async fn one_organization_leaves_half_to_the_others() {
    let inbox = inbox(4);
    inbox.push_all(vec![item_of(1, 1), item_of(1, 2)]).unwrap();
    assert_eq!(inbox.push_all(vec![item_of(1, 3)]), Err(Full));
    inbox.push_all(vec![item_of(2, 4), item_of(2, 5)]).unwrap();
    assert_eq!(inbox.push_all(vec![item_of(3, 6)]), Err(Full));
    inbox.take().await.unwrap().done();
    inbox.push_all(vec![item_of(1, 3)]).unwrap();
}

#[tokio::test]
async fn a_parked_lane_rests_and_others_go_on() {
    let inbox = inbox(10);
    inbox.push_all(vec![item(1), item(2)]).unwrap();
    let begun = Instant::now();
    inbox
        .take()
        .await
        .unwrap()
        .retry_after(Duration::from_millis(20));
    inbox.take().await.unwrap().done();
    let again = inbox.take().await.unwrap();
    assert_eq!(
        (again.item().subject.key.as_str(), again.item().tries),
        ("tree/1", 1)
    );
    assert!(begun.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn a_dropped_claim_comes_back_first() {
    let inbox = inbox(10);
    inbox.push_all(vec![star(1), star(1)]).unwrap();
    drop(inbox.take().await.unwrap());
    assert_eq!(inbox.take().await.unwrap().item().tries, 1);
}

#[tokio::test]
async fn what_always_panics_does_not_come_back_for_ever() {
    let inbox = inbox(10);
    let mut unlucky = star(1);
    unlucky.panics = PANICS;
    inbox.push_all(vec![unlucky, star(1)]).unwrap();
    drop(inbox.take().await.unwrap());
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox.take().await.unwrap().item().tries, 0);
}

#[tokio::test]
async fn closed_and_empty_means_the_end() {
    let inbox = inbox(10);
    inbox.push_all(vec![item(1)]).unwrap();
    let claim = inbox.take().await.unwrap();
    inbox.close();
    let ends: Vec<_> = (0..3)
        .map(|_| {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.take().await.is_none() })
        })
        .collect();
    tokio::task::yield_now().await;
    claim.done();
    for end in ends {
        assert!(end.await.unwrap());
    }
    assert_eq!(inbox.push_all(vec![item(2)]), Err(Full));
    assert_eq!(inbox.push_waiting(item(2)).await, Err(Full));
}

#[tokio::test]
async fn a_sync_leaves_room_for_webhooks() {
    let inbox = inbox(4);
    inbox.push_waiting(item(1)).await.unwrap();
    let second = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.push_waiting(item(2)).await }
    });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    inbox.push_all(vec![item(3)]).unwrap();
    inbox.take().await.unwrap().done();
    inbox.take().await.unwrap().done();
    second.await.unwrap().unwrap();
}
