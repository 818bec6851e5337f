//! A plugin's entity, field by field. All mistakes are found in one go, so that an author mends them in one go.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::value::RawValue;

use super::{Entity, Identifier, Link, Place, Problem, Unchecked, UncheckedIdentifier, rules};

/// Port's limit for a request's body is 1 MiB (Port API reference); 64 bytes are left for what surrounds the entity.
const BODY_LIMIT: usize = (1 << 20) - 64;
/// JSON readers commonly stop at 128 levels, and the request itself takes three.
const DEPTH_LIMIT: usize = 100;
/// Nobody reads more, and a guest could make a hundred thousand.
const PROBLEM_LIMIT: usize = 20;

pub(super) fn check(unchecked: Unchecked) -> Result<(Entity, Vec<Problem>), Vec<Problem>> {
    let mut found = Found {
        place: unchecked.place,
        mistakes: Vec::new(),
        warnings: Vec::new(),
    };
    found.rule("blueprint", rules::blueprint(&unchecked.blueprint));
    let identifier = match unchecked.identifier {
        UncheckedIdentifier::Exact(identifier) => {
            found.rule("identifier", rules::identifier(&identifier));
            Some(Identifier::Exact(identifier))
        }
        UncheckedIdentifier::Search(json) => {
            let raw: Option<Box<RawValue>> = found.json("identifier", &json);
            raw.map(|raw| {
                found.rule("identifier", search(&raw));
                Identifier::Search(raw)
            })
        }
    };
    if let Some(previous) = &unchecked.previous_identifier {
        let rule = rules::identifier(previous).and_then(|()| rules::stays_in_its_path(previous));
        found.rule("previous-identifier", rule);
        if matches!(identifier, Some(Identifier::Search(_))) {
            found.mistake(
                "previous-identifier",
                "an entity found by a search cannot be renamed: give its identifier",
            );
        }
    }
    let team = unchecked.team.and_then(|json| {
        let raw: Box<RawValue> = found.json("team", &json)?;
        match found.link("team", &raw, |_| Ok(()))? {
            // Port's bulk route takes no null here, and an empty list says the same.
            Link::Null => Some(Link::Many(Vec::new())),
            team => Some(team),
        }
    });
    let properties: BTreeMap<String, Box<RawValue>> = found
        .json("properties", &unchecked.properties)
        .unwrap_or_default();
    for key in properties.keys() {
        if let Err(message) = rules::property(key) {
            found.mistake("properties", format!("the key {message}"));
        }
    }
    let relations: BTreeMap<String, &RawValue> = found
        .json("relations", &unchecked.relations)
        .unwrap_or_default();
    let relations = relations
        .into_iter()
        .filter_map(|(key, raw)| {
            if let Err(message) = rules::property(&key) {
                found.mistake("relations", format!("the key {message}"));
                return None;
            }
            let link = found.link(&format!("relations.{key}"), raw, rules::identifier)?;
            Some((key, link))
        })
        .collect();

    let Some(identifier) = identifier.filter(|_| found.mistakes.is_empty()) else {
        return Err(found.mistakes);
    };
    let entity = Entity {
        blueprint: unchecked.blueprint,
        previous_identifier: unchecked.previous_identifier,
        identifier,
        title: unchecked.title,
        icon: unchecked.icon,
        team,
        properties,
        relations,
        place: found.place.clone(),
        body: OnceLock::new(),
    };
    if let Err(message) = size(&entity) {
        found.mistake("properties", message);
        return Err(found.mistakes);
    }
    Ok((entity, found.warnings))
}

pub(super) fn size(entity: &Entity) -> Result<(), String> {
    match entity.body().len() {
        ..=BODY_LIMIT => Ok(()),
        size => Err(format!(
            "the entity takes {size} bytes, Port takes 1 MiB at most: leave out what is long"
        )),
    }
}

struct Found {
    place: Option<Place>,
    mistakes: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Found {
    fn problem(&self, field: &str, message: impl Into<String>) -> Problem {
        let mut message: String = message.into();
        message.retain(|c| !c.is_control());
        Problem {
            field: field.to_owned(),
            message,
            place: self.place.clone(),
        }
    }

    fn mistake(&mut self, field: &str, message: impl Into<String>) {
        if self.mistakes.len() < PROBLEM_LIMIT {
            self.mistakes.push(self.problem(field, message));
        }
    }

    fn warning(&mut self, field: &str, message: impl Into<String>) {
        if self.warnings.len() < PROBLEM_LIMIT {
            self.warnings.push(self.problem(field, message));
        }
    }

    fn rule(&mut self, field: &str, outcome: Result<(), String>) {
        if let Err(message) = outcome {
            self.mistake(field, message);
        }
    }

    fn json<'a, T: serde::Deserialize<'a>>(&mut self, field: &str, json: &'a str) -> Option<T> {
        if depth(json) > DEPTH_LIMIT {
            self.mistake(
                field,
                format!("is nested more than {DEPTH_LIMIT} levels deep: flatten it"),
            );
            return None;
        }
        match serde_json::from_str(json) {
            Ok(value) => Some(value),
            Err(error) => {
                let start: String = json.chars().take(40).collect();
                self.mistake(
                    field,
                    format!(
                        "is not the JSON that Port takes: {error}, in `{}`",
                        start.escape_debug()
                    ),
                );
                None
            }
        }
    }

    /// A string, a list of strings, null or a search; `rule` holds for every string.
    fn link(
        &mut self,
        field: &str,
        raw: &RawValue,
        rule: impl Fn(&str) -> Result<(), String>,
    ) -> Option<Link> {
        match raw.get().as_bytes().first() {
            Some(b'n') => Some(Link::Null),
            Some(b'"') => {
                let target: String = self.json(field, raw.get())?;
                self.rule(field, rule(&target));
                Some(Link::One(target))
            }
            Some(b'[') => {
                let list: Vec<&RawValue> = self.json(field, raw.get())?;
                let mut targets = Vec::with_capacity(list.len());
                for item in list {
                    match item.get().as_bytes().first() {
                        Some(b'"') => {
                            let target: String = self.json(field, item.get())?;
                            self.rule(field, rule(&target));
                            targets.push(target);
                        }
                        Some(b'n') => {
                            self.warning(
                                field,
                                "a null in the list was left out: Port takes strings alone",
                            );
                        }
                        _ => self.mistake(
                            field,
                            format!("the list holds {}, Port takes strings alone", kind(item)),
                        ),
                    }
                }
                Some(Link::Many(targets))
            }
            Some(b'{') => {
                self.rule(field, search(raw));
                Some(Link::Search(raw.to_owned()))
            }
            _ => {
                let message = format!(
                    "is {}: write a string, a list of strings, null or a search",
                    kind(raw)
                );
                self.mistake(field, message);
                None
            }
        }
    }
}

/// Port API reference, `searchIdentifierQuerySchema` and `searchRelationsQuerySchema`; the rules within are Port's to judge.
fn search(raw: &RawValue) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Search<'a> {
        #[serde(borrow)]
        combinator: std::borrow::Cow<'a, str>,
        #[serde(borrow)]
        rules: Vec<&'a RawValue>,
    }
    let wanted = r#"a search is {"combinator": "and" or "or", "rules": [...]}"#;
    match serde_json::from_str::<Search<'_>>(raw.get()) {
        Err(error) => Err(format!("{wanted}: {error}")),
        Ok(search) if !matches!(search.combinator.as_ref(), "and" | "or") => Err(format!(
            "{wanted}, not `{}`",
            search.combinator.escape_debug()
        )),
        Ok(search) if search.rules.is_empty() => Err(format!(
            "{wanted}: without a rule it would match everything"
        )),
        Ok(_) => Ok(()),
    }
}

fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b't' | b'f') => "a boolean",
        Some(b'[') => "a list",
        Some(b'{') => "an object",
        Some(b'"') => "a string",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// How deep brackets stand in each other, strings apart; 0 where there are too few of them to matter.
fn depth(json: &str) -> usize {
    let brackets = json
        .bytes()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count();
    if brackets <= DEPTH_LIMIT {
        return 0;
    }
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
