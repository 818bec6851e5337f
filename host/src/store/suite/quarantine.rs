//! What was given up, until somebody decides about it.

use super::*;
use std::collections::BTreeSet;

use crate::store::{HELD, State};

pub(super) async fn a_finished_item_stays_for_what_is_in_quarantine(place: &mut dyn Place) {
    let items = take_in(place.store(), "a", &["pull/1"]).await;
    let causes = [
        (Some("gitops"), "data", Some("service")),
        (None, "permission", None),
    ];
    place
        .store()
        .record(given_up(&items[0], &causes))
        .await
        .unwrap();
    place.restart().await;
    let store = place.store();

    assert_eq!(store.claim(10).await.unwrap(), []);
    assert_eq!(store.load(items[0].seq).await.unwrap(), None);
    let summary = shown(store, "a").await;
    assert_eq!(summary.state, State::Quarantined);
    let shown: Vec<_> = summary
        .quarantined
        .iter()
        .map(|one| (one.plugin.as_deref(), one.cause.class.as_str(), one.at))
        .collect();
    assert_eq!(
        shown,
        [(None, "permission", 2_000), (Some("gitops"), "data", 2_000)]
    );
    assert_eq!(summary.quarantined[1].cause.why, "it is data");
}

pub(super) async fn a_newer_state_of_the_same_subject_supersedes_what_was_given_up(
    place: &mut dyn Place,
) {
    let store = place.store();
    let causes = [
        (Some("gitops"), "data", None),
        (Some("mapping"), "data", None),
    ];
    let first = take_in(store, "a", &["pull/1"]).await;
    store.record(given_up(&first[0], &causes)).await.unwrap();
    let other = take_in(store, "b", &["pull/2"]).await;
    store.record(given_up(&other[0], &causes)).await.unwrap();
    let second = take_in(store, "c", &["pull/1"]).await;

    for (plugin, left) in [("gitops", State::Quarantined), ("mapping", State::Done)] {
        let progress = Progress {
            supersedes: BTreeSet::from([plugin.to_owned()]),
            ..given_up(&second[0], &[])
        };
        store.record(progress).await.unwrap();
        assert_eq!(shown(store, "a").await.state, left, "{plugin}");
    }
    assert_eq!(shown(store, "b").await.quarantined.len(), 2);
}

pub(super) async fn what_was_held_is_agreed_to_by_whoever_replays_it(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1", "pull/2"]).await;
    let causes = [
        (Some("gitops"), HELD, None),
        (Some("mapping"), "data", None),
    ];
    store.record(given_up(&items[0], &causes)).await.unwrap();
    store
        .record(given_up(&items[1], &causes[1..]))
        .await
        .unwrap();

    let (count, queued) = store.replay(Filter::default(), 3_000, false).await.unwrap();

    // Of one item the plugin alone for which it was held.
    let mut forced = Vec::new();
    for item in &queued {
        let plugins = item
            .plugins
            .iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(",");
        let loaded = store.load(item.seq).await.unwrap().unwrap();
        forced.push((item.lane.as_str(), plugins, loaded.force));
    }
    assert_eq!(
        forced,
        [
            ("pull/1", "mapping".to_owned(), false),
            ("pull/1", "gitops".to_owned(), true),
            ("pull/2", "mapping".to_owned(), false)
        ]
    );
    assert_eq!(count, 3);
    assert_eq!(store.counts().await.unwrap().quarantined, 0);
    for item in &queued {
        store.record(done(item)).await.unwrap();
    }
    assert_eq!(shown(store, "a").await.state, State::Done);
}

pub(super) async fn who_agreed_once_is_asked_again(place: &mut dyn Place) {
    let store = place.store();
    let merges = NewItem {
        merges: true,
        ..item("pull/1")
    };
    let accepted = store.accept(delivery("a"), vec![merges]).await;
    let Ok(Accepted::New(items)) = accepted else {
        panic!("{accepted:?}");
    };
    let held = [(Some("gitops"), HELD, None)];
    store.record(given_up(&items[0], &held)).await.unwrap();
    let (_, agreed) = store.replay(named("a"), 3_000, false).await.unwrap();
    assert!(store.load(agreed[0].seq).await.unwrap().unwrap().force);
    assert!(!agreed[0].merges, "nothing else may stand for it");

    // It failed for another reason, and what there is to delete may be other than it was.
    let missing = [(Some("gitops"), "missing", Some("service"))];
    store.record(given_up(&agreed[0], &missing)).await.unwrap();
    let awaits = Filter {
        awaits: Some("service".to_owned()),
        ..Filter::default()
    };
    let (_, queued) = store.replay(awaits, 4_000, false).await.unwrap();

    assert!(!store.load(queued[0].seq).await.unwrap().unwrap().force);
}

pub(super) async fn a_replay_is_counted_before_it_is_done(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1"]).await;
    let causes = [
        (Some("gitops"), "data", None),
        (Some("mapping"), "data", None),
    ];
    store.record(given_up(&items[0], &causes)).await.unwrap();
    let still_waits = take_in(store, "b", &["pull/1"]).await;

    let dry = store.replay(Filter::default(), 3_000, true).await.unwrap();
    assert_eq!(dry, (2, vec![]));
    assert_eq!(shown(store, "a").await.state, State::Quarantined);

    let (count, queued) = store.replay(Filter::default(), 3_000, false).await.unwrap();

    assert_eq!((count, queued.len()), (2, 1));
    assert!(queued[0].seq > still_waits[0].seq);
    assert_eq!(queued[0].source, Source::Refresh);
    assert_eq!(queued[0].plugins, plugins(&["gitops", "mapping"]));
    let loaded = store.load(queued[0].seq).await.unwrap().unwrap();
    assert!(loaded.fresh);
    assert_eq!(loaded.delivery.unwrap().payload, b"packed a");
    let summary = shown(store, "a").await;
    assert_eq!(
        (summary.state, summary.quarantined),
        (State::Waiting, vec![])
    );
    store.record(done(&queued[0])).await.unwrap();
    assert_eq!(shown(store, "a").await.state, State::Done);
}

pub(super) async fn a_replay_takes_one_cause_alone(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1"]).await;
    let causes = [
        (Some("gitops"), "data", Some("service")),
        (Some("mapping"), "plugin", None),
    ];
    store.record(given_up(&items[0], &causes)).await.unwrap();
    let no_plugin = take_in(store, "b", &["pull/2"]).await;
    store
        .record(given_up(&no_plugin[0], &[(None, "permission", None)]))
        .await
        .unwrap();
    let awaits = |what: &str| Filter {
        awaits: Some(what.to_owned()),
        ..Filter::default()
    };

    assert_eq!(
        store.replay(awaits("team"), 3_000, false).await,
        Ok((0, vec![]))
    );
    let (count, queued) = store.replay(awaits("service"), 3_000, false).await.unwrap();

    assert_eq!((count, queued.len()), (1, 1));
    assert_eq!(queued[0].plugins, plugins(&["gitops"]));
    let summary = shown(store, "a").await;
    assert_eq!(summary.quarantined.len(), 1);
    assert_eq!(summary.quarantined[0].plugin.as_deref(), Some("mapping"));
    store.record(done(&queued[0])).await.unwrap();
    assert_eq!(shown(store, "a").await.state, State::Quarantined);

    let permission = Filter {
        cause: Some("permission".to_owned()),
        ..Filter::default()
    };
    let (_, queued) = store.replay(permission, 3_000, false).await.unwrap();
    assert_eq!(
        (lanes_of(&queued), &queued[0].plugins),
        (vec!["pull/2"], &None)
    );
}

pub(super) async fn a_delivery_that_is_done_is_replayed_when_it_is_named(place: &mut dyn Place) {
    let store = place.store();
    let only = NewItem {
        plugins: plugins(&["gitops"]),
        ..item("pull/1")
    };
    let accepted = store
        .accept(delivery("a"), vec![only, item("tree/42")])
        .await;
    let Ok(Accepted::New(items)) = accepted else {
        panic!("{accepted:?}");
    };
    for item in &items {
        store.record(done(item)).await.unwrap();
    }

    // A replay of everything means everything in quarantine.
    assert_eq!(
        store.replay(Filter::default(), 3_000, false).await,
        Ok((0, vec![]))
    );
    assert_eq!(store.replay(named("a"), 3_000, true).await, Ok((2, vec![])));
    let (count, queued) = store.replay(named("a"), 3_000, false).await.unwrap();

    assert_eq!((count, lanes_of(&queued)), (2, vec!["pull/1", "tree/42"]));
    assert_eq!(queued[0].plugins, plugins(&["gitops"]));
    let loaded = store.load(queued[1].seq).await.unwrap().unwrap();
    assert_eq!((loaded.fresh, loaded.delivery.is_some()), (true, true));
    assert_eq!(shown(store, "a").await.state, State::Waiting);
    assert_eq!(
        store.replay(named("b"), 3_000, false).await,
        Ok((0, vec![]))
    );
}

pub(super) async fn what_is_dropped_is_done(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1"]).await;
    let causes = [
        (Some("gitops"), "data", None),
        (Some("mapping"), "plugin", None),
    ];
    store.record(given_up(&items[0], &causes)).await.unwrap();
    let added = store.add(vec![listed("tree/42")]).await.unwrap();
    store
        .record(given_up(&added[0], &[(None, "data", None)]))
        .await
        .unwrap();
    let data = Filter {
        cause: Some("data".to_owned()),
        ..Filter::default()
    };

    assert_eq!(store.drop(data.clone(), true).await, Ok(2));
    assert_eq!(store.counts().await.unwrap().quarantined, 3);
    assert_eq!(store.drop(data, false).await, Ok(2));

    assert_eq!(shown(store, "a").await.state, State::Quarantined);
    assert_eq!(store.drop(named("a"), false).await, Ok(1));
    assert_eq!(shown(store, "a").await.state, State::Done);
    assert_eq!(store.list(Filter::default()).await.unwrap().len(), 1);
    assert_eq!(store.drop(Filter::default(), false).await, Ok(0));
}

pub(super) async fn what_is_awaited_is_counted(place: &mut dyn Place) {
    let store = place.store();
    for (guid, awaits) in [
        ("a", Some("team")),
        ("b", Some("service")),
        ("c", Some("team")),
        ("d", None),
    ] {
        let items = take_in(store, guid, &["pull/1"]).await;
        store
            .record(given_up(&items[0], &[(Some("gitops"), "data", awaits)]))
            .await
            .unwrap();
    }

    let awaited = store.awaited().await.unwrap();

    assert_eq!(awaited, [("service".to_owned(), 1), ("team".to_owned(), 2)]);
}
