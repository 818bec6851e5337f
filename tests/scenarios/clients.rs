//! Slow, broken and hostile clients at the webhook's door, over raw sockets, and GitHub's deliveries beside them.

mod crowds;
mod framing;
mod half_open;
mod pipelining;
mod slow;

use std::pin::pin;

use portolan_tests::caller::Caller;
use portolan_tests::github::Signed;
use portolan_tests::host::RunningHost;

use crate::acme::Acme;

/// While `theirs` goes on and once more afterwards, GitHub delivers, each time over a connection of its own.
/// Every delivery is answered 202 and mapped.
async fn beside<T>(acme: &Acme, host: &RunningHost, theirs: impl Future<Output = T>) -> T {
    let mut theirs = pin!(theirs);
    let mut result = None;
    let mut number = 0;
    while result.is_none() {
        number += 1;
        let name = format!("beside-{number}");
        let honest = async {
            let delivery = acme.github.sign(&acme.service(&name));
            let mut github = Caller::at(host.address()).await;
            github.say(delivery.request()).await;
            let heard = github.hear().await.expect("an answer");
            assert_eq!(heard.status, 202, "{name}: {}", heard.body);
            acme.port.wait_for_entity("service", &name).await;
        };
        let mut honest = pin!(honest);
        loop {
            tokio::select! {
                done = &mut theirs, if result.is_none() => result = Some(done),
                () = &mut honest => break,
            }
        }
    }
    result.expect("the loop ended")
}

/// A delivery that would be accepted if it came whole.
fn delivery(acme: &Acme, name: &str) -> Signed {
    acme.github.sign(&acme.service(name))
}

/// How many descriptors the host has open, connections among them.
fn descriptors(host: &RunningHost) -> usize {
    let folder = format!("/proc/{}/fd", host.pid());
    std::fs::read_dir(folder).expect("it runs").count()
}
