//! The straight line: take the head of a lane, map it with every plugin that wants it, check, plan, write, record.
//!
//! Here the four edges meet; none of them knows another. What a delivery leads to is decided by `accept`,
//! whose repository it is about by `repository`, whether GitHub shows a push yet by `push`, what an event looks like by `scene`, which configuration holds by
//! `in_force`, what an outcome comes to by `wanted`, what becomes of it by `write`, what a failure means by `failed`,
//! and what the clock brings by `tend`.

mod accept;
mod failed;
mod in_force;
mod push;
mod repository;
mod scene;
mod status;
mod tend;
mod wanted;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tracing::{Instrument, debug, error, info, info_span, warn};

use crate::answers::Answers;
use crate::checked::Checked;
use crate::delivery::Delivery;
use crate::files::Configurations;
use crate::github::GitHub;
use crate::inbox::{Claim, Destination, Failure, Inbox};
use crate::ledger::{Turn, Turns};
use crate::plugins::contract::{AnswerValue, Outcome};
use crate::plugins::{Plugin, Plugins, Set};
use crate::port::Port;
use crate::resync::Resync;
use crate::settings::AllowedBlueprints;
use crate::store::{self, Loaded, Millis, Seen, Source, Store, Waiting};
use crate::subject::{Chore, Subject, Touch};

use push::Push;
use scene::{Found, Scene};
use wanted::Wanted;

/// Events under way at once. More than a bulk call holds, so that calls to Port fill by themselves;
/// what runs in guests at once is bounded by `plugins`.
const WORKERS: usize = 64;

/// A worker rests so long where the store has no room for what it did.
const FULL: Duration = Duration::from_secs(1);

/// Everything an event passes through.
pub struct Pipeline {
    pub store: Arc<dyn Store>,
    pub inbox: Inbox,
    pub plugins: Arc<Plugins>,
    pub github: GitHub,
    pub configurations: Configurations,
    pub answers: Answers,
    pub port: Arc<Port>,
    pub resync: Resync,
    pub allowed: AllowedBlueprints,
    pub turns: Turns,
    /// Deliveries that no plugin wanted.
    pub unwanted: AtomicU64,
}

/// What a plugin had to say about an event.
enum Said<'a> {
    Wanted(Wanted<'a>),
    /// The configuration in force does not want this kind, or the mapper had nothing to say.
    Nothing(&'static str),
}

fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

impl Pipeline {
    /// Works until the inbox is closed.
    pub async fn run(self: Arc<Self>) {
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            workers.spawn(self.clone().worker());
        }
        while let Some(ended) = workers.join_next().await {
            // Its claim was dropped and so put back.
            if let Err(panicked) = ended {
                error!("a worker panicked, which is a bug of Portolan's: {panicked}");
                workers.spawn(self.clone().worker());
            }
        }
    }

    /// What a person wants to be tried again, and may have mended something in Port for.
    pub fn replayed(&self, waiting: &[Waiting]) {
        self.port.forget_blueprints();
        self.inbox.take_over(waiting);
    }

    async fn worker(self: Arc<Self>) {
        while let Some(claim) = self.inbox.take().await {
            let lane = claim.lane().to_owned();
            match self.work(claim).await {
                Ok(()) => {}
                Err(store::Error::Lease) => debug!("{lane} is somebody else's now"),
                // The store has said so itself, and there is nothing to be gained by haste.
                Err(store::Error::Full(_)) => tokio::time::sleep(FULL).await,
                Err(failed) => error!("{lane} was not finished: {failed}"),
            }
        }
    }

    async fn work(&self, mut claim: Claim) -> Result<(), store::Error> {
        let Some(loaded) = claim.load().await? else {
            return claim.end().await.map(drop);
        };
        match loaded.about(claim.lane()) {
            Ok((delivery, Touch::Subject(subject))) => {
                let span = span_of(&subject, delivery.as_ref());
                self.event(claim, subject, delivery.map(Arc::new), loaded)
                    .instrument(span)
                    .await
            }
            Ok((delivery, Touch::Chore(chore))) => {
                let organization = chore.organization();
                if let Chore::Configured {
                    installation, home, ..
                } = &chore
                    && let Some(push) = delivery.as_ref().and_then(Push::of)
                {
                    self.shows(*installation, home, &push).await;
                }
                if let Err(failed) = self.resync.take_on(chore).await {
                    claim.failed(failed::resync(&failed, organization)?);
                }
                finish(claim).await
            }
            Err(why) => {
                claim.failed(failed::unreadable(why));
                finish(claim).await
            }
        }
    }

    /// Brings one subject up to date for every plugin that wants it.
    async fn event(
        &self,
        mut claim: Claim,
        mut subject: Subject,
        delivery: Option<Arc<Delivery>>,
        mut loaded: Loaded,
    ) -> Result<(), store::Error> {
        if subject.has_kind() {
            claim.is_about_the_present();
        }
        // An event finishes on the set it began with.
        let set = self.plugins.current();
        let brought_up = match self.belongs_to(&mut subject).await {
            Ok(()) if loaded.fresh || claim.source() == Source::Recovered => {
                self.bring_up(&mut subject, &mut loaded).await
            }
            belongs => belongs,
        };
        if brought_up.is_ok() && subject.is_unread() {
            let push = delivery.as_deref().and_then(Push::of);
            if let (Some(push), Some(repository)) = (push, &subject.repository) {
                self.shows(subject.installation, repository, &push).await;
            }
            if self.nobody_wants(&set, &subject, &mut claim).await {
                debug!(kind = subject.kind, "no configuration wants it");
                return finish(claim).await;
            }
        }
        let found = match brought_up {
            Ok(()) => self.scene(&subject, delivery, &loaded).await,
            Err(failed) => Err(failed),
        };
        let scene = match found {
            Ok(Found::There(scene)) => {
                if scene.asked {
                    claim.answered(Destination::GitHub);
                }
                claim.seen(scene.seen.clone());
                Some(scene)
            }
            Ok(Found::Gone) => {
                claim.seen(Seen {
                    version: subject.version.clone(),
                    gone: true,
                });
                subject.gone = true;
                // Once is enough: what followed from it is on record together with its being gone.
                if !loaded.seen.gone || loaded.fresh {
                    self.take_along(&mut claim, &subject).await?;
                }
                None
            }
            Ok(Found::Nothing) => {
                info!(kind = subject.kind, "nothing to map");
                return finish(claim).await;
            }
            Err(failed) => {
                claim.failed(failed::github(&failed, subject.organization.id));
                return finish(claim).await;
            }
        };
        let wanting: Vec<_> = set
            .wanting(&subject.kind)
            .filter(|plugin| claim.wants(&plugin.name))
            .collect();
        for missing in not_loaded(&set, &subject, claim.only()) {
            claim.failed(missing);
        }
        if wanting.is_empty() {
            info!(kind = subject.kind, "nothing to map");
        }
        let mut turn: Option<Turn> = None;
        for plugin in wanting {
            if let Some(turn) = turn.take() {
                // What was written is on record, and whose turn it was is over, before the next plugin takes its time.
                claim.keep(Vec::new()).await?;
                drop(turn);
            }
            turn = self
                .map_and_write(plugin, &subject, scene.as_ref(), &loaded, &mut claim)
                .await?;
        }
        let done = finish(claim).await;
        drop(turn);
        done
    }

    /// What is decided about until the claim is recorded is given back.
    async fn map_and_write(
        &self,
        plugin: &Arc<Plugin>,
        subject: &Subject,
        scene: Option<&Scene>,
        loaded: &Loaded,
        claim: &mut Claim,
    ) -> Result<Option<Turn>, store::Error> {
        let began = Instant::now();
        let said = match scene {
            Some(scene) => self.map(plugin, subject, scene).await,
            None => Ok(Said::Wanted(wanted::nothing(plugin, subject))),
        };
        let (name, version) = (plugin.name.as_str(), plugin.version.as_str());
        let kind = subject.kind.as_str();
        let written = match said {
            Err(failure) => {
                claim.failed(of(failure, plugin));
                return Ok(None);
            }
            Ok(Said::Nothing(why)) => {
                let duration_ms = began.elapsed().as_secs_f64() * 1e3;
                info!(plugin = name, version, kind, duration_ms, "{plugin}: {why}");
                claim.settled(name, Vec::new());
                return Ok(None);
            }
            Ok(Said::Wanted(wanted)) => {
                let wanted = Wanted {
                    force: loaded.force,
                    ..wanted
                };
                self.write(wanted, claim).await?
            }
        };
        // Nothing is to be said of an outage but that it is one.
        if !written.is_outage() {
            info!(
                plugin = name,
                version,
                kind,
                duration_ms = began.elapsed().as_secs_f64() * 1e3,
                entities = written.tally.written,
                created = written.tally.created,
                unchanged = written.tally.unchanged,
                deleted = written.tally.deleted,
                refused = written.refused,
                incomplete = written.incomplete,
                "{}",
                written.sentence(plugin, subject)
            );
        }
        if written.failures.is_empty() {
            claim.settled(name, written.changes);
        } else {
            claim.keep(written.changes).await?;
            for failure in written.failures {
                claim.failed(of(failure, plugin));
            }
        }
        Ok(written.turn)
    }

    async fn map<'a>(
        &self,
        plugin: &'a Arc<Plugin>,
        subject: &'a Subject,
        scene: &Scene,
    ) -> Result<Said<'a>, Failure> {
        let Some((configuration, opened)) = self.configuration(plugin, subject).await? else {
            return Ok(Said::Nothing(
                "its configuration has mistakes, and no earlier one is known",
            ));
        };
        if !opened.wants(&subject.kind) {
            return Ok(Said::Nothing("its configuration does not want this kind"));
        }
        let mut event = Arc::new(scene.event(&subject.kind));
        let mut asking = scene.asking();
        loop {
            let outcome = plugin.map(&configuration, &event).await;
            match outcome.map_err(|fault| failed::plugin(&fault))? {
                Outcome::Unchanged => return Ok(Said::Nothing("nothing changed")),
                Outcome::Ask(questions) => {
                    let answers = asking.answer(&questions).await;
                    let answers = answers
                        .map_err(|error| failed::answers(&error, subject.organization.id))?;
                    Arc::make_mut(&mut event).answers.extend(answers);
                }
                Outcome::Mapped(mapped) => {
                    let left_out = asking.left_out();
                    for why in left_out {
                        warn!(plugin = plugin.name, "not read: {why}");
                    }
                    let refused = !left_out.is_empty()
                        || event
                            .answers
                            .iter()
                            .any(|answer| matches!(answer.value, AnswerValue::Refused(_)));
                    let checked = Checked::new(&plugin.name, mapped, refused, &self.allowed);
                    let options = &opened.options;
                    return Ok(Said::Wanted(wanted::wanted(
                        plugin, subject, options, checked,
                    )));
                }
            }
        }
    }
}

/// What waits for a plugin that is not there: its file is late, broken, or gone for good.
fn not_loaded(set: &Set, subject: &Subject, only: Option<Vec<String>>) -> Vec<Failure> {
    match only {
        Some(names) => names
            .into_iter()
            .filter(|name| !set.iter().any(|plugin| plugin.name == *name))
            .map(|name| failed::not_loaded(Some(name), &subject.kind))
            .collect(),
        None if subject.gone || set.wanting(&subject.kind).next().is_some() => Vec::new(),
        None => vec![failed::not_loaded(None, &subject.kind)],
    }
}

/// What is given up must say for which plugin.
fn of(failure: Failure, plugin: &Plugin) -> Failure {
    Failure {
        plugin: Some(plugin.name.clone()),
        why: format!("{plugin}: {}", failure.why),
        ..failure
    }
}

/// Ends a claim and says what is still to be done.
async fn finish(claim: Claim) -> Result<(), store::Error> {
    let ended = claim.end().await?;
    for aside in &ended.quarantined {
        error!(class = aside.cause.class, "put aside: {}", aside.cause.why);
    }
    if let Some(waits) = &ended.waits {
        warn!(tries = waits.tries, "{waits}");
    }
    Ok(())
}

fn span_of(subject: &Subject, delivery: Option<&Delivery>) -> tracing::Span {
    info_span!(
        "delivery",
        delivery = delivery.map(|delivery| delivery.id()),
        event = delivery.map(|delivery| delivery.event()),
        subject = subject.key,
        repository = subject
            .repository
            .as_ref()
            .map(|repository| repository.full_name()),
    )
}
