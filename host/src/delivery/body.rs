//! From the raw body to JSON text and the places of its top-level fields, in one pass.
//!
//! A payload's values are not parsed here: most of them nobody reads, and whoever does knows what to expect.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Refusal;

/// The two content types that a GitHub webhook can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Form,
}

impl Encoding {
    pub(super) fn of(content_type: Option<&str>) -> Result<Self, Refusal> {
        let content_type = content_type.unwrap_or("");
        let essence = content_type.split(';').next().unwrap_or("").trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(Self::Form)
        } else {
            Err(Refusal::ContentType(essence.chars().take(100).collect()))
        }
    }
}

/// The payload's text. Copies nothing when the body is in one piece that nobody else holds.
pub(super) fn payload(encoding: Encoding, body: Bytes) -> Result<String, Refusal> {
    let json = match encoding {
        Encoding::Json => Vec::from(body),
        Encoding::Form => body
            .split(|byte| *byte == b'&')
            .find_map(|pair| pair.strip_prefix(b"payload="))
            .map(form_decoded)
            .ok_or(Refusal::NoPayload)?,
    };
    String::from_utf8(json).map_err(|error| Refusal::NotJson(error.utf8_error().to_string()))
}

fn form_decoded(value: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = value
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_encoding::percent_decode(&spaced).collect()
}

/// Checks that the text is one JSON object and finds its fields.
pub(super) fn fields(payload: &str) -> Result<Vec<(String, Range<usize>)>, Refusal> {
    let Fields(fields) =
        serde_json::from_str(payload).map_err(|error| Refusal::NotJson(error.to_string()))?;
    let start = payload.as_ptr() as usize;
    Ok(fields
        .into_iter()
        .map(|(key, value)| {
            // The value borrows from the payload, so the distance of the two is its place.
            let from = value.get().as_ptr() as usize - start;
            (key, from..from + value.get().len())
        })
        .collect())
}

/// `{"id": 7, ..}` or nothing.
pub(super) fn id(json: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Identified {
        id: u64,
    }
    serde_json::from_str(json).ok().map(|Identified { id }| id)
}

/// A JSON object as pairs of key and text, in the order given.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some(pair) = map.next_entry()? {
                    fields.push(pair);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}
