//! Brings Port to what a plugin wants.
//!
//! What to send and what to delete is the ledger's to say; here it is carried out in the order that loses nothing:
//! what is about to be written is recorded, then upserts, then deletions, then the ledger.

use tracing::warn;

use super::wanted::Wanted;
use super::{Pipeline, failed, now};
use crate::inbox::{Claim, Class, Destination, Failure};
use crate::ledger::{self, Fate, Plan, Tally, Turn, Wish};
use crate::plugins::Plugin;
use crate::port::{self, Source, Suffix, Write};
use crate::store::{self, Change};
use crate::subject::Subject;

/// Reasons told in one line.
const WHYS: usize = 5;

/// What was done for one event and plugin, and what went wrong.
pub(super) struct Written {
    pub(super) tally: Tally,
    /// Entities that were refused here or by Port.
    pub(super) refused: usize,
    /// Entities that are to be tried again.
    pub(super) waiting: usize,
    pub(super) incomplete: bool,
    /// For the ledger.
    pub(super) changes: Vec<Change>,
    pub(super) failures: Vec<Failure>,
    /// To be held until the changes are recorded.
    pub(super) turn: Option<Turn>,
}

impl Written {
    /// The one line that says what was done.
    pub(super) fn sentence(&self, plugin: &Plugin, subject: &Subject) -> String {
        let Tally {
            written,
            created,
            renamed,
            unchanged,
            deleted,
            undeleted,
            ..
        } = self.tally;
        let mut said = format!(
            "{plugin} mapped {} of {}: {written} upserted, {created} of them new",
            subject.kind,
            subject.whose(),
        );
        for (count, what) in [
            (renamed, "renamed"),
            (unchanged, "unchanged"),
            (deleted, "deleted"),
            (self.refused, "refused"),
            (self.waiting, "to be tried again"),
            (undeleted, "deletions waiting"),
        ] {
            if count > 0 {
                said += &format!(", {count} {what}");
            }
        }
        if self.incomplete {
            said += ", incomplete";
        }
        said
    }

    /// Whether it is only told that Port is away.
    pub(super) fn is_outage(&self) -> bool {
        let away = |failure: &Failure| matches!(failure.class, Class::Transient | Class::Wait);
        self.failures.iter().any(away)
    }
}

impl Pipeline {
    /// Brings Port to what is wanted; what the ledger has to remember of it is still to be recorded.
    pub(super) async fn write(
        &self,
        wanted: Wanted<'_>,
        claim: &mut Claim,
    ) -> Result<Written, store::Error> {
        let (plugin, subject) = (wanted.plugin, wanted.subject);
        let mut written = Written {
            tally: Tally::default(),
            refused: wanted.refused,
            waiting: 0,
            incomplete: !wanted.complete,
            changes: Vec::new(),
            failures: Vec::new(),
            turn: None,
        };
        let whose = subject.whose();
        let wish = Wish {
            plugin: &plugin.name,
            subject: &subject.key,
            organization: subject.organization.id,
            repository: subject.repository.as_ref().map(|repository| repository.id),
            whose: &whose,
            entities: wanted.entities,
            deletions: wanted.deletions,
            merge: wanted.options.merge,
            create_missing_related: wanted.options.create_missing_related,
            threshold: wanted.options.deletion_threshold,
            complete: wanted.complete,
            keeps: !subject.has_kind() && !subject.gone,
            force: wanted.force,
            agreed: wanted.force,
            now: now(),
        };
        let how = Write {
            merge: wish.merges(),
            create_missing_related: wish.create_missing_related,
        };
        let source = Source {
            installation: subject.installation,
            suffix: suffix(&plugin.name),
        };
        let keys = wish.keys();
        let known = || (self.store).producers(&plugin.name, &subject.key, keys.clone());
        let mut plan = ledger::plan(wish, known().await?);
        // Until what it does is recorded, nobody else decides about these entities.
        let turn = loop {
            let touches = plan.touches();
            if touches.is_empty() {
                break None;
            }
            let turn = self.turns.take(touches).await;
            plan = plan.again(known().await?);
            if turn.covers(&plan.touches()) {
                break Some(turn);
            }
        };
        // Few deletions need nobody's consent, whatever else is held.
        if plan.over(0).is_some() {
            let held = self.store.held(&plugin.name, subject.organization.id);
            if let Some(why) = plan.over(held.await?) {
                written.failures.push(failed::held(why));
                written.tally.undeleted = plan.removals();
                written.changes = plan.held();
                written.turn = turn;
                return Ok(written);
            }
        }
        let intents = plan.intents();
        if !intents.is_empty() {
            claim.keep(intents).await?;
        }
        let mut missing = 0;
        let mut failures = self.upsert(&mut plan, how, source, &mut missing).await;
        let dependents = wanted.options.delete_dependents;
        failures.extend(self.delete(&mut plan, dependents, source).await);
        written.failures = together(failures);
        for warning in plan.warnings() {
            warn!(plugin = plugin.name, "{warning}");
        }
        written.tally = plan.tally();
        written.refused += written.tally.refused - missing;
        written.waiting = written.tally.waiting + missing;
        written.changes = plan.changes();
        if written.tally.written + written.tally.deleted > 0 {
            claim.answered(Destination::Port);
        }
        written.turn = turn;
        Ok(written)
    }

    async fn upsert(
        &self,
        plan: &mut Plan<'_>,
        how: Write,
        source: Source,
        missing: &mut usize,
    ) -> Vec<Failure> {
        let (mut fates, mut failures) = (Vec::new(), Vec::new());
        let entities = plan.upserts();
        let results = self.port.upsert(&entities, how, source).await;
        for (entity, result) in entities.iter().zip(results) {
            let error = match result {
                Ok(done) => {
                    fates.push(Fate::Written {
                        created: done.created,
                        renaming: done.renaming,
                    });
                    continue;
                }
                Err(error) => error,
            };
            // What Port refuses for want of something else was certainly not written.
            fates.push(match error.is_transient() {
                true => Fate::Waits,
                false => Fate::Refused,
            });
            *missing += usize::from(error.is_missing());
            if !error.is_transient() && !error.is_missing() {
                // Told at once: what else of the event is tried again keeps it from the quarantine meanwhile.
                warn!("{error}");
            }
            let mut failure = failed::port(&error);
            if error.is_missing_target() && failures.len() < WHYS {
                // Not to know it costs the waiting for it, not the entity.
                failure.awaits = self.port.missing_target(entity).await.unwrap_or_default();
            }
            failures.push(failure);
        }
        plan.upserted(&fates);
        failures
    }

    async fn delete(&self, plan: &mut Plan<'_>, dependents: bool, source: Source) -> Vec<Failure> {
        let deletions = plan.deletions();
        if deletions.is_empty() {
            return Vec::new();
        }
        let results = self.port.delete(deletions, dependents, source).await;
        let kept = |result: Result<(), port::Error>| result.map_err(|error| error.to_string());
        plan.deleted(results.iter().cloned().map(kept));
        let failed = results.iter().filter_map(|result| result.as_ref().err());
        failed.map(failed::port).collect()
    }
}

/// One failure for each class among them and for each thing that is waited for, with the first reasons of each.
fn together(failures: Vec<Failure>) -> Vec<Failure> {
    let mut together: Vec<(Failure, Vec<String>)> = Vec::new();
    for failure in failures {
        let same =
            |first: &Failure| (first.class, &first.awaits) == (failure.class, &failure.awaits);
        match together.iter_mut().find(|(first, _)| same(first)) {
            None => {
                let why = failure.why.clone();
                together.push((failure, vec![why]));
            }
            // A call that fails fails for each entity in it.
            Some((_, whys)) if whys.contains(&failure.why) => {}
            Some((_, whys)) => whys.push(failure.why),
        }
    }
    let said = |(mut failure, mut whys): (Failure, Vec<String>)| {
        let more = whys.len().saturating_sub(WHYS);
        whys.truncate(WHYS);
        failure.why = whys.join("; ");
        if more > 0 {
            failure.why += &format!("; and {more} more");
        }
        failure
    };
    together.into_iter().map(said).collect()
}

/// Port tells by this who wrote an entity: what came from `port.yml`, what from a mapping.
fn suffix(plugin: &str) -> Suffix {
    if plugin == "gitops" {
        Suffix::Gitops
    } else {
        Suffix::Exporter
    }
}
