//! Kinds whose object is the subject itself, with what selectors add to it.

use std::collections::BTreeSet;

use port_jq::Value;
use portolan_sdk::{Answer, Error, Event, Question};

use super::surroundings::tell_unread;
use super::{Made, Surroundings};
use crate::asking::Asking;
use crate::evaluate::{Evaluation, Object};
use crate::resource::Resource;
use crate::texts::Texts;

/// What was found for the resources of one subject.
pub(super) struct Found<'e> {
    /// In the order of the resources and their enrichments.
    enrichments: Vec<Option<&'e Answer>>,
    texts: Texts<'e>,
}

impl<'e> Found<'e> {
    pub(super) fn ask(
        asking: &mut Asking<'e>,
        surroundings: &Surroundings,
        resources: &[&Resource],
    ) -> Result<Self, Error> {
        let asked = resources
            .iter()
            .flat_map(|resource| &resource.selector.enrichments);
        let questions: Vec<_> = asked
            .map(|asked| asked.question(&surroundings.full_name))
            .collect();
        let enrichments = asking.all(&questions);
        let paths: BTreeSet<_> = resources
            .iter()
            .flat_map(|resource| resource.files())
            .collect();
        let texts = texts(asking, paths);
        Ok(Self {
            enrichments: enrichments?,
            texts: texts?,
        })
    }

    pub(super) fn map<'c>(
        &self,
        evaluation: &mut Evaluation<'c>,
        event: &Event,
        surroundings: &Surroundings,
        resources: &[&'c Resource],
    ) -> Result<(), Error> {
        if resources.is_empty() {
            return Ok(());
        }
        let mut raw: Value = event.subject()?;
        raw.insert("__repository", surroundings.name.as_str().into());
        raw.insert("__organization", surroundings.organization.as_str().into());
        let asked = resources
            .iter()
            .flat_map(|resource| &resource.selector.enrichments);
        for (asked, answer) in asked.zip(&self.enrichments) {
            if let Some(answer) = answer
                && let Err(refused) = asked.put(&mut raw, answer)
            {
                evaluation.tell("refused", refused);
                evaluation.unknown.push(asked.name());
            }
        }
        let included = resources
            .iter()
            .flat_map(|resource| &resource.selector.included_files);
        let included: Vec<_> = included.map(|path| (path.as_str(), path.clone())).collect();
        tell_unread(evaluation, resources, &self.texts);
        if !included.is_empty() {
            raw.insert("__includedFiles", self.texts.included(included.into_iter()));
        }
        let mut object = Object {
            name: name(&raw, surroundings),
            raw,
            texts: &self.texts,
            folder: String::new(),
        };
        // Nearly always there is one kind of a subject, and its keys do not disturb another's.
        let mut shaped = BTreeSet::new();
        for resource in resources {
            if let Made::By(shape) = resource.row.made
                && shaped.insert(resource.row.name)
            {
                shape(&mut object.raw, surroundings);
            }
        }
        for resource in resources {
            evaluation.map(resource, &object);
        }
        Ok(())
    }
}

/// The files at these paths from the root of the repository.
pub(super) fn texts<'e>(
    asking: &mut Asking<'e>,
    paths: BTreeSet<&str>,
) -> Result<Texts<'e>, Error> {
    let questions: Vec<_> = paths.iter().copied().map(Question::file).collect();
    let answers = asking.all(&questions)?;
    let mut texts = Texts::default();
    for (path, answer) in paths.into_iter().zip(answers) {
        if let Some(answer) = answer {
            texts.insert(path.to_owned(), answer);
        }
    }
    Ok(texts)
}

/// `acme/shop#12`, or `acme/shop` where nothing has a number.
fn name(raw: &Value, surroundings: &Surroundings) -> String {
    let repository = &surroundings.full_name;
    let number = ["number", "run_number"].iter().find_map(|key| raw.get(key));
    match number {
        Some(number) => format!("{repository}#{number}"),
        None => repository.clone(),
    }
}
