//! Port's access tokens: one active at a time, the same one again until it expires.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::routes::Refusal;

pub(super) const CLIENT_ID: &str = "portolan-test-client";
pub(super) const CLIENT_SECRET: &str = "portolan-test-secret";

/// "A token is valid for 3 hours" (Port docs, API reference).
const LIFETIME: Duration = Duration::from_secs(3 * 60 * 60);

pub(super) struct Credentials {
    pub(super) lifetime: Duration,
    active: Option<(String, Instant)>,
    issued: u64,
    refused: bool,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            lifetime: LIFETIME,
            active: None,
            issued: 0,
            refused: false,
        }
    }
}

impl Credentials {
    pub(super) fn expire(&mut self) {
        self.active = None;
    }

    pub(super) fn refuse(&mut self) {
        self.refused = true;
        self.active = None;
    }

    /// `POST /v1/auth/access_token`.
    pub(super) fn issue(&mut self, body: &Value) -> Result<Value, Refusal> {
        if self.refused || body["clientId"] != CLIENT_ID || body["clientSecret"] != CLIENT_SECRET {
            return Err(Refusal::new(
                401,
                "invalid_credentials",
                "Invalid client id or secret",
            ));
        }
        let now = Instant::now();
        if self.active.as_ref().is_none_or(|(_, end)| *end <= now) {
            self.issued += 1;
            let token = format!("port-token-{}", self.issued);
            self.active = Some((token, now + self.lifetime));
        }
        let (token, end) = self.active.as_ref().expect("set just above");
        Ok(json!({
            "ok": true,
            "accessToken": token,
            "expiresIn": end.duration_since(now).as_secs(),
            "tokenType": "Bearer",
        }))
    }

    pub(super) fn check(&self, token: Option<&str>) -> Result<(), Refusal> {
        let valid = |(active, end): &(String, Instant)| {
            token == Some(active.as_str()) && *end > Instant::now()
        };
        if self.active.as_ref().is_some_and(valid) {
            return Ok(());
        }
        Err(Refusal::new(401, "unauthorized", "Unauthorized"))
    }
}
