//! Port: entities written and deleted, blueprints read.
//!
//! Decides in which order the entities of one call go, and gives every entity its own answer.
//! Knows Port's API and nothing of who wants something written or why.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context;

use crate::entity::{Entity, Key, Renaming};
use crate::settings;

mod batch;
mod blueprints;
mod entities;
mod error;
mod limits;
mod order;
mod presence;
mod queue;
mod removal;
mod rest;
mod stored;
mod token;

pub use error::{Error, What};
pub use stored::Stored;

/// The one way to Port. Share it: coalescing and rate limits hold per `Port`.
pub struct Port {
    rest: Arc<rest::Rest>,
    writer: Arc<batch::Writer>,
    blueprints: blueprints::Blueprints,
}

/// What Port does with an entity that exists, and with relation targets that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Write {
    /// Keep what is not named, instead of replacing the entity.
    pub merge: bool,
    /// Create bare entities for missing relation targets, instead of refusing.
    pub create_missing_related: bool,
}

/// On whose behalf something is written. Port makes the entity's `$datasource` of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    pub installation: u64,
    pub suffix: Suffix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suffix {
    Gitops,
    Exporter,
}

/// Port's answer for one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// It did not exist before.
    pub created: bool,
    pub renaming: Renaming,
}

impl Port {
    pub fn new(settings: &settings::Port) -> anyhow::Result<Self> {
        let rest = Arc::new(rest::Rest::new(settings).context("setting up the client for Port")?);
        Ok(Self {
            writer: batch::Writer::new(rest.clone()),
            blueprints: blueprints::Blueprints::default(),
            rest,
        })
    }

    /// Fetches a token: whether Port can be reached and takes our credentials.
    pub async fn check(&self) -> Result<(), Error> {
        self.rest.authenticate().await
    }

    /// The blueprint as JSON text, `None` where there is none. Remembered for a minute.
    pub async fn blueprint(&self, id: &str) -> Result<Option<Arc<str>>, Error> {
        self.blueprints.get(&self.rest, id).await
    }

    /// Somebody may have changed blueprints just now: they are read anew from here on.
    pub fn forget_blueprints(&self) {
        self.blueprints.forget();
    }

    /// Whether the blueprint is there now: asks Port, whatever is remembered.
    pub async fn has_blueprint(&self, id: &str) -> Result<bool, Error> {
        self.blueprints.look(&self.rest, id).await
    }

    /// Whether there is such an entity now.
    pub async fn has_entity(&self, blueprint: &str, identifier: &str) -> Result<bool, Error> {
        presence::has_entity(&self.rest, blueprint, identifier).await
    }

    /// These entities of a blueprint as they are now, by identifier; `None` where there is no such blueprint.
    pub async fn stored(
        &self,
        blueprint: &str,
        identifiers: &[&str],
    ) -> Result<Option<HashMap<String, Stored>>, Error> {
        let Some(json) = self.blueprint(blueprint).await? else {
            return Ok(None);
        };
        let stored = stored::read(&self.rest, blueprint, &json, identifiers);
        stored.await.map(Some)
    }

    /// Which target of an entity's relations Port lacks, as `blueprint/identifier`; `None` where it lacks none now.
    /// Port's answer to a write does not say.
    pub async fn missing_target(&self, entity: &Entity) -> Result<Option<String>, Error> {
        let Some(blueprint) = self.blueprint(entity.blueprint()).await? else {
            return Ok(None);
        };
        presence::missing_target(&self.rest, &blueprint, entity).await
    }

    /// Creates or updates the entities; one result for each, in their order.
    ///
    /// Targets of relations go before what points at them: those Port would otherwise refuse, or create bare, and
    /// then no longer report as created by us.
    pub async fn upsert(
        &self,
        entities: &[Entity],
        how: Write,
        source: Source,
    ) -> Vec<Result<Written, Error>> {
        let mut results: Vec<Option<Result<Written, Error>>> = vec![None; entities.len()];
        let mut fresh = HashSet::new();
        for layer in order::layers(entities) {
            self.write(entities, &layer, how, source, &mut results, &mut fresh)
                .await;
        }
        // A circle, or a name that two blueprints share, may have sent a target after what points at it.
        // Each round needs an entity that has just been written, so that there are never more rounds than entities.
        while !fresh.is_empty() {
            let again: Vec<usize> = (0..entities.len())
                .filter(|index| matches!(results[*index], Some(Err(Error::MissingTarget { .. }))))
                .filter(|index| {
                    entities[*index]
                        .targets()
                        .any(|target| fresh.contains(target))
                })
                .collect();
            fresh.clear();
            self.write(entities, &again, how, source, &mut results, &mut fresh)
                .await;
        }
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| Err(Error::stopped())))
            .collect()
    }

    /// Deletes the entities; one result for each, in their order. What is not there counts as deleted.
    ///
    /// `dependents`: what points at them by a required relation goes with them, whoever wrote it. Otherwise Port keeps
    /// what is pointed at.
    pub async fn delete(
        &self,
        keys: Vec<Key>,
        dependents: bool,
        source: Source,
    ) -> Vec<Result<(), Error>> {
        let mut results: Vec<Option<Result<(), Error>>> = vec![None; keys.len()];
        let mut left: Vec<usize> = (0..keys.len()).collect();
        // Which depend on which only Port knows: as long as some go, others may have become free to go.
        while !left.is_empty() {
            let some = left.iter().map(|index| &keys[*index]);
            let answers = self.writer.delete(some, dependents, source);
            let mut kept = Vec::new();
            for (index, answer) in left.iter().zip(answers) {
                let answer = answer.await.unwrap_or_else(|_| Err(Error::stopped()));
                if answer.as_ref().is_err_and(Error::is_data) {
                    kept.push(*index);
                }
                results[*index] = Some(answer.map(drop));
            }
            let gone = left
                .iter()
                .any(|index| matches!(results[*index], Some(Ok(()))));
            left = if gone { kept } else { Vec::new() };
        }
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| Err(Error::stopped())))
            .collect()
    }

    /// Writes some of the entities and notes their results and, in `fresh`, what now exists.
    async fn write<'a>(
        &self,
        entities: &'a [Entity],
        indexes: &[usize],
        how: Write,
        source: Source,
        results: &mut [Option<Result<Written, Error>>],
        fresh: &mut HashSet<&'a str>,
    ) {
        let answers =
            self.writer
                .submit(indexes.iter().map(|index| &entities[*index]), how, source);
        for (index, answer) in indexes.iter().zip(answers) {
            let answer = answer.await.unwrap_or_else(|_| Err(Error::stopped()));
            if answer.is_ok() {
                fresh.extend(entities[*index].identifier());
            }
            results[*index] = Some(answer);
        }
    }
}

#[cfg(test)]
mod tests;
