//! More callers than there are places.

use portolan_tests::caller::Caller;
use portolan_tests::host::RunningHost;
use rlimit::Resource;

use super::{beside, delivery, descriptors};
use crate::acme::Acme;
use crate::load::resident;

/// As many as the host serves at once.
const PLACES: usize = 1_024;

/// On threads that the stand-ins do not need, and from several sides, so that one whom the system did not hear at once
/// does not hold up all others.
async fn come(host: &RunningHost, crowd: usize) -> Vec<Caller> {
    let host = host.address();
    let sides = (0..10).map(|_| {
        tokio::spawn(async move {
            let mut callers = Vec::new();
            for _ in 0..crowd / 10 {
                callers.push(Caller::at(host).await);
            }
            callers
        })
    });
    let mut crowd = Vec::new();
    for side in sides.collect::<Vec<_>>() {
        crowd.extend(side.await.expect("all of them were let in"));
    }
    crowd
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_take_no_place_from_github() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    // Whoever runs this may allow fewer: then as many as can be had, less what the other scenarios use.
    let allowed = rlimit::increase_nofile_limit(u64::MAX).expect("a limit can be raised");
    let crowd = usize::try_from(allowed / 2).map_or(10_000, |half| half.min(10_000));
    assert!(
        crowd > 2 * PLACES,
        "{allowed} open files are allowed, too few for a crowd: raise `ulimit -Hn`"
    );
    eprintln!("{crowd} idle connections of 10,000: {allowed} descriptors are allowed");
    let mut known = Caller::at(host.address()).await;
    known.say(delivery(&acme, "before").request()).await;
    assert_eq!(known.hear().await.expect("an answer").status, 202);

    // No more of them at once than can come while one delivery is answered: those who came last keep their places.
    let mut callers = Vec::new();
    while callers.len() < crowd {
        callers.extend(beside(&acme, &host, come(&host, PLACES / 2)).await);
    }

    let (open, (_, most)) = (descriptors(&host), resident(host.pid()));
    eprintln!("the host had {open} descriptors open at the end, and took {most} MiB at most");
    assert!(open < PLACES + 100, "{open} descriptors");
    assert!(most < 256, "{most} MiB");
    // The first have given way without a word; who comes last is let in.
    assert_eq!(callers[0].hear_out().await, "");
    let mut last = Caller::at(host.address()).await;
    last.say("GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(last.hear().await.expect("an answer").status, 200);
    known.say(delivery(&acme, "after").request()).await;
    let heard = known
        .hear()
        .await
        .expect("whoever delivered keeps its place");
    assert_eq!(heard.status, 202);
    acme.port.wait_for_entity("service", "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_runs_out_of_descriptors_goes_on() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let few = u64::try_from(descriptors(&host) + 32).expect("a few dozen");
    let pid = i32::try_from(host.pid()).expect("Linux's are small");
    rlimit::prlimit(pid, Resource::NOFILE, Some((few, few)), None).expect("it is ours");

    // While they come, a dozen places are passed on faster than anybody is sure to be answered.
    let callers = come(&host, 500).await;
    beside(&acme, &host, std::future::ready(())).await;

    let lines = host.lines();
    let told = lines
        .iter()
        .filter(|line| line.contains("a connection cannot be accepted"));
    assert_eq!(told.count(), 1, "once a minute: {lines:#?}");
    drop(callers);
    acme.arrives(&host, "last").await;
}
