//! The contract's types to and from ours: moves, and JSON to text.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::bindings::portolan::mapper::types;
use crate::event::Parsed;
use crate::{
    Answer, Description, Diagnostic, Entity, EntityKey, Event, File, FilePattern, Identifier,
    Mapped, Outcome, Owner, Place, Question, Severity, Want, Webhook, WriteOptions,
};

pub(super) fn all<T, U: From<T>>(list: Vec<T>) -> Vec<U> {
    list.into_iter().map(U::from).collect()
}

impl From<types::Event> for Event {
    fn from(event: types::Event) -> Self {
        Self {
            kind: event.kind,
            time: event.time,
            organization: Parsed::new(event.organization),
            repository: event.repository.map(Parsed::new),
            subject: event.subject,
            webhook: event.webhook.map(|webhook| Webhook {
                delivery: webhook.delivery,
                name: webhook.name,
                action: webhook.action,
                payload: webhook.payload,
            }),
            answers: event
                .answers
                .into_iter()
                .map(|answer| (answer.question.into(), answer.value.into()))
                .collect(),
            explain: event.explain,
            open: RefCell::default(),
        }
    }
}

impl From<types::Question> for Question {
    fn from(question: types::Question) -> Self {
        match question {
            types::Question::File(path) => Self::File(path),
            types::Question::Files(glob) => Self::Files(glob),
            types::Question::Api(path) => Self::Api(path),
            types::Question::Blueprint(identifier) => Self::Blueprint(identifier),
        }
    }
}

impl From<Question> for types::Question {
    fn from(question: Question) -> Self {
        match question {
            Question::File(path) => Self::File(path),
            Question::Files(glob) => Self::Files(glob),
            Question::Api(path) => Self::Api(path),
            Question::Blueprint(identifier) => Self::Blueprint(identifier),
        }
    }
}

impl From<types::AnswerValue> for Answer {
    fn from(value: types::AnswerValue) -> Self {
        match value {
            types::AnswerValue::Missing => Self::Missing,
            types::AnswerValue::Text(text) => Self::Text(text),
            types::AnswerValue::Files(files) => Self::Files(all(files)),
            types::AnswerValue::Json(json) => Self::Json(json),
            types::AnswerValue::Refused(reason) => Self::Refused(reason),
        }
    }
}

impl From<types::File> for File {
    fn from(file: types::File) -> Self {
        Self {
            owner: match file.owner {
                types::Owner::Repository => Owner::Repository,
                types::Owner::Organization => Owner::Organization,
                types::Owner::Operator => Owner::Operator,
            },
            path: file.path,
            text: file.text,
        }
    }
}

impl From<Description> for types::Description {
    fn from(description: Description) -> Self {
        Self {
            kinds: description.kinds,
            files: all(description.files),
            blueprints: description.blueprints,
        }
    }
}

impl From<FilePattern> for types::FilePattern {
    fn from(pattern: FilePattern) -> Self {
        Self {
            owner: match pattern.owner {
                Owner::Repository => types::Owner::Repository,
                Owner::Organization => types::Owner::Organization,
                Owner::Operator => types::Owner::Operator,
            },
            glob: pattern.glob,
        }
    }
}

impl From<Want> for types::Want {
    fn from(want: Want) -> Self {
        Self {
            kind: want.kind,
            scope: want.scope.to_string(),
        }
    }
}

impl From<WriteOptions> for types::WriteOptions {
    fn from(options: WriteOptions) -> Self {
        Self {
            merge: options.merge,
            create_missing_related: options.create_missing_related,
            delete_dependents: options.delete_dependents,
            deletion_threshold: options.deletion_threshold,
        }
    }
}

impl From<Outcome> for types::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Mapped(mapped) => Self::Mapped(mapped.with_mistakes().into()),
            Outcome::Unchanged => Self::Unchanged,
        }
    }
}

impl From<Mapped> for types::Mapped {
    fn from(mapped: Mapped) -> Self {
        Self {
            entities: all(mapped.entities),
            deletions: all(mapped.deletions),
            notes: all(mapped.notes),
        }
    }
}

impl From<Entity> for types::Entity {
    fn from(entity: Entity) -> Self {
        Self {
            blueprint: entity.blueprint,
            identifier: match entity.identifier {
                Identifier::Exact(identifier) => types::Identifier::Exact(identifier),
                Identifier::Search(query) => types::Identifier::Search(query.to_string()),
            },
            previous_identifier: entity.previous_identifier,
            title: entity.title,
            icon: entity.icon,
            team: entity.team.map(|team| team.to_string()),
            properties: text_of(entity.properties),
            relations: text_of(entity.relations),
            place: entity.place.map(Into::into),
        }
    }
}

fn text_of(object: Map<String, Value>) -> String {
    Value::Object(object).to_string()
}

impl From<EntityKey> for types::EntityKey {
    fn from(key: EntityKey) -> Self {
        Self {
            blueprint: key.blueprint,
            identifier: key.identifier,
        }
    }
}

impl From<Diagnostic> for types::Diagnostic {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            severity: match diagnostic.severity {
                Severity::Error => types::Severity::Error,
                Severity::Warning => types::Severity::Warning,
                Severity::Note => types::Severity::Note,
            },
            message: diagnostic.message,
            place: diagnostic.place.map(Into::into),
            field: diagnostic.field,
        }
    }
}

impl From<Place> for types::Place {
    fn from(place: Place) -> Self {
        Self {
            path: place.path,
            line: place.line,
            column: place.column,
        }
    }
}
