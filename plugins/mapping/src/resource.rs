//! One item of `resources`: a kind, which of its objects, and what becomes of them.

use app_config::yaml::{Kind, Node};
use portolan_sdk::{Diagnostic, Place, Severity};

use crate::expression::Expression;
use crate::kinds::{self, NoRow, Row};
use crate::lint;
use crate::mapping::Mapping;
use crate::reader::{Reader, value};
use crate::selector::Selector;

#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) row: &'static Row,
    pub(crate) place: Place,
    pub(crate) selector: Selector,
    pub(crate) items: Option<Items>,
    pub(crate) mappings: Vec<Mapping>,
}

/// The list that is mapped item by item.
#[derive(Debug)]
pub(crate) struct Items {
    pub(crate) expression: Expression,
    /// What an item is called in the object.
    pub(crate) name: String,
}

/// A resource that was not understood: what it mapped before must not be deleted for that.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// `None`: it could be any.
    pub(crate) row: Option<&'static Row>,
    pub(crate) why: Diagnostic,
}

impl Resource {
    /// `None`: it maps nothing, which is told.
    pub(crate) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Result<Self, Unreadable>> {
        let unreadable = |row, why| Some(Err(Unreadable { row, why }));
        let fields = match reader.fields(node, "resources[]") {
            Ok(fields) => fields,
            Err(why) => return unreadable(None, why),
        };
        reader.unknown(fields, &["kind", "selector", "port"], "a resource");
        let kind = match value(fields, "kind").map(|node| (node, &node.kind)) {
            Some((node, Kind::Text(kind))) if !kind.trim().is_empty() => (node, kind.trim()),
            other => {
                let node = other.map_or(node, |(node, _)| node);
                let message = "The resource has no `kind`, such as `repository`. Add one.";
                return unreadable(None, reader.mistake(node, "kind", message));
            }
        };
        let row = match kinds::row(kind.1) {
            Ok(row) => row,
            Err(NoRow::PassedOver(why)) => {
                reader.warn(reader.place(kind.0), "kind", why);
                return None;
            }
            Err(NoRow::Misspelled(row)) => {
                let message = format!("`{}` is no kind. Did you mean `{}`?", kind.1, row.name);
                return unreadable(Some(row), reader.mistake(kind.0, "kind", message));
            }
        };
        let Some(port) = value(fields, "port").filter(|node| !node.is_blank()) else {
            let message = "The resource has no `port`, so it maps nothing. Say under `port.entity.mappings` what becomes of it, or remove it.";
            return unreadable(Some(row), reader.mistake(node, "port", message));
        };
        match Self::of(reader, row, node, value(fields, "selector"), port) {
            Ok(resource) => Some(Ok(resource)),
            Err(why) => unreadable(Some(row), why),
        }
    }

    fn of(
        reader: &mut Reader<'_>,
        row: &'static Row,
        node: &Node,
        selector: Option<&Node>,
        port: &Node,
    ) -> Result<Self, Diagnostic> {
        let selector = Selector::read(reader, row, selector, node)?;
        let fields = reader.fields(port, "port")?;
        const KEYS: [&str; 4] = [
            "itemsToParse",
            "itemsToParseName",
            "itemsToParseTopLevelTransform",
            "entity",
        ];
        reader.unknown(fields, &KEYS, "`port`");
        let items = match value(fields, "itemsToParse").filter(|node| !node.is_blank()) {
            Some(node) => Some(Items {
                expression: reader.expression("port.itemsToParse", node, Severity::Error)?,
                name: item_name(reader, value(fields, "itemsToParseName"))?,
            }),
            None => None,
        };
        let missing = |reader: &Reader<'_>, node: &Node, field: &str| {
            reader.mistake(
                node,
                field,
                format!(
                    "There is no `{field}`, which says what becomes of a `{}`.",
                    row.name
                ),
            )
        };
        let Some(entity) = value(fields, "entity") else {
            return Err(missing(reader, port, "port.entity.mappings"));
        };
        let fields = reader.fields(entity, "port.entity")?;
        reader.unknown(fields, &["mappings"], "`port.entity`");
        let Some(mappings) = value(fields, "mappings").filter(|node| !node.is_blank()) else {
            return Err(missing(reader, entity, "port.entity.mappings"));
        };
        let nodes = match &mappings.kind {
            Kind::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(mappings),
        };
        let place = reader.place(node);
        let mappings = nodes.iter().map(|node| Mapping::read(reader, node));
        let resource = Self {
            row,
            place,
            selector,
            items,
            mappings: mappings.collect::<Result<_, _>>()?,
        };
        resource.each(&mut |expression| reader.notes.extend(lint::about(row, expression)));
        Ok(resource)
    }

    /// Whether what decides about its entities compiles.
    pub(crate) fn is_usable(&self) -> bool {
        let deciding = [
            self.selector.query.as_ref(),
            self.items.as_ref().map(|items| &items.expression),
        ];
        deciding.into_iter().flatten().all(Expression::compiles)
            && self.mappings.iter().any(Mapping::is_usable)
    }

    /// All its programs.
    pub(crate) fn each(&self, look: &mut impl FnMut(&Expression)) {
        self.selector.query.iter().for_each(&mut *look);
        self.items.iter().for_each(|items| look(&items.expression));
        self.mappings.iter().for_each(|mapping| mapping.each(look));
    }

    /// Paths of the files that properties take the text of (`file://`).
    pub(crate) fn references(&self) -> Vec<&str> {
        let mut paths = Vec::new();
        for template in self.mappings.iter().flat_map(Mapping::templates) {
            template.each_file(&mut |reference| paths.push(reference.path.as_str()));
        }
        paths
    }

    /// Those, and what the selector includes.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let included = self.selector.included_files.iter().map(String::as_str);
        self.references().into_iter().chain(included)
    }

    /// Whether a program looks at a key of the object.
    pub(crate) fn mentions(&self, key: &str) -> bool {
        let mut mentions = false;
        self.each(&mut |expression| mentions |= expression.mentions(key));
        mentions
    }
}

/// What an item is called, where nobody says otherwise `item`.
fn item_name(reader: &Reader<'_>, node: Option<&Node>) -> Result<String, Diagnostic> {
    match node.map(|node| (node, &node.kind)) {
        None | Some((_, Kind::Null)) => Ok("item".to_owned()),
        Some((_, Kind::Text(name))) if name.trim().is_empty() => Ok("item".to_owned()),
        Some((_, Kind::Text(name))) => Ok(name.trim().to_owned()),
        Some((node, _)) => {
            let message = format!(
                "`port.itemsToParseName` is one name, but {} stands here.",
                node.noun()
            );
            Err(reader.mistake(node, "port.itemsToParseName", message))
        }
    }
}
