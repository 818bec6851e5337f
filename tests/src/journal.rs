//! What a stand-in was asked, in order, and a way to wait for it without sleeping.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long a scenario waits for what must happen while nothing else does: far more than it takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// So much longer where something goes on happening meanwhile.
const LONGER: u32 = 6;

/// One request and how it was answered.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub method: String,
    /// As sent, percent-encoded.
    pub path: String,
    pub query: String,
    /// 0 where the connection was dropped instead.
    pub status: u16,
    /// Whether an `Authorization` header came along.
    pub authorized: bool,
    pub user_agent: String,
    pub body: Bytes,
}

/// A point in the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark(usize);

#[derive(Debug)]
pub(crate) struct Journal {
    requests: Mutex<Vec<Recorded>>,
    changes: watch::Sender<()>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            requests: Mutex::default(),
            changes: watch::channel(()).0,
        }
    }
}

impl Journal {
    pub(crate) fn add(&self, request: Recorded) {
        self.lock().push(request);
        self.changes.send_replace(());
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().len())
    }

    pub(crate) fn count_since(&self, mark: Mark) -> usize {
        self.lock().len() - mark.0
    }

    pub(crate) fn since(&self, mark: Mark) -> Vec<Recorded> {
        self.lock().iter().skip(mark.0).cloned().collect()
    }

    /// Waits until `observe` sees something; looks again after every request.
    pub(crate) async fn wait<T>(
        &self,
        patience: Duration,
        observe: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        wait(self.changes.subscribe(), patience, observe).await
    }

    /// The last requests, for the message of a wait that ended in vain.
    pub(crate) fn tail(&self) -> String {
        let requests = self.lock();
        let skipped = requests.len().saturating_sub(12);
        let lines = requests.iter().skip(skipped).map(|request| {
            let Recorded {
                method,
                path,
                status,
                ..
            } = request;
            format!("\n  {method} {path} -> {status}")
        });
        lines.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests
            .lock()
            .expect("nothing panics while it is held")
    }
}

/// Gives up when nothing changed for `patience`.
pub(crate) async fn wait<T>(
    mut changes: watch::Receiver<()>,
    patience: Duration,
    mut observe: impl FnMut() -> Option<T>,
) -> Option<T> {
    let end = Instant::now() + LONGER * patience;
    loop {
        changes.mark_unchanged();
        if let Some(seen) = observe() {
            return Some(seen);
        }
        let deadline = end.min(Instant::now() + patience);
        match timeout_at(deadline, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return observe(),
        }
    }
}
