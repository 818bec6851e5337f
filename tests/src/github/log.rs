//! What GitHub remembers of the deliveries that it sent or tried to send (GitHub docs, "REST API endpoints for GitHub
//! App webhooks"): the newest first, page by page, and each with its payload.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::delivery::Signed;
use super::routes::{Refusal, ok};
use super::world::{World, time};
use crate::wire::{Answer, Call};

/// The real one keeps some days' deliveries.
const KEPT: usize = 5_000;

pub(super) struct Log {
    /// The oldest first.
    attempts: VecDeque<Attempt>,
    pub(super) keeps: usize,
}

struct Attempt {
    id: u64,
    delivered: Timestamp,
    redelivery: bool,
    url: String,
    took: Duration,
    /// `None`: nobody answered.
    answer: Option<(u16, String)>,
    signed: Signed,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            attempts: VecDeque::new(),
            keeps: KEPT,
        }
    }
}

impl World {
    /// An attempt came to its end.
    pub(super) fn sent(
        &mut self,
        signed: &Signed,
        url: &str,
        took: Duration,
        answer: Option<(u16, String)>,
    ) {
        let (id, delivered) = (self.next_id(), self.now());
        let attempts = &mut self.log.attempts;
        let redelivery = attempts.iter().any(|one| one.signed.guid == signed.guid);
        attempts.push_back(Attempt {
            id,
            delivered,
            redelivery,
            url: url.into(),
            took,
            answer,
            signed: signed.clone(),
        });
        while attempts.len() > self.log.keeps {
            attempts.pop_front();
        }
    }

    /// A page; the cursor is the id with which the next one begins.
    pub(super) fn deliveries(&self, call: &Call) -> Result<Answer, Refusal> {
        let size = call.parameter("per_page");
        let size = size.and_then(|text| text.parse::<usize>().ok());
        let size = size.unwrap_or(30).clamp(1, 100);
        let cursor = match call.parameter("cursor") {
            None => u64::MAX,
            Some(cursor) => {
                let id = cursor.strip_prefix("v1_").and_then(|id| id.parse().ok());
                id.ok_or_else(|| Refusal::new(422, "The cursor is invalid"))?
            }
        };
        let newest_first = self.log.attempts.iter().rev();
        let mut below = newest_first.filter(|attempt| attempt.id <= cursor);
        let page: Vec<_> = below.by_ref().take(size).map(Attempt::short).collect();
        let answer = ok(&json!(page))?;
        let Some(next) = below.next() else {
            return Ok(answer);
        };
        let link = format!(
            "<{}{}?per_page={size}&cursor=v1_{}>; rel=\"next\"",
            self.web, call.path, next.id
        );
        Ok(answer.with("link", link))
    }

    pub(super) fn delivery(&self, id: &str) -> Result<Answer, Refusal> {
        let mut attempts = self.log.attempts.iter();
        let attempt = attempts.find(|attempt| attempt.id.to_string() == id);
        ok(&attempt.ok_or_else(Refusal::missing)?.long())
    }
}

impl Attempt {
    fn short(&self) -> Value {
        let about = &self.signed.about;
        let (status, code) = match &self.answer {
            None => ("failed to connect".to_owned(), 502),
            Some((code @ 200..=299, _)) => ("OK".to_owned(), *code),
            Some((code, _)) => (format!("Invalid HTTP Response: {code}"), *code),
        };
        json!({
            "id": self.id, "guid": self.signed.guid, "delivered_at": time(self.delivered),
            "redelivery": self.redelivery, "duration": self.took.as_secs_f64(), "status": status,
            "status_code": code, "event": self.signed.event, "action": about.action,
            "installation_id": about.installation, "repository_id": about.repository,
            "throttled_at": null,
        })
    }

    fn long(&self) -> Value {
        let mut json = self.short();
        let payload: Value =
            serde_json::from_slice(&self.signed.payload).expect("an event's payload is JSON");
        let headers = self.signed.headers().into_iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), json!(value)));
        json["url"] = json!(self.url);
        json["request"] = json!({
            "headers": headers.collect::<Map<_, _>>(), "payload": payload,
        });
        let text = self.answer.as_ref().map(|(_, text)| text);
        json["response"] = json!({"headers": {}, "payload": text});
        json
    }
}
