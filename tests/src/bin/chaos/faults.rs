//! The k-th call to the disk fails, for every k that there is: once, and for ever from there on.
//!
//! A life is short: the host starts on an empty folder and gets a handful of deliveries.

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;

use crate::report::Report;
use crate::sweep::{Lane, Life};

/// What fails, and how.
const FAULTS: [&str; 4] = ["sync eio", "write eio", "write enospc", "write short"];
/// One run a core: a run is mostly starting a host.
const LANES: usize = 2;
/// No run makes so many calls: beyond it something makes them without end.
const MOST: u64 = 2_000;

/// One of the faults, and how far its sweep is.
struct Sweep {
    fault: String,
    step: u64,
    next: u64,
    /// A run ended before its call came.
    over: bool,
    failed: usize,
    acknowledged: usize,
    refused: usize,
    ended: usize,
}

/// Of writes only every so many fail; of fsyncs, which are fewer, each.
pub(crate) async fn run(report: &mut Report, every: u64) -> anyhow::Result<()> {
    let sweeps: Vec<Sweep> = FAULTS
        .iter()
        .flat_map(|fault| ["once", "always"].map(|times| format!("{fault} {times}")))
        .map(|fault| Sweep::of(fault, every.max(1)))
        .collect();
    let sweeps = Arc::new(Mutex::new(sweeps));
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let (sweeps, wrong) = (sweeps.clone(), wrong.clone());
        lanes.spawn(async move {
            let lane = Lane::new().await?;
            while let Some((at, fault)) = next(&sweeps) {
                let life = lane.live(&fault).await?;
                let found = life.wrong.iter().map(|wrong| format!("{fault}: {wrong}"));
                wrong.lock().expect(UNHELD).extend(found);
                sweeps.lock().expect(UNHELD)[at].add(&life);
            }
            anyhow::Ok(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    for sweep in sweeps.lock().expect(UNHELD).iter() {
        let Sweep {
            fault,
            failed,
            acknowledged,
            refused,
            ended,
            ..
        } = sweep;
        report.count(
            format!("{fault}: calls that failed, each in a life of its own"),
            *failed,
        );
        report.note(&format!(
            "  {acknowledged} deliveries acknowledged, {refused} refused; {ended} hosts ended by themselves"
        ));
        if *failed == 0 {
            report.violation(format!(
                "{fault}: the host made no such call: nothing is on disk"
            ));
        }
    }
    for sentence in wrong.lock().expect(UNHELD).iter() {
        report.violation(sentence);
    }
    Ok(())
}

const UNHELD: &str = "nothing panics while it is held";

/// The next life: which sweep it is of, and its fault.
fn next(sweeps: &Mutex<Vec<Sweep>>) -> Option<(usize, String)> {
    let mut sweeps = sweeps.lock().expect(UNHELD);
    let at = sweeps
        .iter()
        .position(|sweep| !sweep.over && sweep.next < MOST)?;
    let sweep = &mut sweeps[at];
    let number = sweep.next;
    sweep.next += sweep.step;
    Some((at, format!("{} {number}", sweep.fault)))
}

impl Sweep {
    fn of(fault: String, every: u64) -> Self {
        Self {
            step: if fault.starts_with("write") { every } else { 1 },
            fault,
            next: 1,
            over: false,
            failed: 0,
            acknowledged: 0,
            refused: 0,
            ended: 0,
        }
    }

    fn add(&mut self, life: &Life) {
        self.over |= !life.failed;
        self.failed += usize::from(life.failed);
        self.acknowledged += life.acknowledged;
        self.refused += life.refused;
        self.ended += usize::from(life.ended);
    }
}
