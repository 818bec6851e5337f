//! Bundled plugin: every `port.yml` of a repository to the entities that it declares.
//!
//! Reads `port-app-config.yml` for where the specs are and how they are written, asks for the specs,
//! then at once for all that they refer to. Which entities disappeared is the host's to know.

mod configuration;
mod found;
mod metadata;
mod reference;
mod spec;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portolan_sdk::{
    Answer, Description, Diagnostic, Error, Event, File, Mapped, Mapper, Outcome, Question,
    WriteOptions,
};

use crate::configuration::Configuration;
use crate::found::Found;
use crate::metadata::Tree;
use crate::spec::Declared;

/// What one event may ask (`wit/mapper.wit`, `outcome.ask`).
const QUESTIONS: usize = 256;

/// The plugin `gitops`.
#[derive(Debug, Default)]
pub struct Gitops {
    configuration: Configuration,
}

impl Mapper for Gitops {
    fn describe() -> Description {
        app_config::files(Description::of(["tree"]))
    }

    fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self {
            configuration: Configuration::read(&files)?,
        })
    }

    fn notes(&self) -> Vec<Diagnostic> {
        self.configuration.notes.clone()
    }

    fn options(&self) -> WriteOptions {
        self.configuration.options
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        let mut notes = Vec::new();
        let specs = self.specs(event, &mut notes)?;
        let mut declared: Vec<Declared> = specs
            .iter()
            .flat_map(|file| spec::read(file, &mut notes))
            .collect();
        refuse_clashes(&mut declared, &mut notes);

        let mut left = QUESTIONS - self.configuration.spec_paths.len();
        let found = Found::of(event, &declared, self.configuration.enrich, &mut left)?;
        for declared in &mut declared {
            found.fill(declared, &mut notes);
        }
        if self.configuration.enrich {
            self.enrich(event, &mut declared, &found, left, &mut notes)?;
        }
        let entities = declared
            .into_iter()
            .map(|declared| declared.entity)
            .collect();
        Ok(Mapped {
            entities,
            notes,
            ..Mapped::default()
        }
        .into())
    }
}

portolan_sdk::export_mapper!(Gitops);

impl Gitops {
    /// The spec files, by path; one that several globs match comes once.
    fn specs<'a>(
        &self,
        event: &'a Event,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<Vec<&'a File>, Error> {
        let globs = &self.configuration.spec_paths;
        let mut specs = BTreeMap::new();
        let answers = event.all(globs.iter().map(Question::files).collect::<Vec<_>>())?;
        for (glob, answer) in globs.iter().zip(answers) {
            match answer {
                Answer::Files(files) => specs.extend(files.iter().map(|file| (&file.path, file))),
                Answer::Refused(reason) => {
                    let message = format!("The files of `{glob}` were not read: {reason}");
                    notes.push(Diagnostic::error(message).field("specPath"));
                }
                _ => {}
            }
        }
        Ok(specs.into_values().collect())
    }

    /// Adds where an entity comes from, where its blueprint has a place for it.
    fn enrich(
        &self,
        event: &Event,
        declared: &mut [Declared],
        found: &Found<'_>,
        left: usize,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<(), Error> {
        let property = &self.configuration.metadata_property;
        let wants = |declared: &Declared| {
            found.property_type(&declared.entity.blueprint, property) == Some("object")
        };
        let paths: BTreeSet<_> = declared
            .iter()
            .filter(|one| wants(one))
            .map(|one| one.path.clone())
            .collect();
        if paths.is_empty() {
            return Ok(());
        }
        let tree: Tree = event.subject()?;
        let repository = event
            .repository()
            .ok_or_else(|| Error::refuse("a tree belongs to a repository"))?;
        if paths.len() > left {
            let message = format!(
                "More files than can be asked about: `{property}` has no commit for {} of them.",
                paths.len() - left
            );
            notes.push(Diagnostic::warning(message).field(property));
        }
        let questions = paths
            .iter()
            .take(left)
            .map(|path| metadata::question(repository, &tree, path));
        let answers = event.all(questions.collect::<Vec<_>>())?;
        let commits: HashMap<_, _> = paths.iter().zip(answers).collect();
        for declared in declared.iter_mut().filter(|one| wants(one)) {
            let commit = commits.get(&declared.path).copied();
            // What it was stays: without the commit it would be less than that.
            if let Some(Answer::Refused(_)) = commit {
                continue;
            }
            let value = metadata::value(repository, &tree, &declared.path, commit);
            declared.entity.properties.insert(property.clone(), value);
        }
        Ok(())
    }
}

/// Keeps the first of those that declare the same entity, in the order of paths and lines.
fn refuse_clashes(declared: &mut Vec<Declared>, notes: &mut Vec<Diagnostic>) {
    let mut first = HashMap::new();
    declared.retain(|one| {
        let (Some(place), entity) = (&one.entity.place, &one.entity) else {
            return true;
        };
        let at = format!("{}:{}", place.path, place.line.unwrap_or_default());
        let key = (entity.blueprint.clone(), one.identifier.clone());
        let Some(earlier) = first.get(&key) else {
            first.insert(key, at);
            return true;
        };
        let message = format!(
            "`{}` of `{}` is declared twice: at {earlier} and at {at}. The first is used; remove one of them.",
            key.1, key.0
        );
        notes.push(Diagnostic::error(message).at(place.clone()).field("identifier"));
        false
    });
}

#[cfg(test)]
mod tests;
