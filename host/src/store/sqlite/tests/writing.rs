//! The thread that writes: what shares a commit, and what that means when one of them fails.

use std::sync::mpsc::{Sender, channel};

use tokio::task::JoinHandle;

use super::*;

/// Keeps the thread busy until it is told.
async fn hold_up(store: &Arc<SqliteStore>) -> (Sender<()>, JoinHandle<Result<(), Error>>) {
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (release, released) = channel();
    let mut begun = Some(begun);
    let held = tokio::spawn({
        let store = store.clone();
        async move {
            let wait = move |_: &session::Write<'_>| {
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                }
                released.recv().unwrap();
                Ok(())
            };
            store.writer.ask(Kind::Settles, 0, wait).await
        }
    });
    has_begun.await.unwrap();
    (release, held)
}

async fn queued(store: &SqliteStore, writes: usize) {
    while store.writer.queued() < writes {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_queued_up_shares_a_commit() {
    let folder = folder();
    let store = Arc::new(open(folder.path()));
    let (release, held) = hold_up(&store).await;
    let before = store.writer.commits();
    let callers: Vec<_> = (0..64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { take_in(&store, &n.to_string()).await })
        })
        .collect();
    queued(&store, 65).await;
    release.send(()).unwrap();

    held.await.unwrap().unwrap();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }

    assert_eq!(store.writer.commits() - before, 2);
    assert_eq!(store.counts().await.unwrap().deliveries, 64);
}

#[tokio::test]
async fn a_write_that_is_refused_does_not_hold_up_the_others() {
    let folder = folder();
    let store = Arc::new(open(folder.path()));
    let first = take_in(&store, "first").await.unwrap();
    let (release, held) = hold_up(&store).await;
    let late = Progress {
        lease: -1,
        ..done(&first[0])
    };
    let (refused, taken) = (
        tokio::spawn({
            let store = store.clone();
            async move { store.record(late).await }
        }),
        tokio::spawn({
            let store = store.clone();
            async move { take_in(&store, "second").await }
        }),
    );
    queued(&store, 3).await;
    release.send(()).unwrap();

    held.await.unwrap().unwrap();
    assert_eq!(refused.await.unwrap(), Err(Error::Lease));
    taken.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_store_that_failed_says_so_to_everybody() {
    let folder = folder();
    let store = open(folder.path());
    let items = take_in(&store, "first").await.unwrap();
    pragma(&store, "PRAGMA query_only = 1").await;

    let failed = take_in(&store, "second").await;

    assert!(matches!(failed, Err(Error::Broken(_))), "{failed:?}");
    pragma_is_refused(&store).await;
    assert!(matches!(
        store.record(done(&items[0])).await,
        Err(Error::Broken(_))
    ));
    assert!(matches!(
        store.load(items[0].seq).await,
        Err(Error::Broken(_))
    ));
    assert!(store.broken().is_some());
    assert!(matches!(store.close(), Err(Error::Broken(_))));
    // What was acknowledged is there for the next one.
    let store = open(folder.path());
    assert_eq!(store.counts().await.unwrap().deliveries, 1);
}

/// Nothing reaches the database any more.
async fn pragma_is_refused(store: &SqliteStore) {
    let nothing = |_: &session::Write<'_>| -> Result<(), Failed> { Ok(()) };
    let refused = store.writer.ask(Kind::Settles, 0, nothing).await;
    assert!(matches!(refused, Err(Error::Broken(_))));
}

#[tokio::test]
async fn whoever_asks_after_a_panic_hears_of_it() {
    let folder = folder();
    let store = open(folder.path());
    let panics = |_: &session::Write<'_>| -> Result<(), Failed> { panic!("a bug") };

    let failed = store.writer.ask(Kind::Settles, 0, panics).await;

    assert!(matches!(failed, Err(Error::Broken(_))), "{failed:?}");
    assert!(matches!(take_in(&store, "a").await, Err(Error::Broken(_))));
    assert!(store.broken().is_some());
}

#[tokio::test]
async fn a_long_log_is_copied_into_the_database() {
    let folder = folder();
    let store = open(folder.path());
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    for n in 0..40 {
        let large = delivery(&n.to_string(), 256 << 10);
        store.accept(large, vec![]).await.unwrap();
    }

    // 10 MiB went through it.
    assert!(
        size("portolan.db-wal") < 7 << 20,
        "{}",
        size("portolan.db-wal")
    );
    assert!(size("portolan.db") > 4 << 20, "{}", size("portolan.db"));
}
