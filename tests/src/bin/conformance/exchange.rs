//! What the scenarios recorded: exchanges between the host and the stand-ins, one of each sort.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::{Map, Value};

/// The stand-ins' own tests: no host takes part in them, and they ask oddly on purpose.
const OWN_TESTS: &str = "portolan_tests";

/// One exchange.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: String,
    /// `None` where the connection was dropped.
    pub(crate) answer: Option<Answer>,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: String,
    /// A scenario asked for it, a fault mostly: it is none of the stand-in's shapes.
    pub(crate) on_demand: bool,
}

/// Where the scenarios left them: `PORTOLAN_RECORD`, else where `make test` has it.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    match std::env::var_os("PORTOLAN_RECORD") {
        Some(folder) => Ok(folder.into()),
        None => Ok(crate::node::folder()?.join("recorded")),
    }
}

/// All that the host, known by its `User-Agent`, said to a stand-in below `base`.
pub(crate) fn recorded(peer: &str, user_agent: &str, base: &str) -> anyhow::Result<Vec<Exchange>> {
    let folder = folder()?;
    let mut exchanges = Vec::new();
    for file in folder.read_dir().into_iter().flatten() {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(OWN_TESTS) {
            continue;
        }
        for line in std::fs::read_to_string(file.path())?.lines() {
            let json: Value = serde_json::from_str(line)
                .with_context(|| format!("{} holds what is no record", folder.display()))?;
            let agent = json["headers"]["user-agent"].as_str().unwrap_or_default();
            if json["peer"] == peer && agent.starts_with(user_agent) {
                exchanges.push(Exchange::read(&json));
            }
        }
    }
    ensure!(
        !exchanges.is_empty(),
        "nothing that the host asked of {peer} is recorded in {}: `make test` records it, or \
         `PORTOLAN_RECORD={0} cargo test --workspace --test scenarios`",
        folder.display()
    );
    let all = exchanges.len();
    exchanges.retain(|exchange| exchange.path.starts_with(base));
    if exchanges.len() < all {
        let beside = all - exchanges.len();
        println!(
            "    exempt: {beside} request(s) outside {base}, where a scenario's settings led astray on purpose"
        );
    }
    Ok(exchanges)
}

/// One of each sort, with how many there were: what differs in names, numbers and texts alone is one sort.
pub(crate) fn sorts(exchanges: Vec<Exchange>) -> Vec<(Exchange, usize)> {
    let mut sorts: BTreeMap<String, (Exchange, usize)> = BTreeMap::new();
    for exchange in exchanges {
        let sort = exchange.sort();
        sorts.entry(sort).or_insert((exchange, 0)).1 += 1;
    }
    sorts.into_values().collect()
}

impl Exchange {
    fn read(json: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let answer = json.get("answer").map(|answer| Answer {
            status: answer["status"]
                .as_u64()
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
            headers: object(&answer["headers"]),
            body: text(&answer["body"]),
            on_demand: answer["on_demand"] == true,
        });
        Self {
            method: text(&json["method"]),
            path: text(&json["path"]),
            query: text(&json["query"]),
            headers: object(&json["headers"]),
            body: text(&json["body"]),
            answer,
        }
    }

    /// What was answered, unless a scenario asked for that.
    pub(crate) fn the_peers_own(&self) -> Option<&Answer> {
        self.answer.as_ref().filter(|answer| !answer.on_demand)
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    fn sort(&self) -> String {
        let segments = self.segments();
        let path: Vec<_> = segments.iter().map(|segment| word(segment)).collect();
        let accept = &self.headers.get("accept");
        let answer = self
            .answer
            .as_ref()
            .map(|answer| (answer.status, answer.on_demand, shape_of(&answer.body)));
        let query = self
            .query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name, word(value)),
                None => (pair, ""),
            });
        let (query, body) = (query.collect::<Vec<_>>(), shape_of(&self.body));
        format!(
            "{} {path:?} {query:?} {accept:?} {body} {answer:?}",
            self.method
        )
    }
}

fn shape_of(body: &str) -> String {
    match serde_json::from_str(body) {
        Ok(json) => shape(&json),
        Err(_) => format!("{} bytes", body.len().min(1)),
    }
}

/// Keys and types; of texts what a description may care about.
fn shape(json: &Value) -> String {
    match json {
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields: Vec<_> = fields
                .map(|(key, value)| format!("{key}:{}", shape(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(shape).collect();
            items.sort();
            items.dedup();
            format!("[{}]", items.join(","))
        }
        Value::String(text) => word(text).to_owned(),
        Value::Number(number) => if number.is_f64() { "float" } else { "integer" }.to_owned(),
        plain => plain.to_string(),
    }
}

/// Short lower-case words may be of an enumeration and stay; the rest is told apart by its form alone.
fn word(text: &str) -> &str {
    let all = |is: fn(u8) -> bool| text.bytes().all(is);
    match text.len() {
        0 => "nothing",
        1..=24 if all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-') => text,
        _ if all(|byte| byte.is_ascii_digit()) => "number",
        _ if all(|byte| byte.is_ascii_hexdigit()) => "digest",
        _ if text.contains("://") => "address",
        _ if text.ends_with('Z') && text.contains('T') => "time",
        _ => "text",
    }
}
