//! A block an object, for people.

use std::io::{self, Write};

use serde_json::Value;

use super::explained;
use super::paint::Paint;
use super::totals::Totals;
use super::value::{shown, width};
use crate::admin::redact::line;
use crate::entity::Entity;
use crate::preview::compare::{Body, Change, Field};
use crate::preview::input::Object;
use crate::preview::{Made, Opening, Preview};

/// What an object is called: `pull-request acme/shop#7`.
pub(super) fn name(object: &Object) -> String {
    let whose = match &object.repository {
        Some(repository) => repository.full_name(),
        None => object.organization.login.clone(),
    };
    let name = match object.number {
        Some(number) => format!("{} {whose}#{number}", object.kind),
        None => format!("{} {whose}", object.kind),
    };
    line(&name)
}

pub(super) fn opening(out: &mut impl Write, paint: Paint, opening: &Opening) -> io::Result<()> {
    if opening.files.is_empty() {
        return Ok(());
    }
    let text = format!(
        "{} is configured by {}",
        opening.plugin.name,
        opening.files.join(", ")
    );
    writeln!(out, "{}", paint.dim(line(&text)))
}

pub(super) fn object(
    out: &mut impl Write,
    paint: Paint,
    preview: &Preview,
    object: &Object,
    made: &[Made],
) -> io::Result<()> {
    write!(out, "{}", paint.bold(name(object)))?;
    if let Some(line) = object.line {
        write!(out, " {}", paint.dim(format!("(line {line})")))?;
    }
    writeln!(out)?;
    // What one plugin does not map is of interest where no other does.
    let is_mapped = made.iter().any(|made| made.nothing.is_none());
    for made in made
        .iter()
        .filter(|made| made.nothing.is_none() || !is_mapped)
    {
        of_plugin(out, paint, preview, made)?;
    }
    writeln!(out)
}

fn of_plugin(out: &mut impl Write, paint: Paint, preview: &Preview, made: &Made) -> io::Result<()> {
    let plugin = &made.plugin.name;
    if let Some(why) = made.nothing {
        return writeln!(out, "  {}", paint.dim(format!("{plugin}: {why}")));
    }
    if made.entities.is_empty() && made.deletions.is_empty() {
        writeln!(out, "  {}", paint.dim(format!("{plugin}: no entity")))?;
    }
    for (nth, one) in made.entities.iter().enumerate() {
        let from = match one.place() {
            Some(place) => {
                let path = preview.shown(&made.plugin, &place.path);
                let line = place
                    .line
                    .map_or_else(String::new, |line| format!(":{line}"));
                format!("({plugin}, {path}{line})")
            }
            None => format!("({plugin})"),
        };
        entity(out, paint, &from, one, made.changes.get(nth))?;
    }
    for key in &made.deletions {
        let name = line(&format!("{} {}", key.blueprint, key.identifier));
        writeln!(out, "  {} {name}", paint.red("-"))?;
    }
    if made.lacks_github_alone() {
        let why = format!("{plugin}: not all that it asked for is known offline");
        writeln!(out, "  {}", paint.dim(why))?;
    } else if !made.complete {
        writeln!(
            out,
            "  {}",
            paint.yellow(format!(
                "{plugin}: incomplete, so a host would delete nothing"
            ))
        )?;
    }
    let shown = |path: &str| preview.shown(&made.plugin, path);
    explained::print(out, paint, &made.explained, shown)
}

fn entity(
    out: &mut impl Write,
    paint: Paint,
    from: &str,
    entity: &Entity,
    change: Option<&Change>,
) -> io::Result<()> {
    let mark = match change {
        None => String::new(),
        Some(Change::Created) => paint.green("+ "),
        Some(Change::Changed(_)) => paint.yellow("~ "),
        Some(Change::Unchanged) => paint.dim("= "),
        Some(Change::Searched | Change::Impossible) => "? ".to_owned(),
    };
    let identifier = entity.identifier().unwrap_or("(found by a search)");
    let body = Body::of(entity);
    write!(
        out,
        "  {mark}{} {}",
        line(entity.blueprint()),
        paint.bold(line(identifier))
    )?;
    if let Some(title) = &body.title {
        write!(out, "  {}", shown(&Value::from(title.as_str())))?;
    }
    writeln!(out, "  {}", paint.dim(line(from)))?;
    match change {
        Some(Change::Unchanged) => Ok(()),
        Some(Change::Changed(fields)) => changed(out, paint, fields),
        _ => all(out, entity, body),
    }
}

fn all(out: &mut impl Write, entity: &Entity, body: Body) -> io::Result<()> {
    let mut rows: Vec<(String, String)> = Vec::new();
    if let Some(previous) = entity.previous_identifier() {
        rows.push(("renamed from".to_owned(), line(previous)));
    }
    rows.extend(
        body.icon
            .map(|icon| ("icon".to_owned(), shown(&icon.into()))),
    );
    rows.extend(body.team.map(|team| ("team".to_owned(), shown(&team))));
    rows.extend(
        body.properties
            .iter()
            .map(|(name, value)| (name.clone(), shown(value))),
    );
    rows.extend(
        body.relations
            .iter()
            .map(|(name, value)| (format!("→ {name}"), shown(value))),
    );
    let width = width(rows.iter().map(|(name, _)| name.chars().count()));
    rows.iter()
        .try_for_each(|(name, value)| writeln!(out, "      {name:width$}  {value}"))
}

fn changed(out: &mut impl Write, paint: Paint, fields: &[Field]) -> io::Result<()> {
    let name = |field: &Field| {
        let name = field.name.strip_prefix("properties.").map(str::to_owned);
        name.or_else(|| Some(format!("→ {}", field.name.strip_prefix("relations.")?)))
            .unwrap_or_else(|| field.name.clone())
    };
    let width = width(fields.iter().map(|field| name(field).chars().count()));
    fields.iter().try_for_each(|field| {
        let (old, new) = (paint.red(shown(&field.old)), paint.green(shown(&field.new)));
        writeln!(out, "      {:width$}  {old} → {new}", name(field))
    })
}

pub(super) fn end(
    out: &mut impl Write,
    paint: Paint,
    totals: &Totals,
    remarks: &[String],
) -> io::Result<()> {
    for remark in remarks {
        writeln!(out, "{} {}.", paint.bold("note:"), line(remark))?;
    }
    let sentence = totals.sentence();
    match totals.errors {
        0 => writeln!(out, "{sentence}"),
        _ => writeln!(out, "{}", paint.red(sentence)),
    }
}
