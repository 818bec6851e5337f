//! One short life of the host in which one call to its disk fails, and what is left of it.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use portolan_tests::dice::Dice;
use portolan_tests::fault::Fault;
use portolan_tests::github::Repository;
use portolan_tests::host::RunningHost;

use crate::disk::log::{self, Record};
use crate::disk::{Disk, Fate};
use crate::images::{judge, lay};
use crate::line::Line;
use crate::model::Differences;
use crate::preload::Watch;
use crate::world::{World, start};

const DELIVERIES: usize = 3;
/// To come up or to end, and to end after an answer that did not come.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);
/// Nothing moved for so long: nothing will.
const QUIET: Duration = Duration::from_secs(20);
/// Longer than any of it: what Port has not answered has to be done by the next host.
const NEVER: Duration = Duration::from_secs(3_600);

/// Stand-ins of its own: lanes run side by side.
pub(crate) struct Lane {
    world: World,
    repository: Repository,
}

/// What became of one life.
#[derive(Default)]
pub(crate) struct Life {
    /// Whether the call was made that was to fail.
    pub(crate) failed: bool,
    pub(crate) acknowledged: usize,
    pub(crate) refused: usize,
    pub(crate) ended: bool,
    pub(crate) wrong: Vec<String>,
}

impl Lane {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let world = World::new().await?;
        let repository = world.repository("svc");
        let service = serde_json::json!({"identifier": "svc", "title": "A service"});
        world.port.plant("service", &service, "somebody else");
        Ok(Self { world, repository })
    }

    /// `fault` as the preloaded library takes it.
    pub(crate) async fn live(&self, fault: &str) -> anyhow::Result<Life> {
        let mut life = Life::default();
        let folder = tempfile::tempdir()?;
        let watch = Watch::into(folder.path())?;
        let host = watch
            .over(self.world.host().bundled(&[]))
            .env("PORTOLAN_DISK_FAULT", fault);
        let data = host.data_dir();
        self.world
            .port
            .fail(Fault::slow(NEVER).on("/entities").always());
        let mut host = host.spawn();
        let ended = match comes_up(&mut host).await {
            Up::Healthy => self.deliver(&mut host, &watch, &mut life).await,
            Up::Ended(status) => Some(status),
            Up::Neither => {
                let sentence = "the host neither came up nor ended";
                life.wrong.push(sentence.into());
                None
            }
        };
        let again = host.again();
        let lines = host.kill().await;
        if let Some(status) = ended {
            life.ended = true;
            let panicked = lines.iter().any(|line| line.contains("panicked"));
            if status.code().is_none_or(|code| code == 0) || panicked {
                let last = lines.last().map(String::as_str).unwrap_or_default();
                life.wrong
                    .push(format!("the host ended with {status}: {last}"));
            }
        }
        self.without_power(&watch, &data, &mut life)?;

        self.world.port.mend();
        let again = ["LD_PRELOAD", "PORTOLAN_DISK_LOG", "PORTOLAN_DISK_FAULT"]
            .into_iter()
            .fold(again, |again, variable| again.without(variable));
        match start(again).await {
            Err(error) => life.wrong.push(format!("afterwards {error:#}")),
            Ok(host) => {
                let right = |now: &Differences| now.lost.is_empty();
                let (differences, _) = self.world.settle(QUIET, Duration::ZERO, right).await;
                let lost = differences.lost.iter().map(ToString::to_string);
                life.wrong.extend(lost);
                host.kill().await;
            }
        }
        Ok(life)
    }

    /// A handful of pull requests; gives how the host ended, if it did.
    async fn deliver(
        &self,
        host: &mut RunningHost,
        watch: &Watch,
        life: &mut Life,
    ) -> Option<ExitStatus> {
        let mut line = Line::to(host.address());
        for number in 0..DELIVERIES {
            let pull = self
                .repository
                .open_pull_request(&format!("Say {number}"), "more");
            let change = self.world.pull_request(&self.repository, "opened", pull);
            let guid = &change.signed.guid;
            match line.post(&change.signed.request()).await {
                Some(answer) if answer.is_2xx() => {
                    watch.acknowledged(guid);
                    self.world.model.acknowledged(&change.subject, guid);
                    life.acknowledged += 1;
                }
                Some(answer) if answer.status == 503 => life.refused += 1,
                Some(answer) => life
                    .wrong
                    .push(format!("delivery {guid} was answered {}", answer.status)),
                None => {
                    let status = ends(host).await;
                    if status.is_none() {
                        life.wrong.push(format!(
                            "delivery {guid} was not answered, and the host lives"
                        ));
                    }
                    return status;
                }
            }
        }
        host.has_ended()
    }

    /// What was acknowledged has to be on disk for sure: a failed fsync makes nothing sure, also not later.
    fn without_power(
        &self,
        watch: &Watch,
        data: &std::path::Path,
        life: &mut Life,
    ) -> anyhow::Result<()> {
        let log = watch.read()?;
        let (mut disk, mut acknowledged) = (Disk::default(), Vec::new());
        for record in &log::read(&log) {
            disk.play(record, &log);
            match record {
                Record::Failed => life.failed = true,
                Record::Acknowledged { guid } => {
                    acknowledged.push(guid.clone());
                    let image = disk.image(Fate::None, &mut Dice::new(0), &log);
                    let folder = tempfile::tempdir()?;
                    lay(&image, data, folder.path())?;
                    let wrong = judge(folder.path(), &acknowledged);
                    life.wrong
                        .extend(wrong.map(|wrong| format!("without power then, {wrong}")));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

enum Up {
    Healthy,
    Ended(ExitStatus),
    Neither,
}

async fn comes_up(host: &mut RunningHost) -> Up {
    let begin = Instant::now();
    let request = b"GET /health HTTP/1.1\r\nhost: portolan\r\n\r\n";
    while begin.elapsed() < PATIENCE {
        if let Some(status) = host.has_ended() {
            return Up::Ended(status);
        }
        let answer = Line::to(host.address()).post(request).await;
        if answer.is_some_and(|answer| answer.is_2xx()) {
            return Up::Healthy;
        }
        tokio::time::sleep(LOOK).await;
    }
    Up::Neither
}

async fn ends(host: &mut RunningHost) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(status) = host.has_ended() {
            return Some(status);
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}
