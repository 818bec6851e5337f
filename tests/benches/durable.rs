//! How many deliveries a second are on disk before they are answered, and how long each waits for that: beside a server
//! that only checks the signature, and beside one that commits them one by one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use portolan_tests::fault::Fault;

use crate::bare::Bare;
use crate::load::{self, ranks};
use crate::table::{Table, Wish};
use crate::world::{Signed, World};
use crate::{database, process};

const CONNECTIONS: [usize; 2] = [16, 64];
/// In each of the rounds, over each number of connections.
const DELIVERIES: usize = 20_000;
/// For the server that commits each: on a slow disk it does some hundreds a second.
const SINGLE: usize = 1_500;
/// The servers take turns, so that what else the machine does hits all of them.
const ROUNDS: usize = 2;
const WARM_UP: usize = 500;
/// Port takes its time, so that what is measured is how deliveries come in; `webhooks` has the whole way.
const NEVER: Duration = Duration::from_secs(3_600);

/// What was measured of one server.
#[derive(Default)]
struct Figures {
    times: Vec<Duration>,
    wall: Duration,
    cpu: Duration,
    /// Of this process, which sends.
    sending: Duration,
}

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let world = World::new().await;
    let template = world.template();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secret = world.github.webhook_secret();
    let (bare, single) = (Bare::start(secret), Bare::storing(secret, folder.path()));
    let host = world.host().plugin("pull-requests").start().await;
    host.wait_for_line("loaded plugin pull-requests").await;
    host.wait_for_line("first start: ").await;
    world.port.fail(Fault::slow(NEVER).on("/entities").always());

    let servers = [
        (bare.pid(), bare.address),
        (host.pid(), host.address()),
        (single.pid(), single.address),
    ];
    let mut numbers = 0..;
    let mut next = |count: usize| template.signed(numbers.by_ref().take(count));
    let warm = next(WARM_UP);
    for (_, address) in servers {
        load::send(address, &warm, load::CONNECTIONS, None).await;
    }
    for connections in CONNECTIONS {
        let mut figures: [Figures; 3] = Default::default();
        for _ in 0..ROUNDS {
            let (many, few) = (next(DELIVERIES), next(SINGLE));
            for ((server, figures), deliveries) in
                servers.iter().zip(&mut figures).zip([&many, &many, &few])
            {
                figures.add(*server, deliveries, connections).await;
            }
        }
        show(table, connections, figures);
    }
    for (folder, each) in [(&*host.data_dir(), DELIVERIES), (folder.path(), SINGLE)] {
        let (kept, sent) = (
            database::deliveries(folder, "true"),
            WARM_UP + CONNECTIONS.len() * ROUNDS * each,
        );
        assert_eq!(kept, sent, "deliveries on disk, of all that were accepted");
    }
}

impl Figures {
    async fn add(
        &mut self,
        (pid, address): (u32, SocketAddr),
        deliveries: &Signed,
        connections: usize,
    ) {
        let (began, sending) = (Instant::now(), process::cpu(std::process::id()));
        let work = load::send(address, deliveries, connections, None);
        let (cpu, times) = process::spent(pid, work).await;
        self.wall += began.elapsed();
        self.sending += process::cpu(std::process::id()) - sending;
        self.cpu += cpu;
        self.times.extend(times);
    }

    fn rate(&self) -> f64 {
        self.times.len() as f64 / self.wall.as_secs_f64()
    }

    /// Microseconds for each delivery.
    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.times.len() as f64
    }
}

fn show(table: &mut Table, connections: usize, [bare, host, single]: [Figures; 3]) {
    let over = format!("over {connections} connections");
    let (rate, cpu) = (host.rate(), host.each(host.cpu));
    // The promise is made for the larger number.
    let floor = Wish::at_least(5_000.0).better(Wish::at_least(10_000.0));
    let floor = (connections == CONNECTIONS[1]).then_some(floor);
    table.beside(
        format!("deliveries kept {over}"),
        (rate, "/s"),
        ("bare axum, nothing kept", bare.rate()),
        floor,
    );
    table.beside(
        format!("one INSERT a commit {over}"),
        (single.rate(), "/s"),
        ("the host", rate),
        None,
    );
    let bare_cpu = bare.each(bare.cpu);
    let reference = ("bare axum", bare_cpu);
    table.beside(
        format!("CPU per delivery kept {over}"),
        (cpu, "µs"),
        reference,
        None,
    );
    table.beside(
        format!("CPU of the sender {over}"),
        (host.each(host.sending), "µs"),
        reference,
        None,
    );
    let [bare, host, single] = [bare, host, single].map(|figures| ranks(figures.times));
    for (rank, what) in ["median", "p99"].into_iter().enumerate() {
        table.beside(
            format!("answer {over}, {what}"),
            (host[rank], "ms"),
            ("bare axum", bare[rank]),
            None,
        );
        table.beside(
            format!("one INSERT a commit, answer {over}, {what}"),
            (single[rank], "ms"),
            ("the host", host[rank]),
            None,
        );
    }
}
