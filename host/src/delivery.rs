//! A delivery: one authentic webhook request.
//!
//! Whoever holds a `Delivery` holds something that GitHub sent, by one of three ways: [`Delivery::authenticate`] checks
//! the signature of what anybody may have sent, [`Delivery::kept`] reads again what passed when it was stored, and
//! [`Delivery::fetched`] takes what GitHub's own log of deliveries gave to the App. The last two check nothing of that:
//! they rest on whoever calls them.
//! Knows headers, signature and encoding; what the payload is about is `subject`'s business.

mod body;
mod packed;
mod signature;

use std::ops::Range;

use bytes::Bytes;
use secrecy::SecretString;

pub use packed::{Unpackable, pack, unpack};

/// The request headers that a delivery is made of, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// `X-GitHub-Event`
    pub event: Option<&'a str>,
    /// `X-GitHub-Delivery`
    pub delivery: Option<&'a str>,
    /// `X-Hub-Signature-256`
    pub signature: Option<&'a str>,
    /// `Content-Type`
    pub content_type: Option<&'a str>,
}

/// Why a request is not a delivery: the sentence that its sender reads in GitHub's list of deliveries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The header {0} is missing: this does not come from a GitHub webhook.")]
    MissingHeader(&'static str),
    #[error(
        "The header {0} is longer than {MAX_HEADER} characters or holds other than printable ASCII."
    )]
    BadHeader(&'static str),
    #[error(
        "The header X-Hub-Signature-256 is missing: set the App's webhook secret to the value of WEBHOOK_SECRET."
    )]
    NoSignature,
    #[error("The header X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits.")]
    MalformedSignature,
    #[error(
        "The signature does not match the body: the App's webhook secret and WEBHOOK_SECRET differ, or the body was changed on its way."
    )]
    WrongSignature,
    #[error(
        "The content type `{0}` is not understood: set the webhook's content type to application/json."
    )]
    ContentType(String),
    #[error("The form has no field `payload`.")]
    NoPayload,
    #[error("The payload is not a JSON object: {0}.")]
    NotJson(String),
    #[error("The payload has {0} bytes, which is more than GitHub sends.")]
    TooLong(usize),
}

/// Event names and GUIDs are some 40 characters long; both end up in logs and lanes.
const MAX_HEADER: usize = 200;

#[derive(Debug)]
pub struct Delivery {
    id: String,
    event: String,
    action: Option<String>,
    installation: Option<u64>,
    secret_index: usize,
    payload: String,
    /// Where the values of the top-level fields stand in `payload`.
    fields: Vec<(String, Range<usize>)>,
}

impl Delivery {
    /// Checks the signature over the raw bytes first, before anything in them is looked at
    /// (GitHub docs, Validating webhook deliveries), then reads the JSON once.
    pub fn authenticate(
        secrets: &[SecretString],
        headers: Headers<'_>,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        let Complete {
            event,
            delivery,
            signature,
            encoding,
        } = headers.complete()?;
        let secret_index = signature::matching_secret(secrets, signature, &body)?;
        let payload = body::payload(encoding, body)?;
        Ok(Self {
            secret_index,
            ..Self::read(delivery, event, payload)?
        })
    }

    /// One that was authentic when it was stored.
    pub fn kept(guid: &str, event: &str, payload: String) -> Result<Self, Refusal> {
        Self::read(guid, event, payload)
    }

    /// One out of the App's log of deliveries, which GitHub gave over an authenticated connection.
    pub fn fetched(guid: &str, event: &str, payload: String) -> Result<Self, Refusal> {
        Self::read(
            plain("X-GitHub-Delivery", Some(guid))?,
            plain("X-GitHub-Event", Some(event))?,
            payload,
        )
    }

    fn read(id: &str, event: &str, payload: String) -> Result<Self, Refusal> {
        if payload.len() > packed::LONGEST {
            return Err(Refusal::TooLong(payload.len()));
        }
        let fields = body::fields(&payload)?;
        let mut delivery = Self {
            id: id.to_owned(),
            event: event.to_owned(),
            action: None,
            installation: None,
            secret_index: 0,
            payload,
            fields,
        };
        delivery.action = delivery
            .field("action")
            .and_then(|json| serde_json::from_str(json).ok());
        delivery.installation = delivery.field("installation").and_then(body::id);
        Ok(delivery)
    }

    /// GitHub's GUID; a redelivery has the same.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `X-GitHub-Event`, such as `pull_request`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The payload's `action`; a few events, such as `push`, have none.
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// `installation.id`. Absent on what a classic hook sends.
    pub fn installation(&self) -> Option<u64> {
        self.installation
    }

    /// Which of the secrets signed it, where one was looked at: 1 means that GitHub still uses the previous one.
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }

    /// The payload's JSON text.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The names of the top-level fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// The JSON text of a top-level field; `None` when it is absent or `null`.
    pub fn field(&self, name: &str) -> Option<&str> {
        // From the end: of a key given twice the last one counts, as in JavaScript.
        let (_, range) = self.fields.iter().rev().find(|(key, _)| key == name)?;
        Some(&self.payload[range.clone()]).filter(|json| *json != "null")
    }
}

struct Complete<'a> {
    event: &'a str,
    delivery: &'a str,
    signature: &'a str,
    encoding: body::Encoding,
}

impl<'a> Headers<'a> {
    /// Whether the headers alone already rule the request out, so that its body need not be read.
    pub fn check(&self) -> Result<(), Refusal> {
        self.complete().map(|_| ())
    }

    fn complete(&self) -> Result<Complete<'a>, Refusal> {
        Ok(Complete {
            signature: self.signature.ok_or(Refusal::NoSignature)?,
            event: plain("X-GitHub-Event", self.event)?,
            delivery: plain("X-GitHub-Delivery", self.delivery)?,
            encoding: body::Encoding::of(self.content_type)?,
        })
    }
}

fn plain<'a>(name: &'static str, value: Option<&'a str>) -> Result<&'a str, Refusal> {
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or(Refusal::MissingHeader(name))?;
    if value.len() > MAX_HEADER || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::BadHeader(name));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    fn signed(body: &str) -> String {
        signature::sign(&SecretString::from("current"), body.as_bytes())
    }

    fn receive(content_type: &str, body: &str) -> Result<Delivery, Refusal> {
        let signature = signed(body);
        let headers = Headers {
            event: Some("pull_request"),
            delivery: Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            signature: Some(&signature),
            content_type: Some(content_type),
        };
        Delivery::authenticate(
            &secrets(&["current", "previous"]),
            headers,
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    #[test]
    fn a_signed_delivery_knows_its_fields() {
        let delivery = receive(
            "application/json; charset=utf-8",
            r#"{ "action": "opened", "pull_request": {"id": 1}, "organization": null, "installation": {"id": 7, "node_id": "x"} }"#,
        )
        .unwrap();
        assert_eq!(delivery.event(), "pull_request");
        assert_eq!(delivery.action(), Some("opened"));
        assert_eq!(delivery.installation(), Some(7));
        assert_eq!(delivery.field("pull_request"), Some(r#"{"id": 1}"#));
        assert_eq!(delivery.field("organization"), None);
        assert_eq!(delivery.field("issue"), None);
        assert_eq!(delivery.secret_index(), 0);
    }

    #[test]
    fn a_form_body_is_signed_as_it_came_and_read_decoded() {
        let delivery = receive(
            "application/x-www-form-urlencoded",
            "other=1&payload=%7B%22action%22%3A%22a+b%2Bc%22%7D",
        )
        .unwrap();
        assert_eq!(delivery.payload(), r#"{"action":"a b+c"}"#);
        assert_eq!(delivery.action(), Some("a b+c"));
        assert_eq!(
            receive("application/x-www-form-urlencoded", "a=b").unwrap_err(),
            Refusal::NoPayload
        );
    }

    #[test]
    fn the_previous_secret_still_counts_and_is_noticed() {
        let body = r#"{"zen":"Keep it logically awesome."}"#;
        let signature = signed(body);
        let headers = Headers {
            event: Some("ping"),
            delivery: Some("1"),
            signature: Some(&signature),
            content_type: Some("application/json"),
        };
        let delivery =
            Delivery::authenticate(&secrets(&["new", "current"]), headers, Bytes::from(body))
                .unwrap();
        assert_eq!(delivery.secret_index(), 1);
        assert_eq!(
            Delivery::authenticate(&secrets(&["new"]), headers, Bytes::from(body)).unwrap_err(),
            Refusal::WrongSignature
        );
    }

    #[test]
    fn what_is_not_a_json_object_is_refused_in_one_sentence() {
        for body in [
            "",
            "{",
            "[]",
            "1",
            r#"{"a":1}x"#,
            r#"{"a":}"#,
            "{\"a\":\"\u{1}\"}",
        ] {
            let refusal = receive("application/json", body).unwrap_err();
            assert!(
                matches!(refusal, Refusal::NotJson(_)),
                "{body:?}: {refusal}"
            );
        }
        assert!(matches!(
            receive("text/plain", "{}"),
            Err(Refusal::ContentType(_))
        ));
    }

    #[test]
    fn missing_headers_are_named() {
        let complete = Headers {
            event: Some("push"),
            delivery: Some("1"),
            signature: Some("sha256=00"),
            content_type: Some("application/json"),
        };
        assert_eq!(complete.check(), Ok(()));
        assert_eq!(
            Headers {
                signature: None,
                ..complete
            }
            .check(),
            Err(Refusal::NoSignature)
        );
        assert_eq!(
            Headers {
                event: None,
                ..complete
            }
            .check(),
            Err(Refusal::MissingHeader("X-GitHub-Event"))
        );
        assert_eq!(
            Headers {
                delivery: Some(""),
                ..complete
            }
            .check(),
            Err(Refusal::MissingHeader("X-GitHub-Delivery"))
        );
        assert_eq!(
            Headers {
                event: Some("a b"),
                ..complete
            }
            .check(),
            Err(Refusal::BadHeader("X-GitHub-Event"))
        );
    }

    #[test]
    fn what_was_kept_or_fetched_is_read_as_when_it_came() {
        let payload = r#"{"action":"opened", "installation":{"id":7}}"#;
        let came = receive("application/json", payload).unwrap();
        for read in [Delivery::kept, Delivery::fetched] {
            let again = read(came.id(), came.event(), payload.to_owned()).unwrap();
            assert_eq!((again.id(), again.event()), (came.id(), came.event()));
            assert_eq!(
                (again.action(), again.installation()),
                (came.action(), came.installation())
            );
            assert_eq!(again.field("installation"), Some(r#"{"id":7}"#));
            let broken = read("1", "push", "[1]".to_owned()).unwrap_err();
            assert!(matches!(broken, Refusal::NotJson(_)), "{broken}");
        }
        assert_eq!(
            Delivery::fetched("a b", "push", "{}".to_owned()).unwrap_err(),
            Refusal::BadHeader("X-GitHub-Delivery")
        );
    }

    #[test]
    fn of_a_key_given_twice_the_last_one_counts() {
        let delivery = receive("application/json", r#"{"action":"a","action":"b"}"#).unwrap();
        assert_eq!(delivery.action(), Some("b"));
    }
}
