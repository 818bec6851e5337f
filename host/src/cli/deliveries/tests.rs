use std::sync::Arc;

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;
use crate::admin::wire::{Counted, Deletion, Deletions, Quarantined, Shown, Waits};
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

fn delivery(id: &str, state: State) -> Delivery {
    Delivery {
        id: id.to_owned(),
        number: 1,
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
        repository: Some("acme/shop".to_owned()),
        source: "webhook".to_owned(),
        received: when::When(1_795_341_600_000),
        state,
        waiting: Vec::new(),
        quarantined: Vec::new(),
    }
}

fn given_up(cause: &str, why: &str) -> Quarantined {
    Quarantined {
        subject: "repository/7/tree".to_owned(),
        plugin: Some("gitops".to_owned()),
        cause: cause.to_owned(),
        why: why.to_owned(),
        awaits: None,
        at: when::When(1_795_341_660_000),
    }
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
fn a_list_is_a_table_and_below_it_what_to_do() {
    let mut data = delivery("72d3162e", State::Quarantined);
    data.quarantined = vec![given_up("data", "no such blueprint")];
    let mut waits = delivery("item-7", State::Waiting);
    (waits.event, waits.action, waits.repository) = (String::new(), None, None);
    waits.source = "listed".to_owned();
    waits.waiting = vec![Waits {
        subject: "repository/7".to_owned(),
        tries: 3,
        due: when::When(0),
        why: Some("Port is away".to_owned()),
    }];

    let text = table::list(
        &[data.clone(), waits, data, delivery("3", State::Done)],
        true,
    );

    assert_eq!(
        text,
        "\
WHEN                  EVENT                REPOSITORY  STATE        CAUSE  ID
2026-11-22T10:00:00Z  pull_request.opened  acme/shop   quarantined  data   72d3162e
2026-11-22T10:00:00Z  (listed)                         waiting             item-7
2026-11-22T10:00:00Z  pull_request.opened  acme/shop   quarantined  data   72d3162e
2026-11-22T10:00:00Z  pull_request.opened  acme/shop   done                3

These are the newest 4; --limit 0 shows all.

Waiting, tried again by themselves:
  1 x Port is away

In quarantine, by cause:
  data: 2 events of gitops
    2 x no such blueprint
    To do: correct what is named, in the repository, in the mapping or in Port; then `portolan deliveries replay --cause data`
"
    );
    assert_eq!(table::list(&[], false), "No deliveries fit.\n");
}

#[test]
fn of_many_reasons_the_most_frequent_are_told() {
    let mut one = delivery("1", State::Quarantined);
    one.quarantined = ["a", "b", "b", "c", "d", "e"]
        .map(|why| given_up("data", why))
        .to_vec();
    let text = table::list(&[one], false);
    assert!(
        text.contains(
            "6 events of gitops\n    2 x b\n    1 x a\n    1 x c\n    and 2 other reasons\n"
        ),
        "{text}"
    );
}

#[test]
fn a_delivery_is_shown_with_all_its_reasons_and_what_was_sent() {
    let mut one = delivery("72d3162e", State::Waiting);
    one.quarantined = vec![given_up("plugin", "it trapped")];
    one.waiting = vec![Waits {
        subject: "repository/7".to_owned(),
        tries: 1,
        due: when::When(1_795_341_720_000),
        why: Some("Port is away".to_owned()),
    }];
    let shown = Shown {
        delivery: one,
        payload: Some(json!({"ref": "refs/heads/main"})),
        without_payload: None,
    };
    assert_eq!(
        table::show(&shown),
        "\
72d3162e
  event       pull_request.opened
  repository  acme/shop
  received    2026-11-22T10:00:00Z (webhook)
  state       waiting

Waiting, tried again by itself:
  repository/7: tried once, next at 2026-11-22T10:02:00Z or later
    Port is away

In quarantine:
  repository/7/tree, plugin gitops: plugin, since 2026-11-22T10:01:00Z
    it trapped
    To do: put a mended version of the plugin in its place; then `portolan deliveries replay --cause plugin`

What GitHub sent, without secrets and addresses:
{
  \"ref\": \"refs/heads/main\"
}
"
    );
}

#[test]
fn deletions_that_wait_are_named_and_counted() {
    let group = |blueprint: &str, entities: &[&str], count| Deletion {
        plugin: "gitops".to_owned(),
        repository: "acme/shop".to_owned(),
        subject: "repository/7/tree".to_owned(),
        blueprint: blueprint.to_owned(),
        entities: entities.iter().map(|name| (*name).to_owned()).collect(),
        count,
        why: "a person has to agree".to_owned(),
    };
    let all = Deletions {
        count: 40,
        waiting: vec![
            group("service", &["cart", "pay"], 32),
            group("team", &["core"], 1),
        ],
    };
    assert_eq!(
        table::deletions(&all),
        "\
40 entities are produced no more and still in Port, because their deletions wait:
  acme/shop, plugin gitops, blueprint service: cart, pay and 30 more
    a person has to agree
  acme/shop, plugin gitops, blueprint team: core
    a person has to agree
  and 7 more
"
    );
    let none = Deletions {
        count: 0,
        waiting: Vec::new(),
    };
    assert_eq!(table::deletions(&none), "No deletion waits.\n");
}

#[test]
fn counts_are_sentences() {
    let counted = |count, dry| Counted { count, dry };
    assert_eq!(
        table::replayed(counted(2, false), true),
        "2 events are tried again now.\n"
    );
    assert_eq!(
        table::replayed(counted(1, false), false),
        "1 event will be tried again at the host's next start.\n"
    );
    assert_eq!(
        table::replayed(counted(1, true), false),
        "1 event would be tried again; nothing was done (--dry-run).\n"
    );
    assert_eq!(
        table::replayed(counted(0, false), true),
        "Nothing in quarantine fits.\n"
    );
    assert_eq!(table::dropped(counted(1, false)), "1 event was dropped.\n");
    assert_eq!(
        table::dropped(counted(2, true)),
        "2 events would be dropped; nothing was done (--dry-run).\n"
    );
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
