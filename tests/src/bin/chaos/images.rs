//! The power goes at any moment: what may be left of the data directory then is opened, many times.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use portolan_tests::dice::Dice;
use tempfile::TempDir;

use crate::disk::log::{self, Record};
use crate::disk::{Disk, Fate, Image};
use crate::preload::Watch;
use crate::report::Report;
use crate::traffic::{Traffic, Witness};
use crate::world::{World, start};
use crate::{control, database};

const PER_SECOND: usize = 80;
/// How each recorded life of the host ends, after so many deliveries.
const LIVES: [&str; 4] = ["KILL", "TERM", "KILL", "KILL"];
const LIFE: usize = 240;
/// Images that the host itself is started on.
const STARTED: usize = 20;
const CHECKERS: usize = 2;

/// What a moment without power left, and what had been acknowledged by then.
struct Moment {
    number: usize,
    image: Image,
    acknowledged: usize,
}

/// What checking them gives.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) wrong: Vec<String>,
    /// Laid out, for the host to start on.
    kept: Vec<TempDir>,
}

pub(crate) async fn run(report: &mut Report, mut dice: Dice, images: u64) -> anyhow::Result<()> {
    control::run(report, dice.another())?;
    let images = usize::try_from(images)?;
    let folder = tempfile::tempdir()?;
    let world = Arc::new(World::new().await?);
    let (data, log) = record(report, &world, folder.path(), dice.another()).await?;
    let records = log::read(&log);
    let guids: Vec<String> = records.iter().filter_map(guid).collect();
    let syncs = |record: &&Record| matches!(record, Record::Synced { .. });
    report.count("calls to the disk recorded", records.len());
    report.count("of them fsyncs", records.iter().filter(syncs).count());
    report.figure("bytes recorded", log.len() as f64 / 1e6, "MB");

    let cuts = cuts(&records, images, &mut dice);
    let found = {
        let (folder, data) = (folder.path().to_owned(), data.clone());
        tokio::task::spawn_blocking(move || {
            check(&records, &log, &guids, &cuts, dice, &folder, &data)
        })
        .await??
    };
    report.count("images opened", images);
    report.count("images with something lost or damaged", found.wrong.len());
    for sentence in found.wrong {
        report.violation(sentence);
    }
    let mut healthy = 0;
    for image in &found.kept {
        let host = world.host();
        lay_again(image.path(), &host.data_dir())?;
        match start(host).await {
            Ok(host) => {
                healthy += 1;
                host.kill().await;
            }
            Err(error) => report.violation(format!("on an image {error:#}")),
        }
    }
    report.count("hosts healthy on one of them", healthy);
    Ok(())
}

/// Runs the host under load; gives where its data lay, and the log.
async fn record(
    report: &mut Report,
    world: &Arc<World>,
    folder: &Path,
    dice: Dice,
) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    let watch = Arc::new(Watch::into(folder)?);
    let host = watch.over(world.host());
    let data = host.data_dir();
    let mut host = start(host).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    let witness: Witness = {
        let watch = watch.clone();
        Arc::new(move |guid| watch.acknowledged(guid))
    };
    let traffic = Traffic::begin(world, &host, dice, PER_SECOND, witness).await?;
    for end in LIVES {
        traffic.tally.acknowledged.grows_by(LIFE).await?;
        let again = host.again();
        match end {
            "TERM" => drop(host.stop().await),
            _ => drop(host.kill().await),
        }
        host = start(again).await?;
    }
    let tally = traffic.end().await?;
    host.kill().await;
    report.count("deliveries acknowledged", tally.acknowledged.now());
    Ok((data, watch.read()?))
}

pub(crate) fn guid(record: &Record) -> Option<String> {
    match record {
        Record::Acknowledged { guid } => Some(guid.clone()),
        _ => None,
    }
}

/// After how many records the power goes, in order: anywhere, right after a 2xx, and around fsyncs.
pub(crate) fn cuts(records: &[Record], images: usize, dice: &mut Dice) -> Vec<usize> {
    let at = |is: fn(&Record) -> bool| -> Vec<usize> {
        let records = records.iter().enumerate();
        records
            .filter(|(_, record)| is(record))
            .map(|(at, _)| at)
            .collect()
    };
    let acknowledged = at(|record| matches!(record, Record::Acknowledged { .. }));
    let synced = at(|record| matches!(record, Record::Synced { .. }));
    let mut cuts: Vec<usize> = (0..images)
        .map(|_| {
            let anywhere = dice.below(records.len() + 1);
            match dice.below(3) {
                0 => anywhere,
                1 => dice.one_of(&acknowledged).map_or(anywhere, |at| at + 1),
                // Right before it came back, or right after.
                _ => {
                    let after = dice.below(2);
                    dice.one_of(&synced).map_or(anywhere, |at| at + after)
                }
            }
        })
        .collect();
    cuts.sort_unstable();
    cuts
}

/// Plays the log once; at every cut an image is drawn and handed to those who open it.
pub(crate) fn check(
    records: &[Record],
    log: &[u8],
    guids: &[String],
    cuts: &[usize],
    mut dice: Dice,
    folder: &Path,
    data: &Path,
) -> anyhow::Result<Found> {
    let found = Mutex::new(Found::default());
    let every = cuts.len().div_ceil(STARTED).max(1);
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<Moment>(CHECKERS);
        let receive = Arc::new(Mutex::new(receive));
        let checkers: Vec<_> = (0..CHECKERS)
            .map(|_| {
                let (receive, found) = (receive.clone(), &found);
                scope.spawn(move || open_all(&receive, guids, every, folder, data, found))
            })
            .collect();
        drop(receive);
        let (mut disk, mut played, mut acknowledged) = (Disk::default(), 0, 0);
        for (number, cut) in cuts.iter().enumerate() {
            for record in &records[played..*cut] {
                disk.play(record, log);
                acknowledged += usize::from(guid(record).is_some());
            }
            played = *cut;
            let fate = match dice.below(4) {
                0 => Fate::None,
                1 => Fate::Until,
                _ => Fate::Some,
            };
            let moment = Moment {
                number,
                image: disk.image(fate, &mut dice, log),
                acknowledged,
            };
            if send.send(moment).is_err() {
                break;
            }
        }
        drop(send);
        for checker in checkers {
            checker.join().expect("checking does not panic")?;
        }
        anyhow::Ok(())
    })?;
    Ok(found
        .into_inner()
        .expect("nobody panicked while it was held"))
}

fn open_all(
    moments: &Mutex<Receiver<Moment>>,
    guids: &[String],
    every: usize,
    folder: &Path,
    data: &Path,
    found: &Mutex<Found>,
) -> anyhow::Result<()> {
    loop {
        let next = moments
            .lock()
            .expect("nothing panics while it is held")
            .recv();
        let Ok(moment) = next else {
            return Ok(());
        };
        let image = tempfile::tempdir_in(folder)?;
        lay(&moment.image, data, image.path())?;
        // SQLite repairs what it opens: the host shall do that itself.
        let kept = if moment.number % every == 0 {
            let kept = tempfile::tempdir_in(folder)?;
            lay(&moment.image, data, kept.path())?;
            Some(kept)
        } else {
            None
        };
        let wrong = judge(image.path(), &guids[..moment.acknowledged]);
        let mut found = found.lock().expect("nothing panics while it is held");
        found.kept.extend(kept);
        if let Some(wrong) = wrong {
            let number = moment.number;
            found.wrong.push(format!("image {number}: {wrong}"));
        }
    }
}

/// What is wrong with a data directory that was found when these had been acknowledged.
pub(crate) fn judge(folder: &Path, acknowledged: &[String]) -> Option<String> {
    let known: BTreeSet<String> = match database::deliveries(folder) {
        Ok(known) => known,
        Err(wrong) => return Some(wrong),
    };
    let mut missing = acknowledged.iter().filter(|guid| !known.contains(*guid));
    let first = missing.next()?;
    let (count, of) = (missing.count() + 1, acknowledged.len());
    Some(format!(
        "{count} of {of} acknowledged deliveries are not there, {first} first"
    ))
}

/// Writes an image of `data` into a folder.
pub(crate) fn lay(image: &Image, data: &Path, folder: &Path) -> anyhow::Result<()> {
    for (path, bytes) in image {
        let to = folder.join(path.strip_prefix(data)?);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(to, bytes)?;
    }
    Ok(())
}

fn lay_again(image: &Path, data: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(image)? {
        let entry = entry?;
        let to = data.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            lay_again(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
