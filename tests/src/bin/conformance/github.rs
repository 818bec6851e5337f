//! What the scenarios' hosts asked GitHub and what the stand-in answered, held by Prism against GitHub's own
//! description of GitHub Enterprise Server 3.19.

use anyhow::Context;
use portolan::github::{ENDPOINTS, Endpoint};
use serde_json::{Value, json};

use crate::description;
use crate::exchange::{self, Exchange};
use crate::prism::Prism;
use crate::table::{self, Row};
use crate::verdict::Verdict;

const BASE: &str = "/api/v3";

/// Not in GitHub's description, each with its reason.
const EXEMPT: [(&str, &str); 2] = [
    (
        "GET /repositories/{id} and below",
        "GitHub leads there after a rename, but does not describe it: judged as /repos/{owner}/{repo}",
    ),
    (
        "answers to GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
        "GitHub's documentation gives the media type raw, its description JSON alone",
    ),
];

pub(crate) async fn judge(verdict: &mut Verdict) -> anyhow::Result<()> {
    let exchanges = exchange::recorded("GitHub", "portolan/", BASE)?;
    let prism = Prism::over(description::mended()?).await?;
    awake(&prism, &exchanges, verdict).await?;

    table::heading();
    let mut rows: Vec<Row> = ENDPOINTS.iter().map(|_| Row::default()).collect();
    let mut mappers = Row::default();
    for (exchange, times) in exchange::sorts(exchanges) {
        let own = ENDPOINTS
            .iter()
            .position(|endpoint| is_of(endpoint, &exchange));
        let judgement = prism.judge(&described(&exchange)).await?;
        let row = own.map_or(&mut mappers, |own| &mut rows[own]);
        row.requests += times;
        row.sorts += 1;
        let what = format!("{} {}?{}", exchange.method, exchange.path, exchange.query);
        if !judgement.request.is_empty() {
            row.wrong_requests += 1;
            // A mapper's question too: the host asks it, and the mappers of the tests ask what GitHub has.
            verdict.violation(format!(
                "the request {what}: {}",
                judgement.request.join("; ")
            ));
        }
        if !judgement.answer.is_empty() && is_the_stand_ins(&exchange) {
            row.wrong_answers += 1;
            let status = exchange.answer.map_or(0, |answer| answer.status);
            verdict.violation(format!(
                "the stand-in's {status} to {what}: {}",
                judgement.answer.join("; ")
            ));
        }
    }
    for (endpoint, row) in ENDPOINTS.iter().zip(&rows) {
        row.say(&format!("{endpoint}{}", endpoint.query));
        verdict.require(row.requests > 0, || {
            format!("no scenario leads the host to {endpoint}{}", endpoint.query)
        });
    }
    mappers.say("what mappers asked (`api`)");
    table::sum(rows.iter().chain([&mappers]));
    for (what, why) in EXEMPT {
        println!("    exempt: {what}: {why}");
    }
    Ok(())
}

/// What is wrong must be found: a request, a body, a path and an answer.
async fn awake(prism: &Prism, exchanges: &[Exchange], verdict: &mut Verdict) -> anyhow::Result<()> {
    let good = |path: &str, method: &str| {
        let mut found = exchanges.iter();
        let found = found.find(|exchange| {
            let status = exchange.answer.as_ref().map_or(0, |answer| answer.status);
            exchange.path.ends_with(path)
                && exchange.method == method
                && (200..300).contains(&status)
        });
        let found = found.map(described);
        found.with_context(|| format!("no answered {method} …{path} is recorded"))
    };
    let mut state = good("/app", "GET")?;
    state.path = "/repos/acme/shop/pulls".into();
    state.query = "state=merged".into();
    let mut body = good("/access_tokens", "POST")?;
    body.body = json!({"repositories": "shop"}).to_string();
    body.headers
        .insert("content-type".into(), json!("application/json"));
    let mut path = good("/app", "GET")?;
    path.path = "/apps".into();
    let right = good("/app", "GET")?;
    let mut missing = right.clone();
    if let Some(answer) = &mut missing.answer {
        let mut json: Value = serde_json::from_str(&answer.body)?;
        json.as_object_mut().map(|fields| fields.remove("node_id"));
        answer.body = json.to_string();
    }
    let requests = [
        ("pulls?state=merged", state),
        ("a token's `repositories` as a text", body),
        ("a path that GitHub does not have", path),
    ];
    for (what, exchange) in requests {
        caught(what, &prism.judge(&exchange).await?.request, verdict);
    }
    let what = "an App without `node_id`";
    caught(what, &prism.judge(&missing).await?.answer, verdict);
    Ok(())
}

fn caught(what: &str, found: &[String], verdict: &mut Verdict) {
    verdict.require(!found.is_empty(), || {
        format!("the judge sleeps: {what} was not found wrong")
    });
    let found = found.first().map_or("nothing", String::as_str);
    println!("    the judge is awake: {what}: {found}");
}

/// Whether the host asks this by itself.
fn is_of(endpoint: &Endpoint, exchange: &Exchange) -> bool {
    let path = exchange.path.strip_prefix(BASE).unwrap_or_default();
    let (given, wanted): (Vec<_>, Vec<_>) = (
        path.split('/').collect(),
        endpoint.path.split('/').collect(),
    );
    let same = given.len() == wanted.len()
        && given
            .iter()
            .zip(&wanted)
            .all(|(given, wanted)| wanted.starts_with('{') || given == wanted);
    // A list is followed from page to page.
    let query = exchange
        .query
        .split('&')
        .filter(|pair| !pair.starts_with("page="));
    let query = query.collect::<Vec<_>>().join("&");
    exchange.method == endpoint.method && same && query == endpoint.query.trim_start_matches('?')
}

/// The same as GitHub's description names it.
fn described(exchange: &Exchange) -> Exchange {
    let mut described = exchange.clone();
    let path = exchange.path.strip_prefix(BASE).unwrap_or(&exchange.path);
    described.path = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "repositories", _, below @ ..] => {
            let below: String = below.iter().map(|segment| format!("/{segment}")).collect();
            format!("/repos/owner/repository{below}")
        }
        _ => path.to_owned(),
    };
    described
}

/// Not what a scenario laid there, and not a file's bytes.
fn is_the_stand_ins(exchange: &Exchange) -> bool {
    let accept = exchange.headers.get("accept").and_then(Value::as_str);
    let raw = accept.is_some_and(|accept| accept.contains("raw"));
    let answer = exchange.the_peers_own();
    answer.is_some_and(|answer| !(raw && answer.status == 200))
}
