//! The straight line: take the head of a lane, map it with every plugin that wants it, check, write, say so.
//!
//! Here the four edges meet; none of them knows another. What a delivery touches is decided by `subject`,
//! what an event looks like by `event`, what becomes of an outcome by `write`.

mod event;
mod write;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Instrument, error, info, info_span, warn};

use crate::answers::Answers;
use crate::delivery::Delivery;
use crate::files::Files;
use crate::github::GitHub;
use crate::inbox::{Claim, Full, Inbox, Item};
use crate::plugins::contract::{Configuration, Outcome};
use crate::plugins::{Fault, Opened, Plugin, Plugins};
use crate::port::Port;
use crate::resync::Resync;
use crate::settings::AllowedBlueprints;
use crate::subject::{self, Chore, Touch};

use event::Scene;
use write::Written;

/// Events under way at once. More than a bulk call holds, so that calls to Port fill by themselves;
/// what runs in guests at once is bounded by `plugins`.
const WORKERS: usize = 64;

/// Waits between tries of an event whose GitHub or Port could not be reached. The last one repeats:
/// an outage puts nothing aside.
const RETRY_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Everything an event passes through.
pub struct Pipeline {
    pub inbox: Arc<Inbox>,
    pub plugins: Arc<Plugins>,
    pub github: Arc<GitHub>,
    pub files: Arc<Files>,
    pub answers: Arc<Answers>,
    pub port: Arc<Port>,
    pub resync: Arc<Resync>,
    pub allowed: AllowedBlueprints,
}

/// How one plugin fared with one event.
enum Fate {
    Done(Written),
    /// The configuration in force does not want this kind, or the mapper had nothing to say.
    Nothing(&'static str),
    /// GitHub or Port could not be reached: the same again after a while.
    Later { why: String, after: Option<Duration> },
    /// The event is put aside for this plugin, with the reason.
    Aside(String),
}

impl Pipeline {
    /// Put what an authentic delivery touches into its lanes. All of it or, when there is no room, nothing.
    pub fn accept(&self, delivery: Delivery) -> Result<(), Full> {
        let touches = match subject::touches(&delivery) {
            Ok(touches) => touches,
            Err(unreadable) => {
                warn!(delivery = delivery.id(), event = delivery.event(), "{unreadable}");
                return Ok(());
            }
        };
        let delivery = Arc::new(delivery);
        let set = self.plugins.current();
        let (mut items, mut chores) = (Vec::new(), Vec::new());
        for touch in touches {
            match touch {
                Touch::Chore(chore) => chores.push(chore),
                Touch::Subject(subject) if set.wanting(&subject.kind).next().is_some() => {
                    items.push(Item::of(subject, Some(delivery.clone())));
                }
                Touch::Subject(_) => {}
            }
        }
        // A moved head must be known before the event that was caused by it begins.
        for chore in &chores {
            if let Chore::HeadMoved { repository } = chore {
                self.files.head_moved(repository);
            }
        }
        if items.is_empty() && chores.is_empty() {
            info!(
                delivery = delivery.id(),
                event = delivery.event(),
                action = delivery.action(),
                "acknowledged {}: no plugin maps it",
                delivery.event()
            );
        }
        self.inbox.push_all(items)?;
        for chore in chores {
            self.resync.take_on(chore);
        }
        Ok(())
    }

    /// Work until the inbox is closed and empty.
    pub async fn run(self: Arc<Self>) {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                let pipeline = self.clone();
                tokio::spawn(async move {
                    while let Some(claim) = pipeline.inbox.take().await {
                        let span = span_of(&claim.item);
                        pipeline.work(claim).instrument(span).await;
                    }
                })
            })
            .collect();
        for worker in workers {
            if let Err(panicked) = worker.await {
                error!("a worker ended early: {panicked}");
            }
        }
    }

    async fn work(&self, mut claim: Claim) {
        // An event finishes on the set it began with.
        let set = self.plugins.current();
        let began = Instant::now();
        let kind = claim.item.subject.kind.clone();
        let mut later: Option<(String, Option<Duration>)> = None;
        let scene = match Scene::set_up(&claim.item, &self.github, &self.files).await {
            Ok(Some(scene)) => scene,
            Ok(None) => {
                info!(kind, "nothing to map: {}", claim.item.subject.key);
                return claim.done();
            }
            Err(failed) if failed.is_transient() => {
                let after = failed.retry_after();
                return self.park(claim, failed.to_string(), after);
            }
            Err(failed) => {
                error!(kind, "put aside: {failed}");
                return claim.done();
            }
        };
        for plugin in set.wanting(&kind) {
            if claim.item.finished_by(&plugin.name) {
                continue;
            }
            let fate = self.map(plugin, &claim.item, &scene).await;
            let duration_ms = began.elapsed().as_secs_f64() * 1e3;
            let (name, version) = (plugin.name.as_str(), plugin.version.as_str());
            match fate {
                Fate::Done(written) => {
                    info!(
                        plugin = name, version, kind, duration_ms,
                        entities = written.entities, created = written.created, refused = written.refused,
                        incomplete = written.incomplete,
                        "{}", written.sentence(name, version, &claim.item.subject)
                    );
                }
                Fate::Nothing(why) => info!(plugin = name, version, kind, duration_ms, "{name} {version}: {why}"),
                Fate::Aside(why) => {
                    error!(plugin = name, version, kind, duration_ms, "put aside for {name} {version}: {why}");
                }
                Fate::Later { why, after } => {
                    later = Some((why, after));
                    continue;
                }
            }
            claim.item.finish(&plugin.name);
        }
        match later {
            None => claim.done(),
            Some((why, after)) => self.park(claim, why, after),
        }
    }

    fn park(&self, claim: Claim, why: String, after: Option<Duration>) {
        let tries = claim.item.tries as usize;
        let wait = after.unwrap_or(Duration::ZERO).max(RETRY_AFTER[tries.min(RETRY_AFTER.len() - 1)]);
        warn!(tries = tries + 1, "will be tried again in {} s: {why}", wait.as_secs());
        claim.retry_after(wait);
    }

    async fn map(&self, plugin: &Arc<Plugin>, item: &Item, scene: &Scene) -> Fate {
        let (configuration, opened) = match self.configuration(plugin, item).await {
            Ok(Some(found)) => found,
            Ok(None) => return Fate::Nothing("its configuration has mistakes, and no earlier one is known"),
            Err(fate) => return fate,
        };
        if !opened.wants.iter().any(|want| want.kind == item.subject.kind) {
            return Fate::Nothing("its configuration does not want this kind");
        }
        let mut event = scene.event(item);
        let mut asking = self.answers.asking(
            item.subject.installation,
            item.subject.organization.clone(),
            item.subject.repository.clone(),
            scene.head().cloned(),
        );
        loop {
            match self.call(plugin, &configuration, &event).await {
                Err(fault) => return Fate::Aside(fault.to_string()),
                Ok(Outcome::Unchanged) => return Fate::Nothing("nothing changed"),
                Ok(Outcome::Ask(questions)) => match asking.answer(&questions).await {
                    Ok(answers) => event.answers.extend(answers),
                    Err(failed) if failed.is_transient() => {
                        return Fate::Later { after: failed.retry_after(), why: failed.to_string() };
                    }
                    Err(failed) => return Fate::Aside(failed.to_string()),
                },
                Ok(Outcome::Mapped(mapped)) => {
                    let refused_answer = asking.refused();
                    return write::write(self, plugin, &opened.options, item, mapped, refused_answer).await;
                }
            }
        }
    }

    /// One round. A trap may be the host's noise, so it is tried once more on a fresh instance.
    async fn call(
        &self,
        plugin: &Arc<Plugin>,
        configuration: &Configuration,
        event: &crate::plugins::contract::Event,
    ) -> Result<Outcome, Fault> {
        match plugin.map(configuration, event).await {
            Err(fault) if fault.discards_instance() => plugin.map(configuration, event).await,
            outcome => outcome,
        }
    }

    /// The configuration in force: the newest that opens.
    async fn configuration(
        &self,
        plugin: &Arc<Plugin>,
        item: &Item,
    ) -> Result<Option<(Configuration, Arc<Opened>)>, Fate> {
        let subject = &item.subject;
        let repository = subject.repository.as_ref();
        let candidate = self
            .files
            .candidate(
                &plugin.description.files,
                plugin.operator_files(),
                subject.installation,
                &subject.organization,
                repository,
            )
            .await
            .map_err(|failed| {
                if failed.is_transient() {
                    Fate::Later { after: failed.retry_after(), why: failed.to_string() }
                } else {
                    Fate::Aside(format!("reading its configuration: {failed}"))
                }
            })?;
        let place = repository.map_or(subject.organization.id, |repository| repository.id);
        let diagnostics = match plugin.open(&candidate).await {
            Ok(opened) => {
                self.files.opened(&plugin.name, place, &candidate);
                return Ok(Some((candidate, opened)));
            }
            Err(Fault::Configuration(diagnostics)) => diagnostics,
            Err(fault) => return Err(Fate::Aside(fault.to_string())),
        };
        write::say(&plugin.name, &diagnostics);
        let Some(last_good) = self.files.last_good(&plugin.name, place) else {
            return Ok(None);
        };
        warn!(plugin = plugin.name, "the last configuration without mistakes stays in force");
        match plugin.open(&last_good).await {
            Ok(opened) => Ok(Some((last_good, opened))),
            // A new version of the plugin may refuse what an older one opened.
            Err(Fault::Configuration(_)) => Ok(None),
            Err(fault) => Err(Fate::Aside(fault.to_string())),
        }
    }
}

fn span_of(item: &Item) -> tracing::Span {
    let delivery = item.delivery.as_ref();
    info_span!(
        "delivery",
        delivery = delivery.map(|delivery| delivery.id()),
        event = delivery.map(|delivery| delivery.event()),
        subject = item.subject.key,
        repository = item.subject.repository.as_ref().map(|repository| repository.full_name()),
    )
}
