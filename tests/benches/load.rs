//! Deliveries over connections that stay open, sent by something that costs little itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::world::Signed;

/// As many as GitHub opens towards a busy App, about.
pub(crate) const CONNECTIONS: usize = 16;
/// For deliveries that do not wait for each other: more than are ever on their way at once.
const APART: usize = 64;

/// Sends all of them, the next on each connection when the one before was answered, and where there is a `room`, when
/// there is a permit in it. How long each answer took.
pub(crate) async fn send(
    host: SocketAddr,
    deliveries: &Signed,
    connections: usize,
    room: Option<Arc<Semaphore>>,
) -> Vec<Duration> {
    let mut senders = JoinSet::new();
    for first in 0..connections {
        let (deliveries, room) = (deliveries.clone(), room.clone());
        senders.spawn(async move {
            let (mut connection, mut request) = (connect(host).await, deliveries.blank());
            let mut times = Vec::new();
            for index in (first..deliveries.len()).step_by(connections) {
                deliveries.fill(index, &mut request);
                if let Some(room) = &room {
                    room.acquire().await.expect("it is never closed").forget();
                }
                let began = Instant::now();
                deliver(&mut connection, &request).await;
                times.push(began.elapsed());
            }
            times
        });
    }
    senders.join_all().await.concat()
}

/// Sends one when it is due, whatever became of those before. How long each took since it was due.
pub(crate) async fn paced(host: SocketAddr, deliveries: &Signed, pace: Duration) -> Vec<Duration> {
    let (clock, due) = mpsc::unbounded_channel();
    let due = Arc::new(Mutex::new(due));
    let mut senders = JoinSet::new();
    for _ in 0..APART {
        let (deliveries, due) = (deliveries.clone(), due.clone());
        let mut connection = connect(host).await;
        senders.spawn(async move {
            let mut request = deliveries.blank();
            let mut times = Vec::new();
            loop {
                let next = due.lock().await.recv().await;
                let Some((index, due)) = next else {
                    return times;
                };
                deliveries.fill(index, &mut request);
                deliver(&mut connection, &request).await;
                times.push(Instant::elapsed(&due));
            }
        });
    }
    let count = deliveries.len();
    let ticking = tokio::task::spawn_blocking(move || {
        for next in (0..count).zip(every(pace)) {
            let _ = clock.send(next);
        }
    });
    ticking.await.expect("a clock does not fail");
    senders.join_all().await.concat()
}

/// The moments at which something is due, each when it has come. What is measured is the pace itself, so there is
/// nothing to be observed instead. For a thread of its own: the runtime's clock counts whole milliseconds.
pub(crate) fn every(pace: Duration) -> impl Iterator<Item = Instant> {
    let begin = Instant::now();
    (0..).map(move |step: u32| {
        let due = begin + pace * step;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due
    })
}

async fn deliver(connection: &mut TcpStream, request: &[u8]) {
    let status = converse(connection, request).await.expect("an answer");
    assert_eq!(status, 202, "a signed delivery was not accepted");
}

pub(crate) async fn connect(host: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(host).await.expect("it listens");
    stream.set_nodelay(true).expect("a socket takes options");
    stream
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

/// The median and the 99th of a hundred, in milliseconds.
pub(crate) fn ranks(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort();
    [50, 99].map(|percent| times[times.len() * percent / 100].as_secs_f64() * 1e3)
}
