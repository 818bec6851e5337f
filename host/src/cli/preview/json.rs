//! A line an object, for machines; lines of their own for plugins, configurations that were opened, and the whole.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::totals::Totals;
use crate::entity::Entity;
use crate::plugins::contract::{Place, Severity};
use crate::preview::compare::Change;
use crate::preview::input::Object;
use crate::preview::{Made, Opening, Told};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Plugins {
        diagnostics: [Said<'a>; 1],
    },
    Configuration {
        plugin: &'a str,
        version: &'a str,
        files: &'a [String],
        diagnostics: Vec<Said<'a>>,
    },
    Object {
        kind: &'a str,
        organization: &'a str,
        repository: Option<String>,
        number: Option<u64>,
        line: Option<usize>,
        plugins: Vec<Called<'a>>,
        entities: Vec<Shown<'a>>,
        deletions: Vec<Deleted<'a>>,
        diagnostics: Vec<Said<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        explained: Vec<Said<'a>>,
    },
    Summary {
        #[serde(flatten)]
        totals: &'a Totals,
        remarks: &'a [String],
    },
}

#[derive(Serialize)]
struct Called<'a> {
    plugin: &'a str,
    version: &'a str,
    /// Otherwise a host would delete nothing, unless it is for what is `unknown` alone.
    complete: bool,
    /// Something that it asked for only GitHub knows, which a host asks.
    unknown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nothing: Option<&'a str>,
}

/// An entity's body as Port takes it.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    identifier: &'a RawValue,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    title: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    icon: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    team: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: &'a RawValue,
    #[serde(borrow)]
    relations: &'a RawValue,
}

/// An entity, and what would become of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    plugin: &'a str,
    blueprint: &'a str,
    #[serde(flatten)]
    body: Body<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<At<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct At<'a> {
    path: &'a str,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(Serialize)]
struct Field<'a> {
    field: &'a str,
    old: &'a Value,
    new: &'a Value,
}

#[derive(Serialize)]
struct Deleted<'a> {
    plugin: &'a str,
    blueprint: &'a str,
    identifier: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'a str>,
    severity: &'static str,
    /// It follows from what only GitHub knows.
    not_known_offline: bool,
    message: &'a str,
    field: Option<&'a str>,
    place: Option<At<'a>>,
}

pub(super) fn refused(out: &mut impl Write, told: &Told) -> io::Result<()> {
    let diagnostics = [said(None, told)];
    print(out, &Line::Plugins { diagnostics })
}

pub(super) fn opening(out: &mut impl Write, opening: &Opening) -> io::Result<()> {
    let plugin = opening.plugin.name.as_str();
    let line = Line::Configuration {
        plugin,
        version: &opening.plugin.version,
        files: &opening.files,
        diagnostics: (opening.told.iter())
            .map(|told| said(Some(plugin), told))
            .collect(),
    };
    print(out, &line)
}

pub(super) fn object(out: &mut impl Write, object: &Object, made: &[Made]) -> io::Result<()> {
    let line = Line::Object {
        kind: &object.kind,
        organization: &object.organization.login,
        repository: object
            .repository
            .as_ref()
            .map(|repository| repository.full_name()),
        number: object.number,
        line: object.line,
        plugins: made.iter().map(called).collect(),
        entities: made.iter().flat_map(entities).collect(),
        deletions: made.iter().flat_map(deletions).collect(),
        diagnostics: each(made, |made| &made.told)
            .map(|(plugin, told)| said(Some(plugin), told))
            .collect(),
        explained: each(made, |made| &made.explained)
            .map(|(plugin, told)| said(Some(plugin), told))
            .collect(),
    };
    print(out, &line)
}

pub(super) fn end(out: &mut impl Write, totals: &Totals, remarks: &[String]) -> io::Result<()> {
    print(out, &Line::Summary { totals, remarks })
}

fn print(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// With the plugin that it comes from.
fn each<'a, T>(
    made: &'a [Made],
    of: fn(&'a Made) -> &'a Vec<T>,
) -> impl Iterator<Item = (&'a str, &'a T)> {
    made.iter()
        .flat_map(move |made| of(made).iter().map(|one| (made.plugin.name.as_str(), one)))
}

fn called(made: &Made) -> Called<'_> {
    Called {
        plugin: &made.plugin.name,
        version: &made.plugin.version,
        complete: made.complete,
        unknown: made.unknown,
        nothing: made.nothing,
    }
}

fn entities(made: &Made) -> impl Iterator<Item = Shown<'_>> {
    let all = made.entities.iter().enumerate();
    all.map(|(nth, entity)| shown(&made.plugin.name, entity, made.changes.get(nth)))
}

fn shown<'a>(plugin: &'a str, entity: &'a Entity, change: Option<&'a Change>) -> Shown<'a> {
    let (change, fields) = match change {
        None => (None, &[][..]),
        Some(Change::Created) => (Some("created"), &[][..]),
        Some(Change::Changed(fields)) => (Some("changed"), fields.as_slice()),
        Some(Change::Unchanged) => (Some("unchanged"), &[][..]),
        Some(Change::Searched) => (Some("searched"), &[][..]),
        Some(Change::Impossible) => (Some("impossible"), &[][..]),
    };
    let field = |field: &'a crate::preview::compare::Field| Field {
        field: &field.name,
        old: &field.old,
        new: &field.new,
    };
    Shown {
        plugin,
        blueprint: entity.blueprint(),
        body: serde_json::from_slice(entity.body()).expect("it was written from such an entity"),
        previous_identifier: entity.previous_identifier(),
        place: entity.place().map(|place| At {
            path: &place.path,
            line: place.line,
            column: place.column,
        }),
        change,
        changes: fields.iter().map(field).collect(),
    }
}

fn deletions(made: &Made) -> impl Iterator<Item = Deleted<'_>> {
    made.deletions.iter().map(|key| Deleted {
        plugin: &made.plugin.name,
        blueprint: &key.blueprint,
        identifier: &key.identifier,
    })
}

fn said<'a>(plugin: Option<&'a str>, told: &'a Told) -> Said<'a> {
    Said {
        plugin,
        severity: word(told.severity),
        not_known_offline: told.is_unknown(),
        message: &told.message,
        field: told.field.as_deref(),
        place: told.place.as_ref().map(at),
    }
}

fn at(place: &Place) -> At<'_> {
    At {
        path: &place.path,
        line: place.line,
        column: place.column,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
