//! `portolan serve`: settings, listener, stop signal, and the host between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::mount;
use crate::settings::Settings;
use crate::telemetry;

/// What is wrong with the environment is wrong usage, as with a wrong argument.
const USAGE: u8 = 2;

pub(super) fn run() -> ExitCode {
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(mistakes) => {
            eprintln!("Portolan cannot start:\n{mistakes}\nAll settings: portolan serve --help");
            return ExitCode::from(USAGE);
        }
    };
    telemetry::start(settings.log);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    match on_a_runtime(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("Portolan stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn on_a_runtime(settings: Settings) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("starting the runtime")?;
    let served = runtime.block_on(serve(settings));
    // A guest whose event is lost may go on for seconds, and nobody waits for it.
    runtime.shutdown_background();
    served
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let listener = bind(settings.listen).await?;
    if let Some(warning) = mount::warning(&settings.data_dir) {
        tracing::warn!("{warning}");
    }
    // Installed before the host starts, so that a signal during the start is not lost.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (begin, begun) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut signaled = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        signaled().await;
        tracing::info!(
            "stopping: what is in hand is finished, what waits is kept; a second signal ends at once"
        );
        // Gone when the host ended by itself.
        let _ = begin.send(());
        signaled().await;
        tracing::warn!(
            "ended at once by a second signal; what was not finished is done by the next start"
        );
        std::process::exit(1);
    });
    let shutdown = async move { drop(begun.await) };
    crate::serve(settings, listener, shutdown).await
}

/// On all addresses means those of IPv4 where the machine has no IPv6.
async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = match TcpListener::bind(address).await {
        Err(_) if address.ip().is_unspecified() => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    bound.with_context(|| format!("port {} cannot be listened on", address.port()))
}
