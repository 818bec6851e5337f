//! What was said to the stand-ins and what they answered, for judges that nobody here wrote.
//!
//! With `PORTOLAN_RECORD` naming a folder every process appends to a file of its own there, a JSON line an exchange;
//! `make conformance` holds them against GitHub's and Port's API descriptions. Credentials are left out.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use serde_json::{Map, Value, json};

use crate::wire::{Answer, Call};

const VARIABLE: &str = "PORTOLAN_RECORD";

/// Headers of a request that a description may have something to say about.
const HEADERS: [&str; 4] = [
    "accept",
    "content-type",
    "user-agent",
    "x-github-api-version",
];

/// Keeps one exchange with a stand-in. Without an answer the connection was dropped.
pub(crate) fn keep(peer: &str, call: &Call, answer: Option<&Answer>) {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let Some(file) = FILE.get_or_init(open) else {
        return;
    };
    let given = HEADERS
        .iter()
        .filter(|name| call.headers.contains_key(**name));
    let mut headers: Map<String, Value> = given
        .map(|name| ((*name).to_owned(), json!(call.header(name))))
        .collect();
    if let Some((scheme, _)) = call.header("authorization").split_once(' ') {
        headers.insert("authorization".into(), json!(format!("{scheme} left-out")));
    }
    let mut line = json!({
        "peer": peer, "method": call.method, "path": call.path, "query": call.query,
        "headers": headers, "body": String::from_utf8_lossy(&call.body),
    });
    if let Some(answer) = answer {
        let headers = answer.headers.iter();
        let headers: Map<String, Value> = headers
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        line["answer"] = json!({
            "status": answer.status, "headers": headers, "on_demand": answer.on_demand,
            "body": String::from_utf8_lossy(&answer.body),
        });
    }
    // One write a line: nobody ever reads half of one but the last.
    let line = format!("{line}\n");
    let mut file = file.lock().expect("nothing panics while it is held");
    file.write_all(line.as_bytes())
        .unwrap_or_else(|error| panic!("{VARIABLE}: cannot write: {error}"));
}

fn open() -> Option<Mutex<File>> {
    let folder = PathBuf::from(std::env::var_os(VARIABLE)?);
    let program = std::env::current_exe().expect("a running program has a path");
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    let path = folder.join(format!("{name}-{}.ndjson", std::process::id()));
    let made = std::fs::create_dir_all(&folder);
    let file = made.and_then(|()| OpenOptions::new().create(true).append(true).open(&path));
    let file = file.unwrap_or_else(|error| panic!("{VARIABLE}: {}: {error}", path.display()));
    Some(Mutex::new(file))
}
