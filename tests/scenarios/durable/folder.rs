//! A data directory that cannot be worked with: the host ends with one sentence that says what to do.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use portolan_tests::host::TestHost;
use portolan_tests::mount::Mount;

use crate::acme::Acme;

/// A folder in which a host has worked and ended in order. It is there as long as this is.
struct Used {
    host: TestHost,
    store: PathBuf,
    _kept: TestHost,
}

async fn used(acme: &Acme) -> Used {
    let host = acme.host().start().await;
    acme.arrives(&host, "shop").await;
    let used = Used {
        host: host.again(),
        store: host.data_dir().join("portolan.db"),
        _kept: host.again(),
    };
    let (status, lines) = host.stop().await;
    assert_eq!(status.code(), Some(0), "{lines:#?}");
    used
}

impl Used {
    /// It ends in these words, and the store is left as it is.
    async fn ends_and_is_left(self, words: &[&str]) {
        let before = fs::read(&self.store).expect("the host left it");
        ends(self.host, words).await;
        assert!(
            fs::read(&self.store).expect("it is still there") == before,
            "it was written to"
        );
    }
}

/// It does not start, and these words are in the sentence that says why.
async fn ends(host: TestHost, words: &[&str]) {
    let (status, said) = host.start_in_vain().await;
    assert!(!status.success(), "{said}");
    assert!(status.code().is_some(), "it was ended by a signal: {said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

/// Overwrites a part of a file that the host left.
fn spoil(file: &Path, offset: u64, bytes: &[u8]) {
    let spoiled = File::options()
        .write(true)
        .open(file)
        .and_then(|file| file.write_all_at(bytes, offset));
    spoiled.unwrap_or_else(|error| panic!("cannot spoil {}: {error}", file.display()));
}

#[tokio::test]
async fn a_second_host_in_the_same_folder_ends_and_the_first_goes_on() {
    let acme = Acme::new().await;
    let first = acme.host().start().await;
    let folder = first.data_dir().display().to_string();

    let second = acme.host().env("DATA_DIR", &folder);
    let process = format!("process {}", first.pid());
    ends(
        second,
        &[&folder, "in use by another Portolan", &process, "DATA_DIR"],
    )
    .await;

    acme.arrives(&first, "shop").await;
}

#[tokio::test]
async fn a_folder_left_by_a_host_that_was_killed_is_free() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "shop").await;
    let again = host.again();
    host.kill().await;

    let host = again.start().await;

    host.wait_for_line("the last run was not ended in order")
        .await;
    acme.arrives(&host, "cart").await;
}

#[tokio::test]
async fn a_store_that_is_damaged_is_named_and_left_as_it_is() {
    let acme = Acme::new().await;
    let used = used(&acme).await;
    spoil(&used.store, 0, &[0x5a; 512]);

    let shown = used.store.display().to_string();
    used.ends_and_is_left(&[&shown, "is damaged", "put a backup in its place"])
        .await;
}

#[tokio::test]
async fn damage_within_a_store_is_found_after_an_end_out_of_order() {
    let acme = Acme::new().await;
    let used = used(&acme).await;
    let length = fs::metadata(&used.store).expect("the host left it").len();
    spoil(&used.store, 4096, &vec![0x5a; (length - 4096) as usize]);
    // As a host that lost power leaves it.
    let lock = used.store.with_file_name("portolan.lock");
    fs::write(lock, "1").expect("the folder is writable");

    ends(
        used.host,
        &["portolan.db", "is damaged", "put a backup in its place"],
    )
    .await;
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let acme = Acme::new().await;
    let used = used(&acme).await;
    // SQLite keeps `user_version` there (sqlite.org, "Database File Format").
    spoil(&used.store, 60, &99_u32.to_be_bytes());

    used.ends_and_is_left(&[
        "portolan.db",
        "written by a newer Portolan",
        "99",
        "run that one",
    ])
    .await;
}

#[tokio::test]
async fn a_database_of_somebody_else_is_not_touched() {
    let acme = Acme::new().await;
    let used = used(&acme).await;
    // SQLite keeps `application_id` there.
    spoil(&used.store, 68, &7_u32.to_be_bytes());

    used.ends_and_is_left(&["portolan.db", "none of Portolan's"])
        .await;
}

#[tokio::test]
async fn what_is_no_folder_or_cannot_be_written_is_named() {
    let acme = Acme::new().await;
    let aside = tempfile::tempdir().expect("a temporary folder");
    let file = aside.path().join("file");
    fs::write(&file, "no folder").expect("the folder is writable");
    let shown = file.display().to_string();
    ends(acme.host().env("DATA_DIR", &shown), &[&shown, "DATA_DIR"]).await;

    // Root may write into any folder of a file system that can be written.
    match Mount::read_only() {
        Ok(mount) => {
            let shown = mount.folder().display().to_string();
            let words = [&*shown, "cannot be used", "DATA_DIR must name a folder"];
            ends(acme.host().env("DATA_DIR", &shown), &words).await;
        }
        Err(why) => eprintln!("NOT TESTED, a data directory on a read-only file system: {why}"),
    }
}
