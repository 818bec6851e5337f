//! Where the deliveries are found, and which of them are meant.

mod text;

use std::sync::Arc;

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;
use crate::admin::{self, Admin, Status};
use crate::store::memory::Memory;
use crate::store::{NewDelivery, SqliteStore, Store};

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(flatten)]
    deliveries: Deliveries,
}

fn verb(line: &str) -> Result<Verb, String> {
    let words = std::iter::once("deliveries").chain(line.split_whitespace());
    let parsed = CommandLine::try_parse_from(words).map_err(|error| error.to_string())?;
    Ok(parsed.deliveries.verb)
}

fn new(guid: &str) -> NewDelivery {
    NewDelivery {
        guid: guid.to_owned(),
        event: "push".to_owned(),
        action: None,
        repository: None,
        source: crate::store::Source::Webhook,
        received: 0,
        payload: crate::delivery::pack(r#"{"token":"hunter2"}"#),
    }
}

#[test]
fn a_command_line_says_which_deliveries_are_meant() {
    let line = "replay a item-7 --cause data --plugin gitops --repository acme/shop --event push --since 2h \
                --until 2026-11-22T10:00:00Z --state quarantined --dry-run";
    let Ok(Verb::Replay(ordered)) = verb(line) else {
        panic!("it is a replay");
    };
    assert_eq!(ordered.check(), Ok(()));
    let (order, _) = ordered.order();
    assert!(order.dry && !order.all);
    assert_eq!(order.filter.ids, ["a", "item-7"]);
    assert_eq!(order.filter.state, Some(State::Quarantined));
    assert_eq!(order.filter.since.as_deref(), Some("2h"));
    assert!(order.filter.meant(0).is_ok());

    for (line, part) in [
        ("list --since yesterday", "is no time"),
        ("list --repository shop", "give it as owner/name"),
        ("list --state lost", "waiting, quarantined, done"),
        ("show", "<ID>"),
    ] {
        let said = verb(line).unwrap_err();
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn everything_is_meant_only_by_who_says_so() {
    for (line, is_fine) in [
        ("drop", false),
        ("drop --dry-run", false),
        ("drop --all", true),
        ("drop a", true),
        ("drop --event push", true),
        ("drop --all a", false),
        ("drop --all --cause data", false),
    ] {
        let Ok(Verb::Drop(ordered)) = verb(line) else {
            panic!("{line} is a drop");
        };
        assert_eq!(ordered.check().is_ok(), is_fine, "{line}");
    }
}

async fn unopened(folder: &Path) -> String {
    match Door::open(folder).await {
        Ok(_) => panic!("there is nothing to open"),
        Err(error) => format!("{error:#}"),
    }
}

/// A pass that leads to this address.
fn pass(folder: &Path, address: std::net::SocketAddr) {
    let text = json!({"address": address, "token": "0"}).to_string();
    std::fs::write(folder.join("admin.json"), text).unwrap();
}

#[tokio::test]
async fn a_folder_without_a_store_stays_without_one() {
    let folder = TempDir::new().unwrap();
    let said = unopened(folder.path()).await;
    assert!(
        said.contains("there is no store in") && said.contains("set DATA_DIR"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(
        unopened(&folder.path().join("none"))
            .await
            .contains("there is no store")
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(
        unopened(&file).await.contains("cannot be read"),
        "a file is no folder"
    );
}

#[tokio::test]
async fn a_host_that_holds_its_store_and_does_not_answer_is_told() {
    let folder = TempDir::new().unwrap();
    let _held = SqliteStore::open(folder.path()).unwrap();

    let said = unopened(folder.path()).await;
    assert!(said.contains("is in use (process "), "{said}");
    assert!(
        said.contains("no admin.json tells where it is. It is starting or stopping"),
        "{said}"
    );

    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    pass(folder.path(), address);
    let said = unopened(folder.path()).await;
    assert!(
        said.contains(&format!("nothing listens on {address}")),
        "{said}"
    );
}

#[tokio::test]
async fn what_a_killed_host_left_behind_leads_nobody_astray() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.accept(new("one"), Vec::new()).await.unwrap();
    store.close().unwrap();
    // Its port is another one's by now: an administration with another token.
    let other = Host::start(Arc::new(Memory::default())).await;
    pass(folder.path(), other.address);

    let door = Door::open(folder.path()).await.unwrap();

    assert!(!door.is_running());
    assert_eq!(door.list(&Filter::default()).await.unwrap()[0].id, "one");
    let shown = table::show(&door.show("one").await.unwrap());
    assert!(
        shown.contains("[redacted]") && !shown.contains("hunter2"),
        "{shown}"
    );
    door.close().await;
    // It is free again.
    SqliteStore::open(folder.path()).unwrap();
}

/// An administration in a folder of its own that looks like a host's.
struct Host {
    folder: TempDir,
    address: std::net::SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Host {
    async fn start(store: Arc<dyn Store>) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("portolan.db"), "").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let admin = Admin {
            store,
            replayed: Box::new(|_| {}),
            status: Box::new(Status::default),
        };
        let data_dir = folder.path().to_owned();
        tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            admin::serve(listener, &data_dir, admin, shutdown).await
        });
        // Connecting waits in line until the pass is written and the first is served.
        let alive = reqwest::Client::builder().no_proxy().build().unwrap();
        alive
            .get(format!("http://{address}/livez"))
            .send()
            .await
            .unwrap();
        Self {
            folder,
            address,
            _stop: stop,
        }
    }
}

#[tokio::test]
async fn a_running_host_is_asked_page_by_page() {
    let store = Arc::new(Memory::default());
    for number in 0..1_100 {
        store
            .accept(new(&format!("guid-{number}")), Vec::new())
            .await
            .unwrap();
    }
    let host = Host::start(store).await;
    let door = Door::open(host.folder.path()).await.unwrap();
    assert!(door.is_running());

    let all = list(&door, Filter::default(), usize::MAX).await.unwrap();
    let ids: std::collections::BTreeSet<_> = all.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((all.len(), ids.len()), (1_100, 1_100));
    assert_eq!(all[0].id, "guid-1099");
    let some = list(&door, Filter::default(), 501).await.unwrap();
    assert_eq!(some[..], all[..501]);

    let filter = Filter {
        ids: vec!["guid-7".to_owned(), "guid-9".to_owned()],
        ..Filter::default()
    };
    let two = list(&door, filter, 10).await.unwrap();
    assert_eq!(two.len(), 2);
    let said = door.show("zero/../../livez").await.unwrap_err().to_string();
    assert_eq!(
        said,
        "zero/../../livez: this delivery is not known; `portolan deliveries list` shows those that are"
    );
}
