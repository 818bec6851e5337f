//! What a process costs, as the kernel counts it.

use std::fs;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// `USER_HZ`: what `/proc/PID/stat` counts in, 100 on every Linux (`man 5 proc_pid_stat`).
const TICK: Duration = Duration::from_millis(10);

/// CPU time of a process, threads that have ended included.
pub(crate) fn cpu(pid: u32) -> Duration {
    ticks(pid, [11, 12])
}

/// CPU time of all processes that this one started and that have ended.
pub(crate) fn cpu_of_children() -> Duration {
    ticks(std::process::id(), [13, 14])
}

/// The sum of two fields, counted from the one after the name.
fn ticks(pid: u32, fields: [usize; 2]) -> Duration {
    let stat = read(pid, "stat");
    // The second field, the name in parentheses, may contain blanks.
    let (_, all) = stat.rsplit_once(')').expect("the kernel's format");
    let all: Vec<_> = all.split_whitespace().collect();
    let ticks = |field: usize| all.get(field).and_then(|ticks| ticks.parse::<u32>().ok());
    let [user, system] = fields.map(|field| ticks(field).expect("times are numbers"));
    TICK * (user + system)
}

/// The CPU time that a process spends on this, and what comes of it.
pub(crate) async fn spent<T>(pid: u32, work: impl Future<Output = T>) -> (Duration, T) {
    let before = cpu(pid);
    let done = work.await;
    (cpu(pid) - before, done)
}

/// Resident memory of a process, in MB, files mapped into it included.
pub(crate) fn rss(pid: u32) -> f64 {
    let status = read(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.expect("VmRSS is in KiB") * 1024.0 / 1e6
}

fn read(pid: u32, file: &str) -> String {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The most memory that a process has while this watches.
pub(crate) struct Watch(oneshot::Sender<()>, JoinHandle<f64>);

/// Between two looks: a peak shorter than this may be missed, and looking costs the machine something.
const PACE: Duration = Duration::from_millis(50);

impl Watch {
    pub(crate) fn of(pid: u32) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let watching = tokio::spawn(async move {
            let mut largest = 0.0_f64;
            loop {
                largest = largest.max(rss(pid));
                if tokio::time::timeout(PACE, &mut stopped).await.is_ok() {
                    return largest;
                }
            }
        });
        Self(stop, watching)
    }

    pub(crate) async fn stop(self) -> f64 {
        let _ = self.0.send(());
        self.1.await.expect("watching does not fail")
    }
}
