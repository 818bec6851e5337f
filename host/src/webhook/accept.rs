//! The accept loop: as many connections as we can afford, and an end that cuts nobody off.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::patience::{Busy, PATIENCE, Patient};

/// Connections at once; further ones wait in the system's backlog. GitHub opens a few dozen.
const MAX_CONNECTIONS: usize = 1024;

/// Bounds a head and what a connection keeps: 1,024 of these are 64 MiB.
const MAX_BUFFER: usize = 64 << 10;

/// For requests that were begun when the stop came. Longer than a delivery needs, and a small part of the grace period.
const DRAIN: Duration = Duration::from_secs(5);

/// After running out of file descriptors: time for some to be closed.
const BREATHER: Duration = Duration::from_millis(100);

/// Answers every request until `shutdown`, then those that were begun.
pub(super) async fn connections(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, stream) = tokio::select! {
            (slot, stream) = accepted => (slot, stream),
            () = &mut shutdown => break,
        };
        match stream {
            Ok((stream, _)) => {
                let connection = serve(stream, router.clone(), graceful.watcher());
                tokio::spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::error!("no connection can be accepted: {error}");
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

async fn serve(stream: TcpStream, router: Router, watcher: Watcher) {
    // Answers are one small packet, not to be held back for more.
    let _ = stream.set_nodelay(true);
    let busy = Busy::default();
    let patient = Patient::new(stream, busy.clone(), PATIENCE);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request| {
        busy.set(true);
        let answer = router.call(request);
        let busy = &busy;
        async move {
            let answer = answer.await;
            busy.set(false);
            answer
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(patient), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("connection ended: {error}");
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
