use std::collections::BTreeSet;

use super::*;
use crate::store::memory::Memory;
use crate::store::{Cause, Change, NewDelivery, Row, Seen, Source};

fn item(lane: &str) -> NewItem {
    NewItem {
        lane: lane.to_owned(),
        source: Source::Webhook,
        organization: 1,
        repository: None,
        merges: false,
        fresh: false,
        force: false,
        plugins: None,
        delivery: None,
        subject: None,
        whose: None,
    }
}

fn delivery(guid: &str) -> NewDelivery {
    NewDelivery {
        guid: guid.to_owned(),
        event: "push".to_owned(),
        action: None,
        repository: None,
        source: Source::Webhook,
        received: 1,
        payload: guid.as_bytes().to_vec(),
    }
}

fn failure(class: Class, plugin: Option<&str>) -> Failure {
    Failure {
        plugin: plugin.map(str::to_owned),
        class,
        destination: None,
        after: None,
        why: "the blueprint `service` is not there".to_owned(),
        awaits: Some("service".to_owned()),
    }
}

fn row(identifier: &str) -> Row {
    Row {
        plugin: "p".to_owned(),
        subject: "a".to_owned(),
        organization: 1,
        repository: None,
        whose: "acme".to_owned(),
        blueprint: "service".to_owned(),
        identifier: identifier.to_owned(),
        digest: None,
        ours: false,
        written: 1,
        waits: None,
    }
}

fn new() -> (Arc<Memory>, Inbox) {
    let store = Arc::new(Memory::default());
    (store.clone(), Inbox::new(store))
}

/// The host crashes and begins again.
async fn restarted(store: &Arc<Memory>) -> Inbox {
    store.restart();
    let inbox = Inbox::new(store.clone());
    inbox.load().await.unwrap();
    inbox
}

#[tokio::test]
async fn what_a_delivery_brought_is_worked_on_and_is_then_done() {
    let (store, inbox) = new();
    inbox
        .accept(delivery("one"), vec![item("a"), item("b")])
        .await
        .unwrap();
    let claim = inbox.take().await.unwrap();
    assert_eq!((claim.lane(), claim.taken().tries), ("a", 0));
    let loaded = claim.load().await.unwrap().unwrap();
    assert_eq!(loaded.delivery.unwrap().payload, b"one");
    let other = inbox.take().await.unwrap();
    assert_eq!(
        inbox.counts(),
        Counts {
            items: 2,
            in_hand: 2,
            lanes: 2
        }
    );

    assert!(claim.end().await.unwrap().is_done());
    assert!(other.end().await.unwrap().is_done());
    assert_eq!(store.counts().await.unwrap().waiting, 0);
    assert_eq!(inbox.counts(), Counts::default());
    assert!(matches!(
        inbox.accept(delivery("one"), vec![item("a")]).await,
        Ok(Accepted::Again(_))
    ));
    assert_eq!(inbox.take().await.unwrap().source(), Source::Refresh);
}

#[tokio::test]
async fn a_worker_that_waits_is_woken_by_what_comes_and_by_what_is_due() {
    let (_, inbox) = new();
    let waiting = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.take().await.unwrap().lane().to_owned() }
    });
    tokio::task::yield_now().await;
    inbox.add(vec![item("a")]).await.unwrap();
    assert_eq!(waiting.await.unwrap(), "a");

    let (store, inbox) = new();
    let mut added = store.add(vec![item("b")]).await.unwrap();
    added[0].due = inbox.0.now() + 30;
    inbox.take_over(&added);
    let taken = inbox.take().await.unwrap();
    assert!(inbox.0.now() >= added[0].due);
    assert_eq!(taken.lane(), "b");
}

#[tokio::test]
async fn a_crash_forgets_nothing_of_how_an_item_fared() {
    let (store, inbox) = new();
    inbox.add(vec![item("a"), item("a")]).await.unwrap();
    let mut claim = inbox.take().await.unwrap();
    claim.seen(Seen {
        version: Some("2".to_owned()),
        gone: false,
    });
    claim.settled("well", Vec::new());
    claim.failed(Failure {
        destination: Some(Destination::Port),
        ..failure(Class::Transient, Some("sick"))
    });
    let ended = claim.end().await.unwrap();
    assert_eq!(
        ended.to_string(),
        "waits until Port answers again: the blueprint `service` is not there"
    );
    assert_eq!(inbox.away()[0].destination, Destination::Port);

    let inbox = restarted(&store).await;
    assert_eq!(inbox.counts().items, 2);
    let claim = inbox.take().await.unwrap();
    assert_eq!(claim.taken().tries, 1);
    assert!(claim.wants("sick") && !claim.wants("well"));
    let seen = claim.load().await.unwrap().unwrap().seen;
    assert_eq!(seen.version.as_deref(), Some("2"));
}

#[tokio::test]
async fn what_is_about_to_be_sent_is_on_record_before_it_is_and_the_item_with_it_at_the_end() {
    let (store, inbox) = new();
    inbox.add(vec![item("a")]).await.unwrap();
    let mut claim = inbox.take().await.unwrap();
    claim.keep(vec![Change::Put(row("shop"))]).await.unwrap();
    assert_eq!(store.counts().await.unwrap().entities, 1);
    assert_eq!(store.counts().await.unwrap().waiting, 1);
    claim.settled("p", vec![Change::Put(row("cart"))]);
    assert_eq!(store.counts().await.unwrap().entities, 1);
    claim.adds(vec![item("b")]);
    assert!(!claim.wants("p") && claim.wants("q"));
    claim.end().await.unwrap();
    assert_eq!(store.counts().await.unwrap().entities, 2);
    assert_eq!(inbox.take().await.unwrap().lane(), "b");
}

#[tokio::test]
async fn what_was_given_up_for_want_of_a_blueprint_comes_back_when_it_is_there() {
    let (store, inbox) = new();
    inbox.add(vec![item("a")]).await.unwrap();
    let mut claim = inbox.take().await.unwrap();
    claim.failed(failure(Class::Permission, Some("p")));
    let ended = claim.end().await.unwrap();
    assert_eq!(
        ended.to_string(),
        "in quarantine for p (permission): the blueprint `service` is not there"
    );
    assert_eq!(store.counts().await.unwrap().quarantined, 1);
    assert_eq!(inbox.appeared("team").await.unwrap(), 0);
    assert_eq!(inbox.appeared("service").await.unwrap(), 1);
    let claim = inbox.take().await.unwrap();
    assert!(claim.wants("p") && !claim.wants("q"));
}

#[tokio::test]
async fn what_panics_three_times_is_given_up_as_a_bug_and_its_lane_goes_on() {
    let (store, inbox) = new();
    let mut added = store.add(vec![item("a"), item("a")]).await.unwrap();
    added.truncate(1);
    inbox.take_over(&added);
    let mut claim = inbox.take().await.unwrap();
    for _ in 0..3 {
        let panics = tokio::spawn(async move {
            let _claim = claim;
            panic!("on purpose");
        });
        assert!(panics.await.is_err());
        // The rest after the second panic is the rules' to test.
        let now = inbox.0.now() + 120_000;
        let taken = inbox.0.rules().take(now).unwrap();
        claim = Claim::new(inbox.0.clone(), taken);
    }
    assert!(claim.is_hopeless());
    inbox.give_up(claim).await;
    assert_eq!(store.counts().await.unwrap().quarantined, 1);
    let list = store.list(Filter::default()).await.unwrap();
    let aside = list.iter().flat_map(|one| &one.quarantined).next().unwrap();
    let Cause { class, why, .. } = &aside.cause;
    assert_eq!(class, "bug");
    assert!(why.contains("panicked"), "{why}");
}

#[tokio::test]
async fn a_store_in_trouble_costs_an_item_nothing_but_time() {
    let (store, inbox) = new();
    store.trouble(Some(Error::Full("0 bytes".to_owned())));
    let refused = inbox.accept(delivery("one"), vec![item("a")]).await;
    assert_eq!(refused, Err(Error::Full("0 bytes".to_owned())));
    assert_eq!(inbox.counts().items, 0);

    store.trouble(None);
    inbox
        .accept(delivery("one"), vec![item("a")])
        .await
        .unwrap();
    store.trouble(Some(Error::Broken("bad disk".to_owned())));
    for _ in 0..5 {
        let taken = inbox.0.rules().take(inbox.0.now() + 60_000).unwrap();
        let mut claim = Claim::new(inbox.0.clone(), taken);
        assert!(!claim.is_hopeless());
        assert!(claim.keep(Vec::new()).await.is_err());
        // Whoever is failed by the store lets go of it.
        drop(claim);
    }
    store.trouble(None);
    let taken = inbox.0.rules().take(inbox.0.now() + 60_000).unwrap();
    let mut claim = Claim::new(inbox.0.clone(), taken);
    store.trouble(Some(Error::Broken("bad disk".to_owned())));
    assert!(claim.keep(Vec::new()).await.is_err());
    store.trouble(None);
    // What was not kept is done once more, all of it.
    assert_eq!(claim.end().await, Err(Error::Broken("bad disk".to_owned())));
    assert_eq!(store.counts().await.unwrap().waiting, 1);
    assert_eq!(
        inbox.counts(),
        Counts {
            items: 1,
            in_hand: 0,
            lanes: 1
        }
    );
}

#[tokio::test]
async fn what_somebody_else_has_taken_over_is_theirs() {
    let (store, inbox) = new();
    inbox.add(vec![item("a"), item("a")]).await.unwrap();
    let claim = inbox.take().await.unwrap();
    store.restart();
    assert_eq!(claim.end().await, Err(Error::Lease));
    assert_eq!(inbox.counts(), Counts::default());
}

#[tokio::test]
async fn a_closed_inbox_hands_out_nothing_and_what_is_in_hand_may_end() {
    let (store, inbox) = new();
    inbox.add(vec![item("a"), item("b")]).await.unwrap();
    let claim = inbox.take().await.unwrap();
    let waiting = tokio::spawn({
        let inbox = inbox.clone();
        async move {
            let second = inbox.take().await;
            (second, inbox.take().await.is_none())
        }
    });
    tokio::task::yield_now().await;
    inbox.close();
    let (second, ended) = waiting.await.unwrap();
    assert!(ended);
    claim.end().await.unwrap();
    drop(second);
    assert!(inbox.take().await.is_none());
    assert_eq!(store.counts().await.unwrap().waiting, 1);
    let again = restarted(&store).await;
    assert_eq!(again.take().await.unwrap().lane(), "b");
}

#[tokio::test]
async fn all_that_waits_is_loaded_page_by_page() {
    let (store, _) = new();
    let lanes: Vec<_> = (0..PAGE + 5).map(|lane| item(&lane.to_string())).collect();
    store.add(lanes).await.unwrap();
    store.restart();
    let inbox = Inbox::new(store.clone());
    assert_eq!(inbox.load().await.unwrap(), PAGE + 5);
    let mut seen = BTreeSet::new();
    for _ in 0..PAGE + 5 {
        let claim = inbox.take().await.unwrap();
        seen.insert(claim.lane().to_owned());
        claim.end().await.unwrap();
    }
    assert_eq!(seen.len(), PAGE + 5);
}
