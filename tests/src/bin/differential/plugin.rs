//! The plugin, by `portolan preview`: a resource whose properties are the programs, and one object with their inputs.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use portolan_tests::host::{binary, guest};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::cases::Case;

/// Programs in one configuration: what is told of one event is bounded.
const TOGETHER: usize = 100;
/// How the plugin says that a program fails, or is none.
const FAILURES: [&str; 2] = [" fails: ", "is no valid jq"];
const KIND: &str = "pull-request";

pub(super) fn run(cases: &[Case]) -> anyhow::Result<Vec<Outcome>> {
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("mapping.wasm"), guest("mapping"))?;
    let mut outcomes = Vec::new();
    for cases in cases.chunks(TOGETHER) {
        outcomes.extend(preview(dir.path(), cases)?);
    }
    Ok(outcomes)
}

fn preview(dir: &std::path::Path, cases: &[Case]) -> anyhow::Result<Vec<Outcome>> {
    let (object, config) = (dir.join("object.json"), dir.join("port-app-config.yml"));
    let inputs: Value = cases.iter().map(|case| case.input.clone()).collect();
    let object_of_inputs = json!({ "id": 1, "number": 1, "title": "Inputs", "inputs": inputs });
    std::fs::write(&object, object_of_inputs.to_string())?;
    std::fs::write(&config, configuration(cases).to_string())?;
    let output = Command::new(binary())
        .args(["preview", "--json", "--plugin", "mapping", "--kind", KIND])
        .args(["--repository", "acme/shop", "--event"])
        .arg(object)
        .arg("--config")
        .arg(config)
        .env_clear()
        .env("BUNDLED_PLUGIN_DIR", dir)
        .env("DATA_DIR", dir)
        .stderr(Stdio::inherit())
        .output()?;
    let lines = String::from_utf8(output.stdout)?;
    let lines = lines.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<_> = lines.collect::<Result<_, _>>().context("preview --json")?;
    let told = lines
        .iter()
        .filter_map(|line| line["diagnostics"].as_array());
    let errors: HashMap<_, _> = told
        .flatten()
        .filter_map(|told| Some((told["field"].as_str()?, told["message"].as_str()?)))
        // What is only thought of a program is another matter.
        .filter(|(_, message)| FAILURES.iter().any(|words| message.contains(words)))
        .collect();
    let object = lines.iter().find(|line| line["type"] == "object");
    let properties = object.map(|object| &object["entities"][0]["properties"]);
    let properties = properties.and_then(Value::as_object);
    ensure!(properties.is_some(), "no entity: {lines:#?}");
    let outcome = |(nth, _)| {
        let name = name(nth);
        match errors.get(&*format!("properties.{name}")) {
            Some(why) => Outcome::Error((*why).to_owned()),
            None => match properties.and_then(|properties| properties.get(&name)) {
                Some(value) => Outcome::Value(value.clone()),
                None => Outcome::Nothing,
            },
        }
    };
    Ok(cases.iter().enumerate().map(outcome).collect())
}

fn name(nth: usize) -> String {
    format!("p{nth}")
}

/// JSON is YAML. A program may end with a comment, so what closes it stands on a line of its own.
fn configuration(cases: &[Case]) -> Value {
    let programs = cases.iter().enumerate().map(|(nth, case)| {
        let program = format!(".inputs[{nth}] | (\n{}\n)", case.program);
        (name(nth), json!(program))
    });
    let mappings = json!({
        "identifier": "\"one\"",
        "blueprint": "\"service\"",
        "properties": programs.collect::<Map<_, _>>(),
    });
    let port = json!({ "entity": { "mappings": mappings } });
    json!({ "resources": [{ "kind": KIND, "selector": { "query": "true" }, "port": port }] })
}
