//! What GitHub is asked for beside the object itself, where a selector wants it.
//!
//! One row each: the key in Port's GitHub app, the name in Ocean's `include` and `includedRelations`, the path below
//! the repository, and where the answer goes in the object.

use app_config::yaml::{Key, Kind, Node};
use port_jq::Value;
use portolan_sdk::{Answer, Diagnostic, Place, Question};

use crate::expression::closed;
use crate::reader::{Reader, value};

#[derive(Debug)]
pub(crate) struct Enrichment {
    name: &'static str,
    path: &'static str,
    permission: &'static str,
    put: fn(&mut Value, serde_json::Value),
    /// What it is where GitHub finds none. `None`: GitHub has it of every repository, so this one is not shown to us.
    missing: Option<fn() -> serde_json::Value>,
}

/// Of the kind `repository`.
pub(crate) const REPOSITORY: &[Enrichment] = &[
    Enrichment {
        name: "teams",
        path: "/teams",
        permission: "Administration: Read-only",
        put: |raw, teams| both(raw, "teams", "__teams", teams),
        missing: None,
    },
    Enrichment {
        name: "collaborators",
        path: "/collaborators",
        permission: "Metadata: Read-only",
        put: |raw, people| {
            both(
                raw,
                "collaborators",
                "__collaborators",
                administrators(people),
            )
        },
        missing: None,
    },
    Enrichment {
        name: "customProperties",
        path: "/properties/values",
        permission: "Metadata: Read-only",
        put: custom_properties,
        // An older GitHub Enterprise Server has none at all.
        missing: Some(|| serde_json::Value::Array(Vec::new())),
    },
    Enrichment {
        name: "sbom",
        path: "/dependency-graph/sbom",
        permission: "Contents: Read-only",
        put: |raw, sbom| raw.insert("__sbom", sbom["sbom"].clone().into()),
        missing: Some(|| serde_json::Value::Null),
    },
    Enrichment {
        name: "pages",
        path: "/pages",
        permission: "Pages: Read-only",
        put: |raw, pages| raw.insert("__pages", pages.into()),
        missing: Some(|| serde_json::Value::Null),
    },
];

/// An enrichment that a selector wants.
#[derive(Debug)]
pub(crate) struct Asked {
    row: &'static Enrichment,
    query: String,
    place: Place,
}

/// What a selector wants of these.
pub(crate) fn asked(
    reader: &mut Reader<'_>,
    rows: &'static [Enrichment],
    fields: &[(Key, Node)],
) -> Result<Vec<Asked>, Diagnostic> {
    let mut asked = Vec::new();
    if rows.is_empty() {
        return Ok(asked);
    }
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    let included = match value(fields, "include") {
        Some(node) => reader.texts("selector.include", node)?,
        None => Vec::new(),
    };
    let related = match value(fields, "includedRelations") {
        Some(node) if !matches!(node.kind, Kind::Null) => {
            reader.fields(node, "selector.includedRelations")?
        }
        _ => &[],
    };
    reader.unknown(related, &names, "includedRelations");
    for row in rows {
        if let Some(node) = value(fields, row.name)
            && reader.flag(&format!("selector.{}", row.name), node)?
        {
            asked.push(Asked::new(row, reader.place(node)));
        }
        if let Some(node) =
            value(fields, "include").filter(|_| included.iter().any(|name| name == row.name))
        {
            asked.push(Asked::new(row, reader.place(node)));
        }
        if let Some(node) =
            value(related, row.name).filter(|node| !matches!(node.kind, Kind::Bool(false)))
        {
            let mut one = Asked::new(row, reader.place(node));
            if let Kind::Object(fields) = &node.kind
                && let Some(Node {
                    kind: Kind::Text(affiliation),
                    ..
                }) = value(fields, "affiliation")
                && ["all", "direct", "outside"].contains(&affiliation.as_str())
            {
                one.query = format!("?affiliation={affiliation}");
            }
            asked.push(one);
        }
    }
    for name in included
        .iter()
        .filter(|name| !names.contains(&name.as_str()))
    {
        let node = value(fields, "include").map(|node| reader.place(node));
        let place = node.unwrap_or_else(|| Place::new(&reader.file.path));
        reader.warn(
            place,
            "selector.include",
            format!("`{name}` is nothing that can be included."),
        );
    }
    Ok(asked)
}

impl Asked {
    fn new(row: &'static Enrichment, place: Place) -> Self {
        Self {
            row,
            query: String::new(),
            place,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.row.name
    }

    pub(crate) fn question(&self, full_name: &str) -> Question {
        Question::api(format!("/repos/{full_name}{}{}", self.row.path, self.query))
    }

    /// Adds the answer to the object. `Err`: it could not be had, which leaves null there.
    pub(crate) fn put(&self, raw: &mut Value, answer: &Answer) -> Result<(), Diagnostic> {
        let name = self.row.name;
        let found = match answer {
            Answer::Json(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
            Answer::Refused(why) => Err(why.clone()),
            _ => match self.row.missing {
                Some(missing) => Ok(missing()),
                None => Err("GitHub answers 404 Not Found".to_owned()),
            },
        };
        let why = match found {
            Ok(found) => {
                (self.row.put)(raw, found);
                return Ok(());
            }
            Err(why) => closed(&why),
        };
        (self.row.put)(raw, serde_json::Value::Null);
        let message = format!(
            "`{name}` could not be had, and what is mapped from it is left out: {why} Where GitHub refuses it, grant the App the \
             repository permission \"{}\", or remove `{name}` from the selector.",
            self.row.permission
        );
        Err(Diagnostic::error(message)
            .at(self.place.clone())
            .field(format!("selector.{name}")))
    }
}

/// Under the name that Port's GitHub app gives it, and the one that Ocean gives it.
fn both(raw: &mut Value, legacy: &'static str, ocean: &'static str, found: serde_json::Value) {
    let found = Value::from(found);
    raw.insert(legacy, found.clone());
    raw.insert(ocean, found);
}

/// Port's mappings ask who `is_admin`.
fn administrators(mut people: serde_json::Value) -> serde_json::Value {
    for person in people.as_array_mut().into_iter().flatten() {
        let is_admin = person["permissions"]["admin"] == true;
        if let Some(person) = person.as_object_mut() {
            person.insert("is_admin".to_owned(), is_admin.into());
        }
    }
    people
}

/// As a list of `{property_name, value}`, and as GitHub's repositories have them: an object by name.
fn custom_properties(raw: &mut Value, values: serde_json::Value) {
    let named = |one: &serde_json::Value| {
        let name = one["property_name"].as_str()?.to_owned();
        Some((name, Value::from(one["value"].clone())))
    };
    // Without an answer stays what GitHub says of the repository itself.
    if let Some(values) = values.as_array() {
        let by_name: Vec<_> = values.iter().filter_map(named).collect();
        raw.insert("custom_properties", Value::object(by_name));
    }
    raw.insert("customProperties", values.into());
}
