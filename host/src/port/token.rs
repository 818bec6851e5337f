//! The access token: one at a time, fetched once for all who wait (Port docs, "Port API": a token lasts three hours).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Error;
use super::rest::{Request, Rest};

/// A token is renewed so long before its end. Only a hint: Port may hand out one that is nearly used up.
const MARGIN: Duration = Duration::from_secs(60);

pub(super) struct Token {
    client_id: String,
    client_secret: SecretString,
    held: Mutex<Option<Result<Held, Error>>>,
    /// Counts the fetches, so that those who waited for one share its failure.
    fetches: AtomicU64,
}

struct Held {
    bearer: HeaderValue,
    until: Instant,
}

impl Token {
    pub(super) fn new(client_id: String, client_secret: SecretString) -> Self {
        Self {
            client_id,
            client_secret,
            held: Mutex::new(None),
            fetches: AtomicU64::new(0),
        }
    }

    /// The `Authorization` header; never the one that Port has just refused, unless Port insists on it.
    pub(super) async fn get(
        &self,
        rest: &Rest,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, Error> {
        let before = self.fetches.load(Ordering::Acquire);
        let mut held = self.held.lock().await;
        match &*held {
            Some(Ok(held)) if refused != Some(&held.bearer) && Instant::now() < held.until => {
                return Ok(held.bearer.clone());
            }
            Some(Err(error)) if self.fetches.load(Ordering::Acquire) != before => {
                return Err(error.clone());
            }
            _ => {}
        }
        let fetched = self.fetch(rest).await;
        self.fetches.fetch_add(1, Ordering::Release);
        let bearer = fetched
            .as_ref()
            .map(|held| held.bearer.clone())
            .map_err(Clone::clone);
        *held = Some(fetched);
        bearer
    }

    async fn fetch(&self, rest: &Rest) -> Result<Held, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Credentials<'a> {
            client_id: &'a str,
            client_secret: &'a str,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Access {
            access_token: String,
            expires_in: f64,
        }
        let credentials = Credentials {
            client_id: &self.client_id,
            client_secret: self.client_secret.expose_secret(),
        };
        let request = Request {
            method: Method::POST,
            path: "v1/auth/access_token".to_owned(),
            body: serde_json::to_vec(&credentials)
                .expect("two strings always serialize")
                .into(),
            source: None,
        };
        let answer = rest.exchange(&request, None).await?;
        let api = rest.base();
        let status = answer.status.as_u16();
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY => {
                return Err(Error::Unauthorized(format!(
                    "Port at {api} refuses PORT_CLIENT_ID and PORT_CLIENT_SECRET ({status}: {}): copy both again from \
                     Port's Credentials page, and make sure that PORT_URL (or PORT_API_URL) is your account's region \
                     (https://api.port.io or https://api.us.port.io)",
                    answer.words().1
                )));
            }
            status if status.is_server_error() => {
                return Err(Error::Transient(format!(
                    "Port at {api} gives no token ({status}: {})",
                    answer.words().1
                )));
            }
            _ => {
                return Err(Error::Unauthorized(format!(
                    "{api} does not answer as Port's API does ({status}: {}): set PORT_URL (or PORT_API_URL) to \
                     https://api.port.io or https://api.us.port.io",
                    answer.words().1
                )));
            }
        }
        let unreadable = || {
            Error::Transient(format!(
                "Port at {api} answered 200, but with no access token in it"
            ))
        };
        let access: Access = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", access.access_token))
            .map_err(|_| unreadable())?;
        bearer.set_sensitive(true);
        let life = Duration::try_from_secs_f64(access.expires_in)
            .unwrap_or_default()
            .min(Duration::from_secs(86_400));
        let until = Instant::now() + life.saturating_sub(MARGIN).max(life / 2);
        Ok(Held { bearer, until })
    }
}
