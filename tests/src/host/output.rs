//! What a child process says, line by line, as it says it.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use crate::journal;

#[derive(Clone)]
pub(super) struct Output {
    said: Arc<Mutex<Said>>,
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Said {
    lines: Vec<String>,
    open: usize,
}

impl Output {
    /// Reads both of a child's pipes, each on a thread of its own, until they close.
    pub(super) fn of(child: &mut Child) -> Self {
        let output = Self {
            said: Arc::default(),
            changes: watch::channel(()).0,
        };
        output.lock().open = 2;
        let stdout = child.stdout.take().expect("piped when spawned");
        let stderr = child.stderr.take().expect("piped when spawned");
        output.read(stdout);
        output.read(stderr);
        output
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    pub(super) async fn wait_for(&self, from: usize, part: &str, patience: Duration) -> String {
        let found = || {
            let said = self.lock();
            let mut lines = said.lines.iter().skip(from);
            let line = lines.find(|line| line.contains(part)).cloned();
            // Once the pipes are closed nothing more will come.
            line.map(Ok).or((said.open == 0).then_some(Err(())))
        };
        let seen = journal::wait(self.changes.subscribe(), patience, found).await;
        let Some(Ok(line)) = seen else {
            let log = self.lines().join("\n");
            panic!("waited in vain for a line with \"{part}\"; the host said:\n{log}");
        };
        line
    }

    pub(super) async fn wait_for_more(&self, than: usize) -> bool {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            {
                let said = self.lock();
                if said.lines.len() > than || said.open == 0 {
                    return said.lines.len() > than;
                }
            }
            if changes.changed().await.is_err() {
                return false;
            }
        }
    }

    pub(super) async fn closed(&self, patience: Duration) {
        let closed = || (self.lock().open == 0).then_some(());
        if journal::wait(self.changes.subscribe(), patience, closed)
            .await
            .is_none()
        {
            let log = self.lines().join("\n");
            panic!("the host did not end within {patience:?}; it said:\n{log}");
        }
    }

    /// Until the next line, at most so long.
    pub(super) async fn changed(&self, patience: Duration) {
        let mut changes = self.changes.subscribe();
        let _ = tokio::time::timeout(patience, changes.changed()).await;
    }

    fn read(&self, pipe: impl Read + Send + 'static) {
        let output = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                output.lock().lines.push(line);
                output.changes.send_replace(());
            }
            output.lock().open -= 1;
            output.changes.send_replace(());
        });
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
