//! Which objects of a kind a resource maps, and what is fetched for them: the keys of `selector`.
//!
//! Keys of Port's GitHub app and of its successor Ocean alike.

use app_config::yaml::{Key, Kind, Node};
use port_jq::Value;
use portolan_sdk::{Diagnostic, Severity};

use crate::enrich::{self, Asked};
use crate::expression::Expression;
use crate::kinds::Row;
use crate::paths::{Paths, file_paths};
use crate::reader::{Reader, value};
use crate::spelling;

#[derive(Debug, Default)]
pub(crate) struct Selector {
    /// Absent is `true`.
    pub(crate) query: Option<Expression>,
    pub(crate) enrichments: Vec<Asked>,
    /// Paths from the root of the repository.
    pub(crate) included_files: Vec<String>,
    pub(crate) paths: Vec<Paths>,
    pub(crate) history: History,
    /// Each of these three takes all where it is empty.
    states: Vec<String>,
    statuses: Vec<String>,
    labels: Vec<String>,
}

/// How far back a resync lists what is finished.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) finished: bool,
    pub(crate) newest: Option<u64>,
    pub(crate) days: Option<u64>,
}

/// Of every kind. The first three have no meaning here: one organization is served at a time, and all at once.
const EVERYWHERE: [&str; 5] = [
    "organization",
    "exportEnvVariables",
    "api",
    "query",
    "repoSearch",
];

/// Keys of Ocean's that would change what is mapped if they were read.
const NOT_READ: [(&str, &str); 4] = [
    ("repoSearch", "Narrow by `query` instead."),
    ("closedSinceDate", "Write the number of days as `since`."),
    ("since_date", "Write the number of days as `since`."),
    ("enrichWithFirstCommit", "There is no first commit to map."),
];

/// Of issues and pull requests; `all` is both.
const STATES: [&str; 3] = ["open", "closed", "all"];

/// GitHub docs, REST API, "Workflow runs": `status` of a list takes conclusions as well.
const STATUSES: [&str; 15] = [
    "completed",
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "skipped",
    "stale",
    "success",
    "timed_out",
    "startup_failure",
    "in_progress",
    "queued",
    "requested",
    "waiting",
    "pending",
];

impl Selector {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        row: &'static Row,
        node: Option<&Node>,
        resource: &Node,
    ) -> Result<Self, Diagnostic> {
        let node = node.filter(|node| !matches!(node.kind, Kind::Null));
        let fields = match node {
            Some(node) => reader.fields(node, "selector")?,
            None => &[],
        };
        let mut selector = Self::default();
        let known: Vec<_> = EVERYWHERE.iter().chain(row.keys).copied().collect();
        reader.unknown(
            fields,
            &known,
            &format!("the selector of kind `{}`", row.name),
        );
        for (key, node) in fields
            .iter()
            .filter(|(key, _)| known.contains(&key.name.as_str()))
        {
            selector.field(reader, key, node)?;
        }
        selector.enrichments = enrich::asked(reader, row.enrichments, fields)?;
        if let Some(name) = row.paths
            && selector.paths.is_empty()
        {
            let node = value(fields, name).or(node).unwrap_or(resource);
            let message = format!(
                "A `{}` resource names what it maps: write `selector.{name}: [{{path: …}}]`.",
                row.name
            );
            return Err(reader.mistake(node, &format!("selector.{name}"), message));
        }
        Ok(selector)
    }

    fn field(&mut self, reader: &mut Reader<'_>, key: &Key, node: &Node) -> Result<(), Diagnostic> {
        let field = format!("selector.{}", key.name);
        match key.name.as_str() {
            "query" if node.is_blank() => {}
            "query" => self.query = Some(reader.expression(&field, node, Severity::Error)?),
            "closedPullRequests" => self.history.finished |= reader.flag(&field, node)?,
            "states" | "state" => {
                let states = words(reader, &field, node, &STATES)?;
                let has = |wanted: &str| states.iter().any(|state| state == wanted);
                let all = has("all");
                self.history.finished |= all || has("closed");
                self.states = states;
                if all {
                    self.states.clear();
                }
            }
            "statuses" => self.statuses = words(reader, &field, node, &STATUSES)?,
            // GitHub's own list takes them in one text.
            "labels" => {
                let labels = reader.texts(&field, node)?;
                let labels = labels.iter().flat_map(|labels| labels.split(','));
                let labels = labels.map(str::trim).filter(|label| !label.is_empty());
                self.labels = labels.map(str::to_owned).collect();
            }
            "maxResults" => self.history.newest = number(reader, &field, node)?,
            "since" => self.history.days = number(reader, &field, node)?,
            "includedFiles" => self.included_files = file_paths(reader, &field, node)?,
            "files" | "folders" => self.paths = Paths::read(reader, &field, node)?,
            name => {
                if let Some((_, instead)) = NOT_READ.iter().find(|(key, _)| *key == name) {
                    let message =
                        format!("`{name}` is not read here and changes nothing. {instead}");
                    reader.warn(key.place(&reader.file.path), &field, message);
                }
            }
        }
        Ok(())
    }

    /// Whether the keys beside `query` take this object. They narrow what is listed, so they hold for an event as well.
    pub(crate) fn admits(&self, raw: &Value) -> Result<(), String> {
        let text = |name: &str| raw.get(name).and_then(Value::as_str).unwrap_or_default();
        let among = |wanted: &[String], are: &[&str]| {
            let same = |wanted: &String| are.iter().any(|is| is.eq_ignore_ascii_case(wanted));
            wanted.is_empty() || wanted.iter().any(same)
        };
        if !among(&self.states, &[text("state")]) {
            return Err(format!(
                "its state `{}` is not among those of the selector",
                text("state")
            ));
        }
        if !among(&self.statuses, &[text("status"), text("conclusion")]) {
            return Err(format!(
                "its status `{}` is not among those of the selector",
                text("status")
            ));
        }
        let labels = raw
            .get("labels")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let name = |label: &Value| label.get("name").and_then(Value::as_str).map(str::to_owned);
        let names: Vec<_> = labels.iter().filter_map(name).collect();
        let has = |wanted: &&String| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
        match self.labels.iter().find(|wanted| !has(wanted)) {
            Some(missing) => Err(format!("it has no label `{missing}`")),
            None => Ok(()),
        }
    }
}

/// Words out of a few, in small letters. Another would admit nothing, and nobody would know why.
fn words(
    reader: &mut Reader<'_>,
    field: &str,
    node: &Node,
    known: &[&str],
) -> Result<Vec<String>, Diagnostic> {
    let words = reader.texts(field, node)?.into_iter();
    let words: Vec<_> = words.map(|word| word.to_ascii_lowercase()).collect();
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        None => Ok(words),
        Some(word) => {
            let message = format!(
                "`{word}` is none of what `{field}` knows: {}.{}",
                known.join(", "),
                spelling::did_you_mean(word, known.iter().copied())
            );
            Err(reader.mistake(node, field, message))
        }
    }
}

fn number(reader: &Reader<'_>, field: &str, node: &Node) -> Result<Option<u64>, Diagnostic> {
    match &node.kind {
        Kind::Null => Ok(None),
        Kind::Number(number, _) if number.is_u64() => Ok(number.as_u64()),
        _ => {
            let message = format!(
                "`{field}` is a whole number, but {} stands here.",
                node.noun()
            );
            Err(reader.mistake(node, field, message))
        }
    }
}
