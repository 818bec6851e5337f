//! What every store must do, as stories, and random walks against the model.
//!
//! A store joins by a [`Place`] of its own and a line in `told_of!`.

mod deliveries;
mod lanes;
mod pages;
mod progress;
mod quarantine;
mod random;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use tempfile::TempDir;

use super::memory::Memory;
use super::{
    Accepted, Cause, Filter, NewDelivery, NewItem, Progress, Quarantine, Rest, Row, Source,
    SqliteStore, Store, Summary, Waiting,
};

/// Where a store lives: it can be ended as a crash ends it, and begun again.
trait Place: Send {
    fn store(&self) -> &dyn Store;
    fn restart(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

#[derive(Default)]
struct InMemory(Memory);

impl Place for InMemory {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    fn restart(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.restart();
        Box::pin(async {})
    }
}

struct InFile {
    folder: TempDir,
    store: Option<SqliteStore>,
}

impl Default for InFile {
    fn default() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Some(SqliteStore::open(folder.path()).unwrap());
        Self { folder, store }
    }
}

impl Place for InFile {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    fn restart(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.store = None;
        self.store = Some(SqliteStore::open(self.folder.path()).unwrap());
        Box::pin(async {})
    }
}

macro_rules! told_of {
    ($($kind:ident in $place:ident),+: $stories:tt) => {
        $(told_of!(@one $kind $place $stories);)+
    };
    (@one $kind:ident $place:ident { $($group:ident: $($story:ident),+;)+ }) => {
        mod $kind {
            $($(
                #[tokio::test]
                async fn $story() {
                    super::$group::$story(&mut super::$place::default()).await;
                }
            )+)+
        }
    };
}

told_of! {
    memory in InMemory, sqlite in InFile: {
        deliveries:
            a_delivery_and_its_items_are_kept,
            what_waits_is_not_taken_in_twice,
            what_is_done_is_read_anew_when_it_comes_again,
            what_comes_again_closes_what_was_in_quarantine,
            of_one_guid_brought_at_once_there_is_one_delivery,
            a_payload_is_kept_to_the_byte,
            those_that_nobody_brought_are_told;
        lanes:
            what_comes_in_is_worked_on_at_once,
            after_a_crash_lanes_are_claimed_whole_webhooks_first,
            a_webhook_brings_its_lane_forward,
            behind_what_is_unclaimed_new_items_wait,
            a_lease_ends_with_its_process,
            what_waits_is_found_as_it_was;
        progress:
            what_was_done_is_kept_in_one_piece,
            what_follows_keeps_its_delivery_open,
            an_item_ends_with_those_it_stands_for,
            an_older_version_says_nothing,
            what_is_gone_keeps_its_version,
            keys_are_found_with_all_their_producers,
            a_key_is_forgotten_and_inherited,
            a_producer_is_counted_by_organization,
            what_is_to_go_and_waits_is_told_with_what_for,
            a_repositorys_subjects_are_found;
        quarantine:
            a_finished_item_stays_for_what_is_in_quarantine,
            a_newer_state_of_the_same_subject_supersedes_what_was_given_up,
            what_was_held_is_agreed_to_by_whoever_replays_it,
            who_agreed_once_is_asked_again,
            a_replay_is_counted_before_it_is_done,
            a_replay_takes_one_cause_alone,
            a_delivery_that_is_done_is_replayed_when_it_is_named,
            what_is_dropped_is_done,
            what_is_awaited_is_counted;
        pages:
            a_list_is_paged_the_newest_first,
            a_list_is_filtered,
            a_repository_is_found_in_whatever_case_and_whoever_brought_it,
            what_no_delivery_brought_is_listed_until_it_ends,
            a_mark_is_what_was_set_last,
            what_is_done_is_forgotten_in_two_steps,
            a_subject_is_forgotten_when_the_ledger_holds_nothing_of_it,
            what_waits_is_never_forgotten;
    }
}

fn delivery(guid: &str) -> NewDelivery {
    NewDelivery {
        guid: guid.to_owned(),
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
        repository: Some("acme/shop".to_owned()),
        source: Source::Webhook,
        received: 1_000,
        payload: format!("packed {guid}").into_bytes(),
    }
}

pub(super) fn item(lane: &str) -> NewItem {
    NewItem {
        lane: lane.to_owned(),
        source: Source::Webhook,
        organization: 7,
        repository: Some(42),
        merges: false,
        fresh: false,
        force: false,
        plugins: None,
        delivery: None,
        subject: None,
        whose: None,
    }
}

fn listed(lane: &str) -> NewItem {
    NewItem {
        source: Source::Listed,
        subject: Some(lane.as_bytes().to_vec()),
        ..item(lane)
    }
}

/// Takes a new delivery in.
async fn take_in(store: &dyn Store, guid: &str, lanes: &[&str]) -> Vec<Waiting> {
    let items = lanes.iter().map(|lane| item(lane)).collect();
    match store.accept(delivery(guid), items).await.unwrap() {
        Accepted::New(items) => items,
        other => panic!("{guid} is not new: {other:?}"),
    }
}

/// Nothing was done about it yet.
fn in_hand(item: &Waiting) -> Progress {
    Progress {
        lease: item.lease.expect("it is ours"),
        item: item.seq,
        lane: item.lane.clone(),
        now: 2_000,
        ..Progress::default()
    }
}

pub(super) fn done(item: &Waiting) -> Progress {
    Progress {
        rest: Rest::Done,
        ..in_hand(item)
    }
}

/// Done, but for these.
fn given_up(item: &Waiting, why: &[(Option<&str>, &str, Option<&str>)]) -> Progress {
    let quarantine = why.iter().map(|(plugin, class, awaits)| Quarantine {
        plugin: plugin.map(str::to_owned),
        cause: Cause {
            class: (*class).to_owned(),
            why: format!("it is {class}"),
            awaits: awaits.map(str::to_owned),
        },
    });
    Progress {
        quarantine: quarantine.collect(),
        ..done(item)
    }
}

fn row(plugin: &str, subject: &str, identifier: &str) -> Row {
    Row {
        plugin: plugin.to_owned(),
        subject: subject.to_owned(),
        organization: 7,
        repository: Some(42),
        whose: "acme/shop".to_owned(),
        blueprint: "service".to_owned(),
        identifier: identifier.to_owned(),
        digest: Some([1; 32]),
        ours: true,
        written: 2_000,
        waits: None,
    }
}

fn plugins(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn named(id: &str) -> Filter {
    Filter {
        ids: vec![id.to_owned()],
        ..Filter::default()
    }
}

async fn shown(store: &dyn Store, id: &str) -> Summary {
    store.show(id).await.unwrap().expect("it is known").0
}

fn lanes_of(items: &[Waiting]) -> Vec<&str> {
    items.iter().map(|item| item.lane.as_str()).collect()
}
