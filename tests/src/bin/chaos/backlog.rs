//! Very many events wait while Port does not answer, and the host is killed and started again on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use portolan_tests::fault::Fault;
use serde_json::json;
use tokio::task::JoinSet;

use crate::aftermath::{number_before, ready, stop};
use crate::line::Line;
use crate::memory::resident;
use crate::report::Report;
use crate::traffic::CONNECTIONS;
use crate::world::{World, start};

const KILLS: usize = 20;
const NEVER: Duration = Duration::from_secs(3_600);

/// What the host says once everything that waits is known to it again, after their number.
const TAKEN_UP: &str = " events that were kept before the start go on";

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
                let answer = line.post(&request).await;
                let answer = answer.with_context(|| format!("event {id} is not answered"))?;
                let status = answer.status;
                anyhow::ensure!(answer.is_2xx(), "event {id} is answered {status}");
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
    let (mut times, mut taken_up) = (Vec::new(), Vec::new());
    for _ in 0..KILLS {
        let again = host.again();
        host.kill().await;
        let began = Instant::now();
        host = start(again).await?;
        times.push(began.elapsed());
        let line = host.wait_for_line(TAKEN_UP).await;
        taken_up.push(began.elapsed());
        if number_before(TAKEN_UP, &line) != Some(waiting) {
            report.violation(format!("of {waiting} events: {line}"));
        }
    }
    ready(report, "ready after a kill with all of them waiting", times);
    ready(report, "all of them taken up again", taken_up);
    report.figure("memory after such a start", resident(host.pid()), "MB");
    world.port.mend();
    stop(report, host).await;
    Ok(())
}
