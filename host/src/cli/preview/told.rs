//! What there is to mend, each under the line that it means, as compilers show it.
//!
//! What ten thousand objects meet alike is shown once and counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::paint::Paint;
use super::text;
use super::value::grouped;
use crate::admin::redact::line;
use crate::plugins::Plugin;
use crate::plugins::contract::Severity;
use crate::preview::input::Object;
use crate::preview::{Preview, Told};

/// Sentences shown about one field at one place; those of more objects differ by what the objects hold.
const SENTENCES: usize = 3;
/// Fields and places shown.
const PLACES: usize = 200;
/// Characters of a line that are quoted.
const QUOTED: usize = 120;

/// Everything that was told, by where.
#[derive(Default)]
pub(super) struct Collected {
    places: BTreeMap<Where, Group>,
    /// Told of more places than are shown.
    more: u64,
}

/// Sorted by file and line; what is not known offline stands at the end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Where {
    unknown: bool,
    path: String,
    line: u32,
    column: u32,
    severity: u8,
    field: String,
    plugin: String,
}

struct Group {
    severity: Severity,
    plugin: Option<Arc<Plugin>>,
    sentences: Vec<Sentence>,
    more: u64,
}

struct Sentence {
    message: String,
    count: u64,
    /// The object that it was told of first.
    first: Option<String>,
}

impl Collected {
    pub(super) fn add(
        &mut self,
        plugin: Option<&Arc<Plugin>>,
        told: &Told,
        object: Option<&Object>,
    ) {
        let place = told.place.as_ref();
        let at = Where {
            unknown: told.is_unknown(),
            path: place.map_or_else(String::new, |place| place.path.clone()),
            line: place.and_then(|place| place.line).unwrap_or(0),
            column: place.and_then(|place| place.column).unwrap_or(0),
            severity: told.severity as u8,
            field: told.field.clone().unwrap_or_default(),
            plugin: plugin.map_or_else(String::new, |plugin| plugin.name.clone()),
        };
        if self.places.len() >= PLACES && !self.places.contains_key(&at) {
            self.more += 1;
            return;
        }
        let group = self.places.entry(at).or_insert_with(|| Group {
            severity: told.severity,
            plugin: plugin.cloned(),
            sentences: Vec::new(),
            more: 0,
        });
        if let Some(known) = group
            .sentences
            .iter_mut()
            .find(|known| known.message == told.message)
        {
            known.count += 1;
        } else if group.sentences.len() < SENTENCES {
            group.sentences.push(Sentence {
                message: told.message.clone(),
                count: 1,
                first: object.map(text::name),
            });
        } else {
            group.more += 1;
        }
    }

    /// As text, with the lines that are meant, as far as their files are at hand.
    pub(super) async fn text(&self, preview: &Preview, paint: Paint) -> String {
        let mut text = String::new();
        for (at, group) in &self.places {
            let file = match &group.plugin {
                Some(plugin) if !at.path.is_empty() => preview.text(plugin, &at.path).await,
                _ => None,
            };
            let shown = file.as_ref().map_or(at.path.as_str(), |(shown, _)| shown);
            let line = (at.line as usize).checked_sub(1);
            let line = line.and_then(|nth| file.as_ref()?.1.lines().nth(nth));
            for sentence in &group.sentences {
                text += &group.block(at, sentence, shown, line, paint);
            }
            if group.more > 0 {
                let more = grouped(group.more);
                text += &format!("and {more} more like it\n\n");
            }
        }
        if self.more > 0 {
            text += &format!("and {} more elsewhere\n\n", grouped(self.more));
        }
        text
    }
}

impl Group {
    fn block(
        &self,
        at: &Where,
        sentence: &Sentence,
        shown: &str,
        quoted: Option<&str>,
        paint: Paint,
    ) -> String {
        let severity = match self.severity {
            _ if at.unknown => paint.bold("offline:"),
            Severity::Error => paint.red("error:"),
            Severity::Warning => paint.yellow("warning:"),
            Severity::Note => paint.bold("note:"),
        };
        let number = at.line.to_string();
        let margin = " ".repeat(number.len());
        let mut text = format!("{severity} {}\n", paint.bold(line(&sentence.message)));
        if !shown.is_empty() {
            let mut place = line(shown);
            for number in [at.line, at.column]
                .into_iter()
                .take_while(|number| *number > 0)
            {
                place += &format!(":{number}");
            }
            text += &format!("{margin}{} {place}\n", paint.blue("-->"));
        }
        let bar = paint.blue("|");
        if let Some(quoted) = quoted {
            let (quoted, before) = window(quoted, at.column as usize);
            text += &format!("{margin} {bar}\n{} {bar} {quoted}\n", paint.blue(&number));
            if at.column > 0 {
                let caret = paint.red(format!("^ {}", line(&at.field)).trim_end());
                text += &format!("{margin} {bar} {}{caret}\n", " ".repeat(before));
            }
        }
        let mut more = Vec::new();
        let has_caret = quoted.is_some() && at.column > 0;
        if !at.field.is_empty() && !has_caret {
            more.push(format!("field `{}`", line(&at.field)));
        }
        match (&sentence.first, sentence.count) {
            (Some(first), 1) => more.push(first.clone()),
            (Some(first), count) => more.push(format!("{} objects, first {first}", grouped(count))),
            (None, 1) => {}
            (None, count) => more.push(format!("{} times", grouped(count))),
        }
        if !at.plugin.is_empty() {
            more.push(at.plugin.clone());
        }
        if !more.is_empty() {
            text += &format!("{margin} {} {}\n", paint.blue("="), more.join(", "));
        }
        text + "\n"
    }
}

/// What is shown of a line, and how many characters of that stand before a column, counted from 1.
fn window(text: &str, column: usize) -> (String, usize) {
    let text: String = text
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .collect();
    let all = text.chars().count();
    // A plugin says the column, which need not be one of this line.
    let column = column.saturating_sub(1).min(all);
    let from = match all > QUOTED {
        true => column.saturating_sub(QUOTED / 2).min(all - QUOTED),
        false => 0,
    };
    let cut: String = text.chars().skip(from).take(QUOTED).collect();
    let (begins, ends) = (
        if from > 0 { "…" } else { "" },
        if from + QUOTED < all { "…" } else { "" },
    );
    let shown = line(&format!("{begins}{cut}{ends}"));
    (shown, column - from + begins.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_its_column_however_long_the_line() {
        assert_eq!(window("\ttier: Gold", 2), (" tier: Gold".to_owned(), 1));
        assert_eq!(window("größe: x", 8), ("größe: x".to_owned(), 7));
        assert_eq!(window("tier", u32::MAX as usize), ("tier".to_owned(), 4));
        let long = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let (shown, before) = window(&long, 501);
        assert_eq!(shown.chars().nth(before), Some('X'));
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.chars().count() == QUOTED + 2
        );
    }
}
