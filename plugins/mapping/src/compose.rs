//! An entity out of an object: the texts, links and values of a mapping put together by Port's rules.

use port_jq::Value;
use portolan_sdk::{Diagnostic, Entity, Identifier, Place, Severity};
use serde_json::Value as Json;

use crate::evaluate::{Evaluation, Object, shown};
use crate::expression::Expression;
use crate::link;
use crate::mapping::{Mapping, Template};
use crate::texts::plain;

impl<'c> Evaluation<'c> {
    pub(crate) fn entity(
        &mut self,
        mapping: &'c Mapping,
        object: &Object<'_>,
        raw: &Value,
    ) -> Option<Entity> {
        let blueprint = self.key(&mapping.blueprint, raw)?;
        let mut entity = match &mapping.identifier {
            Template::Jq(expression) => {
                let found = self.first_or(expression, raw, Severity::Error)?;
                if let Some(search) = found.as_ref().filter(|found| link::is_search(found)) {
                    Entity::found_by(blueprint, search.clone())
                } else {
                    Entity::new(blueprint, self.key_text(expression, found)?)
                }
            }
            template => {
                let (search, whole) = self.value(template, object, raw, Severity::Error);
                let search = search.filter(|_| whole)?;
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
            if let (Some(value), _) = self.value(&member.value, object, raw, Severity::Warning) {
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
        let found = self.first_or(expression, raw, Severity::Error)?;
        self.key_text(expression, found)
    }

    fn key_text(&mut self, expression: &Expression, found: Option<Json>) -> Option<String> {
        match found {
            Some(Json::String(text)) if !text.is_empty() => Some(text),
            Some(Json::Number(number)) => Some(self.number_as_text(expression, &number)),
            None | Some(Json::Null | Json::Bool(false) | Json::String(_)) => {
                let message = format!(
                    "`{}` gives no {}, so there is no entity. Narrow the selector, or write `… // \"…\"` for a default.",
                    expression.shown(),
                    expression.field
                );
                self.tell("empty", expression.diagnostic(Severity::Warning, message));
                None
            }
            Some(other) => {
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
        match self.first_or(expression, raw, Severity::Warning)?? {
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
        let (value, whole) = self.value(template, object, raw, Severity::Warning);
        if template.is_search() && !whole {
            return None; // Half a search finds the wrong entities.
        }
        let (target, problems) = link::checked(value?);
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

    /// Puts a value together; `false` where a part of it failed, which then is null.
    fn value(
        &mut self,
        template: &Template,
        object: &Object<'_>,
        raw: &Value,
        severity: Severity,
    ) -> (Option<Json>, bool) {
        let mut whole = true;
        let value = match template {
            Template::Jq(expression) => match self.first_or(expression, raw, severity) {
                Some(value) => value,
                None => {
                    whole = false;
                    Some(Json::Null)
                }
            },
            Template::File(reference) => {
                let path = format!("{}{}", object.folder, reference.path);
                match object.texts.text(&path) {
                    Ok(text) => {
                        self.notes
                            .explain(&reference.place, &reference.field, || match text {
                                Some(text) => format!("`{path}` is {}.", shown(&Value::from(text))),
                                None => format!("There is no file `{path}`: null."),
                            });
                        Some(text.map_or(Json::Null, |text| Json::String(plain(text))))
                    }
                    // Not the same as no file: what Port has stays.
                    Err(why) => {
                        let message = format!("`{path}` was not read and is left out: {why}");
                        let note = Diagnostic::warning(message).at(reference.place.clone());
                        self.tell("file", note.field(&reference.field));
                        None
                    }
                }
            }
            Template::Object(fields) => {
                let mut made = serde_json::Map::new();
                for (name, template) in fields {
                    let (value, part) = self.value(template, object, raw, severity);
                    whole &= part;
                    made.extend(value.map(|value| (name.clone(), value)));
                }
                Some(Json::Object(made))
            }
            Template::List(items) => {
                let mut made = Vec::with_capacity(items.len());
                for template in items {
                    let (value, part) = self.value(template, object, raw, severity);
                    whole &= part;
                    made.extend(value);
                }
                Some(Json::Array(made))
            }
        };
        (value, whole)
    }
}
