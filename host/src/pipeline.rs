//! The straight line: take the head of a lane, map it with every plugin that wants it, check, write, say so.
//!
//! Here the four edges meet; none of them knows another. What a delivery leads to is decided by `accept`,
//! what an event looks like by `event`, which configuration holds by `in_force`, what becomes of an outcome by `write`.

mod accept;
mod again;
mod event;
mod in_force;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use tokio::task::JoinSet;
use tracing::{Instrument, error, info, info_span, warn};

use crate::answers::Answers;
use crate::files::Configurations;
use crate::github::{self, GitHub};
use crate::inbox::{Claim, Inbox, Item};
use crate::plugins::contract::{AnswerValue, Outcome};
use crate::plugins::{Fault, Plugin, Plugins};
use crate::port::Port;
use crate::resync::Resync;
use crate::settings::AllowedBlueprints;
use crate::subject::NO_INSTALLATION;

use again::{Again, park};
use event::Scene;
use write::Written;

/// Events under way at once. More than a bulk call holds, so that calls to Port fill by themselves;
/// what runs in guests at once is bounded by `plugins`.
const WORKERS: usize = 64;

/// Everything an event passes through.
pub struct Pipeline {
    pub inbox: Inbox,
    pub plugins: Arc<Plugins>,
    pub github: GitHub,
    pub configurations: Configurations,
    pub answers: Answers,
    pub port: Arc<Port>,
    pub resync: Arc<Resync>,
    pub allowed: AllowedBlueprints,
    /// Deliveries that no plugin wanted.
    pub unwanted: AtomicU64,
}

/// How one plugin fared with one event.
enum Fate {
    Done(Written),
    /// The configuration in force does not want this kind, or the mapper had nothing to say.
    Nothing(&'static str),
    /// Not this time: the same again after a while.
    Later(Again),
    /// The event is put aside for this plugin, with the reason.
    Aside(String),
}

impl Fate {
    fn of(fault: Fault) -> Self {
        let why = fault.to_string();
        match fault.is_transient() {
            true => Self::Later(Again {
                why,
                after: None,
                // A plugin that rests is as good as away: its events wait for it or for its next version.
                outage: matches!(fault, Fault::Resting { .. }),
            }),
            false => Self::Aside(why),
        }
    }
}

impl Pipeline {
    /// Work until the inbox is closed and empty.
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

    async fn worker(self: Arc<Self>) {
        while let Some(claim) = self.inbox.take().await {
            let span = span_of(claim.item());
            self.work(claim).instrument(span).await;
        }
    }

    async fn work(&self, mut claim: Claim) {
        // An event finishes on the set it began with.
        let set = self.plugins.current();
        let began = Instant::now();
        let kind = claim.item().subject.kind.clone();
        let mut again = Vec::new();
        let scene = match self.scene(&mut claim).await {
            Ok(Some(scene)) => scene,
            Ok(None) => {
                info!(kind, "nothing to map");
                return claim.done();
            }
            Err(failed) if failed.is_transient() => {
                return park(claim, Again::from(&failed));
            }
            Err(failed) => {
                error!(kind, "put aside: {failed}");
                return claim.done();
            }
        };
        for plugin in set.wanting(&kind) {
            if claim.item().settled.contains(&plugin.name) {
                continue;
            }
            let fate = self.map(plugin, claim.item(), &scene).await;
            let duration_ms = began.elapsed().as_secs_f64() * 1e3;
            let (name, version) = (plugin.name.as_str(), plugin.version.as_str());
            match fate {
                // A try that got no further than the one before is told of when it is parked.
                Fate::Done(Written {
                    again: Some(more), ..
                }) if claim.item().faults > 0 => {
                    again.push(more.of(plugin));
                    continue;
                }
                Fate::Done(written) => {
                    info!(
                        plugin = name,
                        version,
                        kind,
                        duration_ms,
                        entities = written.entities,
                        created = written.created,
                        refused = written.refused,
                        incomplete = written.incomplete,
                        "{}",
                        written.sentence(name, version, &claim.item().subject)
                    );
                    if let Some(more) = written.again {
                        again.push(more.of(plugin));
                        continue;
                    }
                }
                Fate::Nothing(why) => info!(
                    plugin = name,
                    version, kind, duration_ms, "{name} {version}: {why}"
                ),
                Fate::Aside(why) => {
                    error!(
                        plugin = name,
                        version, kind, duration_ms, "put aside for {name} {version}: {why}"
                    );
                }
                Fate::Later(more) => {
                    again.push(more.of(plugin));
                    continue;
                }
            }
            claim.settle(&plugin.name);
        }
        match Again::all(again) {
            None => claim.done(),
            Some(again) => park(claim, again),
        }
    }

    /// Where nobody is installed an event goes on: what its webhook brought can be mapped, only asking is in vain.
    async fn scene(&self, claim: &mut Claim) -> Result<Option<Scene>, github::Error> {
        let subject = &claim.item().subject;
        if subject.installation == NO_INSTALLATION && !subject.gone {
            let (organization, repository) = (&subject.organization, subject.repository.as_ref());
            let found = self.github.installation_of(organization, repository);
            let found = found.await?;
            claim.belongs_to(found);
        }
        Scene::set_up(
            claim.item(),
            &self.github,
            &self.answers,
            &self.configurations,
        )
        .await
    }

    async fn map(&self, plugin: &Arc<Plugin>, item: &Item, scene: &Scene) -> Fate {
        let (configuration, opened) = match self.configuration(plugin, item).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                return Fate::Nothing(
                    "its configuration has mistakes, and no earlier one is known",
                );
            }
            Err(fate) => return fate,
        };
        if !opened
            .wants
            .iter()
            .any(|want| want.kind == item.subject.kind)
        {
            return Fate::Nothing("its configuration does not want this kind");
        }
        let mut event = Arc::new(scene.event(item));
        let mut asking = scene.asking();
        loop {
            match plugin.map(&configuration, &event).await {
                Err(fault) => return Fate::of(fault),
                Ok(Outcome::Unchanged) => return Fate::Nothing("nothing changed"),
                Ok(Outcome::Ask(questions)) => match asking.answer(&questions).await {
                    Ok(answers) => Arc::make_mut(&mut event).answers.extend(answers),
                    Err(failed) if failed.is_transient() => {
                        return Fate::Later(Again::from(&failed));
                    }
                    Err(failed) => return Fate::Aside(failed.to_string()),
                },
                Ok(Outcome::Mapped(mapped)) => {
                    let left_out = asking.left_out();
                    for why in left_out {
                        warn!(plugin = plugin.name, "not read: {why}");
                    }
                    let refused = !left_out.is_empty()
                        || event
                            .answers
                            .iter()
                            .any(|answer| matches!(answer.value, AnswerValue::Refused(_)));
                    return write::write(self, plugin, &opened.options, item, mapped, refused)
                        .await;
                }
            }
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
        repository = item
            .subject
            .repository
            .as_ref()
            .map(|repository| repository.full_name()),
    )
}
