//! From the parser's events to a tree: aliases and merge keys (`<<`) written out, no key twice.
//!
//! Bounds depth, size and repetition before they cost anything, and builds without recursion.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Marker, ScalarStyle};

use super::scalar::scalar;
use super::{Key, Kind, Node};

/// Nesting that no catalog file needs.
pub(super) const MAX_DEPTH: usize = 64;
pub(super) const TOO_DEEP: &str = "Nested deeper than 64 levels. Flatten it.";
/// Values in one file: the 512 KB that the host hands over, at five bytes a value.
const MAX_NODES: usize = 100_000;
/// What anchors and aliases may copy in one file, in values and in bytes of text. A bomb ends here.
const MAX_COPIED_NODES: usize = 50_000;
const MAX_COPIED_BYTES: usize = 4 << 20;

const MERGE_KEY: &str = "<<";

#[derive(Default)]
pub(super) struct Tree {
    pub(super) documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    copied: Extent,
}

/// A list or an object that has not ended yet.
struct Open {
    line: u32,
    column: u32,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Object(Fields),
}

#[derive(Default)]
struct Fields {
    fields: Vec<(Key, Node)>,
    names: HashSet<String>,
    /// The key whose value comes next.
    key: Option<Key>,
    /// Whether that key is a merge key.
    merges: bool,
    /// From merge keys. The object's own fields win, then the earlier ones.
    merged: Vec<(Key, Node)>,
}

/// How much a copy of a value costs.
#[derive(Default, Clone, Copy)]
struct Extent {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

/// Line and column from 1. A file of 512 KB has fewer of both than `u32` counts.
pub(super) fn position(marker: &Marker) -> (u32, u32) {
    (marker.line() as u32, marker.col() as u32 + 1)
}

impl Tree {
    pub(super) fn take(&mut self, event: Event<'_>, at: &Marker) -> Result<(), String> {
        let (line, column) = position(at);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let kind = scalar(&text, style, tag.as_deref());
                if !self.awaits_key() {
                    return self.add(Node { line, column, kind }, anchor);
                }
                if matches!(kind, Kind::Null) {
                    return Err("A key is missing before this `:`. If it is meant to be `null`, put it in quotes.".to_owned());
                }
                let merges = style == ScalarStyle::Plain && text == MERGE_KEY;
                let name = text.into_owned();
                if anchor != 0 {
                    let kind = Kind::Text(name.clone());
                    self.anchor(anchor, &Node { line, column, kind })?;
                }
                self.key(Key { name, line, column }, merges)?;
            }
            Event::Alias(anchor) => self.alias(anchor, line, column)?,
            Event::SequenceStart(_, anchor, _) => {
                self.open(line, column, anchor, Content::List(Vec::new()))?
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(line, column, anchor, Content::Object(Fields::default()))?
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open {
                    line,
                    column,
                    anchor,
                    content,
                }) = self.open.pop()
                {
                    let kind = match content {
                        Content::List(items) => Kind::List(items),
                        Content::Object(fields) => fields.end(),
                    };
                    self.add(Node { line, column, kind }, anchor)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Object(fields), .. }) if fields.key.is_none())
    }

    fn open(
        &mut self,
        line: u32,
        column: u32,
        anchor: usize,
        content: Content,
    ) -> Result<(), String> {
        if self.awaits_key() {
            return Err("A key must be text, but a list or an object stands here.".to_owned());
        }
        if self.open.len() == MAX_DEPTH {
            return Err(TOO_DEEP.to_owned());
        }
        self.open.push(Open {
            line,
            column,
            anchor,
            content,
        });
        Ok(())
    }

    fn key(&mut self, key: Key, merges: bool) -> Result<(), String> {
        if let Some(Open {
            content: Content::Object(object),
            ..
        }) = self.open.last_mut()
        {
            if !object.names.insert(key.name.clone()) {
                return Err(format!(
                    "`{}` stands twice in the same object. Remove one of the two.",
                    key.name
                ));
            }
            (object.key, object.merges) = (Some(key), merges);
        }
        Ok(())
    }

    /// Puts a complete value where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!(
                "More than {MAX_NODES} values in one file. Split it into several files."
            ));
        }
        if anchor != 0 {
            self.anchor(anchor, &node)?;
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None if matches!(node.kind, Kind::Null) => {}
            None => self.documents.push(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Object(object)) => match object.key.take() {
                Some(_) if object.merges => object.merge(node)?,
                Some(key) => object.fields.push((key, node)),
                None => {
                    return Err("A key must be text, but something else stands here.".to_owned());
                }
            },
        }
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, node: &Node) -> Result<(), String> {
        self.copy(extent(node))?;
        self.anchors.insert(anchor, node.clone());
        Ok(())
    }

    fn alias(&mut self, anchor: usize, line: u32, column: u32) -> Result<(), String> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err("An alias (`*name`) stands inside the very value that it names. Write the value out.".to_owned());
        };
        let extent = extent(node);
        if self.open.len() + extent.depth > MAX_DEPTH {
            return Err(TOO_DEEP.to_owned());
        }
        if self.awaits_key() {
            let Kind::Text(name) = &node.kind else {
                return Err("A key must be text, but this alias names something else.".to_owned());
            };
            let key = Key {
                name: name.clone(),
                line,
                column,
            };
            self.copy(extent)?;
            return self.key(key, false);
        }
        let node = node.clone();
        self.copy(extent)?;
        self.add(
            Node {
                line,
                column,
                kind: node.kind,
            },
            0,
        )
    }

    fn copy(&mut self, extent: Extent) -> Result<(), String> {
        self.copied.nodes += extent.nodes;
        self.copied.bytes += extent.bytes;
        if self.copied.nodes > MAX_COPIED_NODES || self.copied.bytes > MAX_COPIED_BYTES {
            return Err("Aliases (`*name`) repeat too much of the file. Write the values out, or split the file.".to_owned());
        }
        Ok(())
    }
}

impl Fields {
    /// Takes over the fields of an object, or of a list of objects (yaml.org, "Merge Key Language-Independent Type").
    fn merge(&mut self, node: Node) -> Result<(), String> {
        let sources = match node.kind {
            Kind::List(items) => items,
            _ => vec![node],
        };
        for source in sources {
            let Kind::Object(fields) = source.kind else {
                return Err(format!(
                    "`{MERGE_KEY}` takes an object or a list of objects, but {} stands here.",
                    source.noun()
                ));
            };
            self.merged.extend(fields);
        }
        Ok(())
    }

    fn end(mut self) -> Kind {
        for (key, node) in self.merged {
            if self.names.insert(key.name.clone()) {
                self.fields.push((key, node));
            }
        }
        Kind::Object(self.fields)
    }
}

/// Recurses, but never deeper than what was built: [`MAX_DEPTH`].
fn extent(node: &Node) -> Extent {
    let add = |sum: Extent, child: Extent| Extent {
        nodes: sum.nodes + child.nodes,
        bytes: sum.bytes + child.bytes,
        depth: sum.depth.max(child.depth + 1),
    };
    let one = Extent {
        nodes: 1,
        bytes: 0,
        depth: 0,
    };
    match &node.kind {
        Kind::Text(text) => Extent {
            bytes: text.len(),
            ..one
        },
        Kind::List(items) => items
            .iter()
            .map(extent)
            .fold(Extent { depth: 1, ..one }, add),
        Kind::Object(fields) => {
            fields
                .iter()
                .fold(Extent { depth: 1, ..one }, |sum, (key, value)| {
                    let value = extent(value);
                    add(
                        sum,
                        Extent {
                            bytes: value.bytes + key.name.len(),
                            ..value
                        },
                    )
                })
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(..) => one,
    }
}
