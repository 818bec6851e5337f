//! How long until it works: a host that starts, a plugin that was copied. And how large the binary is.

use std::time::{Duration, Instant};

use portolan_tests::host::{RunningHost, TestHost, binary, guest};
use sha2::{Digest, Sha256};

use crate::load;
use crate::table::{Table, Wish};
use crate::world::{Template, World, padded};

const ROUNDS: usize = 10;
/// Files that were touched a moment ago are looked at twice, which is no part of starting a container: until they are
/// so old, starts are a warm-up.
const AGED: Duration = Duration::from_secs(3);
/// Between deliveries while a copied plugin is waited for: a load, so that one comes soon after the plugin has.
const PACE: Duration = Duration::from_millis(5);

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let template = world.template();
    let size = std::fs::metadata(binary())
        .expect("the host is built")
        .len();
    table.figure("binary", (size as f64 / 1e6, "MB"), Wish::at_most(40.0));

    let host = world.host().plugin("pull-requests").start().await;
    let compiled = host.data_dir().join("compiled");
    let copied_at = Instant::now();
    let mut number = 0;
    let mut again = stop(host).await;
    while copied_at.elapsed() < AGED {
        let (_, host) = first_mapped(again, &world, &template, number).await;
        number += 1;
        again = stop(host).await;
    }
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (cached, times) in times.iter_mut().enumerate() {
            if cached == 0 {
                std::fs::remove_dir_all(&compiled).expect("the host kept what it compiled");
            }
            let (took, host) = first_mapped(again, &world, &template, number).await;
            times.push(took);
            number += 1;
            again = stop(host).await;
        }
    }
    let [cold, warm] = times.map(median);
    table.figure(
        "start to first delivery mapped, nothing compiled",
        (cold, "ms"),
        Wish::at_most(500.0),
    );
    table.figure(
        "start to first delivery mapped, plugins compiled before",
        (warm, "ms"),
        Wish::at_most(200.0),
    );
    copied(table, again, &template).await;
}

async fn stop(host: RunningHost) -> TestHost {
    let again = host.again();
    host.stop().await;
    again
}

async fn first_mapped(
    host: TestHost,
    world: &World,
    template: &Template,
    number: usize,
) -> (Duration, RunningHost) {
    let request = template.request(number);
    let began = Instant::now();
    let host = host.spawn();
    // It listens before it loads anything, and says nothing of that.
    host.wait_for_line("loaded plugin pull-requests").await;
    let mut connection = load::connect(host.address()).await;
    let status = load::converse(&mut connection, &request)
        .await
        .expect("an answer");
    assert_eq!(status, 202);
    let identifier = format!("checkout{}", padded(number));
    world
        .port
        .wait_for_entity("githubPullRequest", &identifier)
        .await;
    (began.elapsed(), host)
}

async fn copied(table: &mut Table, host: TestHost, template: &Template) {
    let host = host.start().await;
    let bytes = guest("pull-requests");
    let sending = tokio::spawn({
        let (template, address) = (template.clone(), host.address());
        async move {
            let mut connection = load::connect(address).await;
            let mut pace = tokio::time::interval(PACE);
            for number in 1_000.. {
                pace.tick().await;
                let status = load::converse(&mut connection, &template.request(number)).await;
                assert_eq!(status.expect("an answer"), 202);
            }
        }
    });
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // A custom section makes it another plugin, which no cache knows.
        let version = [
            bytes.as_slice(),
            &[0, 2, 1, u8::try_from(round).expect("few rounds")],
        ]
        .concat();
        let name = hex::encode(&Sha256::digest(&version)[..6]);
        let (said, began) = (host.said(), Instant::now());
        host.plugin_bytes("pull-requests", &version);
        host.wait_for_line_after(said, &format!("pull-requests {name} mapped"))
            .await;
        times.push(began.elapsed());
    }
    sending.abort();
    let what = format!(
        "copy of a {:.0} KB plugin to first event mapped by it",
        bytes.len() as f64 / 1e3
    );
    table.figure(what, (median(times), "ms"), Wish::at_most(400.0));
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
