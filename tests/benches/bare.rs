//! The reference: an axum server that checks the signature and does nothing else, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The argument by which the benchmark runs itself as this server.
pub(crate) const COMMAND: &str = "bare";
const SECRET: &str = "BARE_SECRET";

/// A running one; killed when dropped.
pub(crate) struct Bare {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Bare {
    pub(crate) fn start(secret: &str) -> Self {
        let this = std::env::current_exe().expect("a running program has a path");
        let mut child = Command::new(this)
            .arg(COMMAND)
            .env(SECRET, secret)
            .stdout(Stdio::piped())
            .spawn()
            .expect("what runs can be run again");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().parse().expect("an address");
        Self { child, address }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same threads, the same HMAC as the host has.
#[tokio::main]
pub(crate) async fn serve() {
    let secret = std::env::var(SECRET).expect("given by whoever started this");
    let check = move |headers: HeaderMap, body: Bytes| async move {
        let signature = headers
            .get("x-hub-signature-256")
            .and_then(|value| value.to_str().ok());
        let digits = signature.and_then(|text| text.strip_prefix("sha256="));
        let expected = digits
            .and_then(|digits| hex::decode(digits).ok())
            .unwrap_or_default();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("keys of any length");
        mac.update(&body);
        match mac.verify_slice(&expected) {
            Ok(()) => StatusCode::ACCEPTED,
            Err(_) => StatusCode::BAD_REQUEST,
        }
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    println!("{}", listener.local_addr().expect("bound"));
    axum::serve(listener, Router::new().route("/", post(check)))
        .await
        .expect("serves until it is killed");
}
