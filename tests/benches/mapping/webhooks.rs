//! From a webhook to Port by sixteen programs, everything durable, against a server that only checks the signature.

use std::time::Duration;

use super::objects;
use crate::bare::Bare;
use crate::table::{Table, Wish};
use crate::world::World;
use crate::{load, process, through};

const DELIVERIES: usize = 10_000;
/// The servers take turns, so that what else the machine does hits both.
const ROUNDS: usize = 2;
const WARM_UP: usize = 500;

#[tokio::main]
pub(super) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let sort = objects::pull_request();
    world.port.blueprint(sort.schema());
    world.repository.push(
        &[(".github/port-app-config.yml", &sort.configuration())],
        "Map pull requests",
    );
    let template = world.template();
    let bare = Bare::start(world.github.webhook_secret());
    let host = world.host().bundled(&["mapping"]).start().await;
    host.wait_for_line("first start: ").await;

    let warm = template.signed(0..WARM_UP);
    load::send(bare.address, &warm, load::CONNECTIONS, None).await;
    through::send(host.address(), &warm, &world.port).await;
    let mut cpu = [Duration::ZERO; 2];
    for round in 0..ROUNDS {
        let begin = WARM_UP + round * DELIVERIES;
        let deliveries = template.signed(begin..begin + DELIVERIES);
        let sending = load::send(bare.address, &deliveries, load::CONNECTIONS, None);
        cpu[0] += process::spent(bare.pid(), sending).await.0;
        let sending = through::send(host.address(), &deliveries, &world.port);
        cpu[1] += process::spent(host.pid(), sending).await.0;
    }
    through::check(&world.port, 0..WARM_UP + ROUNDS * DELIVERIES);

    let [bare, mapped] = cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / (ROUNDS * DELIVERIES) as f64);
    table.beside(
        "CPU from delivery to upsert by 16 programs, everything durable",
        (mapped, "µs"),
        ("bare axum", bare),
        Wish::times(15.0),
    );
}
