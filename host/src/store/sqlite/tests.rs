//! What is SQLite's alone: the files, the thread that writes, and what goes wrong with disks.

mod files;
mod room;
mod writing;

use std::path::Path;

use tempfile::TempDir;

use super::writer::{Failed, Kind};
use super::*;
use crate::store::Source;
use crate::store::suite::{done, item};

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

/// Without room put by, so that a test can say how much.
fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open_with(folder, 0).unwrap()
}

fn refusal(folder: &Path) -> String {
    match SqliteStore::open_with(folder, 0) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error.to_string(),
    }
}

fn delivery(guid: &str, bytes: usize) -> NewDelivery {
    NewDelivery {
        guid: guid.to_owned(),
        event: "push".to_owned(),
        action: None,
        repository: None,
        source: Source::Webhook,
        received: 1_000,
        payload: vec![7; bytes],
    }
}

async fn take_in(store: &SqliteStore, guid: &str) -> Result<Vec<Waiting>, Error> {
    let accepted = store.accept(delivery(guid, 2_000), vec![item("tree/42")]);
    match accepted.await? {
        Accepted::New(items) => Ok(items),
        other => panic!("{guid} is not new: {other:?}"),
    }
}

/// Sets what SQLite calls a pragma, on the connection that writes.
async fn pragma(store: &SqliteStore, text: &'static str) {
    let set = |write: &session::Write<'_>| -> Result<(), Failed> {
        let mut pragma = write.db.prepare(text)?;
        let mut rows = pragma.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    };
    store.writer.ask(Kind::Settles, 0, set).await.unwrap();
}
