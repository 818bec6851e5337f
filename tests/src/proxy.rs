//! A stand-in for a company's forward proxy: opens tunnels (RFC 9110, CONNECT) and counts them.
//!
//! In rough weather it does to them what networks do (`weather`).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

mod weather;

pub use weather::Fates;
use weather::Weather;

/// A running proxy. Every name leads to the loopback, so that only who comes through it finds `github.acme.test`.
pub struct FakeProxy {
    address: SocketAddr,
    tunnels: Tunnels,
    weather: Weather,
    accepting: AbortHandle,
}

/// How many were opened, by the `host:port` asked for.
#[derive(Clone, Default)]
struct Tunnels(Arc<Mutex<BTreeMap<String, usize>>>);

impl Tunnels {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

impl FakeProxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound listener has one");
        let tunnels = Tunnels::default();
        let weather = Weather::calm();
        let accepting = tokio::spawn(accept(listener, tunnels.clone(), weather.clone()));
        Self {
            address,
            tunnels,
            weather,
            accepting: accepting.abort_handle(),
        }
    }

    /// What `HTTPS_PROXY` is set to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many tunnels were opened, by the `host:port` asked for.
    pub fn tunnels(&self) -> BTreeMap<String, usize> {
        self.tunnels.lock().clone()
    }

    /// From now on tunnels, those that are open as well, come to bad ends, each to its own; the same seed draws the same fates.
    pub fn rough(&self, seed: u64) {
        self.weather.turn(Some(seed));
    }

    /// Tunnels are left alone from now on, and what stood still is cut off.
    pub fn calm(&self) {
        self.weather.turn(None);
    }

    /// What the rough weather held for them.
    pub fn fates(&self) -> Fates {
        self.weather.fates()
    }
}

impl Drop for FakeProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, tunnels: Tunnels, weather: Weather) {
    // Tunnels live in the set, so that aborting this task ends them too.
    let mut open = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        while open.try_join_next().is_some() {}
        let (tunnels, weather) = (tunnels.clone(), weather.clone());
        open.spawn(async move {
            // Who hangs up in the middle is no matter of the proxy's.
            let _ = tunnel(stream, &tunnels, &weather).await;
        });
    }
}

async fn tunnel(
    mut client: TcpStream,
    tunnels: &Tunnels,
    weather: &Weather,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split_whitespace();
    let (Some("CONNECT"), Some(to)) = (words.next(), words.next()) else {
        let refused = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
        return client.write_all(refused).await;
    };
    *tunnels.lock().entry(to.to_owned()).or_default() += 1;
    let port = to.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port.unwrap_or(443))).await else {
        let refused = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
        return client.write_all(refused).await;
    };
    client
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    weather.carry(client, server).await
}
