//! What people look at, and what is forgotten.

use super::*;
use crate::store::{Change, Seen, State, retention};

fn ids(list: &[Summary]) -> Vec<&str> {
    list.iter().map(|summary| summary.id.as_str()).collect()
}

pub(super) async fn a_list_is_paged_the_newest_first(place: &mut dyn Place) {
    let store = place.store();
    for guid in ["a", "b", "c", "d", "e"] {
        take_in(store, guid, &["pull/1"]).await;
    }
    let page = |before| Filter {
        limit: 2,
        before,
        ..Filter::default()
    };

    let first = store.list(page(None)).await.unwrap();
    let second = store.list(page(Some(first[1].number))).await.unwrap();
    let last = store.list(page(Some(second[1].number))).await.unwrap();

    assert_eq!(ids(&first), ["e", "d"]);
    assert_eq!(ids(&second), ["c", "b"]);
    assert_eq!(ids(&last), ["a"]);
}

pub(super) async fn a_list_is_filtered(place: &mut dyn Place) {
    let store = place.store();
    take_in(store, "waits", &["pull/1"]).await;
    let items = take_in(store, "failed", &["pull/2"]).await;
    let cause = (Some("gitops"), "data", Some("service"));
    store.record(given_up(&items[0], &[cause])).await.unwrap();
    let push = NewDelivery {
        event: "push".to_owned(),
        repository: Some("acme/till".to_owned()),
        received: 5_000,
        ..delivery("push")
    };
    assert_eq!(store.accept(push, vec![]).await, Ok(Accepted::New(vec![])));

    let found = async |filter: Filter| {
        let list = store.list(filter).await.unwrap();
        list.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let any = Filter::default;
    let text = |text: &str| Some(text.to_owned());

    let of = |state| Filter {
        state: Some(state),
        ..any()
    };
    assert_eq!(found(of(State::Waiting)).await, ["waits"]);
    assert_eq!(found(of(State::Quarantined)).await, ["failed"]);
    assert_eq!(found(of(State::Done)).await, ["push"]);
    let by_event = Filter {
        event: text("push"),
        ..any()
    };
    assert_eq!(found(by_event).await, ["push"]);
    let by_repository = Filter {
        repository: text("acme/shop"),
        ..any()
    };
    assert_eq!(found(by_repository).await, ["failed", "waits"]);
    let since = Filter {
        since: Some(5_000),
        ..any()
    };
    assert_eq!(found(since).await, ["push"]);
    let until = Filter {
        until: Some(5_000),
        ..any()
    };
    assert_eq!(found(until).await, ["failed", "waits"]);
    for (cause, plugin, awaits) in [
        (text("data"), None, None),
        (None, text("gitops"), None),
        (None, None, text("service")),
    ] {
        assert_eq!(
            found(Filter {
                cause,
                plugin,
                awaits,
                ..any()
            })
            .await,
            ["failed"]
        );
    }
    let other = Filter {
        cause: text("data"),
        plugin: text("mapping"),
        ..any()
    };
    assert!(found(other).await.is_empty());
    let ids = ["push", "nobody", "waits"].map(str::to_owned).to_vec();
    assert_eq!(found(Filter { ids, ..any() }).await, ["push", "waits"]);
}

pub(super) async fn a_repository_is_found_in_whatever_case_and_whoever_brought_it(
    place: &mut dyn Place,
) {
    let store = place.store();
    take_in(store, "a", &["pull/1"]).await;
    let of = |lane: &str, name: &str| NewItem {
        whose: Some(name.to_owned()),
        ..listed(lane)
    };
    let added = vec![
        of("tree/42", "acme/shop"),
        of("tree/43", "acme/till"),
        listed("tree/44"),
    ];
    let added = store.add(added).await.unwrap();
    let id = format!("item-{}", added[0].seq);
    let found = async || {
        let shop = Filter {
            repository: Some("ACME/Shop".to_owned()),
            ..Filter::default()
        };
        store.list(shop).await.unwrap()
    };

    assert_eq!(ids(&found().await), [&id, "a"]);
    assert_eq!(found().await[0].repository.as_deref(), Some("acme/shop"));
    store
        .record(given_up(&added[0], &[(None, "data", None)]))
        .await
        .unwrap();
    let (_, again) = store.replay(named(&id), 3_000, false).await.unwrap();
    let id = format!("item-{}", again[0].seq);
    assert_eq!(
        ids(&found().await),
        [&id, "a"],
        "replayed, it is still that repository's"
    );
}

pub(super) async fn what_no_delivery_brought_is_listed_until_it_ends(place: &mut dyn Place) {
    let store = place.store();
    take_in(store, "a", &["pull/1"]).await;
    let added = store.add(vec![listed("tree/42")]).await.unwrap();
    let id = format!("item-{}", added[0].seq);

    assert_eq!(
        ids(&store.list(Filter::default()).await.unwrap()),
        [&id, "a"]
    );
    let (summary, payload) = store.show(&id).await.unwrap().unwrap();
    assert_eq!(
        (summary.source, summary.state),
        (Source::Listed, State::Waiting)
    );
    assert_eq!((summary.event.as_str(), payload), ("", None));
    assert_eq!(summary.waiting[0].subject, "tree/42");
    assert_eq!(store.show("item-1000000").await, Ok(None));
    assert_eq!(store.show("nobody").await, Ok(None));
    let (_, payload) = store.show("a").await.unwrap().unwrap();
    assert_eq!(payload, Some(b"packed a".to_vec()));

    store
        .record(given_up(&added[0], &[(None, "data", None)]))
        .await
        .unwrap();
    let (count, queued) = store.replay(named(&id), 3_000, false).await.unwrap();
    assert_eq!((count, lanes_of(&queued)), (1, vec!["tree/42"]));
    let loaded = store.load(queued[0].seq).await.unwrap().unwrap();
    assert_eq!(loaded.subject, Some(b"tree/42".to_vec()));
    store.record(done(&queued[0])).await.unwrap();
    assert_eq!(ids(&store.list(Filter::default()).await.unwrap()), ["a"]);
}

pub(super) async fn a_mark_is_what_was_set_last(place: &mut dyn Place) {
    assert_eq!(place.store().mark("log").await, Ok(None));
    place.store().set_mark("log", "1").await.unwrap();
    place.store().set_mark("log", "2").await.unwrap();
    place.restart().await;

    assert_eq!(place.store().mark("log").await, Ok(Some("2".to_owned())));
    assert_eq!(place.store().mark("other").await, Ok(None));
}

pub(super) async fn what_is_done_is_forgotten_in_two_steps(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["pull/1"]).await;
    store.record(done(&items[0])).await.unwrap();
    let payload = async || store.show("a").await.unwrap().map(|(_, payload)| payload);

    assert_eq!(
        store.compact(2_000 + retention::PAYLOAD - 1).await,
        Ok(false)
    );
    assert!(matches!(payload().await, Some(Some(_))));
    assert_eq!(store.compact(2_000 + retention::PAYLOAD).await, Ok(false));
    assert_eq!(payload().await, Some(None));
    // What names its subjects is gone: it can come again, but not be replayed.
    assert_eq!(
        store.replay(named("a"), 3_000, false).await,
        Ok((0, vec![]))
    );
    let again = store
        .accept(delivery("a"), vec![item("pull/1")])
        .await
        .unwrap();
    let Accepted::Again(items) = again else {
        panic!("{again:?}");
    };
    assert!(matches!(payload().await, Some(Some(_))));
    store.record(done(&items[0])).await.unwrap();

    while store.compact(2_000 + retention::DELIVERY).await.unwrap() {}
    assert_eq!(payload().await, None);
    assert_eq!(store.unknown(vec!["a".to_owned()]).await.unwrap().len(), 1);
}

pub(super) async fn a_subject_is_forgotten_when_the_ledger_holds_nothing_of_it(
    place: &mut dyn Place,
) {
    let store = place.store();
    let items = store
        .add(vec![listed("pull/1"), listed("pull/2")])
        .await
        .unwrap();
    for item in &items {
        let progress = Progress {
            ledger: match item.lane.as_str() {
                "pull/1" => vec![Change::Put(row("gitops", "pull/1", "shop"))],
                _ => vec![],
            },
            seen: Some(Seen {
                version: Some("5".to_owned()),
                gone: false,
            }),
            ..done(item)
        };
        store.record(progress).await.unwrap();
    }
    let version = async |lane: &str| {
        let items = store.add(vec![listed(lane)]).await.unwrap();
        store
            .load(items[0].seq)
            .await
            .unwrap()
            .unwrap()
            .seen
            .version
    };

    store.compact(2_000 + retention::SUBJECT - 1).await.unwrap();
    assert_eq!(version("pull/2").await.as_deref(), Some("5"));
    store.compact(2_000 + retention::SUBJECT).await.unwrap();

    assert_eq!(version("pull/2").await, None);
    assert_eq!(version("pull/1").await.as_deref(), Some("5"));
}

pub(super) async fn what_waits_is_never_forgotten(place: &mut dyn Place) {
    let store = place.store();
    take_in(store, "waits", &["pull/1"]).await;
    let items = take_in(store, "failed", &["pull/2"]).await;
    store
        .record(given_up(&items[0], &[(None, "data", None)]))
        .await
        .unwrap();

    while store
        .compact(2_000 + 10 * retention::DELIVERY)
        .await
        .unwrap()
    {}

    for guid in ["waits", "failed"] {
        let (_, payload) = store.show(guid).await.unwrap().unwrap();
        assert!(payload.is_some(), "{guid}");
    }
}
