//! What people do with deliveries: look, replay, drop. The same rules at a running host and at a stopped one.

use std::fmt;

use super::redact;
use super::when::When;
use super::wire::{Counted, Deletions, Delivery, Filter, Order, Shown, State};
use crate::delivery;
use crate::store::{self, HELD, Millis, Store, Waiting};

/// On a page, unless told otherwise, and at most.
pub(crate) const PAGE: usize = 50;
pub(crate) const LONGEST_PAGE: usize = 500;

/// Ids named in one sentence.
const NAMED: usize = 5;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{0}")]
    Wrong(String),
    #[error("{}: this delivery is not known; `portolan deliveries list` shows those that are", Ids(.0))]
    Unknown(Vec<String>),
    #[error("{0}")]
    Unfit(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

struct Ids<'a>(&'a [String]);

impl fmt::Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self
            .0
            .iter()
            .take(NAMED)
            .map(|id| redact::line(id))
            .collect();
        f.write_str(&named.join(", "))?;
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A page, the newest first.
pub(crate) async fn list(
    store: &dyn Store,
    filter: &Filter,
    now: Millis,
) -> Result<Vec<Delivery>, Refused> {
    let mut meant = filter.meant(now).map_err(Refused::Wrong)?;
    meant.limit = match filter.limit {
        None => PAGE,
        Some(limit) => limit.clamp(1, LONGEST_PAGE),
    };
    let found = store.list(meant).await?;
    Ok(found.into_iter().map(Delivery::from).collect())
}

pub(crate) async fn show(store: &dyn Store, id: &str) -> Result<Shown, Refused> {
    let found = store.show(id).await?;
    let (summary, packed) = found.ok_or_else(|| Refused::Unknown(vec![id.to_owned()]))?;
    let delivery = Delivery::from(summary);
    let Some(packed) = packed else {
        let why = match delivery.event.is_empty() {
            true => "no delivery brought it",
            false => "the payload was kept until it was done, and is not kept any more",
        };
        return Ok(Shown {
            delivery,
            payload: None,
            without_payload: Some(why.to_owned()),
        });
    };
    // Up to 26 MiB: not on a thread that serves others.
    let redacted = tokio::task::spawn_blocking(move || {
        let unpacked = delivery::unpack(&packed).map_err(|error| error.to_string())?;
        redact::payload(&unpacked)
    });
    let redacted = redacted
        .await
        .unwrap_or_else(|error| Err(error.to_string()));
    let (payload, without_payload) = match redacted {
        Ok(payload) => (Some(payload), None),
        Err(why) => (None, Some(format!("the payload cannot be read: {why}"))),
    };
    Ok(Shown {
        delivery,
        payload,
        without_payload,
    })
}

/// What is still in Port because its deletion waits.
pub(crate) async fn deletions(store: &dyn Store) -> Result<Deletions, Refused> {
    let count = store.counts().await?.undeleted;
    Ok(Deletions::new(count, store.undeleted().await?))
}

/// Queues once more what is in quarantine and fits. Also gives what waits now, for the inbox.
pub(crate) async fn replay(
    store: &dyn Store,
    order: &Order,
    now: Millis,
) -> Result<(Counted, Vec<Waiting>), Refused> {
    let filter = chosen(order, now)?;
    if filter.state == Some(store::State::Waiting) {
        return Err(Refused::Wrong(
            "what waits is tried again by itself: replay what is quarantined or done".to_owned(),
        ));
    }
    refuse_consent_by_chance(store, &filter).await?;
    let named = named(store, &filter.ids).await?;
    let (count, waiting) = store.replay(filter, now, order.dry).await?;
    if count == 0 && !named.is_empty() {
        return Err(nothing_to_replay(&named, now));
    }
    let dry = order.dry;
    Ok((Counted { count, dry }, waiting))
}

/// Forgets what is in quarantine and fits.
pub(crate) async fn forget(
    store: &dyn Store,
    order: &Order,
    now: Millis,
) -> Result<Counted, Refused> {
    let filter = chosen(order, now)?;
    let waits = "what waits cannot be dropped: it is tried again until it is done or in quarantine";
    match filter.state {
        Some(store::State::Waiting) => return Err(Refused::Wrong(waits.to_owned())),
        Some(store::State::Done) => {
            return Err(Refused::Wrong(
                "there is nothing to drop of what is done".to_owned(),
            ));
        }
        _ => {}
    }
    let named = named(store, &filter.ids).await?;
    // All or nothing: of several that were named each must have something to drop.
    if let Some(other) = named.iter().find(|named| named.quarantined.is_empty()) {
        return Err(Refused::Unfit(match other.state {
            State::Waiting => format!("{} waits, and {waits}", other.id),
            _ => format!("{} is done: there is nothing to drop", other.id),
        }));
    }
    let dry = order.dry;
    let count = store.drop(filter, dry).await?;
    if count == 0 && !named.is_empty() {
        return Err(nothing_fits(&named));
    }
    Ok(Counted { count, dry })
}

/// Who replays what was held agrees to the deletions that it was held for. Nobody does so without naming it.
async fn refuse_consent_by_chance(
    store: &dyn Store,
    filter: &store::Filter,
) -> Result<(), Refused> {
    if filter.cause.is_some() || !filter.ids.is_empty() {
        return Ok(());
    }
    let held = store::Filter {
        cause: Some(HELD.to_owned()),
        ..filter.clone()
    };
    match store.list(held).await?.len() {
        0 => Ok(()),
        held => Err(Refused::Unfit(format!(
            "{held} of these deliveries are held because they would delete many entities, and to replay them is to \
             agree to that: replay them by their ids or by the cause {HELD}, and the others by their own causes"
        ))),
    }
}

fn nothing_to_replay(named: &[Delivery], now: Millis) -> Refused {
    let Some(waits) = named.iter().find(|named| named.state == State::Waiting) else {
        return nothing_fits(named);
    };
    let due = waits.waiting.iter().map(|waits| waits.due).min();
    let when = due
        .filter(|due| *due > When(now))
        .map_or(String::new(), |due| format!(" at {due}"));
    Refused::Unfit(format!(
        "{} waits and is tried again by itself{when}",
        waits.id
    ))
}

fn nothing_fits(named: &[Delivery]) -> Refused {
    let ids: Vec<_> = named.iter().map(|named| named.id.clone()).collect();
    Refused::Unfit(format!(
        "{}: nothing of it fits what else was asked for, or it was done so long ago that it is not kept any more",
        Ids(&ids)
    ))
}

/// What an order is about: something must be chosen, so that a slip does not mean everything.
fn chosen(order: &Order, now: Millis) -> Result<store::Filter, Refused> {
    match (order.filter.chooses(), order.all) {
        (false, false) => Err(Refused::Wrong(
            "nothing was chosen: give ids or a filter, or say that all are meant".to_owned(),
        )),
        (true, true) => Err(Refused::Wrong(
            "all and a filter are both given: leave one of them out".to_owned(),
        )),
        _ => order.filter.meant(now).map_err(Refused::Wrong),
    }
}

/// The deliveries with these ids; one that is not known spoils the whole order.
async fn named(store: &dyn Store, ids: &[String]) -> Result<Vec<Delivery>, Refused> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let filter = store::Filter {
        ids: ids.to_vec(),
        ..store::Filter::default()
    };
    let found = store.list(filter).await?;
    let is_known = |id: &&String| found.iter().any(|summary| summary.id == **id);
    let unknown: Vec<_> = ids.iter().filter(|id| !is_known(id)).cloned().collect();
    if !unknown.is_empty() {
        return Err(Refused::Unknown(unknown));
    }
    Ok(found.into_iter().map(Delivery::from).collect())
}
