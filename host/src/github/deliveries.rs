//! GitHub's log of what it sent to the App's webhook, whether it arrived or not.
//!
//! GitHub keeps it for some days (3 on github.com, 7 on an Enterprise Server: GitHub docs, Viewing webhook deliveries)
//! and by itself sends nothing again.

use jiff::Timestamp;
use reqwest::Url;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::endpoint::{DELIVERIES, DELIVERY};
use super::{Error, GitHub};
use crate::delivery::Delivery;

/// One time that GitHub sent, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    pub id: u64,
    /// The delivery's; sent again it has the same one, under another id.
    pub guid: String,
    #[serde(deserialize_with = "time")]
    pub delivered_at: Timestamp,
    #[serde(default)]
    pub redelivery: bool,
    /// What was answered; 0 where nothing was.
    #[serde(default)]
    pub status_code: i64,
    pub event: String,
    pub action: Option<String>,
}

impl Attempt {
    /// Whether somebody took it.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

/// A page of the log, the newest first.
#[derive(Debug)]
pub struct Log {
    pub attempts: Vec<Attempt>,
    /// Where the older ones are.
    pub next: Option<Cursor>,
}

/// A place in the log, as GitHub linked it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Url);

impl GitHub {
    /// A page of the log: the newest one, or that at a cursor.
    pub async fn deliveries(&self, cursor: Option<&Cursor>) -> Result<Log, Error> {
        let mut request = self.request(&DELIVERIES.fill(&[]), None)?;
        if let Some(Cursor(url)) = cursor {
            request.url = url.clone();
        }
        let reply = self.call(&request, None).await?.success(None)?;
        let next = self.0.rest.next(&reply, request.within)?;
        Ok(Log {
            attempts: reply.json()?,
            next: next.map(Cursor),
        })
    }

    /// What was sent, by an attempt's id. `None` where GitHub does not have the payload any more.
    pub async fn delivery(&self, attempt: u64) -> Result<Option<Delivery>, Error> {
        #[derive(Deserialize)]
        struct Sent<'a> {
            guid: String,
            event: String,
            #[serde(borrow)]
            request: Request<'a>,
        }
        #[derive(Deserialize)]
        struct Request<'a> {
            #[serde(borrow)]
            payload: Option<&'a RawValue>,
        }
        let reply = match self.ask(&DELIVERY, &[&attempt.to_string()], None).await {
            Ok(reply) => reply,
            Err(Error::Missing { .. }) => return Ok(None),
            Err(failed) => return Err(failed),
        };
        let sent: Sent<'_> = reply.json()?;
        let Some(payload) = sent.request.payload else {
            return Ok(None);
        };
        let delivery = Delivery::fetched(&sent.guid, &sent.event, payload.get().to_owned());
        delivery.map(Some).map_err(|refusal| Error::Unexpected {
            what: reply.what.clone(),
            status: reply.status.as_u16(),
            message: refusal.to_string(),
        })
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}
