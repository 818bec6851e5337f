//! Very many events wait while Port does not answer, and the host is killed and started again on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use portolan_tests::fault::Fault;
use serde_json::json;
use tokio::task::JoinSet;

use crate::aftermath::{ready, stop};
use crate::line::Line;
use crate::report::Report;
use crate::traffic::CONNECTIONS;
use crate::world::{World, start};

const KILLS: usize = 20;
const NEVER: Duration = Duration::from_secs(3_600);
/// Refused so often in a row, a delivery is not wanted.
const REFUSALS: usize = 500;

pub(crate) async fn run(report: &mut Report, waiting: usize) -> anyhow::Result<()> {
    let world = Arc::new(World::new().await?);
    let repository = world.repository("svc");
    let number = repository.open_pull_request("Say more", "more");
    let like = repository.pull_request_event("opened", number);
    world.port.fail(Fault::slow(NEVER).on("/entities").always());
    let mut host = start(world.host().bundled(&[])).await?;
    host.wait_for_line("loaded plugin pull-requests").await;
    let began = Instant::now();
    let mut senders = JoinSet::new();
    for first in 0..CONNECTIONS {
        let (world, like, mut line) = (world.clone(), like.clone(), Line::to(host.address()));
        senders.spawn(async move {
            for id in (first + 1..=waiting).step_by(CONNECTIONS) {
                let mut event = like.clone();
                event.payload["pull_request"]["id"] = json!(id);
                event.payload["pull_request"]["number"] = json!(id);
                let request = world.github.sign(&event).request();
                let mut refusals = 0;
                while line
                    .post(&request)
                    .await
                    .is_none_or(|status| status / 100 != 2)
                {
                    refusals += 1;
                    anyhow::ensure!(refusals < REFUSALS, "event {id} of {waiting} is not taken");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.context("sending does not panic")??;
    }
    report.count("events made to wait", waiting);
    let rate = waiting as f64 / began.elapsed().as_secs_f64();
    report.figure("accepted, beside the stand-ins", rate, "/s");
    report.figure(
        "memory with all of them waiting",
        resident(host.pid()),
        "MB",
    );
    let mut times = Vec::new();
    for _ in 0..KILLS {
        let again = host.again();
        host.kill().await;
        let began = Instant::now();
        host = start(again).await?;
        times.push(began.elapsed());
    }
    ready(report, "ready after a kill with all of them waiting", times);
    report.figure("memory after such a start", resident(host.pid()), "MB");
    world.port.mend();
    stop(report, host).await;
    Ok(())
}

fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e6
}
