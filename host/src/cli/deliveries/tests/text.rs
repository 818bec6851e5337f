//! What people read.

use super::*;
use crate::admin::wire::{Counted, Deletion, Deletions, Quarantined, Shown, Waits};

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
