//! Deliveries all the way to Port: sent no faster than Port gets what comes of them, and what it got.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portolan_tests::port::FakePort;
use tokio::sync::Semaphore;

use crate::load;
use crate::world::{Signed, padded};

/// Accepted but not yet in Port, at most.
const WINDOW: usize = 1_000;
/// For the next one to get there.
const PATIENCE: Duration = Duration::from_secs(60);

const BLUEPRINT: &str = "githubPullRequest";

/// Until the last of them is in Port, where each is new. How long each answer took.
pub(crate) async fn send(host: SocketAddr, deliveries: &Signed, port: &FakePort) -> Vec<Duration> {
    let room = Arc::new(Semaphore::new(WINDOW));
    let sending = load::send(host, deliveries, load::CONNECTIONS, Some(room.clone()));
    let written = follow(port, deliveries.len(), |more| room.add_permits(more));
    tokio::join!(sending, written).0
}

/// The same, each when it is due.
pub(crate) async fn paced(
    host: SocketAddr,
    deliveries: &Signed,
    pace: Duration,
    port: &FakePort,
) -> Vec<Duration> {
    let sending = load::paced(host, deliveries, pace);
    let written = follow(port, deliveries.len(), |_| {});
    tokio::join!(sending, written).0
}

/// Tells how many more were written whenever there are some, until it is so many.
async fn follow(port: &FakePort, count: usize, tell: impl Fn(usize)) {
    let mut seen = port.writes();
    let last = seen + count as u64;
    while seen < last {
        port.wait_for_within(PATIENCE, "the next delivery", |port| port.writes() > seen)
            .await;
        let now = port.writes();
        tell(usize::try_from(now - seen).expect("as many as were sent"));
        seen = now;
    }
}

/// Each entity by the digest of what it must be, and no other.
pub(crate) fn check(port: &FakePort, numbers: impl IntoIterator<Item = usize>) {
    let mut numbers = numbers.into_iter().peekable();
    let first = identifier(*numbers.peek().expect("something was sent"));
    let Some(mut expected) = port.stored(BLUEPRINT, &first) else {
        panic!("there is no {first}");
    };
    assert_eq!(expected.properties["status"], "open");
    assert_eq!(expected.properties["creator"], "mona");
    assert_eq!(expected.relations["service"], "checkout");
    let mut count = 0;
    for number in numbers {
        let identifier = identifier(number);
        expected.title = Some(format!("Change {}", padded(number)));
        let digest = expected.digest(BLUEPRINT, &identifier);
        assert_eq!(
            port.digest(BLUEPRINT, &identifier),
            Some(digest),
            "{identifier}"
        );
        count += 1;
    }
    assert_eq!(port.entities(BLUEPRINT).len(), count);
}

fn identifier(number: usize) -> String {
    format!("checkout{}", padded(number))
}
