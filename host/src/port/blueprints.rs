//! Blueprints, read and remembered for a moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;
use moka::future::Cache;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use super::error::What;
use super::rest::{Request, Rest, segment};
use crate::entity::is_blueprint;

/// People edit blueprints in Port's pages and expect the next push to see it.
const FOUND: Duration = Duration::from_secs(60);
/// Shorter: whoever has just been told that it is missing creates it now.
const MISSING: Duration = Duration::from_secs(10);
/// An organization has some dozens; the bound is for plugins that ask for invented ones.
const CAPACITY: u64 = 1000;

pub(super) struct Blueprints(Cache<String, Option<Arc<str>>>);

impl Default for Blueprints {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(CAPACITY)
                .expire_after(Life)
                .build(),
        )
    }
}

impl Blueprints {
    pub(super) async fn get(&self, rest: &Rest, id: &str) -> Result<Option<Arc<str>>, Error> {
        // Nothing that Port could have, and no way out of the path.
        if !is_blueprint(id) {
            return Ok(None);
        }
        self.0
            .try_get_with_by_ref(id, fetch(rest, id))
            .await
            .map_err(|error| Error::clone(&error))
    }

    /// Whether it is there now, whatever is remembered.
    pub(super) async fn look(&self, rest: &Rest, id: &str) -> Result<bool, Error> {
        if !is_blueprint(id) {
            return Ok(false);
        }
        let found = fetch(rest, id).await?;
        let there = found.is_some();
        self.0.insert(id.to_owned(), found).await;
        Ok(there)
    }
}

async fn fetch(rest: &Rest, id: &str) -> Result<Option<Arc<str>>, Error> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        blueprint: &'a RawValue,
    }
    let request = Request {
        method: Method::GET,
        path: format!("v1/blueprints/{}", segment(id)),
        body: Bytes::new(),
        source: None,
    };
    let answer = rest.send(&request).await?;
    match answer.status {
        StatusCode::OK => {
            let unreadable = |error| {
                Error::Failed(format!(
                    "Port's answer for blueprint `{id}` cannot be read: {error}"
                ))
            };
            let body: Body<'_> = serde_json::from_slice(&answer.body).map_err(unreadable)?;
            Ok(Some(body.blueprint.get().into()))
        }
        StatusCode::NOT_FOUND => Ok(None),
        status => {
            let what = What {
                blueprint: id.to_owned(),
                identifier: None,
            };
            Err(Error::answered(what, status.as_u16(), answer.words()))
        }
    }
}

struct Life;

impl Expiry<String, Option<Arc<str>>> for Life {
    fn expire_after_create(
        &self,
        _: &String,
        found: &Option<Arc<str>>,
        _: Instant,
    ) -> Option<Duration> {
        Some(if found.is_some() { FOUND } else { MISSING })
    }
}
