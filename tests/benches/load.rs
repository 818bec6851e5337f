//! Deliveries over connections that stay open, sent by something that costs little itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::Template;

/// As many as GitHub opens towards a busy App, about.
pub(crate) const CONNECTIONS: usize = 16;

/// Sends the pull requests of these numbers, each connection its share in order.
/// `room` tells whether one more may be sent while so many are on their way or were sent.
pub(crate) async fn send(
    address: SocketAddr,
    template: &Template,
    numbers: std::ops::Range<usize>,
    room: impl Fn(usize) -> bool + Clone + Send + 'static,
) {
    let sent = Arc::new(AtomicUsize::new(0));
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|first| {
            let (template, numbers, sent, room) = (
                template.clone(),
                numbers.clone(),
                sent.clone(),
                room.clone(),
            );
            tokio::spawn(async move {
                let mut connection = connect(address).await;
                for number in numbers.skip(first).step_by(CONNECTIONS) {
                    let request = template.request(number);
                    // A pace, not a wait: how soon there is room is looked up, nobody tells.
                    while !room(sent.load(Ordering::Relaxed)) {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                    let status = converse(&mut connection, &request)
                        .await
                        .expect("an answer");
                    assert_eq!(status, 202, "a signed delivery was not accepted");
                }
            })
        })
        .collect();
    for connection in connections {
        connection.await.expect("every delivery was accepted");
    }
}

/// As soon as it listens.
pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true).expect("a socket takes options");
                return stream;
            }
            // Nothing tells when a process listens but trying.
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

/// One request, the status of its answer.
pub(crate) async fn converse(connection: &mut TcpStream, request: &[u8]) -> std::io::Result<u16> {
    connection.write_all(request).await?;
    let mut answer = Vec::with_capacity(1024);
    loop {
        if connection.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            let status = head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok());
            return Ok(status.unwrap_or(0));
        }
    }
}
