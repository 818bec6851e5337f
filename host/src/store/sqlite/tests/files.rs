//! What is found at the start, and every sentence about what cannot be used.

use std::fs;

use rusqlite::{Connection, StatementStatus};

use super::*;

#[tokio::test]
async fn what_was_acknowledged_is_in_the_files_at_that_moment() {
    let (folder, image) = (folder(), folder());
    let store = open(folder.path());
    let items = take_in(&store, "a").await.unwrap();

    // What a power cut would leave: nobody had the time to tidy up.
    for name in ["portolan.db", "portolan.db-wal", "portolan.lock"] {
        fs::copy(folder.path().join(name), image.path().join(name)).unwrap();
    }

    let found = open(image.path());
    let claimed = found.claim(10).await.unwrap();
    assert_eq!(claimed[0].seq, items[0].seq);
    let loaded = found.load(claimed[0].seq).await.unwrap().unwrap();
    assert_eq!(loaded.delivery.unwrap().payload, vec![7; 2_000]);
}

#[tokio::test]
async fn a_store_that_was_closed_leaves_one_file_and_no_doubt() {
    let folder = folder();
    let store = open(folder.path());
    take_in(&store, "a").await.unwrap();
    let lock = folder.path().join("portolan.lock");
    assert_eq!(
        fs::read_to_string(&lock).unwrap(),
        std::process::id().to_string()
    );

    store.close().unwrap();

    assert_eq!(fs::read_to_string(&lock).unwrap(), "");
    let log = fs::metadata(folder.path().join("portolan.db-wal"));
    assert!(log.is_err() || log.is_ok_and(|log| log.len() == 0));
    let store = open(folder.path());
    assert_eq!(store.counts().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn after_an_end_without_order_damage_is_looked_for() {
    let folder = folder();
    let store = open(folder.path());
    for n in 0..200 {
        take_in(&store, &n.to_string()).await.unwrap();
    }
    store.close().unwrap();
    let file = folder.path().join("portolan.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 8192 * 4096;
    bytes[middle..middle + 4096].fill(0xab);
    fs::write(&file, bytes).unwrap();
    fs::write(folder.path().join("portolan.lock"), "4711").unwrap();

    let refusal = refusal(folder.path());

    assert!(refusal.contains("portolan.db is damaged ("), "{refusal}");
}

#[tokio::test]
async fn a_folder_belongs_to_one_process() {
    let folder = folder();
    let _store = open(folder.path());

    let refusal = refusal(folder.path());

    let who = format!(
        "in use by another Portolan (process {})",
        std::process::id()
    );
    assert!(refusal.contains(&who), "{refusal}");
}

#[tokio::test]
async fn what_is_no_database_is_damaged() {
    let folder = folder();
    fs::write(
        folder.path().join("portolan.db"),
        "not at all".repeat(1_000),
    )
    .unwrap();
    let refusal = refusal(folder.path());
    assert!(refusal.contains("portolan.db is damaged ("), "{refusal}");
}

#[tokio::test]
async fn a_database_of_others_is_left_alone() {
    let folder = folder();
    let theirs = Connection::open(folder.path().join("portolan.db")).unwrap();
    theirs
        .execute_batch("CREATE TABLE theirs (n INTEGER)")
        .unwrap();

    let refusal = refusal(folder.path());

    assert!(refusal.contains("none of Portolan's"), "{refusal}");
}

#[tokio::test]
async fn a_newer_store_is_not_touched() {
    let folder = folder();
    drop(open(folder.path()));
    let file = folder.path().join("portolan.db");
    let newer = Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);

    let refusal = refusal(folder.path());

    assert!(
        refusal.contains("its version is 99, this one knows 2"),
        "{refusal}"
    );
}

#[tokio::test]
async fn an_older_store_is_migrated_after_a_backup() {
    let folder = folder();
    let store = open(folder.path());
    take_in(&store, "a").await.unwrap();
    drop(store);
    let newer = [
        schema::MIGRATIONS,
        &["ALTER TABLE mark ADD COLUMN since BIGINT"],
    ]
    .concat();

    let opened = open::open(folder.path(), &newer).unwrap();

    let count = |db: &Connection, sql: &str| -> rusqlite::Result<i64> {
        db.query_row(sql, [], |row| row.get(0))
    };
    assert_eq!(count(&opened.writer, "PRAGMA user_version"), Ok(3));
    assert_eq!(
        count(&opened.writer, "SELECT count(since) FROM mark"),
        Ok(0)
    );
    assert_eq!(
        count(&opened.writer, "SELECT count(*) FROM delivery"),
        Ok(1)
    );
    drop(opened);
    let backup = Connection::open(folder.path().join("portolan.db.v2-backup")).unwrap();
    assert_eq!(count(&backup, "PRAGMA user_version"), Ok(2));
    assert_eq!(count(&backup, "SELECT count(*) FROM delivery"), Ok(1));
    // One that the older version can work with, as the sentence about a newer one promises.
    drop(backup);
    let restored = self::folder();
    fs::copy(
        folder.path().join("portolan.db.v2-backup"),
        restored.path().join("portolan.db"),
    )
    .unwrap();
    assert_eq!(open(restored.path()).claim(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_store_as_it_was() {
    let folder = folder();
    let store = open(folder.path());
    take_in(&store, "a").await.unwrap();
    drop(store);
    let wrong = [schema::MIGRATIONS, &["DELETE FROM item; SELECT wrong"]].concat();

    assert!(open::open(folder.path(), &wrong).is_err());

    assert_eq!(open(folder.path()).counts().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refusal = refusal(&file.join("below"));
    assert!(refusal.contains("file/below cannot be used ("), "{refusal}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_not_be_written_to_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere.
    if fs::write(folder.path().join("probe"), "").is_ok() {
        return;
    }
    let refusal = refusal(folder.path());
    assert!(refusal.contains("DATA_DIR must name a folder"), "{refusal}");
}

#[test]
fn a_question_is_planned_once_and_not_for_every_value() {
    let folder = folder();
    let opened = open::open(folder.path(), schema::MIGRATIONS).unwrap();
    let [reader, lister] = &opened.readers;
    for db in [&opened.writer, reader, lister] {
        let sql = "SELECT * FROM ledger WHERE subject = ?1 AND plugin = ?2 ORDER BY blueprint";
        for subject in ["tree/1", "tree/2"] {
            let mut question = db.prepare_cached(sql).unwrap();
            assert!(!question.exists([subject, "gitops"]).unwrap());
        }
        let question = db.prepare_cached(sql).unwrap();
        assert_eq!(question.get_status(StatementStatus::RePrepare), 0);
    }
}
