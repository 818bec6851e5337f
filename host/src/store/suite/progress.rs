//! What was done about an item, and what is remembered of it.

use super::*;
use crate::store::{Change, Producers, Seen, State, Undeleted};

fn key(identifier: &str) -> BTreeSet<(String, String)> {
    BTreeSet::from([("service".to_owned(), identifier.to_owned())])
}

async fn produced(store: &dyn Store, rows: &[Row]) {
    let items = store.add(vec![listed("tree/0")]).await.unwrap();
    let ledger = rows.iter().cloned().map(Change::Put).collect();
    let progress = Progress {
        ledger,
        ..done(&items[0])
    };
    store.record(progress).await.unwrap();
}

async fn change(store: &dyn Store, change: Change) {
    let items = store.add(vec![listed("tree/0")]).await.unwrap();
    let progress = Progress {
        ledger: vec![change],
        ..done(&items[0])
    };
    store.record(progress).await.unwrap();
}

pub(super) async fn what_was_done_is_kept_in_one_piece(place: &mut dyn Place) {
    let items = take_in(place.store(), "a", &["pull/1"]).await;
    let progress = Progress {
        ledger: vec![Change::Put(row("gitops", "pull/1", "shop"))],
        seen: Some(Seen {
            version: Some("2026-11-22T10:00:00Z".to_owned()),
            gone: false,
        }),
        adds: vec![listed("tree/42")],
        ..given_up(&items[0], &[(Some("mapping"), "data", None)])
    };

    let added = place.store().record(progress).await.unwrap();

    assert_eq!(lanes_of(&added), ["tree/42"]);
    assert!(added[0].lease.is_some());
    place.restart().await;
    let store = place.store();
    let counts = store.counts().await.unwrap();
    assert_eq!(
        (counts.entities, counts.quarantined, counts.waiting),
        (1, 1, 1)
    );
    let own = store
        .producers("gitops", "pull/1", BTreeSet::new())
        .await
        .unwrap()
        .own;
    assert_eq!(own, [row("gitops", "pull/1", "shop")]);
    let next = take_in(store, "b", &["pull/1"]).await;
    let seen = store.load(next[0].seq).await.unwrap().unwrap().seen;
    assert_eq!(seen.version.as_deref(), Some("2026-11-22T10:00:00Z"));
}

pub(super) async fn what_follows_keeps_its_delivery_open(place: &mut dyn Place) {
    let store = place.store();
    let items = take_in(store, "a", &["installation/1"]).await;
    let follows = NewItem {
        delivery: Some("a".to_owned()),
        ..item("tree/42")
    };
    let of_none = NewItem {
        delivery: Some("nobody knows it".to_owned()),
        ..item("tree/43")
    };
    let progress = Progress {
        adds: vec![follows, of_none],
        ..done(&items[0])
    };

    let added = store.record(progress).await.unwrap();

    assert_eq!(shown(store, "a").await.state, State::Waiting);
    let loaded = store.load(added[0].seq).await.unwrap().unwrap();
    assert_eq!(loaded.delivery.unwrap().guid, "a");
    assert_eq!(
        store.load(added[1].seq).await.unwrap().unwrap().delivery,
        None
    );
    store.record(done(&added[0])).await.unwrap();
    assert_eq!(shown(store, "a").await.state, State::Done);
}

pub(super) async fn an_item_ends_with_those_it_stands_for(place: &mut dyn Place) {
    let store = place.store();
    let older = take_in(store, "a", &["tree/42"]).await;
    let newer = take_in(store, "b", &["tree/42"]).await;
    let progress = Progress {
        stood_for: vec![older[0].seq],
        ..done(&newer[0])
    };

    store.record(progress).await.unwrap();

    assert_eq!(shown(store, "a").await.state, State::Done);
    assert_eq!(shown(store, "b").await.state, State::Done);
    assert_eq!(store.counts().await.unwrap().waiting, 0);
}

/// What is known of a subject after it was seen so, one after the other.
async fn seen(store: &dyn Store, seen: &[(Option<&str>, bool)]) -> Seen {
    for (version, gone) in seen {
        let items = store.add(vec![listed("pull/1")]).await.unwrap();
        let progress = Progress {
            seen: Some(Seen {
                version: version.map(str::to_owned),
                gone: *gone,
            }),
            ..done(&items[0])
        };
        store.record(progress).await.unwrap();
    }
    let items = store.add(vec![listed("pull/1")]).await.unwrap();
    store.load(items[0].seq).await.unwrap().unwrap().seen
}

pub(super) async fn an_older_version_says_nothing(place: &mut dyn Place) {
    let store = place.store();
    let newest = seen(
        store,
        &[(Some("5"), false), (Some("7"), false), (Some("6"), false)],
    )
    .await;
    assert_eq!(newest.version.as_deref(), Some("7"));

    let without = seen(store, &[(None, false)]).await;
    assert_eq!(without.version.as_deref(), Some("7"));
}

pub(super) async fn what_is_gone_keeps_its_version(place: &mut dyn Place) {
    let store = place.store();
    let gone = |version: &str, gone| Seen {
        version: Some(version.to_owned()),
        gone,
    };
    assert_eq!(
        seen(store, &[(Some("5"), false), (None, true)]).await,
        gone("5", true)
    );
    // What was under way before it went does not bring it back; what came after does.
    assert_eq!(seen(store, &[(Some("4"), false)]).await, gone("5", true));
    assert_eq!(seen(store, &[(Some("6"), false)]).await, gone("6", false));
    assert_eq!(seen(store, &[(Some("3"), true)]).await, gone("6", true));
    assert_eq!(seen(store, &[(None, false)]).await, gone("6", false));
}

pub(super) async fn keys_are_found_with_all_their_producers(place: &mut dyn Place) {
    let store = place.store();
    let rows = [
        row("gitops", "tree/1", "shop"),
        row("gitops", "tree/1", "till"),
        row("gitops", "tree/2", "shop"),
        row("mapping", "tree/1", "cart"),
        row("mapping", "tree/1", "till"),
        row("mapping", "tree/3", "elsewhere"),
    ];
    produced(store, &rows).await;

    let found = store
        .producers("gitops", "tree/1", key("cart"))
        .await
        .unwrap();

    let expected = Producers {
        own: vec![rows[0].clone(), rows[1].clone()],
        others: vec![rows[3].clone(), rows[2].clone(), rows[4].clone()],
    };
    assert_eq!(found, expected);
}

pub(super) async fn a_key_is_forgotten_and_inherited(place: &mut dyn Place) {
    let store = place.store();
    let merely = Row {
        ours: false,
        ..row("mapping", "tree/2", "shop")
    };
    produced(store, &[row("gitops", "tree/1", "shop"), merely.clone()]).await;
    let (plugin, subject) = ("gitops".to_owned(), "tree/1".to_owned());
    let (blueprint, identifier) = ("service".to_owned(), "shop".to_owned());
    let forget = Change::Forget {
        plugin: plugin.clone(),
        subject: subject.clone(),
        blueprint: blueprint.clone(),
        identifier: identifier.clone(),
    };

    change(store, forget).await;

    let found = store
        .producers("gitops", "tree/1", BTreeSet::new())
        .await
        .unwrap();
    assert_eq!(found.own[0].digest, Some([1; 32]));
    assert_eq!(
        (found.others[0].digest, found.others[0].ours),
        (None, false)
    );

    let remove = Change::Remove {
        plugin,
        subject,
        blueprint: blueprint.clone(),
        identifier: identifier.clone(),
    };
    change(store, remove).await;
    change(
        store,
        Change::Inherit {
            blueprint,
            identifier,
        },
    )
    .await;

    let heir = Row {
        digest: None,
        ours: true,
        ..merely
    };
    let found = store
        .producers("mapping", "tree/2", BTreeSet::new())
        .await
        .unwrap();
    assert_eq!((found.own, found.others), (vec![heir], vec![]));
}

pub(super) async fn what_is_to_go_and_waits_is_told_with_what_for(place: &mut dyn Place) {
    let waits = |plugin: &str, subject: &str, identifier: &str, why: &str| Row {
        waits: Some(why.to_owned()),
        ..row(plugin, subject, identifier)
    };
    let mut rows = vec![
        row("gitops", "tree/1", "stays"),
        waits("gitops", "tree/1", "cart", "for `web`"),
        waits("gitops", "tree/1", "pay", "for a person"),
        waits("mapping", "tree/2", "cart", "for `web`"),
    ];
    rows.extend((10..25).map(|n| waits("gitops", "tree/1", &format!("s{n}"), "for `web`")));
    produced(place.store(), &rows).await;
    place.restart().await;
    let store = place.store();

    let told = store.undeleted().await.unwrap();

    let told: Vec<_> = told
        .iter()
        .map(|one| {
            let Undeleted {
                plugin,
                subject,
                whose,
                blueprint,
                why,
                ..
            } = one;
            assert_eq!(
                (whose.as_str(), blueprint.as_str()),
                ("acme/shop", "service")
            );
            (
                plugin.as_str(),
                subject.as_str(),
                why.as_str(),
                one.count,
                one.identifiers.len(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("gitops", "tree/1", "for `web`", 16, 10),
            ("gitops", "tree/1", "for a person", 1, 1),
            ("mapping", "tree/2", "for `web`", 1, 1),
        ]
    );
    assert_eq!(store.counts().await.unwrap().undeleted, 18);
    let first = &store.undeleted().await.unwrap()[0].identifiers;
    assert_eq!(first[..2], ["cart", "s10"]);

    produced(store, &[row("gitops", "tree/1", "cart")]).await;
    assert_eq!(store.counts().await.unwrap().undeleted, 17);
}

pub(super) async fn a_producer_is_counted_by_organization(place: &mut dyn Place) {
    let store = place.store();
    let elsewhere = Row {
        organization: u64::MAX,
        ..row("gitops", "tree/3", "far")
    };
    let rows = [
        row("gitops", "tree/1", "shop"),
        row("gitops", "tree/2", "till"),
        row("mapping", "tree/1", "cart"),
        elsewhere,
    ];
    produced(store, &rows).await;

    assert_eq!(store.held("gitops", 7).await, Ok(2));
    assert_eq!(store.held("gitops", u64::MAX).await, Ok(1));
    assert_eq!(store.held("codeowners", 7).await, Ok(0));
}

pub(super) async fn a_repositorys_subjects_are_found(place: &mut dyn Place) {
    let store = place.store();
    let elsewhere = Row {
        repository: None,
        ..row("gitops", "team/3", "far")
    };
    let rows = [
        row("mapping", "tree/1", "shop"),
        row("gitops", "tree/1", "shop"),
        row("gitops", "tree/1", "till"),
        row("gitops", "pull/1", "cart"),
        elsewhere,
    ];
    produced(store, &rows).await;

    let found = store.subjects(42).await.unwrap();

    let pair = |subject: &str, plugin: &str| (subject.to_owned(), plugin.to_owned());
    let expected = [
        pair("pull/1", "gitops"),
        pair("tree/1", "gitops"),
        pair("tree/1", "mapping"),
    ];
    assert_eq!(found, expected);
}
