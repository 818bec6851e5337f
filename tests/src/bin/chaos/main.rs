//! `make chaos`: the real host between the stand-ins, while everything goes wrong that can.
//!
//! It is killed under load (`kills`), loses its power at any write (`images`), has calls to its disk fail (`faults`)
//! and its connections break (`network`), finds nobody at Port (`outage`) and no room on its disk (`full`). What it answered 2xx must not be lost, and the catalog must end up as the
//! world is; the model of that (`model`) knows nothing of how the host gets there.
//! `PART` runs one part alone; `KILLS`, `IMAGES` and `SEED` are numbers; `EVERY=3` lets only each third write fail;
//! `MINUTES` is how long Port is away and `SECONDS` how long the disk is full;
//! `BACKLOG=100000` lets `kills` measure starts with so many events waiting instead; `--json` is for machines.
#![expect(clippy::print_stdout, reason = "it speaks to a person")]

mod aftermath;
mod backlog;
mod control;
mod database;
mod disk;
mod faults;
mod full;
mod images;
mod kills;
mod line;
mod memory;
mod model;
mod network;
mod order;
mod outage;
mod preload;
mod report;
mod sweep;
mod tally;
mod traffic;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use portolan_tests::dice::Dice;
use report::Report;

const PARTS: [&str; 6] = ["kills", "images", "faults", "network", "outage", "full"];

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let json = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--json") => true,
        Some("pretend") => {
            control::pretend(&std::env::args().nth(2).unwrap_or_default())?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(other) => anyhow::bail!("`{other}` is not known: `--json`, or nothing"),
    };
    let wanted = std::env::var("PART").unwrap_or_default();
    anyhow::ensure!(
        wanted.is_empty() || PARTS.contains(&&*wanted),
        "there is no PART={wanted}; the parts are {}",
        PARTS.join(", ")
    );
    let drawn = jiff::Timestamp::now().as_millisecond().unsigned_abs() % 1_000_000;
    let seed = number("SEED", drawn)?;
    let (kills, images) = (number("KILLS", 100)?, number("IMAGES", 2_000)?);
    let (every, backlog) = (number("EVERY", 1)?, number("BACKLOG", 0)?);
    let (minutes, seconds) = (number("MINUTES", 2)?, number("SECONDS", 20)?);
    let backlog = usize::try_from(backlog)?;
    let mut report = Report::new(json, seed);
    for part in PARTS {
        if !wanted.is_empty() && part != wanted {
            continue;
        }
        let (began, dice) = (Instant::now(), Dice::new(seed));
        report.begin(part);
        let done = match part {
            "kills" if backlog > 0 => backlog::run(&mut report, backlog).await,
            "kills" => kills::run(&mut report, dice, kills).await,
            "images" => images::run(&mut report, dice, images).await,
            "faults" => faults::run(&mut report, every).await,
            "network" => network::run(&mut report, dice).await,
            "outage" => outage::run(&mut report, dice, minutes).await,
            _ => full::run(&mut report, dice, seconds).await,
        };
        if let Err(error) = done {
            report.violation(format!("it could not go on: {error:#}"));
        }
        report.figure("took", began.elapsed().as_secs_f64(), "s");
    }
    Ok(report.end())
}

fn number(variable: &str, default: u64) -> anyhow::Result<u64> {
    match std::env::var(variable) {
        Err(_) => Ok(default),
        Ok(text) if text.is_empty() => Ok(default),
        Ok(text) => text
            .parse()
            .map_err(|_| anyhow::anyhow!("{variable}={text} is no number")),
    }
}
