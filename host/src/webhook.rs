//! Where GitHub knocks: routes, bounds and answers.
//!
//! Takes what is authentic, hands it over and answers at once; what becomes of it is not known here.
//! The routes are axum's, the accept loop is our own, because axum's `serve` bounds neither time nor connections.

mod accept;
mod answer;
mod body;
mod budget;
mod patience;

use std::fmt::Display;
use std::io;
use std::sync::{Arc, Once};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::http::{Method, Uri};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::delivery::{Delivery, Headers};
use crate::settings;
use answer::{Answer, Refused};
use budget::Budget;

/// GitHub sends nothing above 25 MB (GitHub docs, Webhook events and payloads); form encoding may add to it.
const MAX_BODY: usize = 26 << 20;

/// For all bodies that are being received: ten of the largest, or thousands of the usual 20 KB.
const MAX_BODIES: usize = 256 << 20;

/// Above this, checking the signature and reading the JSON takes milliseconds, in which a thread that serves others
/// should not be held up.
const LARGE_BODY: usize = 1 << 20;

/// Where Probot's versions, and so Port's own app, listen.
const PATHS: [&str; 2] = ["/", "/api/github/webhooks"];

/// Serves until `shutdown` is done, then answers what was begun.
///
/// `accept` keeps the delivery, and only then the sender reads 202; or it says why it cannot, which the sender reads
/// with 503.
pub async fn serve<A, K, E>(
    listener: TcpListener,
    settings: &settings::Webhook,
    accept: A,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()>
where
    A: Fn(Delivery) -> K + Send + Sync + 'static,
    K: Future<Output = Result<(), E>> + Send + 'static,
    E: Display + 'static,
{
    let door = Arc::new(Door {
        settings: settings.clone(),
        bodies: Budget::new(MAX_BODIES),
        accept,
    });
    let router = Router::new()
        .route("/health", get(async || answer::healthy()))
        .route(PATHS[0], post(deliver::<A, K, E>))
        .route(PATHS[1], post(deliver::<A, K, E>))
        .method_not_allowed_fallback(async |uri: Uri| {
            let allow = if uri.path() == "/health" {
                "GET"
            } else {
                "POST"
            };
            Refused::Method { allow }.answer()
        })
        // The operator's own path may hold what axum takes for a pattern, so it is compared as text.
        .fallback(elsewhere::<A, K, E>)
        .with_state(door);
    accept::connections(listener, router, shutdown).await
}

struct Door<A> {
    settings: settings::Webhook,
    bodies: Budget,
    accept: A,
}

async fn deliver<A, K, E>(State(door): State<Arc<Door<A>>>, request: Request) -> Answer
where
    A: Fn(Delivery) -> K + Send + Sync,
    K: Future<Output = Result<(), E>> + Send,
    E: Display,
{
    match door.receive(request).await {
        Ok(()) => answer::accepted(),
        Err(refused) => {
            tracing::warn!(
                status = refused.status().as_u16(),
                "webhook refused: {refused}"
            );
            refused.answer()
        }
    }
}

async fn elsewhere<A, K, E>(state: State<Arc<Door<A>>>, request: Request) -> Answer
where
    A: Fn(Delivery) -> K + Send + Sync,
    K: Future<Output = Result<(), E>> + Send,
    E: Display,
{
    if state.settings.path.as_deref() != Some(request.uri().path()) {
        return Refused::Path.answer();
    }
    match *request.method() {
        Method::POST => deliver(state, request).await,
        _ => Refused::Method { allow: "POST" }.answer(),
    }
}

impl<A> Door<A> {
    async fn receive<K, E>(&self, request: Request) -> Result<(), Refused>
    where
        A: Fn(Delivery) -> K,
        K: Future<Output = Result<(), E>>,
        E: Display,
    {
        let (head, mut body) = request.into_parts();
        let headers = delivery_headers(&head.headers);
        let mut share = self.bodies.share();
        let bytes = match headers.check() {
            Ok(()) => body::read(&mut body, &mut share, body::TIMEOUT).await,
            Err(refusal) => Err(refusal.into()),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(refused) => {
                // What is discarded is not kept, so that it leaves room for others meanwhile.
                drop(share);
                // A sender that is cut off while it still sends does not read the answer.
                if !matches!(refused, Refused::TooSlow) {
                    body::discard(body).await;
                }
                return Err(refused);
            }
        };
        let large = bytes.len() > LARGE_BODY;
        let authenticate = || Delivery::authenticate(&self.settings.secrets, headers, bytes);
        let delivery = match Handle::current().runtime_flavor() {
            RuntimeFlavor::MultiThread if large => tokio::task::block_in_place(authenticate),
            _ => authenticate(),
        }?;
        if delivery.secret_index() > 0 {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                tracing::warn!(
                    "deliveries are still signed with WEBHOOK_SECRET_PREVIOUS: set the App's webhook secret to the \
                     value of WEBHOOK_SECRET"
                );
            });
        }
        let kept = (self.accept)(delivery).await;
        kept.map_err(|error| Refused::NoRoom(error.to_string()))
    }
}

fn delivery_headers(headers: &HeaderMap) -> Headers<'_> {
    // What is not visible ASCII is none of GitHub's and counts as absent.
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Headers {
        event: text("x-github-event"),
        delivery: text("x-github-delivery"),
        signature: text("x-hub-signature-256"),
        content_type: text(CONTENT_TYPE.as_str()),
    }
}

#[cfg(test)]
mod tests;
