//! SIGTERM: what is in hand is finished, what waits is kept, and the next start goes on.

use std::time::Duration;

use portolan_tests::fault::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::acme::Acme;

#[tokio::test]
async fn what_is_in_hand_is_finished_and_what_waits_is_done_by_the_next_start() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let slow = Fault::slow(Duration::from_millis(300));
    acme.port.fail(slow.on("/bulk").always());
    let names: Vec<_> = (0..120).map(|number| format!("shop-{number}")).collect();
    for name in &names {
        acme.deliver(&host, &acme.service(name)).await;
    }
    let missing = |name: &&String| acme.port.entity("service", name).is_none();
    assert!(
        names.iter().any(|name| missing(&name)),
        "all are done already"
    );
    let again = host.again();

    let (status, lines) = host.stop().await;

    assert_eq!(status.code(), Some(0), "{lines:#?}");
    let last = lines.last().map(String::as_str).unwrap_or_default();
    let left = names.iter().filter(missing).count();
    match left {
        0 => assert!(last.contains("everything accepted was done"), "{last}"),
        left => {
            let kept = format!("{left} events are kept for the next start");
            assert!(last.contains(&kept), "{left} are left: {last}");
        }
    }
    let trouble = lines
        .iter()
        .any(|line| line.contains("ERROR") || line.contains("WARN"));
    assert!(!trouble, "{lines:#?}");

    acme.port.mend();
    let host = again.start().await;
    for name in &names {
        acme.port.wait_for_entity("service", name).await;
    }
    acme.arrives(&host, "next").await;
    // Whatever was done before the end is not done again.
    assert_eq!(acme.port.writes(), names.len() as u64 + 2);
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_loses_nothing() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let endless = Fault::slow(Duration::from_secs(60));
    acme.port.fail(endless.on("/bulk").always());
    acme.deliver(&host, &acme.service("shop")).await;
    let asked = |request: &portolan_tests::journal::Recorded| request.path.contains("/trees/");
    acme.github.wait_for_request("the files", asked).await;
    let again = host.again();

    host.signal("TERM");
    host.wait_for_line("a second signal ends at once").await;
    let (status, lines) = host.stop().await;

    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = |line: &String| line.contains("ended at once by a second signal");
    assert!(lines.iter().any(said), "{lines:#?}");
    acme.port.mend();
    let _host = again.start().await;
    acme.port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn a_delivery_that_is_being_received_when_the_stop_comes_is_answered_and_done() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let delivery = acme.github.sign(&acme.service("shop"));
    let address = host.url().replace("http://", "").replace('/', "");
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let mut head = format!("POST / HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in delivery.headers() {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", delivery.body.len());
    let (first, second) = delivery.body.split_at(delivery.body.len() / 2);
    stream
        .write_all(head.as_bytes())
        .await
        .expect("room for it");
    stream.write_all(first).await.expect("room for it");
    // Connections are accepted in turn: once a later one was answered, this one is being read.
    acme.arrives(&host, "cart").await;

    host.signal("TERM");
    host.wait_for_line("stopping").await;
    stream.write_all(second).await.expect("it is still read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");

    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let again = host.again();
    let (status, lines) = host.gone().await;
    assert_eq!(status.code(), Some(0), "{lines:#?}");
    // Taken up before the end, or kept for the next start.
    let _host = again.start().await;
    acme.port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn an_idle_host_ends_at_once_though_connections_are_kept_open() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    // Keeps its connection, as a proxy does.
    acme.arrives(&host, "shop").await;

    let began = std::time::Instant::now();
    let (status, lines) = host.stop().await;

    assert_eq!(status.code(), Some(0), "{lines:#?}");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}\n{lines:#?}");
}
