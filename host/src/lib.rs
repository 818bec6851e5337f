//! Portolan: GitHub's webhooks through sandboxed plugins to Port's software catalog.
//!
//! The modules in the order in which a delivery passes them:
//! [`settings`] are read once; [`webhook`] receives, [`delivery`] proves that it was GitHub,
//! [`subject`] names what is touched, [`inbox`] keeps it in order, [`pipeline`] takes it from there:
//! [`github`] is asked for what is missing ([`files`], [`answers`]), [`plugins`] map it,
//! [`entity`] checks what came back and [`port`] writes it. [`resync`] feeds the same lanes without a webhook,
//! [`missed`] the same door with what did not arrive.

pub mod settings;

pub mod webhook;

pub mod delivery;

pub mod subject;

pub mod inbox;

pub mod store;

pub mod pipeline;

pub mod github;

pub mod files;

pub mod answers;

pub mod plugins;

pub mod entity;

pub mod port;

pub mod resync;

pub mod missed;

pub mod cli;

pub mod telemetry;

mod causes;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
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

/// From SIGTERM to the end, requests and events together. Kubernetes kills after 30 s unless told otherwise.
const GRACE: Duration = Duration::from_secs(25);

/// The last part of it, in which nothing is taken in from anywhere: for the events that came last.
const LAST: Duration = Duration::from_secs(5);

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

    let accept = {
        let pipeline = pipeline.clone();
        move |delivery| pipeline.accept(delivery)
    };
    let stopped = Arc::new(OnceLock::new());
    let shutdown = {
        let stopped = stopped.clone();
        async move {
            shutdown.await;
            stopped.get_or_init(Instant::now);
        }
    };
    webhook::serve(listener, &settings.webhook, accept, shutdown)
        .await
        .context("serving the webhook")?;
    let deadline = *stopped.get_or_init(Instant::now) + GRACE;

    info!(
        "no more deliveries are taken; {} events are to be finished",
        inbox.len()
    );
    start.abort();
    let chores = resync.finish(deadline - LAST).await;
    inbox.close();
    // Whether it ended in time is told by what is left.
    let _ = timeout_at(deadline, working).await;
    let (events, listed) = (inbox.irreplaceable(), inbox.len() - inbox.irreplaceable());
    if listed > 0 {
        info!("{listed} events of the first start are left to the next one");
    }
    if events + chores > 0 {
        bail!(
            "{events} events and {chores} lists of new repositories were not finished within {} s and are lost: \
             redeliver what came last on the App's page, under Advanced",
            GRACE.as_secs()
        );
    }
    let unwanted = pipeline.unwanted.load(Ordering::Relaxed);
    info!(
        unwanted,
        "everything accepted was done; {unwanted} deliveries were of no concern to any plugin"
    );
    Ok(())
}

async fn blueprint(port: Arc<Port>, id: String) -> Result<Option<Arc<str>>, answers::Error> {
    let found = port.blueprint(&id).await;
    found.map_err(|failed| answers::Error::Port {
        transient: failed.is_transient(),
        outage: failed.is_outage(),
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
