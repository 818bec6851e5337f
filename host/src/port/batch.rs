//! Carries the queue's calls out and brings every entity its answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::entities;
use super::queue::{Batch, Group, Item, Queue};
use super::rest::Rest;
use super::{Error, Source, Write, Written};
use crate::entity::Entity;

pub(super) type Answer = Result<Written, Error>;

pub(super) struct Writer {
    rest: Arc<Rest>,
    queue: Mutex<Queue<oneshot::Sender<Answer>>>,
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
        let mut group: Option<Group> = None;
        let mut answers = Vec::new();
        let mut queue = self.queue();
        for entity in entities {
            let group = match &mut group {
                Some(group) if *group.blueprint == *entity.blueprint() => group,
                other => other.insert(Group {
                    blueprint: entity.blueprint().into(),
                    how,
                    source,
                }),
            };
            let (reply, answer) = oneshot::channel();
            let item = Item {
                identifier: entity.identifier().map(Into::into),
                previous: entity.previous_identifier().map(Into::into),
                body: entity.body().clone(),
                reply,
            };
            queue.push(group, item);
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

    async fn call(self: Arc<Self>, batch: Batch<oneshot::Sender<Answer>>) {
        let Batch { group, items } = batch;
        entities::write(&self.rest, &group, items, |(turn, item), answer| {
            self.queue().release(turn);
            // Nobody listens any more when the host is shutting down: the entity is written all the same.
            let _ = item.reply.send(answer);
        })
        .await;
        self.queue().finish(group);
        self.start_calls();
    }

    fn queue(&self) -> MutexGuard<'_, Queue<oneshot::Sender<Answer>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
