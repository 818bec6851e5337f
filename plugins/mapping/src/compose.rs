//! An entity out of an object: the texts, links and values of a mapping put together by Port's rules.

use port_jq::Value;
use portolan_sdk::{Diagnostic, Entity, Identifier, Place, Severity};
use serde_json::Value as Json;

use crate::evaluate::{Evaluation, Found, Object, shown};
use crate::expression::{Expression, closed};
use crate::link;
use crate::mapping::{Mapping, Reference, Template};
use crate::texts::plain;

impl<'c> Evaluation<'c> {
    pub(crate) fn entity(
        &mut self,
        mapping: &'c Mapping,
        object: &Object<'_>,
        raw: &Value,
    ) -> Option<Entity> {
        let blueprint = self.key(&mapping.blueprint, raw)?;
        let found = self.value(&mapping.identifier, object, raw, Severity::Error);
        let is_search = matches!(&found, Found::Value(value) if link::is_search(value));
        let mut entity = match (&mapping.identifier, found) {
            (Template::Jq(expression), found) if !is_search => {
                Entity::new(blueprint, self.key_text(expression, found)?)
            }
            (_, Found::Nothing | Found::Failed(_) | Found::Unknown) => return None,
            (_, Found::Value(search)) => {
                if let Err(why) = link::check_search(&search) {
                    let message = format!("{why} There is no entity.");
                    self.tell(
                        "search",
                        Diagnostic::warning(message)
                            .at(mapping.place.clone())
                            .field("identifier"),
                    );
                    return None;
                }
                Entity::found_by(blueprint, search)
            }
        }
        .place(mapping.place.clone());
        if let Some(expression) = &mapping.previous {
            let is_new =
                |previous: &String| Identifier::Exact(previous.clone()) != entity.identifier;
            entity.previous_identifier = self.text(expression, raw).filter(is_new);
        }
        if let Some(expression) = &mapping.title {
            entity.title = self.text(expression, raw);
        }
        if let Some(expression) = &mapping.icon {
            entity.icon = self.text(expression, raw);
        }
        if let Some(template) = &mapping.team {
            entity.team = self.link(template, "team", &mapping.place, object, raw);
        }
        for member in &mapping.properties {
            let found = self.value(&member.value, object, raw, Severity::Warning);
            if let Some(value) = found.sent() {
                entity.properties.insert(member.name.clone(), value);
            }
        }
        for member in &mapping.relations {
            let field = format!("relations.{}", member.name);
            if let Some(target) = self.link(&member.value, &field, &member.place, object, raw) {
                entity.relations.insert(member.name.clone(), target);
            }
        }
        Some(entity)
    }

    /// A text without which there is no entity.
    fn key(&mut self, expression: &Expression, raw: &Value) -> Option<String> {
        let found = self.found(expression, raw, Severity::Error);
        self.key_text(expression, found)
    }

    fn key_text(&mut self, expression: &Expression, found: Found) -> Option<String> {
        match found {
            Found::Failed(_) | Found::Unknown => None,
            Found::Value(Json::String(text)) if !text.is_empty() => Some(text),
            Found::Value(Json::Number(number)) => Some(self.number_as_text(expression, &number)),
            Found::Nothing | Found::Value(Json::Null | Json::Bool(false) | Json::String(_)) => {
                let message = format!(
                    "`{}` gives no {}, so there is no entity. Narrow the selector, or write `… // \"…\"` for a default.",
                    expression.shown(),
                    expression.field
                );
                self.tell("empty", expression.diagnostic(Severity::Warning, message));
                None
            }
            Found::Value(other) => {
                let message = format!(
                    "`{}` gives {} where a text is wanted, so there is no entity.",
                    expression.shown(),
                    link::noun(&other)
                );
                self.tell("no text", expression.diagnostic(Severity::Error, message));
                None
            }
        }
    }

    fn number_as_text(&mut self, expression: &Expression, number: &serde_json::Number) -> String {
        let text = link::digits(number);
        let message = format!(
            "`{}` gives a number, which is taken as the text \"{text}\". Write `{} | tostring` to say so.",
            expression.shown(),
            expression.shown()
        );
        self.tell("number", expression.diagnostic(Severity::Note, message));
        text
    }

    /// A text that may be absent.
    fn text(&mut self, expression: &Expression, raw: &Value) -> Option<String> {
        match self.found(expression, raw, Severity::Warning).sent()? {
            Json::String(text) => Some(text),
            Json::Number(number) => Some(link::digits(&number)),
            Json::Null => None,
            other => {
                let message = format!(
                    "`{}` gives {} where a text is wanted; it is left out.",
                    expression.shown(),
                    link::noun(&other)
                );
                self.tell("no text", expression.diagnostic(Severity::Warning, message));
                None
            }
        }
    }

    /// A relation's target or a team, in a form that Port takes.
    fn link(
        &mut self,
        template: &Template,
        field: &str,
        place: &Place,
        object: &Object<'_>,
        raw: &Value,
    ) -> Option<Json> {
        let found = self.value(template, object, raw, Severity::Warning);
        if template.is_search() && matches!(found, Found::Failed(_)) {
            return None; // Half a search finds the wrong entities.
        }
        let (target, problems) = link::checked(found.sent()?);
        for (cause, severity, message) in problems {
            self.tell(
                cause,
                Diagnostic {
                    severity,
                    message,
                    place: Some(place.clone()),
                    field: Some(field.to_owned()),
                },
            );
        }
        target
    }

    /// Puts a value together. Where a part of it is not known, all of it is not: half a value is another value.
    fn value(
        &mut self,
        template: &Template,
        object: &Object<'_>,
        raw: &Value,
        severity: Severity,
    ) -> Found {
        match template {
            Template::Jq(expression) => self.found(expression, raw, severity),
            Template::File(reference) => self.text_of(reference, object),
            Template::Object(fields) => {
                let (mut made, mut whole) = (serde_json::Map::new(), Whole::default());
                for (name, template) in fields {
                    let part = whole.with(self.value(template, object, raw, severity));
                    made.extend(part.map(|value| (name.clone(), value)));
                }
                whole.of(Json::Object(made))
            }
            Template::List(items) => {
                let (mut made, mut whole) = (Vec::with_capacity(items.len()), Whole::default());
                for template in items {
                    made.extend(whole.with(self.value(template, object, raw, severity)));
                }
                whole.of(Json::Array(made))
            }
        }
    }

    /// The text of a file that a property refers to.
    fn text_of(&mut self, reference: &Reference, object: &Object<'_>) -> Found {
        let path = format!("{}{}", object.folder, reference.path);
        match object.texts.text(&path) {
            Ok(text) => {
                self.notes
                    .explain(&reference.place, &reference.field, || match text {
                        Some(text) => format!("`{path}` is {}.", shown(&Value::from(text))),
                        None => format!("There is no file `{path}`: null."),
                    });
                Found::Value(text.map_or(Json::Null, |text| Json::String(plain(text))))
            }
            // Not the same as no file.
            Err(why) => {
                let message = format!("`{path}` was not read and is left out: {}", closed(why));
                let note = Diagnostic::warning(message).at(reference.place.clone());
                self.tell("file", note.field(&reference.field));
                Found::Unknown
            }
        }
    }
}

/// What became of the parts of a value.
#[derive(Default)]
struct Whole {
    has_failed: bool,
    is_unknown: bool,
}

impl Whole {
    fn with(&mut self, part: Found) -> Option<Json> {
        self.has_failed |= matches!(part, Found::Failed(_));
        self.is_unknown |= matches!(part, Found::Unknown);
        part.sent()
    }

    fn of(self, value: Json) -> Found {
        match self {
            Self {
                is_unknown: true, ..
            } => Found::Unknown,
            Self {
                has_failed: true, ..
            } => Found::Failed(value),
            _ => Found::Value(value),
        }
    }
}
