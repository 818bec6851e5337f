//! A server between the host and emulate. It counts what is asked, and mends two of emulate's answers,
//! each out of another answer of emulate's: GitHub's description and documentation say that they are otherwise.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const BRANCH: (&str, &str) = (
    "GET /repos/{owner}/{repo}/branches/{branch}",
    "emulate gives the sha of the commit alone, GitHub's description demands the commit with its tree",
);
const BLOB: (&str, &str) = (
    "GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
    "emulate gives JSON, whatever is asked for; GitHub gives the bytes to who asks for the media type raw",
);
/// More than emulate ever answers.
const LARGEST: usize = 1 << 20;

pub(crate) struct Between {
    url: String,
    road: Arc<Road>,
}

struct Road {
    emulate: String,
    http: reqwest::Client,
    asked: Mutex<BTreeMap<(String, u16), usize>>,
    mended: Mutex<BTreeMap<(&'static str, &'static str), usize>>,
}

impl Between {
    pub(crate) async fn start(emulate: &str) -> anyhow::Result<Self> {
        let road = Arc::new(Road {
            emulate: emulate.to_owned(),
            http: reqwest::Client::builder().no_proxy().build()?,
            asked: Mutex::default(),
            mended: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let going = road.clone();
        let pass = move |request: Request| {
            let road = going.clone();
            async move {
                let passed = road.pass(request).await;
                passed.unwrap_or_else(|error| {
                    (StatusCode::BAD_GATEWAY, error.to_string()).into_response()
                })
            }
        };
        let router = axum::Router::new().fallback(pass);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, road })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Requests, how they were answered, and how often.
    pub(crate) fn asked(&self) -> Vec<(String, u16, usize)> {
        let asked = lock(&self.road.asked);
        let asked = asked.iter();
        asked
            .map(|((request, status), times)| (request.clone(), *status, *times))
            .collect()
    }

    pub(crate) fn mended(&self) -> Vec<(&'static str, &'static str, usize)> {
        let mended = lock(&self.road.mended);
        mended
            .iter()
            .map(|((what, why), times)| (*what, *why, *times))
            .collect()
    }
}

impl Road {
    async fn pass(&self, request: Request) -> anyhow::Result<Response> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, LARGEST).await?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let (status, bytes) = self.ask(&parts.method, path, &parts.headers, body).await?;
        let seen = (format!("{} {path}", parts.method), status.as_u16());
        *lock(&self.asked).entry(seen).or_default() += 1;
        let bytes = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "repos", owner, name, "branches", _] if status.is_success() => {
                let mut branch: Value = serde_json::from_slice(&bytes)?;
                let sha = branch["commit"]["sha"].as_str().unwrap_or_default();
                let commit = format!("/repos/{owner}/{name}/commits/{sha}");
                let commit = self
                    .ask(&Method::GET, &commit, &parts.headers, Bytes::new())
                    .await?;
                branch["commit"] = serde_json::from_slice(&commit.1)?;
                *lock(&self.mended).entry(BRANCH).or_default() += 1;
                branch.to_string().into()
            }
            ["", "repos", _, _, "git", "blobs", _]
                if status.is_success() && wants_raw(&parts.headers) =>
            {
                let blob: Value = serde_json::from_slice(&bytes)?;
                *lock(&self.mended).entry(BLOB).or_default() += 1;
                STANDARD
                    .decode(blob["content"].as_str().unwrap_or_default())?
                    .into()
            }
            _ => bytes,
        };
        Ok((status, Body::from(bytes)).into_response())
    }

    async fn ask(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut headers = headers.clone();
        headers.remove("host");
        headers.remove("content-length");
        let asking = self
            .http
            .request(method.clone(), format!("{}{path}", self.emulate));
        let answer = asking.headers(headers).body(body).send().await?;
        Ok((answer.status(), answer.bytes().await?))
    }
}

fn wants_raw(headers: &HeaderMap) -> bool {
    let accept = headers
        .get("accept")
        .and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("raw"))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("nothing panics while it is held")
}
