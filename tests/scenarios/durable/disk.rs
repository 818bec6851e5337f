//! A full disk: nothing new is taken in, what waits goes on, and it is over as soon as there is room.
//!
//! Needs a file system of its own, which only root may mount: elsewhere a line says what was not tested.

use portolan_tests::github::Event;
use portolan_tests::host::RunningHost;
use portolan_tests::mount::Mount;
use serde_json::json;

use super::{all_arrive, named, nothing_in_quarantine};
use crate::acme::Acme;

/// A push with half a megabyte that cannot be packed: it does not fit into what is left by chance.
fn large(acme: &Acme, name: &str) -> Event {
    let mut event = acme.service(name);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise: String = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    })
    .take(64 * 1024)
    .collect();
    event.payload["noise"] = json!(noise);
    event
}

/// Status and `Retry-After`.
async fn post(acme: &Acme, host: &RunningHost, event: &Event) -> (u16, Option<String>) {
    let signed = acme.github.sign(event);
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.expect("a client without special wishes");
    let request = client.post(host.url()).body(signed.body.clone());
    let headers = signed.headers().into_iter();
    let request = headers.fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let answer = request.send().await.expect("the host answers");
    let after = answer.headers().get("retry-after");
    let after = after
        .and_then(|after| after.to_str().ok())
        .map(str::to_owned);
    (answer.status().as_u16(), after)
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_finishes_what_waits_and_heals_by_itself() {
    let mount = match Mount::of("size=32m") {
        Ok(mount) => mount,
        Err(why) => {
            eprintln!("NOT TESTED, a full disk: {why}");
            return;
        }
    };
    let acme = Acme::new().await;
    let host = acme
        .host()
        .env("DATA_DIR", mount.folder().display().to_string());
    let host = host.start().await;
    acme.arrives(&host, "first").await;
    // It has put room by, as much as so small a disk allows.
    host.wait_for_line("are put by for that").await;
    acme.port.go_down();
    let mut accepted = named(20);
    for name in &accepted {
        acme.deliver(&host, &acme.service(name)).await;
    }
    mount.fill();

    let mut refused = None;
    for number in 0..40 {
        let name = format!("large-{number}");
        match post(&acme, &host, &large(&acme, &name)).await {
            (202, _) => accepted.push(name),
            other => {
                refused = Some((name, other));
                break;
            }
        }
    }
    let (name, (status, after)) = refused.expect("the disk is full");
    assert_eq!(status, 503);
    let after: u32 = after
        .and_then(|after| after.parse().ok())
        .expect("Retry-After in seconds");
    assert!((1..=120).contains(&after), "{after}");
    host.wait_for_line("no room is left").await;

    // The room put by is for what waits.
    acme.port.go_up();
    all_arrive(&acme.port, &accepted).await;
    mount.make_room();
    host.wait_for_line("there is room again").await;
    let (status, _) = post(&acme, &host, &large(&acme, &name)).await;
    assert_eq!(status, 202);
    acme.port.wait_for_entity("service", &name).await;

    let again = host.again();
    host.kill().await;
    let host = again.start().await;
    acme.arrives(&host, "last").await;
    nothing_in_quarantine(host).await;
}
