//! How each field came about: the mapper's notes in its own order, each with the line of the configuration.
//!
//! A note without a field is a heading: the resource, an entity. What follows belongs to it.

use std::io::{self, Write};

use super::paint::Paint;
use super::value::width;
use crate::admin::redact::line;
use crate::plugins::contract::Severity;
use crate::preview::Told;

pub(super) fn print(
    out: &mut impl Write,
    paint: Paint,
    notes: &[Told],
    shown: impl Fn(&str) -> String,
) -> io::Result<()> {
    let lines = width(notes.iter().map(|note| at(note).to_string().len()));
    let names = notes.iter().filter_map(|note| note.field.as_deref());
    let fields = width(names.map(|field| field.chars().count()));
    let mut file = "";
    for note in notes {
        let path = note.place.as_ref().map_or("", |place| &place.path);
        if path != file {
            file = path;
            writeln!(out, "    {}", paint.dim(line(&shown(path))))?;
        }
        let number = match at(note) {
            0 => String::new(),
            number => number.to_string(),
        };
        let message = line(&note.message);
        let message = match note.severity {
            Severity::Note => message,
            _ if note.is_unknown() => format!("{} {message}", paint.bold("offline:")),
            Severity::Warning => format!("{} {message}", paint.yellow("warning:")),
            Severity::Error => format!("{} {message}", paint.red("error:")),
        };
        let number = paint.blue(format!("{number:>lines$}"));
        match &note.field {
            None => writeln!(out, "    {number}  {}", paint.bold(message))?,
            Some(field) => writeln!(out, "    {number}    {:fields$}  {message}", line(field))?,
        }
    }
    Ok(())
}

fn at(note: &Told) -> u32 {
    note.place
        .as_ref()
        .and_then(|place| place.line)
        .unwrap_or(0)
}
