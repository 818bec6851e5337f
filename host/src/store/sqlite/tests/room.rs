//! Too little room.

use std::fs;

use super::full::Ballast;
use super::*;
use crate::store::{Change, Row};

/// No page more than there are.
async fn fill(store: &SqliteStore) {
    pragma(store, "PRAGMA max_page_count = 1").await;
}

async fn make_room(store: &SqliteStore) {
    pragma(store, "PRAGMA max_page_count = 1000000").await;
}

async fn is_well(store: &SqliteStore) {
    let mut health = store.health();
    let well = health.wait_for(|health| *health == Health::Well).await;
    well.unwrap();
}

/// Takes in what fits.
async fn filled(store: &SqliteStore) -> Vec<Waiting> {
    let mut items = Vec::new();
    for n in 0..20 {
        items.extend(take_in(store, &n.to_string()).await.unwrap());
    }
    fill(store).await;
    for n in 20.. {
        match take_in(store, &n.to_string()).await {
            Ok(more) => items.extend(more),
            Err(Error::Full(_)) => return items,
            Err(other) => panic!("{other}"),
        }
    }
    items
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_lets_the_rest_be_finished() {
    let folder = folder();
    let store = open(folder.path());

    let items = filled(&store).await;

    assert!(matches!(&*store.health().borrow(), Health::Full(_)));
    for item in &items {
        store.record(done(item)).await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap().waiting, 0);
    make_room(&store).await;
    is_well(&store).await;
    take_in(&store, "after").await.unwrap();
    let deliveries = store.counts().await.unwrap().deliveries;
    assert_eq!(deliveries, items.len() as u64 + 1);
}

#[tokio::test]
async fn what_was_refused_comes_back_without_a_trace() {
    let folder = folder();
    let store = open(folder.path());
    filled(&store).await;
    let large = || store.accept(delivery("large", 100_000), vec![item("tree/1")]);
    let refused = large().await;
    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    make_room(&store).await;
    is_well(&store).await;

    let accepted = large().await.unwrap();

    assert!(matches!(accepted, Accepted::New(_)), "{accepted:?}");
}

#[tokio::test]
async fn a_claim_that_failed_can_be_made_again() {
    let folder = folder();
    take_in(&open(folder.path()), "a").await.unwrap();
    let store = Arc::new(open(folder.path()));
    let claim = |write: &session::Write<'_>| -> Result<(), Failed> {
        items::claim(write, 10)?;
        // The batch fails after it.
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        Err(rusqlite::Error::SqliteFailure(code, None).into())
    };
    let failed = store.writer.ask(Kind::Settles, 0, claim).await;
    assert!(matches!(failed, Err(Error::Full(_))), "{failed:?}");

    let claimed = store.claim(10).await.unwrap();

    assert_eq!(claimed.len(), 1);
}

#[tokio::test]
async fn the_room_put_by_is_given_up_for_what_finishes_and_laid_down_again() {
    let folder = folder();
    let store = SqliteStore::open_with(folder.path(), 2 << 20).unwrap();
    let ballast = || {
        fs::metadata(folder.path().join("portolan.ballast"))
            .unwrap()
            .len()
    };
    while ballast() < 2 << 20 {
        tokio::task::yield_now().await;
    }
    let items = filled(&store).await;
    assert_eq!(ballast(), 2 << 20);
    let rows = (0..1_000).map(|n| {
        Change::Put(Row {
            plugin: "gitops".to_owned(),
            subject: "tree/42".to_owned(),
            organization: 7,
            repository: Some(42),
            whose: "acme/shop".to_owned(),
            blueprint: "service".to_owned(),
            identifier: n.to_string(),
            digest: None,
            ours: false,
            written: 2_000,
            waits: None,
        })
    });
    let long = Progress {
        ledger: rows.collect(),
        ..done(&items[0])
    };

    let refused = store.record(long.clone()).await;

    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    make_room(&store).await;
    is_well(&store).await;
    assert_eq!(ballast(), 2 << 20);
    store.record(long).await.unwrap();
    assert_eq!(store.counts().await.unwrap().entities, 1_000);
}

#[test]
fn ballast_is_laid_down_in_steps_and_whole_again() {
    let folder = folder();
    let mut ballast = Ballast::new(folder.path(), (2 << 20) + 5);
    let length = || {
        fs::metadata(folder.path().join("portolan.ballast"))
            .unwrap()
            .len()
    };
    let mut steps = 0;
    while ballast.is_wanting() {
        ballast.step();
        steps += 1;
    }
    assert_eq!((steps, length()), (3, (2 << 20) + 5));

    assert!(ballast.give_up());
    assert_eq!((length(), ballast.is_wanting()), (0, false));
    assert!(!ballast.give_up());
    assert!(ballast.lay_again());
    assert_eq!(length(), (2 << 20) + 5);

    // The next start finds it.
    assert!(!Ballast::new(folder.path(), (2 << 20) + 5).is_wanting());
}
