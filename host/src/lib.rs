//! Portolan: GitHub's webhooks through sandboxed plugins to Port's software catalog.
//!
//! The modules in the order in which a delivery passes them:
//! [`settings`] are read once; [`webhook`] receives, [`delivery`] proves that it was GitHub,
//! [`subject`] names what is touched, [`inbox`] keeps it in order and in the [`store`], [`pipeline`] takes it from there:
//! [`github`] is asked for what is missing ([`files`], [`answers`]), [`plugins`] map it, [`entity`] checks what came
//! back, [`ledger`] says what is to be sent and deleted and [`port`] writes it.
//! [`resync`] and [`missed`] feed the same lanes without a webhook, and [`preview`] shows what would come of it.

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

pub mod checked;

pub mod ledger;

pub mod port;

pub mod resync;

pub mod missed;

pub mod preview;

pub mod admin;

pub mod cli;

pub mod telemetry;

mod causes;

use std::future::{Future, pending};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Level, error, info, warn};

use admin::Admin;
use answers::Answers;
use files::{Configurations, Files};
use github::GitHub;
use inbox::Inbox;
use ledger::Turns;
use missed::Missed;
use pipeline::Pipeline;
use plugins::Plugins;
use port::Port;
use resync::Resync;
use settings::Settings;
use store::{Health, Source, SqliteStore, Store};

/// From SIGTERM to the end, requests and events together. Kubernetes kills after 30 s unless told otherwise.
const GRACE: Duration = Duration::from_secs(25);

/// Run the host on a bound listener until `shutdown` resolves and what was in hand is done or the grace period over.
/// What waits is in the store, for the next start.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let door = admin::bind(settings.admin).await?;
    let data_dir = settings.data_dir.clone();
    let opening = tokio::task::spawn_blocking(move || SqliteStore::open(&data_dir));
    let sqlite = Arc::new(opening.await?.context("opening the store")?);
    let pipeline = put_together(&settings, sqlite.clone()).await?;
    let stopping = CancellationToken::new();

    let mut background = JoinSet::new();
    background.spawn(begin(pipeline.clone(), settings.sync_on_start));
    background.spawn(pipeline.clone().tend());
    background.spawn({
        let missed = Missed::new(
            pipeline.github.clone(),
            pipeline.store.clone(),
            settings.webhook_mode,
        );
        let (maps, keeps) = (pipeline.clone(), pipeline.clone());
        missed.run(
            move |event, _| maps.may_want(event),
            move |delivery, source| {
                let pipeline = keeps.clone();
                async move { pipeline.accept(delivery, source).await }
            },
        )
    });
    let administration = tokio::spawn({
        let (told, asked) = (pipeline.clone(), pipeline.clone());
        let (health, stops) = (sqlite.health(), stopping.clone());
        let admin = Admin {
            store: pipeline.store.clone(),
            replayed: Box::new(move |waiting| told.replayed(&waiting)),
            status: Box::new(move || asked.status(&health.borrow(), stops.is_cancelled())),
        };
        let data_dir = settings.data_dir.clone();
        async move { admin::serve(door, &data_dir, admin, pending()).await }
    });
    let working = tokio::spawn(pipeline.clone().run());

    let accept = {
        let pipeline = pipeline.clone();
        move |delivery| {
            let pipeline = pipeline.clone();
            async move { pipeline.accept(delivery, Source::Webhook).await }
        }
    };
    let stopped = Arc::new(OnceLock::new());
    let shutdown = {
        let (stopping, stopped) = (stopping.clone(), stopped.clone());
        async move {
            shutdown.await;
            stopped.get_or_init(Instant::now);
            stopping.cancel();
        }
    };
    tokio::select! {
        served = webhook::serve(listener, &settings.webhook, accept, shutdown) => {
            served.context("serving the webhook")?;
        }
        // What a store lost cannot be made up for here; what is on disk is there after a new start.
        why = failure(sqlite.health()) => {
            bail!("{why}; what was answered 202 is on disk: look at the disk, then start again")
        }
    }
    let deadline = *stopped.get_or_init(Instant::now) + GRACE;

    pipeline.inbox.close();
    background.shutdown().await;
    drain(&pipeline.inbox, working, deadline).await;
    administration.abort();
    let _ = administration.await;
    let counts = pipeline.store.counts().await?;
    let unwanted = pipeline.unwanted.load(Ordering::Relaxed);
    info!(
        unwanted,
        waiting = counts.waiting,
        quarantined = counts.quarantined,
        "{}; {} in quarantine, {unwanted} deliveries were of no concern to any plugin",
        match counts.waiting {
            0 => "everything accepted was done".to_owned(),
            waiting => format!("{waiting} events are kept for the next start"),
        },
        counts.quarantined
    );
    tokio::task::spawn_blocking(move || sqlite.close()).await??;
    Ok(())
}

/// The parts that an event passes through, put together.
async fn put_together(settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<Arc<Pipeline>> {
    let github = GitHub::new(&settings.github)?;
    let port = Arc::new(Port::new(&settings.port)?);
    let plugins = Plugins::start(&settings.plugins)
        .await
        .context("starting the plugins")?;
    let inbox = Inbox::new(store.clone());
    let files = Files::new(github.clone());
    let configurations = Configurations::new(github.clone(), files.clone());
    let resync = Resync::new(
        github.clone(),
        configurations.clone(),
        plugins.clone(),
        inbox.clone(),
    );
    Ok(Arc::new(Pipeline {
        store,
        inbox,
        plugins,
        github: github.clone(),
        configurations,
        answers: Answers::new(github, files, {
            // `answers` knows GitHub, and Port only by this.
            let port = port.clone();
            move |id| blueprint(port.clone(), id)
        }),
        port,
        resync,
        allowed: settings.port.allowed.clone(),
        turns: Turns::default(),
        unwanted: AtomicU64::new(0),
    }))
}

/// What the start brings: what waits from before, whether Port and GitHub can be reached, the first start.
async fn begin(pipeline: Arc<Pipeline>, sync: bool) {
    loop {
        match pipeline.inbox.load().await {
            Ok(0) => break,
            Ok(kept) => break info!("{kept} events that were kept before the start go on"),
            Err(failed) => error!("what was kept before the start cannot be read yet: {failed}"),
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    tokio::join!(check_port(&pipeline.port), check_github(&pipeline.github));
    if sync && let Err(failed) = pipeline.resync.at_first_start(&*pipeline.store).await {
        error!("{failed}; the next start tries again");
    }
}

/// Resolves when the store can keep nothing any more.
async fn failure(mut health: watch::Receiver<Health>) -> String {
    let failed = health.wait_for(|health| matches!(health, Health::Broken(_)));
    match failed.await.as_deref() {
        Ok(Health::Broken(why)) => format!("the store failed: {why}"),
        _ => "the store failed".to_owned(),
    }
}

/// Waits for what is in hand, and says how it goes on.
async fn drain(inbox: &Inbox, mut working: JoinHandle<()>, deadline: Instant) {
    let mut every = tokio::time::interval(Duration::from_secs(2));
    loop {
        tokio::select! {
            biased;
            _ = &mut working => return,
            () = tokio::time::sleep_until(deadline) => break,
            _ = every.tick() => match inbox.in_hand() {
                0 => {}
                left => info!("{left} events are being finished"),
            },
        }
    }
    let left = inbox.in_hand();
    warn!(
        "{left} events were not finished within {} s: the next start does them",
        GRACE.as_secs()
    );
    working.abort();
    let _ = working.await;
}

pub(crate) async fn blueprint(
    port: Arc<Port>,
    id: String,
) -> Result<Option<Arc<str>>, answers::Error> {
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
