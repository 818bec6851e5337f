//! A webhook on its way: signed over its bytes and posted as GitHub posts it.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// From GitHub's own example (GitHub docs, "Validating webhook deliveries").
pub(super) const SECRET: &str = "It's a Secret to Everybody";

/// What happened: the event's name and its payload.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub payload: Value,
}

/// A delivery ready to be posted. All parts may be spoiled first.
#[derive(Debug, Clone)]
pub struct Signed {
    pub event: String,
    pub guid: String,
    pub signature: Option<String>,
    pub content_type: String,
    pub body: Bytes,
    /// The JSON in it.
    pub(super) payload: Bytes,
    /// What GitHub's log tells of it.
    pub(super) about: About,
    app: u64,
}

#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) action: Value,
    pub(super) installation: Value,
    pub(super) repository: Value,
}

impl Event {
    pub fn new(name: &str, payload: Value) -> Self {
        Self {
            name: name.into(),
            payload,
        }
    }
}

impl Signed {
    pub(super) fn new(event: &Event, app: u64) -> Self {
        let body = Bytes::from(event.payload.to_string());
        Self {
            event: event.name.clone(),
            guid: guid(),
            signature: Some(sign(SECRET, &body)),
            content_type: "application/json".into(),
            payload: body.clone(),
            about: About {
                action: event.payload["action"].clone(),
                installation: event.payload["installation"]["id"].clone(),
                repository: event.payload["repository"]["id"].clone(),
            },
            body,
            app,
        }
    }

    /// The form that a hook sends whose content type was never set to JSON; signed over the form's bytes.
    pub fn as_form(mut self) -> Self {
        let alphabet = percent_encoding::NON_ALPHANUMERIC;
        let encoded = percent_encoding::percent_encode(&self.body, alphabet);
        self.body = Bytes::from(format!("payload={encoded}"));
        self.content_type = "application/x-www-form-urlencoded".into();
        self.signature = Some(sign(SECRET, &self.body));
        self
    }

    /// Signed with another secret.
    pub fn signed_with(mut self, secret: &str) -> Self {
        self.signature = Some(sign(secret, &self.body));
        self
    }

    /// Headers in the order in which GitHub sends them.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("accept", "*/*".to_owned()),
            ("content-type", self.content_type.clone()),
            ("user-agent", "GitHub-Hookshot/0cd5f3c".to_owned()),
            ("x-github-delivery", self.guid.clone()),
            ("x-github-enterprise-host", "127.0.0.1".to_owned()),
            ("x-github-enterprise-version", "3.19.0".to_owned()),
            ("x-github-event", self.event.clone()),
            ("x-github-hook-id", "1".to_owned()),
            ("x-github-hook-installation-target-id", self.app.to_string()),
            (
                "x-github-hook-installation-target-type",
                "integration".to_owned(),
            ),
        ];
        if let Some(signature) = &self.signature {
            headers.push(("x-hub-signature-256", signature.clone()));
        }
        headers
    }

    /// The status, 0 where no answer came, and the text.
    pub(super) async fn post(&self, http: &reqwest::Client, url: &str) -> (u16, String) {
        let request = self.headers().into_iter().fold(
            http.post(url).body(self.body.clone()),
            |request, (name, value)| request.header(name, value),
        );
        match request.send().await {
            Ok(answer) => (
                answer.status().as_u16(),
                answer.text().await.unwrap_or_default(),
            ),
            Err(error) => (0, error.to_string()),
        }
    }
}

/// `sha256=` and the HMAC in lower-case hexadecimal.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Unlike all others of this process and, by its time, of earlier ones.
fn guid() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = jiff::Timestamp::now().as_nanosecond();
    let hash = hex::encode(Sha256::digest(format!(
        "{now} {count} {}",
        std::process::id()
    )));
    format!(
        "{}-{}-{}-{}-{}",
        &hash[..8],
        &hash[8..12],
        &hash[12..16],
        &hash[16..20],
        &hash[20..32]
    )
}
