//! A running host, asked over HTTP at the address that its `admin.json` names.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

use crate::admin::pass::{Pass, Token};
use crate::admin::redact;
use crate::admin::wire::{self, Counted, Deletions, Delivery, Filter, Order, Page, Shown};

/// It is on this machine.
const CONNECT: Duration = Duration::from_secs(2);

/// Longer than the host gives itself.
const ANSWER: Duration = Duration::from_secs(45);

pub(super) struct Running {
    http: Client,
    deliveries: Url,
    token: Token,
}

pub(super) enum Reached {
    Host(Running),
    /// Nobody is there, or somebody else.
    Other(String),
}

impl Running {
    /// A host that was killed leaves its pass behind, and another program may have its port by now.
    pub(super) async fn reach(pass: &Pass) -> anyhow::Result<Reached> {
        // No proxy, and nowhere else: the token is for this one.
        let http = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .build()
            .context("making an HTTP client")?;
        let address = pass.address;
        let running = Self {
            http,
            deliveries: Url::parse(&format!("http://{address}/v1/deliveries"))?,
            token: pass.token.clone(),
        };
        let mut one = running.deliveries.clone();
        one.query_pairs_mut().append_pair("limit", "1");
        let answered = running.authorized(running.http.get(one)).send().await;
        Ok(match answered {
            Err(error) if error.is_connect() => {
                Reached::Other(format!("nothing listens on {address}"))
            }
            Err(error) => Reached::Other(format!("{address}: {}", cause(&error))),
            // Neither does somebody else's 404 mean that the host runs.
            Ok(answer) => match answer.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                    Reached::Other(format!("somebody else listens on {address}"))
                }
                _ => Reached::Host(running),
            },
        })
    }

    pub(super) async fn list(&self, filter: &Filter) -> anyhow::Result<Vec<Delivery>> {
        let mut url = self.deliveries.clone();
        let fields = serde_json::to_value(filter)?;
        for (name, value) in fields.as_object().into_iter().flatten() {
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Array(ids) => {
                    let ids: Vec<_> = ids.iter().filter_map(|id| id.as_str()).collect();
                    ids.join(",")
                }
                other => other.to_string(),
            };
            url.query_pairs_mut().append_pair(name, &text);
        }
        let page: Page = self.ask(self.http.get(url)).await?;
        Ok(page.deliveries)
    }

    pub(super) async fn show(&self, id: &str) -> anyhow::Result<Shown> {
        self.ask(self.http.get(self.below(id)?)).await
    }

    pub(super) async fn deletions(&self) -> anyhow::Result<Deletions> {
        let mut url = self.deliveries.clone();
        url.set_path("/v1/deletions");
        self.ask(self.http.get(url)).await
    }

    pub(super) async fn order(&self, verb: &str, order: &Order) -> anyhow::Result<Counted> {
        self.ask(self.http.post(self.below(verb)?).json(order))
            .await
    }

    fn below(&self, last: &str) -> anyhow::Result<Url> {
        let mut url = self.deliveries.clone();
        let mut path = url
            .path_segments_mut()
            .map_err(|()| anyhow!("{} has no path", self.deliveries))?;
        path.push(last);
        drop(path);
        Ok(url)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let answered = self.authorized(request).send().await;
        let answer = answered.map_err(|error| {
            anyhow!(
                "the host that runs does not answer ({}): it may be stopping, so try again",
                cause(&error)
            )
        })?;
        let status = answer.status();
        let text = answer.text().await.context("the host's answer broke off")?;
        if !status.is_success() {
            let said = serde_json::from_str::<wire::Error>(&text);
            bail!(said.map_or_else(
                |_| format!("the host answers {status}"),
                |said| redact::line(&said.error)
            ));
        }
        serde_json::from_str(&text)
            .context("the host's answer is not understood: it is of another version")
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.expose())
    }
}

/// The innermost reason: the outer ones only repeat the address.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
