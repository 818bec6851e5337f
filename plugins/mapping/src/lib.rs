//! Bundled plugin: what `port-app-config.yml` maps by jq, to the entities that it describes.
//!
//! `configuration` reads the file and compiles its programs once. An event's object is found by `kinds` (enriched by
//! what the selectors ask for), mapped resource by resource by `evaluate` and `compose`, and held against Port's blueprints by
//! `blueprint`. What became of it all is told in `notes`. Which entities disappeared is the host's to know.

mod asking;
mod blueprint;
mod compose;
mod configuration;
mod enrich;
mod evaluate;
mod expression;
mod instant;
mod kinds;
mod link;
mod lint;
mod mapping;
mod notes;
mod paths;
mod reader;
mod resource;
mod selector;
mod spelling;
mod texts;

use portolan_sdk::{
    Description, Diagnostic, Error, Event, File, Mapper, Outcome, Want, WriteOptions,
};

use crate::blueprint::Blueprints;
use crate::configuration::Configuration;

/// The plugin `mapping`.
#[derive(Debug, Default)]
pub struct Mapping {
    configuration: Configuration,
    blueprints: Blueprints,
}

impl Mapper for Mapping {
    fn describe() -> Description {
        Configuration::files(Description::of(kinds::subjects()))
    }

    fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self {
            configuration: Configuration::read(&files)?,
            blueprints: Blueprints::default(),
        })
    }

    fn notes(&self) -> Vec<Diagnostic> {
        self.configuration.notes.clone()
    }

    fn wants(&self) -> Vec<Want> {
        kinds::wants(&self.configuration)
    }

    fn options(&self) -> WriteOptions {
        self.configuration.options
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        kinds::map(&self.configuration, &self.blueprints, event)
    }
}

portolan_sdk::export_mapper!(Mapping);

#[cfg(test)]
mod tests;
