//! One `port.yml` to the entities that it declares.
//!
//! An entity with a mistake is dropped with an error note, its neighbors stay. What only the repository or
//! Port can tell (files that a property refers to, blueprints) is not known here.

use portolan_sdk::{Diagnostic, Entity, File, Place};
use serde_json::{Value, json};

use crate::reference::{self, Reference};
use app_config::yaml::{self, Kind, Node};

/// An entity as its file declares it, with what is still to be fetched for it.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) path: String,
    pub(crate) identifier: String,
    pub(crate) entity: Entity,
    pub(crate) references: Vec<Reference>,
}

pub(crate) fn read(file: &File, notes: &mut Vec<Diagnostic>) -> Vec<Declared> {
    let documents = match yaml::documents(&file.path, &file.text) {
        Ok(documents) => documents,
        Err(mistake) => {
            notes.push(mistake);
            return Vec::new();
        }
    };
    let mut nodes = Vec::new();
    for document in documents {
        match document.kind {
            Kind::List(items) => nodes.extend(items),
            _ => nodes.push(document),
        }
    }
    if nodes.is_empty() {
        notes.push(Diagnostic::note("The file declares no entity.").at(Place::new(&file.path)));
    }
    nodes
        .iter()
        .filter_map(|node| {
            let mut reading = Reading {
                path: &file.path,
                notes,
                broken: false,
            };
            let declared = reading.entity(node);
            declared.filter(|_| !reading.broken)
        })
        .collect()
}

struct Reading<'a> {
    path: &'a str,
    notes: &'a mut Vec<Diagnostic>,
    /// Whether the entity at hand has a mistake.
    broken: bool,
}

impl Reading<'_> {
    fn entity(&mut self, node: &Node) -> Option<Declared> {
        let Kind::Object(fields) = &node.kind else {
            let message = format!(
                "An entity (an object with `identifier` and `blueprint`) belongs here, but {} stands here.",
                node.noun()
            );
            self.notes
                .push(Diagnostic::error(message).at(node.place(self.path)));
            return None;
        };
        let (mut identifier, mut blueprint) = (None, None);
        let mut entity = Entity::new("", "").place(node.place(self.path));
        let mut references = Vec::new();
        for (key, value) in fields {
            let name = key.name.as_str();
            match name {
                "identifier" => identifier = self.target(name, value),
                "blueprint" => blueprint = self.text(name, value),
                "title" => entity.title = self.text(name, value),
                "icon" => entity.icon = self.text(name, value),
                "team" => entity.team = self.team(value),
                "properties" => references = self.properties(value, &mut entity),
                "relations" => self.relations(value, &mut entity),
                // Port's own example repository carries them; they have no meaning.
                "apiVersion" | "kind" => {}
                _ => {
                    let message = format!(
                        "`{name}` is not a key of an entity and is ignored. \
                         Values of the blueprint belong below `properties` or `relations`."
                    );
                    self.notes.push(
                        Diagnostic::warning(message)
                            .at(key.place(self.path))
                            .field(name),
                    );
                }
            }
        }
        for name in ["identifier", "blueprint"] {
            let value = fields
                .iter()
                .find(|(key, _)| key.name == name)
                .map(|(_, value)| value);
            if value.is_none_or(Node::is_blank) {
                self.mistake(
                    name,
                    value.unwrap_or(node),
                    format!("The entity has no `{name}`. Add one."),
                );
            }
        }
        let identifier = identifier?;
        let place = entity.place.take()?;
        let mut named = Entity::new(blueprint?, &identifier).place(place);
        (named.title, named.icon, named.team) = (entity.title, entity.icon, entity.team);
        (named.properties, named.relations) = (entity.properties, entity.relations);
        Some(Declared {
            path: self.path.to_owned(),
            identifier,
            entity: named,
            references,
        })
    }

    /// Text that may be left out: `null` is as good as absent, for Port takes none of these as `null`.
    fn text(&mut self, field: &str, value: &Node) -> Option<String> {
        match &value.kind {
            Kind::Text(text) if !text.is_empty() => Some(text.clone()),
            Kind::Null | Kind::Text(_) => None,
            _ => {
                self.wrong(field, value, "text");
                None
            }
        }
    }

    /// An entity's identifier, its own or another's. A number is taken as it is spelled: `1.10` is not `1.1`.
    fn target(&mut self, field: &str, value: &Node) -> Option<String> {
        let Kind::Number(_, spelled) = &value.kind else {
            return self.text(field, value);
        };
        let message =
            format!("The number is taken as the text \"{spelled}\". Put it in quotes to say so.");
        self.notes.push(
            Diagnostic::warning(message)
                .at(value.place(self.path))
                .field(field),
        );
        Some(spelled.clone())
    }

    /// `null` clears, which Port's API knows as an empty list only.
    fn team(&mut self, value: &Node) -> Option<Value> {
        match &value.kind {
            Kind::Null => Some(json!([])),
            Kind::Text(team) => Some(json!(team)),
            Kind::List(items) => {
                let teams = items.iter().enumerate();
                Some(
                    teams
                        .filter_map(|(nth, item)| self.listed(&format!("team[{nth}]"), item))
                        .collect(),
                )
            }
            Kind::Object(_) if is_search(value) => Some(value.json()),
            _ => {
                self.wrong("team", value, "a team or a list of teams");
                None
            }
        }
    }

    fn listed(&mut self, field: &str, item: &Node) -> Option<String> {
        if item.is_blank() {
            self.wrong(field, item, "text");
        }
        self.target(field, item)
    }

    fn properties(&mut self, value: &Node, entity: &mut Entity) -> Vec<Reference> {
        let mut references = Vec::new();
        for (name, value) in self.object("properties", value) {
            let field = format!("properties.{name}");
            match &value.kind {
                Kind::Text(text) => match reference::target(self.path, text) {
                    None => _ = entity.properties.insert(name, json!(text)),
                    Some(Ok(path)) => references.push(Reference {
                        property: name,
                        path,
                        place: value.place(self.path),
                    }),
                    Some(Err(message)) => {
                        // The property is left out, so that what Port has stays; the rest of the entity arrives.
                        self.notes.push(
                            Diagnostic::error(message)
                                .at(value.place(self.path))
                                .field(field),
                        );
                    }
                },
                _ => _ = entity.properties.insert(name, value.json()),
            }
        }
        references
    }

    fn relations(&mut self, value: &Node, entity: &mut Entity) {
        for (name, value) in self.object("relations", value) {
            let field = format!("relations.{name}");
            let target = match &value.kind {
                Kind::Null => Value::Null,
                Kind::Text(target) => json!(target),
                Kind::Number(..) => json!(self.target(&field, value)),
                Kind::List(items) => {
                    let targets = items.iter().enumerate();
                    targets
                        .filter_map(|(nth, item)| self.listed(&format!("{field}[{nth}]"), item))
                        .collect()
                }
                Kind::Object(_) if is_search(value) => value.json(),
                _ => {
                    self.wrong(
                        &field,
                        value,
                        "an identifier, a list of them or a search (`combinator` and `rules`)",
                    );
                    continue;
                }
            };
            entity.relations.insert(name, target);
        }
    }

    fn object<'n>(&mut self, field: &str, value: &'n Node) -> Vec<(String, &'n Node)> {
        match &value.kind {
            Kind::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.name.clone(), value))
                .collect(),
            Kind::Null => Vec::new(),
            _ => {
                self.wrong(field, value, "an object");
                Vec::new()
            }
        }
    }

    fn wrong(&mut self, field: &str, value: &Node, expected: &str) {
        let hint = match value.kind {
            Kind::Number(..) | Kind::Bool(_) if expected == "text" => " Put it in quotes.",
            _ => "",
        };
        let message = format!(
            "`{field}` must be {expected}, but {} stands here.{hint}",
            value.noun()
        );
        self.mistake(field, value, message);
    }

    fn mistake(&mut self, field: &str, node: &Node, message: String) {
        self.broken = true;
        self.notes.push(
            Diagnostic::error(format!("{message} The entity is left out."))
                .at(node.place(self.path))
                .field(field),
        );
    }
}

/// Port resolves an object with these two keys to entities (Port docs, "Mapping using search queries").
fn is_search(node: &Node) -> bool {
    let Kind::Object(fields) = &node.kind else {
        return false;
    };
    ["combinator", "rules"]
        .iter()
        .all(|name| fields.iter().any(|(key, _)| key.name == *name))
}
