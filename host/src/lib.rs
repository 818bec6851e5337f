//! Portolan: GitHub's webhooks through sandboxed plugins to Port's software catalog.
//!
//! The modules in the order in which a delivery passes them:
//! [`settings`] are read once; [`webhook`] receives, [`delivery`] proves that it was GitHub,
//! [`subject`] names what is touched, [`inbox`] keeps it in order, [`pipeline`] takes it from there:
//! [`github`] is asked for what is missing ([`files`], [`answers`]), [`plugins`] map it,
//! [`entity`] checks what came back and [`port`] writes it. [`resync`] feeds the same lanes without a webhook.

pub mod settings;

pub mod webhook;

pub mod delivery;

pub mod subject;

pub mod inbox;

pub mod pipeline;

pub mod github;

pub mod files;

pub mod answers;

pub mod plugins;

pub mod entity;

pub mod port;

pub mod resync;

pub mod cli;

pub mod telemetry;

use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tracing::{Level, error, info, warn};

use answers::Answers;
use files::{Configurations, Files};
use github::GitHub;
use inbox::{Capacity, Inbox};
use pipeline::Pipeline;
use plugins::Plugins;
use port::Port;
use resync::Resync;
use settings::Settings;

/// How long requests and events may go on after SIGTERM. Kubernetes kills after 30 s unless told otherwise.
const GRACE: Duration = Duration::from_secs(25);

/// Run the host on a bound listener until `shutdown` resolves and what was accepted is done or the grace period over.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let github = GitHub::new(&settings.github)?;
    let port = Arc::new(Port::new(&settings.port)?);
    let plugins = Plugins::start(&settings.plugins)
        .await
        .context("starting the plugins")?;
    let inbox = Inbox::new(Capacity::default());
    let files = Files::new(github.clone());
    let configurations = Configurations::new(github.clone(), files.clone());
    let resync = Arc::new(Resync::new(
        github.clone(),
        configurations.clone(),
        plugins.clone(),
        inbox.clone(),
    ));
    let pipeline = Arc::new(Pipeline {
        inbox: inbox.clone(),
        plugins,
        github: github.clone(),
        configurations,
        answers: Answers::new(github.clone(), files, {
            // `answers` knows GitHub, and Port only by this.
            let port = port.clone();
            move |id| blueprint(port.clone(), id)
        }),
        port: port.clone(),
        resync: resync.clone(),
        allowed: settings.port.allowed.clone(),
        unwanted: AtomicU64::new(0),
    });

    let working = tokio::spawn(pipeline.clone().run());
    let start = tokio::spawn({
        let (resync, data_dir) = (resync.clone(), settings.data_dir.clone());
        async move {
            tokio::join!(check_port(&port), check_github(&github));
            if settings.sync_on_start {
                resync.at_first_start(data_dir).await;
            }
        }
    });

    let stop = Arc::new(OnceLock::new());
    let shutdown = {
        let stop = stop.clone();
        async move {
            shutdown.await;
            stop.get_or_init(Instant::now);
        }
    };
    let accept = move |delivery| pipeline.accept(delivery);
    webhook::serve(listener, &settings.webhook, accept, shutdown)
        .await
        .context("serving the webhook")?;

    info!(
        "no more deliveries are taken; {} events are to be finished",
        inbox.len()
    );
    start.abort();
    // Requests that were being received have had their part of it.
    let spent = stop.get().map_or(Duration::ZERO, Instant::elapsed);
    let drained = tokio::time::timeout(GRACE.saturating_sub(spent), async {
        resync.finish().await;
        inbox.close();
        working.await
    });
    match drained.await {
        Ok(_) => info!("everything accepted was done"),
        Err(_) => error!(
            "{} events were not finished within {} s and are lost; redeliver them on the App's page",
            inbox.len(),
            GRACE.as_secs()
        ),
    }
    Ok(())
}

async fn blueprint(port: Arc<Port>, id: String) -> Result<Option<Arc<str>>, answers::Error> {
    let found = port.blueprint(&id).await;
    found.map_err(|failed| answers::Error::Port {
        transient: failed.is_transient(),
        message: failed.to_string(),
    })
}

async fn check_port(port: &Port) {
    match port.check().await {
        Ok(()) => info!("Port accepted the credentials"),
        Err(failed) => error!("{failed}"),
    }
}

async fn check_github(github: &GitHub) {
    for finding in github.check().await {
        match finding.level {
            Level::ERROR => error!("{}", finding.message),
            Level::WARN => warn!("{}", finding.message),
            _ => info!("{}", finding.message),
        }
    }
}
