//! The references: an axum server that checks the signature and does nothing else, and one that stores each delivery
//! as soon as it comes, in processes of their own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use portolan::delivery::pack;
use rusqlite::Connection;
use sha2::Sha256;
use tokio::sync::oneshot;

use crate::database;

/// The argument by which the benchmark runs itself as this server.
pub(crate) const COMMAND: &str = "bare";
const SECRET: &str = "BARE_SECRET";
/// The folder to store in, for one that stores.
const FOLDER: &str = "BARE_FOLDER";

/// A delivery's GUID, what is kept of it, and who waits for it to be on disk.
type Job = (String, Vec<u8>, oneshot::Sender<()>);

/// A running one; killed when dropped.
pub(crate) struct Bare {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Bare {
    pub(crate) fn start(secret: &str) -> Self {
        Self::run(secret, None)
    }

    /// One that answers when the delivery is on disk, each by a transaction of its own.
    pub(crate) fn storing(secret: &str, folder: &Path) -> Self {
        Self::run(secret, Some(folder))
    }

    fn run(secret: &str, folder: Option<&Path>) -> Self {
        let this = std::env::current_exe().expect("a running program has a path");
        let mut child = Command::new(this)
            .arg(COMMAND)
            .env(SECRET, secret)
            .envs(folder.map(|folder| (FOLDER, folder)))
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
    let store = std::env::var_os(FOLDER).map(|folder| store(Path::new(&folder)));
    let check = move |headers: HeaderMap, body: Bytes| async move {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let digits = text("x-hub-signature-256").and_then(|text| text.strip_prefix("sha256="));
        let expected = digits
            .and_then(|digits| hex::decode(digits).ok())
            .unwrap_or_default();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("keys of any length");
        mac.update(&body);
        if mac.verify_slice(&expected).is_err() {
            return StatusCode::BAD_REQUEST;
        }
        if let (Some(store), Some(guid)) = (store, text("x-github-delivery")) {
            let (kept, is_kept) = oneshot::channel();
            let packed = pack(&String::from_utf8_lossy(&body));
            let _ = store.send((guid.to_owned(), packed, kept));
            if is_kept.await.is_err() {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        }
        StatusCode::ACCEPTED
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    println!("{}", listener.local_addr().expect("bound"));
    axum::serve(listener, Router::new().route("/", post(check)))
        .await
        .expect("serves until it is killed");
}

/// The same bytes as the host keeps, as safe as there: only how many share a commit differs.
fn store(folder: &Path) -> mpsc::Sender<Job> {
    let db =
        Connection::open(folder.join(database::NAME)).expect("a folder that can be written to");
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .and_then(|()| db.pragma_update(None, "synchronous", "FULL"))
        .and_then(|()| {
            let table = "CREATE TABLE delivery (guid TEXT NOT NULL UNIQUE, packed BLOB NOT NULL)";
            db.execute(table, [])
        })
        .expect("a new database");
    let (store, jobs) = mpsc::channel::<Job>();
    std::thread::spawn(move || {
        for (guid, packed, kept) in jobs {
            let insert = db.prepare_cached("INSERT INTO delivery (guid, packed) VALUES (?1, ?2)");
            let inserted = insert.and_then(|mut insert| insert.execute((guid, packed)));
            if inserted.is_ok() {
                let _ = kept.send(());
            }
        }
    });
    store
}
