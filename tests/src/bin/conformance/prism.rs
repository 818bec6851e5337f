//! Prism as a judge: a proxy that knows an API's description, before a server that plays back what was recorded.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde_json::Value;

use crate::exchange::{Answer, Exchange};
use crate::node::{Running, free_port};

/// Which answer is to be played back.
const PLAY: &str = "x-play";

pub(crate) struct Prism {
    url: String,
    http: reqwest::Client,
    stage: Stage,
    played: Mutex<u64>,
    _proxy: Running,
}

/// The answers that may be asked for, by number.
type Stage = Arc<Mutex<HashMap<String, Answer>>>;

/// Sentences of Prism's; none is a good sign.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) request: Vec<String>,
    pub(crate) answer: Vec<String>,
}

impl Prism {
    /// Over a description in OpenAPI, a file.
    pub(crate) async fn over(description: &str) -> anyhow::Result<Self> {
        let stage = Stage::default();
        let upstream = play_back(stage.clone()).await?;
        let port = free_port()?.to_string();
        let description = description.to_owned();
        let starting = tokio::task::spawn_blocking(move || {
            let program = "node_modules/@stoplight/prism-cli/dist/index.js";
            let arguments = [
                program,
                "proxy",
                "--errors",
                "--port",
                &port,
                &description,
                &upstream,
            ];
            anyhow::Ok((Running::start(&arguments, "Prism is listening")?, port))
        });
        let (proxy, port) = starting.await??;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::builder().no_proxy().build()?,
            stage,
            played: Mutex::default(),
            _proxy: proxy,
        })
    }

    /// Asks again what was asked and has the same answered.
    pub(crate) async fn judge(&self, exchange: &Exchange) -> anyhow::Result<Judgement> {
        let number = {
            let mut played = self.played.lock().expect("nothing panics while it is held");
            *played += 1;
            played.to_string()
        };
        if let Some(answer) = &exchange.answer {
            self.stage().insert(number.clone(), answer.clone());
        }
        let query = if exchange.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{query}{}", self.url, exchange.path, exchange.query);
        let mut request = self
            .http
            .request(exchange.method.parse()?, url)
            .header(PLAY, &number);
        for (name, value) in &exchange.headers {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        if !exchange.body.is_empty() {
            request = request.body(exchange.body.clone());
        }
        let reply = request.send().await.context("Prism does not answer")?;
        let problem = reply.headers().get("content-type");
        let problem = problem.is_some_and(|kind| kind == "application/problem+json");
        let text = reply.text().await?;
        self.stage().remove(&number);
        if !problem {
            return Ok(Judgement::default());
        }
        Judgement::read(&text)
    }

    fn stage(&self) -> std::sync::MutexGuard<'_, HashMap<String, Answer>> {
        self.stage.lock().expect("nothing panics while it is held")
    }
}

impl Judgement {
    fn read(problem: &str) -> anyhow::Result<Self> {
        let problem: Value = serde_json::from_str(problem)?;
        let mut judgement = Self::default();
        let kind = problem["type"].as_str().unwrap_or_default();
        let side = match kind.rsplit('#').next().unwrap_or_default() {
            "VIOLATIONS" => &mut judgement.answer,
            _ => &mut judgement.request,
        };
        let found = problem["validation"].as_array().into_iter().flatten();
        side.extend(found.map(|violation| {
            let place: Vec<_> = violation["location"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let message = violation["message"].as_str().unwrap_or_default();
            format!("{message} ({})", place.join("."))
        }));
        if side.is_empty() {
            side.push(problem["detail"].as_str().unwrap_or(kind).to_owned());
        }
        Ok(judgement)
    }
}

/// A server on the loopback; its address.
async fn play_back(stage: Stage) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let play = move |request: Request| {
        let number = request
            .headers()
            .get(PLAY)
            .and_then(|number| number.to_str().ok());
        let stage = stage.lock().expect("nothing panics while it is held");
        let answer = number.and_then(|number| stage.get(number)).cloned();
        std::future::ready(response(answer))
    };
    let router = axum::Router::new().fallback(play);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

fn response(answer: Option<Answer>) -> Response<Body> {
    let Some(answer) = answer else {
        // Nothing was answered then; here something must be, and nobody looks at it.
        return Response::new(Body::empty());
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        // Prism would follow it.
        if name != "location" {
            response = response.header(name, value.as_str().unwrap_or_default());
        }
    }
    response
        .body(Body::from(answer.body))
        .expect("it was a response when it was recorded")
}
