//! One object, one resource after the other, to entities.
//!
//! Port's rules: the first output counts, no output leaves the key out, an error is null (and told). What is not known
//! (a program that was stopped, an object that could not be had) is left out, so that what Port has stays. What decides
//! whether there is an entity at all (selector, identifier, blueprint, `itemsToParse`) must not fail silently: then
//! the outcome is incomplete, and nothing is deleted.

use port_jq::{Bounds, Value};
use portolan_sdk::{Diagnostic, Entity, Severity};
use serde_json::Value as Json;

use crate::expression::{Expression, Failed, shortened};
use crate::mapping::Mapping;
use crate::notes::Notes;
use crate::resource::Resource;
use crate::texts::Texts;

/// What one program may take, of the second that the host gives an event. Those in use take some hundreds.
const STEPS: u64 = 300_000;
/// What every program may take, however many of its neighbors went on without end.
const LEAST_STEPS: u64 = 5_000;

/// An object as mappings see it.
pub(crate) struct Object<'a> {
    pub(crate) raw: Value,
    /// For people: `acme/shop#12`.
    pub(crate) name: String,
    pub(crate) texts: &'a Texts<'a>,
    /// Where `file://` counts from: a folder with its `/`, or nothing for the root of the repository.
    pub(crate) folder: String,
}

/// What came of a program, or of a value that several were put together to.
pub(crate) enum Found {
    Value(Json),
    /// No output.
    Nothing,
    /// What failed is null in it, which was told.
    Failed(Json),
    /// It cannot be known now, which was told.
    Unknown,
}

impl Found {
    /// What Port is sent; what is not known keeps the value that it has there.
    pub(crate) fn sent(self) -> Option<Json> {
        match self {
            Self::Value(value) | Self::Failed(value) => Some(value),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

/// What comes of an event's objects.
pub(crate) struct Evaluation<'c> {
    pub(crate) notes: Notes,
    /// Each with the mapping that it comes from.
    pub(crate) entities: Vec<(Entity, &'c Mapping)>,
    /// Keys of the object that could not be had. What looks at them is left out, so that what Port has stays.
    pub(crate) unknown: Vec<&'static str>,
    bounds: Bounds,
    /// Steps that programs beyond their bound may still take together.
    left: u64,
}

impl<'c> Evaluation<'c> {
    pub(crate) fn new(now: f64, explains: bool) -> Self {
        let bounds = Bounds {
            now,
            steps: STEPS,
            ..Bounds::default()
        };
        Self {
            notes: Notes::new(explains),
            entities: Vec::new(),
            unknown: Vec::new(),
            bounds,
            left: STEPS * 2,
        }
    }

    /// Maps an object by a resource.
    pub(crate) fn map(&mut self, resource: &'c Resource, object: &Object<'_>) {
        let (place, kind) = (&resource.place, resource.row.name);
        self.notes
            .explain(place, "", || format!("`{kind}` {}:", object.name));
        if let Err(why) = resource.selector.admits(&object.raw) {
            self.notes
                .explain(place, "selector", || format!("Passed over: {why}."));
            return;
        }
        let Some(items) = &resource.items else {
            return self.item(resource, object, &object.raw);
        };
        let parsed = match self.first(&items.expression, &object.raw) {
            Ok(parsed) => parsed.unwrap_or_default(),
            Err(failed) => {
                let so = format!("Nothing of `{}` is mapped by this resource.", object.name);
                return self.tell_failed(&items.expression, &failed, Severity::Error, &so);
            }
        };
        let Some(list) = parsed.as_array() else {
            // Null is what there is not. Anything else was something once, and what became of it nobody knows.
            let severity = match parsed.is_null() {
                true => Severity::Warning,
                false => Severity::Error,
            };
            let message = format!(
                "`{}` gives {}, not a list: nothing of `{}` is mapped by this resource.",
                items.expression.shown(),
                shown(&parsed),
                object.name
            );
            return self.tell("no list", items.expression.diagnostic(severity, message));
        };
        self.notes
            .explain(&items.expression.place, &items.expression.field, || {
                format!("`{}` gives {} items.", items.expression.shown(), list.len())
            });
        for (nth, item) in list.iter().enumerate() {
            let mut raw = object.raw.clone();
            raw.insert(items.name.as_str(), item.clone());
            self.notes.explain(place, "", || {
                format!("Item {}, `.{}`: {}", nth + 1, items.name, shown(item))
            });
            self.item(resource, object, &raw);
        }
    }

    fn item(&mut self, resource: &'c Resource, object: &Object<'_>, raw: &Value) {
        if !self.selects(resource, raw) {
            return;
        }
        for mapping in &resource.mappings {
            let entity = self.entity(mapping, object, raw);
            if let Some(entity) = &entity {
                self.notes.explain(&mapping.place, "", || {
                    format!("Entity `{}` of `{}`.", entity.identifier, entity.blueprint)
                });
            }
            self.entities.extend(entity.map(|entity| (entity, mapping)));
        }
    }

    /// jq's truth decides (Port's documentation asks for a truth value and nothing else).
    fn selects(&mut self, resource: &Resource, raw: &Value) -> bool {
        let Some(query) = &resource.selector.query else {
            return true;
        };
        let selects = match self.first(query, raw) {
            Ok(value) => value.unwrap_or_default(),
            Err(failed) => {
                self.tell_failed(query, &failed, Severity::Error, "It is taken for false.");
                return false;
            }
        };
        let truthy = selects.truthy();
        if selects.as_bool().is_none() {
            let message = format!(
                "`{}` gives {} where true or false is wanted; it is taken for {truthy}. Compare it with something.",
                query.shown(),
                shown(&selects)
            );
            self.tell(
                "no truth value",
                query.diagnostic(Severity::Warning, message),
            );
        }
        self.notes.explain(&query.place, &query.field, || {
            let so = if truthy { "mapped" } else { "passed over" };
            format!("`{}` is {}: {so}.", query.shown(), shown(&selects))
        });
        truthy
    }

    /// The first output as JSON, explained. A failure is told with that severity: an error costs the entity.
    pub(crate) fn found(
        &mut self,
        expression: &Expression,
        raw: &Value,
        severity: Severity,
    ) -> Found {
        let unknown = self.unknown_in(expression);
        if let Some(key) = unknown.filter(|_| severity != Severity::Error) {
            self.notes
                .explain(&expression.place, &expression.field, || {
                    format!(
                        "`{}` is left out, because `{key}` could not be had.",
                        expression.shown()
                    )
                });
            return Found::Unknown;
        }
        match self.first(expression, raw) {
            Ok(value) => {
                self.notes
                    .explain(&expression.place, &expression.field, || match &value {
                        Some(value) => format!("`{}` is {}.", expression.shown(), shown(value)),
                        None => format!("`{}` gives nothing: left out.", expression.shown()),
                    });
                value.map_or(Found::Nothing, |value| Found::Value(Json::from(value)))
            }
            Err(failed) => {
                let (found, so) = match (severity, &failed) {
                    (Severity::Error, _) => (Found::Unknown, "There is no entity."),
                    // The bound is ours, and says nothing about the value.
                    (_, Failed::TooMuch(_)) => (
                        Found::Unknown,
                        "It is left out, so that what Port has stays.",
                    ),
                    _ => (Found::Failed(Json::Null), "It is null here."),
                };
                self.tell_failed(expression, &failed, severity, so);
                found
            }
        }
    }

    /// What it looks at that could not be had: that was told, and nothing is deleted while it is so.
    fn unknown_in(&self, expression: &Expression) -> Option<&'static str> {
        let mut unknown = self.unknown.iter().copied();
        unknown.find(|key| expression.mentions(key))
    }

    /// What fails for want of something that could not be had is nobody's mistake.
    fn tell_failed(
        &mut self,
        expression: &Expression,
        failed: &Failed,
        severity: Severity,
        so: &str,
    ) {
        let (severity, cause) = match self.unknown_in(expression) {
            Some(key) => (Severity::Warning, format!(", for `{key}` could not be had")),
            None => (severity, String::new()),
        };
        let message = format!("`{}` {failed}{cause}. {so}", expression.shown());
        self.tell("fails", expression.diagnostic(severity, message));
    }

    /// Runs a program. One that goes on without end may take part of what is left, so that the others have their turn.
    fn first(&mut self, expression: &Expression, raw: &Value) -> Result<Option<Value>, Failed> {
        let bounds = Bounds {
            steps: (self.left / 2).max(LEAST_STEPS),
            ..self.bounds
        };
        let found = expression.first(raw, &bounds);
        if let Err(Failed::TooMuch(_)) = found {
            self.left = self.left.saturating_sub(bounds.steps);
        }
        found
    }

    pub(crate) fn tell(&mut self, cause: &'static str, note: Diagnostic) {
        self.notes.tell(cause, note);
    }
}

/// A value in one short line.
pub(crate) fn shown(value: &Value) -> String {
    shortened(&value.to_string(), 160)
}
