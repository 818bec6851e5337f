//! One event: asks for all that its resources need, maps its objects, and holds the entities against Port's blueprints.

use std::collections::{BTreeMap, BTreeSet};

use portolan_sdk::{Error, Event, Mapped, Outcome, Question};

use super::{Made, Surroundings, file, folder, object};
use crate::asking::Asking;
use crate::blueprint::{Blueprint, Blueprints};
use crate::configuration::Configuration;
use crate::evaluate::Evaluation;
use crate::instant;
use crate::resource::Resource;

/// Blueprints that entities of one event may be held against. Who writes more gets them unchecked.
const MOST_BLUEPRINTS: usize = 32;

pub(crate) fn map(
    configuration: &Configuration,
    blueprints: &Blueprints,
    event: &Event,
) -> Result<Outcome, Error> {
    let resources = configuration.resources.iter();
    let resources: Vec<_> = resources
        .filter(|resource| resource.row.subject == event.kind())
        .collect();
    let surroundings = Surroundings::of(event)?;
    let mut asking = Asking::of(event);

    // Everything that is known to be needed is asked for in one round.
    let literal = resources.iter().flat_map(|resource| &resource.mappings);
    let literal: BTreeSet<_> = literal
        .filter_map(|mapping| mapping.blueprint.literal())
        .collect();
    let known = ask(&mut asking, blueprints, literal);
    let of = |made: fn(&Made) -> bool| {
        let resources = resources.iter().copied();
        resources
            .filter(|resource| made(&resource.row.made))
            .collect::<Vec<&Resource>>()
    };
    let subjects = of(|made| matches!(made, Made::By(_)));
    let files = of(|made| matches!(made, Made::OfFiles));
    let folders = of(|made| matches!(made, Made::OfFolders));
    let found = object::Found::ask(&mut asking, &surroundings, &subjects);
    let found_files = file::Found::ask(&mut asking, event, &surroundings, &files);
    let found_folders = folder::Found::ask(&mut asking, event, &surroundings, &folders);
    let (mut known, found) = (known?, found?);
    let (found_files, found_folders) = (found_files?, found_folders?);

    let now = instant::seconds(event.time()).unwrap_or_default();
    let mut evaluation = Evaluation::new(now, event.explains());
    for unreadable in &configuration.unreadable {
        if unreadable.row.is_none_or(|row| row.subject == event.kind()) {
            evaluation.tell("unreadable", unreadable.why.clone());
        }
    }
    found.map(&mut evaluation, event, &surroundings, &subjects)?;
    found_files.map(&mut evaluation, &surroundings, &files);
    found_folders.map(&mut evaluation, &surroundings, &folders);

    // Those that only a program knows take a round more.
    let computed = evaluation
        .entities
        .iter()
        .map(|(entity, _)| entity.blueprint.clone());
    let computed = computed
        .filter(|id| !known.contains_key(id))
        .collect::<BTreeSet<_>>();
    known.extend(ask(&mut asking, blueprints, computed)?);
    for (entity, mapping) in &evaluation.entities {
        if let Some(Some(blueprint)) = known.get(&entity.blueprint) {
            blueprint.check(entity, mapping, &mut evaluation.notes);
        }
    }
    if let Some(told) = asking.told() {
        evaluation.tell("too many questions", told);
    }
    Ok(Mapped {
        entities: evaluation
            .entities
            .into_iter()
            .map(|(entity, _)| entity)
            .collect(),
        notes: evaluation.notes.into_list(),
        ..Mapped::default()
    }
    .into())
}

type Known = BTreeMap<String, Option<std::rc::Rc<Blueprint>>>;

fn ask(
    asking: &mut Asking<'_>,
    blueprints: &Blueprints,
    identifiers: BTreeSet<String>,
) -> Result<Known, Error> {
    let identifiers: Vec<_> = identifiers.into_iter().take(MOST_BLUEPRINTS).collect();
    let questions: Vec<_> = identifiers.iter().map(Question::blueprint).collect();
    let answers = asking.perhaps(&questions)?;
    let asked = identifiers.iter().zip(answers);
    let parsed: Vec<_> = asked
        .map(|(identifier, answer)| blueprints.parsed(identifier, answer))
        .collect();
    Ok(identifiers.into_iter().zip(parsed).collect())
}
