//! Blueprints, read and remembered for a moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

pub(super) struct Blueprints {
    known: Cache<String, Read>,
    /// What was asked for earlier counts no more.
    since: Mutex<Instant>,
}

#[derive(Clone)]
struct Read {
    /// When it was asked for: the answer may tell of a state from then.
    asked: Instant,
    found: Option<Arc<str>>,
}

impl Default for Blueprints {
    fn default() -> Self {
        let known = Cache::builder()
            .max_capacity(CAPACITY)
            .expire_after(Life)
            .build();
        Self {
            known,
            since: Mutex::new(Instant::now()),
        }
    }
}

impl Blueprints {
    pub(super) async fn get(&self, rest: &Rest, id: &str) -> Result<Option<Arc<str>>, Error> {
        // Nothing that Port could have, and no way out of the path.
        if !is_blueprint(id) {
            return Ok(None);
        }
        let since = *self.since();
        loop {
            let read = self.known.try_get_with_by_ref(id, fetch(rest, id));
            let read = read.await.map_err(|error| Error::clone(&error))?;
            if read.asked >= since {
                return Ok(read.found);
            }
            self.known.invalidate(id).await;
        }
    }

    /// Whoever asks from now on is told what is so from now on, also where somebody is asking already.
    pub(super) fn forget(&self) {
        *self.since() = Instant::now();
    }

    fn since(&self) -> MutexGuard<'_, Instant> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is there now, whatever is remembered.
    pub(super) async fn look(&self, rest: &Rest, id: &str) -> Result<bool, Error> {
        if !is_blueprint(id) {
            return Ok(false);
        }
        let read = fetch(rest, id).await?;
        let there = read.found.is_some();
        self.known.insert(id.to_owned(), read).await;
        Ok(there)
    }
}

async fn fetch(rest: &Rest, id: &str) -> Result<Read, Error> {
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
    let asked = Instant::now();
    let answer = rest.send(&request).await?;
    let found = match answer.status {
        StatusCode::OK => {
            let unreadable = |error| {
                Error::Failed(format!(
                    "Port's answer for blueprint `{id}` cannot be read: {error}"
                ))
            };
            let body: Body<'_> = serde_json::from_slice(&answer.body).map_err(unreadable)?;
            Some(body.blueprint.get().into())
        }
        StatusCode::NOT_FOUND => None,
        status => {
            let what = What {
                blueprint: id.to_owned(),
                identifier: None,
            };
            return Err(Error::answered(what, status.as_u16(), answer.words()));
        }
    };
    Ok(Read { asked, found })
}

struct Life;

impl Expiry<String, Read> for Life {
    fn expire_after_create(&self, _: &String, read: &Read, _: Instant) -> Option<Duration> {
        Some(if read.found.is_some() { FOUND } else { MISSING })
    }
}
