//! Whose lanes are, and in which order they are handed out.

use super::*;
use crate::store::Error;

pub(super) async fn what_comes_in_is_worked_on_at_once(place: &mut dyn Place) {
    let store = place.store();
    let brought = take_in(store, "a", &["pull/1"]).await;
    let added = store.add(vec![listed("tree/42")]).await.unwrap();

    assert!(brought[0].lease.is_some());
    assert_eq!(added[0].lease, brought[0].lease);
    assert_eq!(store.claim(10).await.unwrap(), []);
    let loaded = store.load(added[0].seq).await.unwrap().unwrap();
    assert_eq!(
        (loaded.delivery, loaded.subject),
        (None, Some(b"tree/42".to_vec()))
    );
}

pub(super) async fn after_a_crash_lanes_are_claimed_whole_webhooks_first(place: &mut dyn Place) {
    let store = place.store();
    store.add(vec![listed("tree/1")]).await.unwrap();
    take_in(store, "a", &["pull/1", "pull/2"]).await;
    take_in(store, "b", &["pull/1"]).await;
    let finished = take_in(store, "c", &["pull/3"]).await;
    store.record(done(&finished[0])).await.unwrap();
    place.restart().await;
    let store = place.store();

    let first = store.claim(1).await.unwrap();
    let others = store.claim(10).await.unwrap();

    assert_eq!(lanes_of(&first), ["pull/1", "pull/1"]);
    assert!(first[0].seq < first[1].seq && first[0].lease.is_some());
    assert_eq!(lanes_of(&others), ["pull/2", "tree/1"]);
    assert_eq!(store.claim(10).await.unwrap(), []);
}

pub(super) async fn a_webhook_brings_its_lane_forward(place: &mut dyn Place) {
    let lanes = ["tree/1", "tree/2"].map(listed);
    place.store().add(lanes.to_vec()).await.unwrap();
    place.restart().await;
    let store = place.store();

    take_in(store, "a", &["tree/2"]).await;

    assert_eq!(
        lanes_of(&store.claim(1).await.unwrap()),
        ["tree/2", "tree/2"]
    );
}

pub(super) async fn behind_what_is_unclaimed_new_items_wait(place: &mut dyn Place) {
    take_in(place.store(), "a", &["pull/1"]).await;
    place.restart().await;
    let store = place.store();

    let behind = take_in(store, "b", &["pull/1", "pull/2"]).await;

    assert_eq!(behind[0].lease, None);
    assert!(behind[1].lease.is_some());
    let claimed = store.claim(10).await.unwrap();
    assert_eq!(lanes_of(&claimed), ["pull/1", "pull/1"]);
    assert_eq!(claimed[1].seq, behind[0].seq);
    let now = take_in(store, "c", &["pull/1"]).await;
    assert_eq!(now[0].lease, claimed[0].lease);
}

pub(super) async fn a_lease_ends_with_its_process(place: &mut dyn Place) {
    let items = take_in(place.store(), "a", &["pull/1"]).await;
    place.restart().await;
    let store = place.store();
    let claimed = store.claim(10).await.unwrap();
    let late = Progress {
        ledger: vec![crate::store::Change::Put(row("gitops", "pull/1", "shop"))],
        ..done(&items[0])
    };

    assert_eq!(store.record(late).await, Err(Error::Lease));

    assert_eq!(store.counts().await.unwrap().entities, 0);
    assert_eq!(claimed[0].seq, items[0].seq);
    store.record(done(&claimed[0])).await.unwrap();
    assert_eq!(store.counts().await.unwrap().waiting, 0);
}

pub(super) async fn what_waits_is_found_as_it_was(place: &mut dyn Place) {
    let items = take_in(place.store(), "a", &["pull/1"]).await;
    let waits = Progress {
        rest: Rest::Waits {
            plugins: plugins(&["gitops"]),
            tries: 3,
            faults: 1,
            due: 9_000,
            why: "Port does not answer".to_owned(),
        },
        ..in_hand(&items[0])
    };
    place.store().record(waits).await.unwrap();
    let summary = shown(place.store(), "a").await;
    let waiting = &summary.waiting[0];
    assert_eq!((waiting.tries, waiting.due), (3, 9_000));
    assert_eq!(waiting.why.as_deref(), Some("Port does not answer"));
    place.restart().await;

    let claimed = place.store().claim(10).await.unwrap();

    let expected = Waiting {
        lease: claimed[0].lease,
        tries: 3,
        faults: 1,
        due: 9_000,
        plugins: plugins(&["gitops"]),
        ..items[0].clone()
    };
    assert_eq!(claimed, [expected]);
}
