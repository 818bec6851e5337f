//! What makes an entity of an object: the `mappings` of a resource.

use app_config::yaml::{Kind, Node};
use portolan_sdk::{Diagnostic, Place, Severity};

use crate::expression::Expression;
use crate::reader::{Reader, value};

/// A value that is put together for each object.
#[derive(Debug)]
pub(crate) enum Template {
    Jq(Expression),
    /// `file://`, which is no jq: the text of a file.
    File(Reference),
    Object(Vec<(String, Template)>),
    List(Vec<Template>),
}

/// A file whose text becomes a value.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) field: String,
}

/// One entity of an object.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) place: Place,
    pub(crate) identifier: Template,
    pub(crate) blueprint: Expression,
    pub(crate) previous: Option<Expression>,
    pub(crate) title: Option<Expression>,
    pub(crate) icon: Option<Expression>,
    pub(crate) team: Option<Template>,
    pub(crate) properties: Vec<Member>,
    pub(crate) relations: Vec<Member>,
}

/// A property or a relation.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) value: Template,
}

const KEYS: [&str; 8] = [
    "currentIdentifier",
    "identifier",
    "title",
    "icon",
    "blueprint",
    "team",
    "properties",
    "relations",
];

impl Mapping {
    pub(crate) fn read(reader: &mut Reader<'_>, node: &Node) -> Result<Self, Diagnostic> {
        let fields = reader.fields(node, "mappings")?;
        reader.unknown(
            fields,
            &KEYS,
            "a mapping, whose values of the blueprint stand below `properties` and `relations`,",
        );
        let required = |name: &str| {
            value(fields, name)
                .filter(|node| !node.is_blank())
                .ok_or_else(|| {
                    let message = format!(
                        "The mapping has no `{name}`, without which there is no entity. Add one."
                    );
                    reader.mistake(value(fields, name).unwrap_or(node), name, message)
                })
        };
        let (identifier, blueprint) = (required("identifier")?, required("blueprint")?);
        let at = identifier;
        let identifier = Template::read(reader, "identifier", identifier, Severity::Error)?;
        if !matches!(identifier, Template::Jq(_)) && !identifier.is_search() {
            let message =
                "An identifier is a jq expression, or a search with `combinator` and `rules`.";
            return Err(reader.mistake(at, "identifier", message));
        }
        let blueprint = reader.expression("blueprint", blueprint, Severity::Error)?;
        let mut optional = |name: &str| {
            let node = value(fields, name).filter(|node| !node.is_blank());
            node.map(|node| reader.expression(name, node, Severity::Warning))
                .transpose()
        };
        let previous = optional("currentIdentifier")?;
        let (title, icon) = (optional("title")?, optional("icon")?);
        let team = value(fields, "team")
            .map(|node| Template::read(reader, "team", node, Severity::Warning));
        Ok(Self {
            place: reader.place(node),
            identifier,
            blueprint,
            previous,
            title,
            icon,
            team: team.transpose()?,
            properties: members(reader, "properties", value(fields, "properties"))?,
            relations: members(reader, "relations", value(fields, "relations"))?,
        })
    }

    /// Whether what it needs for an entity compiles.
    pub(crate) fn is_usable(&self) -> bool {
        let mut compiles = self.blueprint.compiles();
        self.identifier
            .each(&mut |expression| compiles &= expression.compiles());
        compiles
    }

    /// All that may be put together of several parts.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        let members = self.properties.iter().chain(&self.relations);
        std::iter::once(&self.identifier)
            .chain(&self.team)
            .chain(members.map(|member| &member.value))
    }

    /// All its programs.
    pub(crate) fn each(&self, look: &mut impl FnMut(&Expression)) {
        self.templates().for_each(|template| template.each(look));
        [
            Some(&self.blueprint),
            self.previous.as_ref(),
            self.title.as_ref(),
            self.icon.as_ref(),
        ]
        .into_iter()
        .flatten()
        .for_each(look);
    }
}

fn members(
    reader: &mut Reader<'_>,
    part: &str,
    node: Option<&Node>,
) -> Result<Vec<Member>, Diagnostic> {
    let Some(node) = node.filter(|node| !matches!(node.kind, Kind::Null)) else {
        return Ok(Vec::new());
    };
    let mut members = Vec::new();
    for (key, node) in reader.fields(node, part)? {
        let field = format!("{part}.{}", key.name);
        members.push(Member {
            name: key.name.clone(),
            place: reader.place(node),
            value: Template::read(reader, &field, node, Severity::Warning)?,
        });
    }
    Ok(members)
}

impl Template {
    fn read(
        reader: &mut Reader<'_>,
        field: &str,
        node: &Node,
        severity: Severity,
    ) -> Result<Self, Diagnostic> {
        Ok(match &node.kind {
            Kind::Object(fields) => {
                let read = |(key, node): &(app_config::yaml::Key, Node)| {
                    let field = format!("{field}.{}", key.name);
                    Ok((
                        key.name.clone(),
                        Self::read(reader, &field, node, severity)?,
                    ))
                };
                Self::Object(fields.iter().map(read).collect::<Result<_, _>>()?)
            }
            Kind::List(items) => {
                let read = |(nth, node): (usize, &Node)| {
                    Self::read(reader, &format!("{field}[{nth}]"), node, severity)
                };
                Self::List(
                    items
                        .iter()
                        .enumerate()
                        .map(read)
                        .collect::<Result<_, _>>()?,
                )
            }
            // Only for properties: elsewhere it is a mistake, and jq says so.
            Kind::Text(text) if field.starts_with("properties.") && text.starts_with("file://") => {
                Self::File(Reference::read(reader, field, node, text)?)
            }
            _ => Self::Jq(reader.expression(field, node, severity)?),
        })
    }

    pub(crate) fn each(&self, look: &mut impl FnMut(&Expression)) {
        match self {
            Self::Jq(expression) => look(expression),
            Self::File(_) => {}
            Self::Object(fields) => fields.iter().for_each(|(_, value)| value.each(look)),
            Self::List(items) => items.iter().for_each(|value| value.each(look)),
        }
    }

    pub(crate) fn each_file<'t>(&'t self, look: &mut impl FnMut(&'t Reference)) {
        match self {
            Self::Jq(_) => {}
            Self::File(reference) => look(reference),
            Self::Object(fields) => fields.iter().for_each(|(_, value)| value.each_file(look)),
            Self::List(items) => items.iter().for_each(|value| value.each_file(look)),
        }
    }

    /// Whether Port is to find entities by it (Port docs, "Mapping using search queries").
    pub(crate) fn is_search(&self) -> bool {
        let Self::Object(fields) = self else {
            return false;
        };
        ["combinator", "rules"]
            .iter()
            .all(|wanted| fields.iter().any(|(name, _)| name == wanted))
    }
}

impl Reference {
    fn read(reader: &Reader<'_>, field: &str, node: &Node, text: &str) -> Result<Self, Diagnostic> {
        let written = text.trim_start_matches("file://").trim();
        let segments = written
            .split('/')
            .filter(|segment| !matches!(*segment, "" | "."));
        let path = segments.collect::<Vec<_>>().join("/");
        if path.is_empty() || path.split('/').any(|segment| segment == "..") {
            let message = format!(
                "`{text}` names no file of the repository. Write its path from the root, such as `file://README.md`."
            );
            return Err(reader.mistake(node, field, message));
        }
        Ok(Self {
            path,
            place: reader.place(node),
            field: field.to_owned(),
        })
    }
}
