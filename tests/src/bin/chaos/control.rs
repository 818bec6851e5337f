//! Proof that the images show something: two programs that keep deliveries, one as one must, one that does not wait
//! for the disk. Of the first nothing may be lost, and of the second something must be.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use portolan_tests::dice::Dice;
use rusqlite::Connection;

use crate::disk::log;
use crate::images::{check, cuts, guid};
use crate::preload::Watch;
use crate::report::Report;

const DELIVERIES: usize = 200;
const CHECKPOINT_EVERY: usize = 40;
const IMAGES: usize = 150;

/// What `PRAGMA synchronous` is set to. `NORMAL` keeps the file whole and loses what was committed last.
const MODES: [(&str, bool); 2] = [("FULL", true), ("NORMAL", false)];

pub(crate) fn run(report: &mut Report, mut dice: Dice) -> anyhow::Result<()> {
    for (mode, is_safe) in MODES {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let log = record(folder.path(), &data, mode)?;
        let records = log::read(&log);
        let guids: Vec<String> = records.iter().filter_map(guid).collect();
        anyhow::ensure!(guids.len() == DELIVERIES, "the program for control failed");
        let cuts = cuts(&records, IMAGES, &mut dice);
        let found = check(
            &records,
            &log,
            &guids,
            &cuts,
            dice.another(),
            folder.path(),
            &data,
        )?;
        let wrong = found.wrong.len();
        report.count(
            format!("control, synchronous={mode}: of {IMAGES} images wrong"),
            wrong,
        );
        if is_safe && wrong > 0 {
            let first = &found.wrong[0];
            report.violation(format!("the control that syncs lost something: {first}"));
        }
        if !is_safe && wrong == 0 {
            report.violation("a control that does not sync lost nothing: images show nothing");
        }
    }
    Ok(())
}

fn record(folder: &Path, data: &Path, mode: &str) -> anyhow::Result<Vec<u8>> {
    let watch = Watch::into(folder)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["pretend", mode])
        .env("DATA_DIR", data)
        .envs(watch.variables())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (mut stdin, stdout) = (stdin.expect("it is piped"), stdout.expect("it is piped"));
    for line in BufReader::new(stdout).lines() {
        watch.acknowledged(&line?);
        // It goes on once that is in the log.
        writeln!(stdin)?;
    }
    child.wait()?;
    watch.read()
}

/// The child: keeps one delivery after the other as the host would.
pub(crate) fn pretend(mode: &str) -> anyhow::Result<()> {
    let folder = std::env::var("DATA_DIR")?;
    let database = Connection::open(Path::new(&folder).join("control.db"))?;
    database.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    database.pragma_update(None, "synchronous", mode)?;
    database.execute_batch("CREATE TABLE delivery (guid TEXT UNIQUE, payload BLOB)")?;
    for number in 0..DELIVERIES {
        let guid = format!("guid-{number}");
        let payload = vec![b'x'; 3_000];
        database.execute("INSERT INTO delivery VALUES (?, ?)", (&guid, payload))?;
        if number % CHECKPOINT_EVERY == 0 {
            database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        println!("{guid}");
        std::io::stdin().read_line(&mut String::new())?;
    }
    Ok(())
}
