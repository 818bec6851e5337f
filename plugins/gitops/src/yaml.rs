//! Text in YAML (or JSON, which is YAML) to a tree of values that know where they stand.
//!
//! Bounds what a file may cost before anything is built from it, and turns the parser's complaints
//! into sentences for the person who wrote the file. Knows neither entities nor settings.
//!
//! Plain scalars follow YAML 1.2: `yes`, `no`, `on` and dates are text, `true` and `null` are not.
//! A number that JSON cannot carry without loss (more than 64 bits, infinite) stays the text it was.

use std::fmt;

use portolan_sdk::{Diagnostic, Place};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, MessageFormatter, Spanned, UserMessageFormatter};

/// Nesting that no catalog file needs. A level takes up to 48 KB of stack in an unoptimized build.
const MAX_DEPTH: usize = 32;
/// Values in one file. The host leaves out files above 512 KB, which at five bytes a value is this many.
const MAX_NODES: usize = 100_000;
/// Values that aliases may repeat: a bomb of nested aliases ends here instead of filling the memory.
const MAX_REPEATED_NODES: usize = 50_000;

/// A value and the place where it begins, both from 1.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// The value, and the digits as they are spelled in the file (`1.10`, `007`).
    Number(Number, String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file. The parser refuses a key that stands there twice.
    Object(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// The documents of a file, without the empty ones.
pub(crate) fn documents(path: &str, text: &str) -> Result<Vec<Node>, Diagnostic> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            flow_nesting_limit: 2 * MAX_DEPTH,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED_NODES },
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    let parsed = serde_saphyr::from_multiple_with_options::<Spanned<Raw>>(text, options);
    match parsed {
        Ok(documents) => Ok(documents.into_iter().map(|raw| settle(raw, text)).collect()),
        Err(error) => {
            let mut place = Place::new(path);
            if let Some(location) = error.location().filter(|location| location.line() > 0) {
                place = place
                    .line(location.line() as u32)
                    .column(location.column() as u32);
            }
            Err(Diagnostic::error(sentence(&error)).at(place))
        }
    }
}

impl Node {
    pub(crate) fn place(&self, path: &str) -> Place {
        Place::new(path).line(self.line).column(self.column)
    }

    /// Whether nothing was written.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(&self.kind, Kind::Null)
            || matches!(&self.kind, Kind::Text(text) if text.is_empty())
    }

    /// What it is, for a sentence.
    pub(crate) fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(..) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }

    pub(crate) fn json(&self) -> Value {
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
    pub(crate) fn place(&self, path: &str) -> Place {
        Place::new(path).line(self.line).column(self.column)
    }
}

/// What happened and what to do, without the parser's own vocabulary.
fn sentence(error: &Error) -> String {
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            format!("`{key}` stands twice in the same object. Remove one of the two.")
        }
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            format!("Nested deeper than {MAX_DEPTH} levels. Flatten it.")
        }
        Error::Budget { breach: BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }, .. } => {
            format!("More than {MAX_NODES} values in one file. Split it into several files.")
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "Aliases (`*name`) repeat too much of the file. Write the values out, or split the file.".to_owned()
        }
        Error::AliasError { error, .. } => sentence(error),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "An alias (`*name`) stands inside the very value that it names. Write the value out.".to_owned()
        }
        other => {
            let message = UserMessageFormatter.format_message(other);
            if message.contains("tab") && !message.contains("table") {
                "A tab stands where YAML wants spaces. Indent with spaces.".to_owned()
            } else if message.contains("nesting") || message.contains("recursion limit") {
                format!("Nested deeper than {MAX_DEPTH} levels. Flatten it.")
            } else {
                format!("Not readable as YAML: {message}.")
            }
        }
    }
}

/// A value as the parser hands it over, before its spelling is looked up.
enum Raw {
    Null,
    Bool(bool),
    Integer(Number),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Object(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn settle(raw: Spanned<Raw>, text: &str) -> Node {
    // An alias is reported where it is used; its digits are spelled where it is defined.
    let (line, column) = (raw.referenced.line() as u32, raw.referenced.column() as u32);
    let spelled = || {
        let span = raw.defined.span();
        let start = span.byte_offset().unwrap_or_default() as usize;
        let end = start + span.byte_len().unwrap_or_default() as usize;
        text.get(start..end).unwrap_or_default().trim().to_owned()
    };
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Bool(value) => Kind::Bool(value),
        Raw::Integer(number) => Kind::Number(number, spelled()),
        Raw::Float(value) => {
            let spelled = spelled();
            let integer = spelled
                .trim_start_matches(['-', '+'])
                .bytes()
                .all(|byte| byte.is_ascii_digit());
            match Number::from_f64(value) {
                Some(number) if !integer => Kind::Number(number, spelled),
                _ => Kind::Text(spelled),
            }
        }
        Raw::Text(text) => Kind::Text(text),
        Raw::List(items) => Kind::List(items.into_iter().map(|item| settle(item, text)).collect()),
        Raw::Object(fields) => Kind::Object(
            fields
                .into_iter()
                .map(|(key, value)| {
                    let (line, column) =
                        (key.referenced.line() as u32, key.referenced.column() as u32);
                    (
                        Key {
                            name: key.value,
                            line,
                            column,
                        },
                        settle(value, text),
                    )
                })
                .collect(),
        ),
    };
    Node { line, column, kind }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Raw, A::Error> {
        let mut object = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Raw::Object(object))
    }

    fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Raw, E> {
        Err(E::custom("binary values cannot be sent to Port"))
    }
}
