//! Text in YAML (or JSON, which is YAML) as a tree of values that know where they stand.
//!
//! Turns the parser's complaints into sentences for the person who wrote the file.
//! Knows neither entities nor settings; what a tree may cost is known by `tree`.

mod scalar;
mod tree;
mod within;

use granit_parser::{ErrorKind, Parser, ScanError};
use portolan_sdk::{Diagnostic, Place};
use serde_json::{Map, Number, Value};

use self::tree::{MAX_DEPTH, TOO_DEEP, Tree};
pub use self::within::place_within;

/// A value and the place where it begins, both from 1.
#[derive(Debug, Clone)]
pub struct Node {
    pub line: u32,
    pub column: u32,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Null,
    Bool(bool),
    /// The value, and the digits as they are spelled in the file (`1.10`, `007`).
    Number(Number, String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file, each key once.
    Object(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub struct Key {
    pub name: String,
    pub line: u32,
    pub column: u32,
}

/// The documents of a file, without the empty ones.
pub fn documents(path: &str, text: &str) -> Result<Vec<Node>, Diagnostic> {
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut tree = Tree::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (marker, outcome) = match event {
            Ok((event, span)) => (span.start, tree.take(event, &span.start)),
            Err(error) => (*error.marker(), Err(sentence(&error))),
        };
        outcome.map_err(|message| {
            let (line, column) = tree::position(&marker);
            Diagnostic::error(message).at(Place::new(path).line(line).column(column))
        })?;
    }
    Ok(tree.documents)
}

impl Node {
    pub fn place(&self, path: &str) -> Place {
        Place::new(path).line(self.line).column(self.column)
    }

    /// Whether nothing was written.
    pub fn is_blank(&self) -> bool {
        matches!(&self.kind, Kind::Null)
            || matches!(&self.kind, Kind::Text(text) if text.is_empty())
    }

    /// What it is, for a sentence.
    pub fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(..) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }

    pub fn json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(value, _) => Value::Number(value.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(Node::json).collect(),
            Kind::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, node)| (key.name.clone(), node.json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }
}

impl Key {
    pub fn place(&self, path: &str) -> Place {
        Place::new(path).line(self.line).column(self.column)
    }
}

/// What happened and what to do, without the parser's own vocabulary where the mistake is a common one.
fn sentence(error: &ScanError) -> String {
    match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation => "A tab stands where YAML wants spaces. Indent with spaces.".to_owned(),
        ErrorKind::TabInPlainScalar => {
            "A tab follows this text where YAML wants spaces. Indent with spaces.".to_owned()
        }
        ErrorKind::RecursionLimitExceeded => TOO_DEEP.to_owned(),
        ErrorKind::UnknownAnchor => {
            "An alias (`*name`) names no value above it. Mark one with `&name`, or put text that begins with `*` in quotes."
                .to_owned()
        }
        ErrorKind::UnexpectedCharacter { character } => {
            format!("A value cannot begin with `{character}`. Put it in quotes.")
        }
        _ => format!("Not readable as YAML: {}.", error.info()),
    }
}
