//! Carries the queue's calls out and brings every entity its answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::queue::{Batch, Group, Item, Queue, Turn, Verb};
use super::rest::Rest;
use super::{Error, Source, Write, Written, entities, removal};
use crate::entity::{Entity, Key};

/// For a deletion, what was written is nothing.
pub(super) type Answer = Result<Written, Error>;
type Reply = oneshot::Sender<Answer>;

pub(super) struct Writer {
    rest: Arc<Rest>,
    queue: Mutex<Queue<Reply>>,
}

impl Writer {
    pub(super) fn new(rest: Arc<Rest>) -> Arc<Self> {
        Arc::new(Self {
            rest,
            queue: Mutex::new(Queue::new()),
        })
    }

    /// One receiver for each entity, in order. What has been submitted is written even if nobody waits for it.
    pub(super) fn submit<'a>(
        self: &Arc<Self>,
        entities: impl Iterator<Item = &'a Entity>,
        how: Write,
        source: Source,
    ) -> Vec<oneshot::Receiver<Answer>> {
        let items = entities.map(|entity| {
            let item = Item {
                identifier: entity.identifier().map(Into::into),
                previous: entity.previous_identifier().map(Into::into),
                body: entity.body().clone(),
                reply: (),
            };
            (entity.blueprint(), item)
        });
        self.push(items, Verb::Upsert(how), source)
    }

    /// The same for entities to be deleted.
    pub(super) fn delete<'a>(
        self: &Arc<Self>,
        keys: impl Iterator<Item = &'a Key>,
        dependents: bool,
        source: Source,
    ) -> Vec<oneshot::Receiver<Answer>> {
        let items = keys.map(|key| {
            let item = Item {
                identifier: Some(key.identifier.as_str().into()),
                previous: None,
                body: Bytes::new(),
                reply: (),
            };
            (key.blueprint.as_str(), item)
        });
        self.push(items, Verb::Delete { dependents }, source)
    }

    fn push<'a>(
        self: &Arc<Self>,
        items: impl Iterator<Item = (&'a str, Item<()>)>,
        verb: Verb,
        source: Source,
    ) -> Vec<oneshot::Receiver<Answer>> {
        let mut group: Option<Group> = None;
        let mut answers = Vec::new();
        let mut queue = self.queue();
        for (blueprint, item) in items {
            let group = match &mut group {
                Some(group) if *group.blueprint == *blueprint => group,
                other => other.insert(Group {
                    blueprint: blueprint.into(),
                    verb,
                    source,
                }),
            };
            let (reply, answer) = oneshot::channel();
            queue.push(group, item.with_reply(|()| reply));
            answers.push(answer);
        }
        drop(queue);
        self.start_calls();
        answers
    }

    fn start_calls(self: &Arc<Self>) {
        while let Some(batch) = { self.queue().next() } {
            tokio::spawn(self.clone().call(batch));
        }
    }

    async fn call(self: Arc<Self>, batch: Batch<Reply>) {
        let (call, items) = self.hold(batch);
        let settle = |item: Item<(Held, Reply)>, answer| {
            let (held, reply) = item.reply;
            drop(held);
            // Nobody listens any more when the host is shutting down: the entity is written all the same.
            let _ = reply.send(answer);
        };
        match call.group.verb {
            Verb::Upsert(how) => entities::write(&self.rest, &call.group, how, items, settle).await,
            Verb::Delete { dependents } => {
                removal::remove(&self.rest, &call.group, dependents, items, settle).await;
            }
        }
    }

    /// What gives back a batch's entities and its place among the calls, come what may.
    fn hold(self: &Arc<Self>, batch: Batch<Reply>) -> (Call, Vec<Item<(Held, Reply)>>) {
        let items = batch.items.into_iter().map(|(turn, item)| {
            let (writer, turn) = (self.clone(), Some(turn));
            item.with_reply(|reply| (Held { writer, turn }, reply))
        });
        let call = Call {
            writer: self.clone(),
            group: batch.group,
        };
        (call, items.collect())
    }

    fn queue(&self) -> MutexGuard<'_, Queue<Reply>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item's turn, given back when it is dropped: nobody waits for ever for an entity whose call panicked.
struct Held {
    writer: Arc<Writer>,
    turn: Option<Turn>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.writer.queue().release(turn);
        }
    }
}

/// A call under way, over when it is dropped.
struct Call {
    writer: Arc<Writer>,
    group: Group,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.writer.queue().finish(self.group.clone());
        // There is none only when the host is coming down.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.writer.start_calls();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tests::{at, group};

    #[tokio::test]
    async fn a_call_that_panics_gives_back_its_entities_and_its_place() {
        let rest = Rest::new(&at("http://127.0.0.1:1"));
        let writer = Writer::new(Arc::new(rest.expect("a client")));
        let group = group();
        // More often than there are places for calls.
        for _ in 0..7 {
            let (reply, answer) = oneshot::channel();
            let item = Item {
                identifier: Some("cart".into()),
                previous: None,
                body: "{}".into(),
                reply,
            };
            writer.queue().push(&group, item);
            let batch = writer.queue().next().expect("nothing is under way");
            let call = tokio::spawn({
                let writer = writer.clone();
                async move {
                    let _under_way = writer.hold(batch);
                    panic!("a bug");
                }
            });
            assert!(call.await.is_err() && answer.await.is_err());
        }
    }
}
