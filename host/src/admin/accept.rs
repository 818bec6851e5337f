//! Connections, bounded in number and time: few people and probes come here, but anybody may who reaches the address.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const MAX_CONNECTIONS: usize = 64;

/// For a request's head.
const HEAD: Duration = Duration::from_secs(10);

/// For a request and its answer, whatever its caller does. Each has a connection of its own.
const LONGEST: Duration = Duration::from_secs(60);

/// For requests that were begun when the stop came.
const DRAIN: Duration = Duration::from_secs(2);

const MAX_BUFFER: usize = 32 << 10;

/// After an accept that failed: time for descriptors to be closed.
const BREATHER: Duration = Duration::from_millis(100);

pub(super) async fn connections(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut open = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => {
                    let router = router.clone();
                    open.spawn(async move {
                        let _place = place;
                        if timeout(LONGEST, serve(stream, router)).await.is_err() {
                            tracing::debug!("an administrator's connection took too long");
                        }
                    });
                }
                Err(error) => {
                    tracing::debug!("an administrator's connection was not accepted: {error}");
                    sleep(BREATHER).await;
                }
            },
            Some(_) = open.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    let ended = async { while open.join_next().await.is_some() {} };
    // Those that do not end are cut off: what they asked for is done or not done by the store.
    let _ = timeout(DRAIN, ended).await;
}

async fn serve(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = connection.await {
        tracing::debug!("an administrator's connection ended: {error}");
    }
}
