//! The accept loop: as many connections as we can afford, and an end that cuts nobody off.
//!
//! What a caller can cost is bounded four times: in number ([`places`]), in time while a head or an answer is on its
//! way ([`super::patience`]), in time and bytes while a body is ([`super::body`], [`super::budget`]), and in what
//! hyper may buffer of it. Who gives way when there is not enough for all is said in `places` and `budget`.

mod places;

use std::io;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rlimit::Resource;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::patience::{Busy, PATIENCE, Patient};
use places::{Place, Places};

/// Connections at once. GitHub opens a few dozen.
const MAX_CONNECTIONS: usize = 1024;

/// Callers that wait to be accepted. Whoever comes when all of these are taken is not heard by the system, and tries
/// again only after a second.
const BACKLOG: i32 = 4096;

/// Bounds a head and what a connection keeps. hyper reads on while it has less, and so keeps at most twice as much:
/// 64 MiB for 1,024 connections.
const MAX_BUFFER: usize = 32 << 10;

/// For requests that were begun when the stop came. Longer than a delivery needs, and a small part of the grace period.
const DRAIN: Duration = Duration::from_secs(5);

/// After running out of file descriptors: time for some to be closed.
const BREATHER: Duration = Duration::from_millis(10);

/// Between two lines about the same trouble.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Answers every request until `shutdown`, then those that were begun.
pub(super) async fn connections(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    // More than the 1,024 that it was bound with: a crowd comes faster than it is let in.
    SockRef::from(&listener).listen(BACKLOG)?;
    let graceful = GracefulShutdown::new();
    let places = Places::new(affordable());
    let mut said: Option<Instant> = None;
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let (stream, _) = listener.accept().await?;
            Ok((stream, places.take().await))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, place)) => {
                tokio::spawn(serve(stream, place, router.clone(), graceful.watcher()));
            }
            Err(error) if has_run_out(&error) => {
                if said.is_none_or(|said| said.elapsed() > SAY_AGAIN) {
                    said = Some(Instant::now());
                    tracing::error!(
                        "a connection cannot be accepted: {error}; half of those that delivered nothing are closed: allow the process more open files (`ulimit -Hn`, docker's `--ulimit nofile`) or memory"
                    );
                }
                places.halve_strangers();
                sleep(BREATHER).await;
            }
            // About this one connection, as most of what accept(2) reports is.
            Err(error) => {
                tracing::debug!("a connection was gone before it was accepted: {error}");
                sleep(BREATHER).await;
            }
        }
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "some webhook requests did not end within {} s and were cut off",
            DRAIN.as_secs()
        );
    }
    Ok(())
}

/// As many file descriptors as the system lets us have, half of them for connections: the rest of the host opens
/// files and connections too. A shell's usual 1,024 are a default, not what the machine can bear.
fn affordable() -> usize {
    let raised = rlimit::increase_nofile_limit(u64::MAX);
    let descriptors = raised.or_else(|_| rlimit::getrlimit(Resource::NOFILE).map(|(now, _)| now));
    let descriptors = descriptors.unwrap_or(1024);
    let half = usize::try_from(descriptors / 2).unwrap_or(usize::MAX);
    half.clamp(1, MAX_CONNECTIONS)
}

async fn serve(stream: TcpStream, place: Place, router: Router, watcher: Watcher) {
    // Answers are one small packet, not to be held back for more.
    let _ = stream.set_nodelay(true);
    let busy = Busy::default();
    let patient = Patient::new(stream, busy.clone(), PATIENCE);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request| {
        busy.begin();
        let answer = router.call(request);
        let (busy, place) = (&busy, &place);
        async move {
            let answer = answer.await;
            busy.end();
            // Only an authentic delivery is answered so.
            if (answer.as_ref()).is_ok_and(|answer| answer.status() == StatusCode::ACCEPTED) {
                place.keep();
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        // What has come whole is taken in, even if its sender has closed its own side meanwhile.
        .half_close(true)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(patient), service);
    tokio::select! {
        // First: an answer that is ready is given.
        biased;
        ended = watcher.watch(connection) => {
            if let Err(error) = ended {
                tracing::debug!("connection ended: {error}");
            }
        }
        () = place.wanted() => tracing::debug!("connection closed to make room"),
    }
}

/// Descriptors or memory, the system's or ours.
fn has_run_out(error: &io::Error) -> bool {
    let ours = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error
        .raw_os_error()
        .is_some_and(|code| ours.contains(&code))
}
