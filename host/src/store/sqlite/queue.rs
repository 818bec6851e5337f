//! A thread of the store's own, and the queue of what is asked of it.
//!
//! What is asked, in which order it is done, and how many may ask, is known to whoever starts it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tracing::error;

pub(super) struct Queue<T> {
    /// `None` once it is closed.
    entrance: Mutex<Option<Sender<T>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<T: Send + 'static> Queue<T> {
    /// `work` is to end when nothing more can come.
    pub(super) fn start(
        name: &str,
        work: impl FnOnce(Receiver<T>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (entrance, asked) = channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(asked))?;
        Ok(Self {
            entrance: Mutex::new(Some(entrance)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// `None` once it is closed, or the thread has ended.
    pub(super) fn send(&self, asked: T) -> Option<()> {
        let entrance = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        entrance.as_ref()?.send(asked).ok()
    }

    /// Finishes what is queued.
    pub(super) fn stop(&self) {
        *self.entrance.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            error!("a thread of the store panicked, which is a bug of Portolan's");
        }
    }
}
