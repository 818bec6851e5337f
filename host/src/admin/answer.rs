//! What is answered: JSON, and where something is wrong one sentence.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use serde::Serialize;

use super::deliveries::Refused;
use super::wire;
use crate::store;

pub(super) fn success(what: &impl Serialize) -> Response {
    json(StatusCode::OK, what)
}

pub(super) fn sentence(status: StatusCode, error: &str) -> Response {
    let error = error.to_owned();
    json(status, &wire::Error { error })
}

pub(super) fn failed(refused: &Refused) -> Response {
    let status = match refused {
        Refused::Wrong(_) => StatusCode::BAD_REQUEST,
        Refused::Unknown(_) => StatusCode::NOT_FOUND,
        Refused::Unfit(_) => StatusCode::CONFLICT,
        Refused::Store(store::Error::Full(_)) => StatusCode::INSUFFICIENT_STORAGE,
        Refused::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    sentence(status, &refused.to_string())
}

fn json(status: StatusCode, what: &impl Serialize) -> Response {
    let (status, text) = match serde_json::to_string(what) {
        Ok(text) => (status, text),
        // Numbers, texts and maps of them: there is nothing in it that JSON has not.
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    };
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
