//! The clock by which guests are interrupted: one OS thread that advances the engine's epoch.
//!
//! A thread and not a task: a busy executor must not delay the end of a loop. It rests while no guest runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// One epoch.
pub(super) const TICK: Duration = Duration::from_millis(5);
/// Ticks without a guest before the thread rests: waking it for every call would cost more than it saves.
const LINGER: u32 = 400;

pub(super) struct Pulse {
    state: Arc<State>,
    thread: Thread,
}

#[derive(Default)]
struct State {
    running: AtomicUsize,
    resting: AtomicBool,
    stopped: AtomicBool,
}

/// A guest runs for as long as this lives.
pub(super) struct Running<'a>(&'a Pulse);

impl Pulse {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let (engine, state) = (engine.clone(), Arc::new(State::default()));
        let thread = thread::Builder::new()
            .name("epochs".to_owned())
            .spawn({
                let state = state.clone();
                move || state.beat(&engine)
            })?
            .thread()
            .clone();
        Ok(Self { state, thread })
    }

    pub(super) fn run(&self) -> Running<'_> {
        self.state.running.fetch_add(1, SeqCst);
        // Either the thread sees the guest before it rests, or this sees that it rests.
        if self.state.resting.load(SeqCst) {
            self.thread.unpark();
        }
        Running(self)
    }
}

impl State {
    fn beat(&self, engine: &Engine) {
        let mut idle = 0;
        while !self.stopped.load(SeqCst) {
            idle = match self.running.load(SeqCst) {
                0 => idle + 1,
                _ => 0,
            };
            if idle > LINGER {
                self.resting.store(true, SeqCst);
                if self.running.load(SeqCst) == 0 && !self.stopped.load(SeqCst) {
                    thread::park();
                }
                self.resting.store(false, SeqCst);
                idle = 0;
            }
            thread::sleep(TICK);
            engine.increment_epoch();
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.running.fetch_sub(1, SeqCst);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        self.thread.unpark();
    }
}
