//! How long the disk itself takes to keep something: the reference of answers that promise it was kept.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a log is written in.
const PAGE: [u8; 4096] = [b'.'; 4096];

/// Appends to a file as a log is appended to, and syncs it each time. How long each took.
pub(crate) async fn syncs(folder: &Path, count: u32, pace: Duration) -> Vec<Duration> {
    let path = folder.join("appended");
    let appending = tokio::task::spawn_blocking(move || {
        let mut file = File::create(path).expect("a folder that can be written to");
        let begin = Instant::now();
        let once = |step: u32| {
            // A pace, not a wait.
            std::thread::sleep((begin + pace * step).saturating_duration_since(Instant::now()));
            let began = Instant::now();
            file.write_all(&PAGE).expect("there is room");
            file.sync_data().expect("the disk keeps it");
            began.elapsed()
        };
        (0..count).map(once).collect()
    });
    appending.await.expect("writing does not fail")
}
