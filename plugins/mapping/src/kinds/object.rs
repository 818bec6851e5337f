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
        let mut subject: Value = event.subject()?;
        subject.insert("__repository", surroundings.name.as_str().into());
        subject.insert("__organization", surroundings.organization.as_str().into());
        tell_unread(evaluation, resources, &self.texts);
        let includes = |resource: &&Resource| !resource.selector.included_files.is_empty();
        if resources.iter().any(includes) {
            subject.insert("__includedFiles", self.texts.included_of(resources));
        }
        let name = name(&subject, surroundings);
        let of_all = evaluation.unknown.len();
        let mut answers = self.enrichments.iter();
        for resource in resources {
            // Each sees what its own selector asks for: another may ask for the same and mean other people.
            let mut raw = subject.clone();
            evaluation.unknown.truncate(of_all);
            for (asked, answer) in resource.selector.enrichments.iter().zip(&mut answers) {
                match answer.map(|answer| asked.put(&mut raw, answer)) {
                    Some(Ok(())) => continue,
                    Some(Err(refused)) => evaluation.tell("refused", refused),
                    // That it was one question too many is told once for all.
                    None => {}
                }
                evaluation.unknown.push(asked.name());
            }
            if let Made::By(shape) = resource.row.made {
                shape(&mut raw, surroundings);
            }
            let object = Object {
                raw,
                name: name.clone(),
                texts: &self.texts,
                folder: String::new(),
            };
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
        texts.insert(path.to_owned(), answer);
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
