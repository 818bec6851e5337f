//! A thread that reads. What it sees is what was committed last when it began.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use tracing::error;

use super::full;
use super::queue::Queue;
use super::writer::Health;
use crate::store::Error;

type Question = Box<dyn FnOnce(&mut Connection) + Send>;

/// Who asks waits for the answer, so what is queued is bounded by how many they are.
pub(super) struct Reader {
    queue: Queue<Question>,
    folder: PathBuf,
    health: Arc<watch::Sender<Health>>,
}

impl Reader {
    pub(super) fn start(
        mut db: Connection,
        name: &str,
        folder: &Path,
        health: Arc<watch::Sender<Health>>,
    ) -> std::io::Result<Self> {
        let queue = Queue::<Question>::start(name, move |questions| {
            for question in questions {
                question(&mut db);
            }
        })?;
        Ok(Self {
            queue,
            folder: folder.to_owned(),
            health,
        })
    }

    /// Everything that `read` looks at is of one moment.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        if let Health::Broken(why) = &*self.health.borrow() {
            return Err(Error::Broken(why.clone()));
        }
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |db| {
            let result = db.transaction().and_then(|moment| read(&moment));
            // Whoever asked may have gone.
            let _ = reply.send(result);
        });
        self.queue.send(question).ok_or_else(closed)?;
        let failed = match answer.await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(sql)) => full::verdict(&sql, &self.folder),
            Err(_) => Error::Broken("a thread that reads it has ended".to_owned()),
        };
        if let Error::Broken(why) = &failed {
            error!("the store failed ({why}): it is not read any more");
            self.health.send_replace(Health::Broken(why.clone()));
        }
        Err(failed)
    }

    pub(super) fn stop(&self) {
        self.queue.stop();
    }
}

fn closed() -> Error {
    Error::Broken("it is closed".to_owned())
}
