//! Regular expressions as Oniguruma has them, with look-around and back-references.
//!
//! "Regular expressions" in jq's manual.

mod pattern;

use std::ops::Range;

use fancy_regex::Captures;
use jaq_core::box_iter::box_once;
use jaq_core::{Error, Exn, ValR};

use self::pattern::{Flags, compiled, too_hard};
use super::{Cv, Outputs, Row, one, row};
use crate::bounds;
use crate::value::{Object, Value, error, shortened};

pub(super) const ROWS: &[Row] = &[
    row("_match", "vv", |mut cv| {
        let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
        one(matches(&cv, &pattern, &flags).map(|found| found.iter().map(Match::object).collect()))
    }),
    row("_test", "vv", |mut cv| {
        let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
        one(test(&cv, &pattern, &flags))
    }),
    row("_split", "vv", |mut cv| {
        let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
        one(split(&cv, &pattern, &flags))
    }),
    row("_sub", "vfv", |mut cv| {
        let flags = cv.0.pop_var();
        let (replacement, context) = cv.0.pop_fun();
        let pattern = cv.0.pop_var();
        sub(&cv, &pattern, &flags, |captures| {
            replacement.run((context.clone(), captures))
        })
    }),
];

/// Something found in a text, and what its groups caught.
struct Match<'t> {
    /// In code points.
    offset: usize,
    /// In bytes.
    range: Range<usize>,
    text: &'t str,
    groups: Vec<Group<'t>>,
}

struct Group<'t> {
    name: Option<String>,
    caught: Option<(usize, &'t str)>,
}

fn matches<'v>(
    cv: &'v Cv<'_>,
    pattern: &Value,
    flags: &Value,
) -> Result<Vec<Match<'v>>, Error<Value>> {
    let (text, pattern) = (subject(&cv.1)?, subject(pattern)?);
    let flags = Flags::read(flags)?;
    let regex = compiled(pattern, flags, text)?;
    let names: Vec<Option<String>> = regex
        .capture_names()
        .map(|name| name.map(str::to_owned))
        .collect();
    let mut places = Places {
        text,
        byte: 0,
        count: 0,
    };
    let mut found = Vec::new();
    let mut from = 0;
    while from <= text.len() {
        bounds::step(1 + text.len() as u64 / 256)?;
        let captures = regex.captures_from_pos(text, from).map_err(too_hard)?;
        let Some((captures, whole)) = captures.and_then(|all| all.get(0).map(|whole| (all, whole)))
        else {
            break;
        };
        // Right behind a match nothing may match as well; behind nothing the search goes on a character later.
        let next = text[whole.end()..].chars().next();
        from = if whole.range().is_empty() {
            whole.end() + next.map_or(1, char::len_utf8)
        } else {
            whole.end()
        };
        for _ in 0..captures.len() {
            bounds::container()?;
            bounds::members(4)?;
        }
        found.extend(Match::new(&captures, &names, &mut places));
        if !flags.global {
            break;
        }
    }
    Ok(found)
}

fn test(cv: &Cv<'_>, pattern: &Value, flags: &Value) -> ValR<Value> {
    let (text, pattern) = (subject(&cv.1)?, subject(pattern)?);
    let regex = compiled(pattern, Flags::read(flags)?, text)?;
    bounds::step(1 + text.len() as u64 / 256)?;
    regex.is_match(text).map(Value::from).map_err(too_hard)
}

fn subject(value: &Value) -> Result<&str, Error<Value>> {
    value.as_str().ok_or_else(|| {
        error(format!(
            "{} ({}) cannot be matched, as it is not a string",
            value.kind(),
            shortened(value)
        ))
    })
}

/// Counts code points on the way from one place to a later one.
struct Places<'t> {
    text: &'t str,
    byte: usize,
    count: usize,
}

impl Places<'_> {
    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            // A group in a look-behind.
            return self.text[..byte].chars().count();
        }
        self.count += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.count
    }
}

impl<'t> Match<'t> {
    fn new(
        captures: &Captures<'t, str>,
        names: &[Option<String>],
        places: &mut Places<'t>,
    ) -> Option<Self> {
        let whole = captures.get(0)?;
        let offset = places.at(whole.start());
        let group = |(index, name): (usize, &Option<String>)| {
            let caught = captures.get(index).map(|caught| {
                let before = places.text.get(whole.start()..caught.start());
                let offset = match before {
                    Some(before) => offset + before.chars().count(),
                    None => places.text[..caught.start()].chars().count(),
                };
                (offset, caught.as_str())
            });
            Group {
                name: name.clone(),
                caught,
            }
        };
        let groups = names.iter().enumerate().skip(1).map(group).collect();
        Some(Self {
            offset,
            range: whole.range(),
            text: whole.as_str(),
            groups,
        })
    }

    fn object(&self) -> Value {
        let groups: Value = self.groups.iter().map(Group::object).collect();
        members([
            ("offset", self.offset.into()),
            ("length", self.text.chars().count().into()),
            ("string", self.text.into()),
            ("captures", groups),
        ])
    }

    /// What the named groups caught, by their names.
    fn captures(&self) -> Value {
        let named = self
            .groups
            .iter()
            .filter_map(|group| Some((group.name.as_deref()?, group.string())));
        named
            .map(|(name, value)| (name.into(), value))
            .collect::<Object>()
            .into()
    }
}

impl Group<'_> {
    fn string(&self) -> Value {
        self.caught.map_or(Value::Null, |(_, text)| text.into())
    }

    fn object(&self) -> Value {
        let (offset, length) = match self.caught {
            Some((offset, text)) => (offset as i64, text.chars().count()),
            None => (-1, 0),
        };
        members([
            ("offset", offset.into()),
            ("length", length.into()),
            ("string", self.string()),
            (
                "name",
                self.name.as_deref().map_or(Value::Null, Value::from),
            ),
        ])
    }
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Value {
    members
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect::<Object>()
        .into()
}

fn split(cv: &Cv<'_>, pattern: &Value, flags: &Value) -> ValR<Value> {
    let flags = (Value::from("g") + flags.clone())?;
    let found = matches(cv, pattern, &flags)?;
    let text = cv.1.as_str().unwrap_or_default();
    let mut pieces = Vec::with_capacity(found.len() + 1);
    let mut from = 0;
    for separator in found {
        pieces.push(piece(&text[from..separator.range.start])?);
        from = separator.range.end;
    }
    pieces.push(piece(&text[from..])?);
    Ok(pieces.into())
}

fn piece(text: &str) -> ValR<Value> {
    bounds::string(text.len())?;
    bounds::items(1)?;
    Ok(text.into())
}

/// The text with what the filter makes of each match; a text for each of the filter's outputs.
fn sub<'a>(
    cv: &Cv<'a>,
    pattern: &Value,
    flags: &Value,
    replace: impl Fn(Value) -> Outputs<'a>,
) -> Outputs<'a> {
    let texts = || -> Result<Vec<Value>, Exn<'a, Value>> {
        let found = matches(cv, pattern, flags)?;
        let text = cv.1.as_str().unwrap_or_default();
        let mut results: Vec<Value> = Vec::new();
        let mut from = 0;
        for place in &found {
            let gap = piece(&text[from..place.range.start])?;
            for (index, output) in replace(place.captures()).enumerate() {
                bounds::step(1)?;
                if index == results.len() {
                    results.push(Value::Null);
                }
                let so_far = std::mem::take(&mut results[index]);
                results[index] = (so_far + (gap.clone() + output?)?)?;
            }
            from = place.range.end;
        }
        if results.is_empty() {
            return Ok(vec![cv.1.clone()]);
        }
        let rest = piece(&text[from..])?;
        results
            .into_iter()
            .map(|result| Ok((result + rest.clone())?))
            .collect()
    };
    match texts() {
        Ok(texts) => Box::new(texts.into_iter().map(Ok)),
        Err(exception) => box_once(Err(exception)),
    }
}
