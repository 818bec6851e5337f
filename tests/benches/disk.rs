//! How long the disk itself takes to keep something: the reference of answers that promise it was kept.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::load::every;

/// What a log is written in.
const PAGE: [u8; 4096] = [b'.'; 4096];

/// Writes a file again that is there, as a log that was copied is written again, and syncs it each time: a file that
/// grows would have more to be synced. How long each took.
pub(crate) async fn syncs(folder: &Path, count: u32, pace: Duration) -> Vec<Duration> {
    let path = folder.join("log");
    let writing = tokio::task::spawn_blocking(move || {
        let whole = PAGE.repeat(count as usize);
        std::fs::write(&path, whole).expect("there is room");
        let mut file = File::options()
            .write(true)
            .open(path)
            .expect("just written");
        file.sync_all().expect("the disk keeps it");
        let once = |_: Instant| {
            let began = Instant::now();
            file.write_all(&PAGE).expect("there is room");
            file.sync_data().expect("the disk keeps it");
            began.elapsed()
        };
        every(pace).take(count as usize).map(once).collect()
    });
    writing.await.expect("writing does not fail")
}
