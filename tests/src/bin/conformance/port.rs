//! What the scenarios' hosts asked Port and what the stand-in answered, held by Prism against Port's own description
//! of its API, which is Port's and no part of this project.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};

use crate::exchange::{self, Exchange};
use crate::prism::Prism;
use crate::table::{self, Row};
use crate::verdict::Verdict;

const BASE: &str = "/v1/";
const VARIABLE: &str = "PORT_OPENAPI";

pub(crate) async fn judge(verdict: &mut Verdict) -> anyhow::Result<()> {
    let Some(description) = std::env::var_os(VARIABLE) else {
        verdict.not_judged(format!(
            "Port's side: save https://api.port.io/swagger/yaml and name that file in {VARIABLE}"
        ));
        return Ok(());
    };
    let description = std::fs::canonicalize(description).context(VARIABLE)?;
    let description = description.to_str().context("a path in UTF-8")?;
    let exchanges = exchange::recorded("Port", "port", BASE)?;
    let prism = Prism::over(description).await?;
    awake(&prism, &exchanges, verdict).await?;

    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (exchange, times) in exchange::sorts(exchanges) {
        let judgement = prism.judge(&exchange).await?;
        let row = rows.entry(endpoint(&exchange)).or_default();
        row.requests += times;
        row.sorts += 1;
        let what = format!("{} {}?{}", exchange.method, exchange.path, exchange.query);
        if !judgement.request.is_empty() {
            row.wrong_requests += 1;
            let why = judgement.request.join("; ");
            verdict.violation(format!("the request {what}: {why}"));
        }
        let answer = exchange.the_peers_own();
        if let Some(answer) = answer.filter(|_| !judgement.answer.is_empty()) {
            row.wrong_answers += 1;
            let why = judgement.answer.join("; ");
            verdict.violation(format!("the stand-in's {} to {what}: {why}", answer.status));
        }
    }
    table::heading();
    for (endpoint, row) in &rows {
        row.say(endpoint);
    }
    table::sum(rows.values());
    Ok(())
}

/// What is wrong must be found.
async fn awake(prism: &Prism, exchanges: &[Exchange], verdict: &mut Verdict) -> anyhow::Result<()> {
    let mut found = exchanges.iter();
    let bulk = found.find(|exchange| exchange.path.ends_with("/bulk"));
    let mut wrong = bulk.context("no bulk call is recorded")?.clone();
    let mut body: Value = serde_json::from_str(&wrong.body)?;
    body["entities"] = json!([]);
    wrong.body = body.to_string();
    let judgement = prism.judge(&wrong).await?;
    let found = judgement.request.first();
    verdict.require(found.is_some(), || {
        "the judge sleeps: a bulk call without entities was not found wrong".to_owned()
    });
    println!(
        "    the judge is awake: a bulk call without entities: {}",
        found.map_or("nothing", String::as_str)
    );
    Ok(())
}

/// Method and path without the names in it.
fn endpoint(exchange: &Exchange) -> String {
    let mut path = String::new();
    let mut before = "";
    for segment in exchange.segments() {
        path += "/";
        path += match (before, segment) {
            ("blueprints", _) => "{blueprint}",
            ("entities", "bulk" | "search") => segment,
            ("entities", _) => "{entity}",
            _ => segment,
        };
        before = segment;
    }
    format!("{} {path}", exchange.method)
}
