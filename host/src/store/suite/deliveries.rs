//! Deliveries coming in, once and again.

use super::*;
use crate::store::{Kept, Loaded, Seen, State};

pub(super) async fn a_delivery_and_its_items_are_kept(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1", "tree/42"]).await;

    assert_eq!(lanes_of(&items), ["pull/1", "tree/42"]);
    assert!(items[0].seq < items[1].seq);
    assert_eq!((items[0].tries, items[0].faults, items[0].due), (0, 0, 0));
    assert_eq!(
        (items[0].organization, items[0].source),
        (7, Source::Webhook)
    );
    let loaded = store.load(items[0].seq).await.unwrap().unwrap();
    let kept = Kept {
        guid: "a".to_owned(),
        event: "pull_request".to_owned(),
        payload: b"packed a".to_vec(),
    };
    let expected = Loaded {
        delivery: Some(kept),
        subject: None,
        fresh: false,
        force: false,
        told: false,
        seen: Seen::default(),
    };
    assert_eq!(loaded, expected);
    let summary = shown(store, "a").await;
    assert_eq!((summary.state, summary.waiting.len()), (State::Waiting, 2));

    store.record(done(&items[0])).await.unwrap();
    assert_eq!(store.load(items[0].seq).await.unwrap(), None);
    assert_eq!(shown(store, "a").await.state, State::Waiting);
    store.record(done(&items[1])).await.unwrap();
    assert_eq!(shown(store, "a").await.state, State::Done);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.deliveries, counts.waiting), (1, 0));
}

pub(super) async fn what_waits_is_not_taken_in_twice(place: &mut dyn Place) {
    take_in(place.store(), "a", &["pull/1"]).await;
    let again = place
        .store()
        .accept(delivery("a"), vec![item("pull/1")])
        .await;
    assert_eq!(again, Ok(Accepted::Waiting));
    place.restart().await;

    let again = place
        .store()
        .accept(delivery("a"), vec![item("pull/1")])
        .await;

    assert_eq!(again, Ok(Accepted::Waiting));
    assert_eq!(place.store().counts().await.unwrap().waiting, 1);
}

pub(super) async fn what_is_done_is_read_anew_when_it_comes_again(place: &mut dyn Place) {
    let first = take_in(place.store(), "a", &["pull/1"]).await;
    place.store().record(done(&first[0])).await.unwrap();
    place.restart().await;
    let store = place.store();

    let again = store
        .accept(delivery("a"), vec![item("pull/1")])
        .await
        .unwrap();

    let Accepted::Again(items) = again else {
        panic!("{again:?}");
    };
    assert_eq!(items[0].source, Source::Refresh);
    assert!(items[0].lease.is_some() && items[0].seq > first[0].seq);
    assert!(store.load(items[0].seq).await.unwrap().unwrap().fresh);
    assert_eq!(shown(store, "a").await.state, State::Waiting);
    assert_eq!(store.counts().await.unwrap().deliveries, 1);
}

pub(super) async fn what_comes_again_closes_what_was_in_quarantine(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1", "pull/2"]).await;
    let causes = [(Some("gitops"), "data", None), (None, "permission", None)];
    store.record(given_up(&items[0], &causes)).await.unwrap();
    store.record(done(&items[1])).await.unwrap();
    assert_eq!(shown(store, "a").await.state, State::Quarantined);

    let again = store
        .accept(delivery("a"), vec![item("pull/1")])
        .await
        .unwrap();

    let Accepted::Again(items) = again else {
        panic!("{again:?}");
    };
    assert_eq!(store.counts().await.unwrap().quarantined, 0);
    store.record(done(&items[0])).await.unwrap();
    assert_eq!(shown(store, "a").await.state, State::Done);
}

pub(super) async fn of_one_guid_brought_at_once_there_is_one_delivery(place: &mut dyn Place) {
    let store = place.store();
    let bring = || store.accept(delivery("a"), vec![item("pull/1")]);

    let (a, b, c) = tokio::join!(bring(), bring(), bring());

    let answers = [a.unwrap(), b.unwrap(), c.unwrap()];
    let new = |answer: &&Accepted| matches!(answer, Accepted::New(_));
    assert_eq!(answers.iter().filter(new).count(), 1, "{answers:?}");
    assert_eq!(store.counts().await.unwrap().waiting, 1);
}

pub(super) async fn a_payload_is_kept_to_the_byte(place: &mut dyn Place) {
    let payload: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let large = NewDelivery {
        payload: payload.clone(),
        ..delivery("a")
    };
    let accepted = place.store().accept(large, vec![item("pull/1")]).await;
    let Ok(Accepted::New(items)) = accepted else {
        panic!("{accepted:?}");
    };
    place.restart().await;

    let loaded = place.store().load(items[0].seq).await.unwrap().unwrap();

    assert!(loaded.delivery.unwrap().payload == payload);
}

pub(super) async fn those_that_nobody_brought_are_told(place: &mut dyn Place) {
    let store = place.store();
    take_in(store, "a", &["pull/1"]).await;
    let guids = ["a", "b", "c"].map(str::to_owned);

    let unknown = store.unknown(guids.to_vec()).await.unwrap();

    assert_eq!(Some(unknown), plugins(&["b", "c"]));
}
