//! What is answered: a status and one sentence, which GitHub shows in the App's list of deliveries.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::Response;
use bytes::Bytes;

use super::MAX_BODY;
use crate::delivery::Refusal;

pub(super) type Answer = Response;

/// Seconds after which there is probably room again. GitHub does not redeliver by itself; proxies and people do.
const RETRY_AFTER_S: &str = "30";

#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("There is nothing here: webhooks go to `/` or `/api/github/webhooks`.")]
    Path,
    #[error("Only {allow} is understood here.")]
    Method { allow: &'static str },
    #[error(transparent)]
    NotADelivery(#[from] Refusal),
    #[error("The body is larger than {} MiB, which GitHub never sends.", MAX_BODY >> 20)]
    TooLarge,
    #[error("The body did not arrive within {} seconds.", super::body::TIMEOUT.as_secs())]
    TooSlow,
    #[error("The body broke off: {0}.")]
    BrokenOff(String),
    #[error("Too many bodies are being received at once; send it again later.")]
    NoMemory,
    #[error("The delivery was not taken in: {0}; redeliver it later.")]
    NoRoom(String),
}

impl Refused {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotADelivery(Refusal::ContentType(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotADelivery(_) | Self::BrokenOff(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoMemory | Self::NoRoom(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let text = serde_json::json!({ "error": self.to_string() }).to_string();
        let mut answer = json(self.status(), Bytes::from(text));
        match self {
            Self::Method { allow } => {
                answer
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allow));
            }
            Self::NoMemory | Self::NoRoom(_) => {
                answer
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            _ => {}
        }
        answer
    }
}

pub(super) fn accepted() -> Answer {
    json(
        StatusCode::ACCEPTED,
        Bytes::from_static(br#"{"status":"accepted"}"#),
    )
}

pub(super) fn healthy() -> Answer {
    json(StatusCode::OK, Bytes::from_static(br#"{"status":"ok"}"#))
}

fn json(status: StatusCode, text: Bytes) -> Answer {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
