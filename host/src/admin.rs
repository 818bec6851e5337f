//! For people and probes, on an address of its own: is it alive, how is it, which deliveries are there, once more.
//!
//! `/livez` and `/readyz` answer anybody. Everything else wants the token that lies in the data directory (`admin/pass`), so
//! that whoever may read that may administer, and no web page can. Looks and orders at the store are in `admin/deliveries`,
//! which a stopped host's are given to as well; what the parts of the host say of themselves comes in as [`Status`].
//! Knows nothing of how anything is done.

mod accept;
mod answer;
pub(crate) mod deliveries;
pub(crate) mod pass;
pub(crate) mod redact;
mod status;
#[cfg(test)]
mod tests;
pub(crate) mod when;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Json, Path as InPath, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, extract::rejection::PathRejection};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

pub use self::status::{Away, Plugin, Status};

use self::answer::{failed, sentence, success};
use self::deliveries::Refused;
use self::pass::{Pass, Token};
use self::wire::{Deletions, Filter, Order, Page};
use crate::store::{self, Store, Waiting};

/// A body with thousands of ids.
const MAX_BODY: usize = 1 << 20;

/// For an answer. A store that is being written to by thousands a second answers sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// What there is to administer.
pub struct Admin {
    pub store: Arc<dyn Store>,
    /// Tells the inbox of items that wait again.
    pub replayed: Box<dyn Fn(Vec<Waiting>) + Send + Sync>,
    /// Asks the parts of the host how they are. Answers at once.
    pub status: Box<dyn Fn() -> Status + Send + Sync>,
}

/// Takes `ADMIN_ADDR`.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("ADMIN_ADDR ({address}) cannot be listened on"))
}

/// Answers until `shutdown`. Where it is found, and what opens it, lies in the data directory meanwhile.
pub async fn serve(
    listener: TcpListener,
    data_dir: &Path,
    admin: Admin,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let address = listener
        .local_addr()
        .context("asking where ADMIN_ADDR is")?;
    let token = Token::random().context("reading /dev/urandom for the administrators' token")?;
    let pass = Pass { address, token };
    // On a full disk the host goes on, and so do its probes.
    let written = pass.write(data_dir).inspect_err(|error| {
        tracing::warn!(
            "admin.json cannot be written to {} ({error}): `portolan deliveries` does not find this host",
            data_dir.display()
        );
    });
    tracing::info!("probes and administration are answered on {address}");
    let token = pass.token;
    accept::connections(listener, router(admin, token), shutdown).await;
    drop(written);
    Ok(())
}

struct Door {
    admin: Admin,
    token: Token,
}

type Doors = State<Arc<Door>>;

fn router(admin: Admin, token: Token) -> Router {
    let door = Arc::new(Door { admin, token });
    Router::new()
        .route("/livez", get(async || success(&json!({"status": "alive"}))))
        .route("/readyz", get(ready))
        .route("/status", get(status))
        .route("/v1/deletions", get(deletions))
        .route("/v1/deliveries", get(list))
        .route("/v1/deliveries/replay", post(replay))
        .route("/v1/deliveries/drop", post(forget))
        .route("/v1/deliveries/{id}", get(show))
        .fallback(async || sentence(StatusCode::NOT_FOUND, "There is nothing here."))
        .method_not_allowed_fallback(async || {
            sentence(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET is understood here, and POST to replay and drop.",
            )
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(door.clone(), guard))
        .with_state(door)
}

/// Whoever comes in has the token, or asks for what anybody may know. Browsers stay outside: they send where they come
/// from, and whoever sends them may be anybody.
async fn guard(State(door): Doors, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(ORIGIN) {
        return sentence(StatusCode::FORBIDDEN, "Web pages have no business here.");
    }
    let is_open = matches!(request.uri().path(), "/livez" | "/readyz");
    let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    if !is_open && !door.token.is_given_by(given) {
        return sentence(
            StatusCode::UNAUTHORIZED,
            "Send `Authorization: Bearer` with the token of admin.json, which lies in DATA_DIR.",
        );
    }
    let answer = timeout(PATIENCE, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        sentence(
            StatusCode::SERVICE_UNAVAILABLE,
            "The store did not answer in time; what was asked for may still be done.",
        )
    })
}

async fn ready(State(door): Doors) -> Response {
    match (door.admin.status)().not_ready {
        None => success(&json!({"status": "ready"})),
        Some(why) => sentence(StatusCode::SERVICE_UNAVAILABLE, &redact::line(&why)),
    }
}

async fn status(State(door): Doors) -> Response {
    let status = (door.admin.status)();
    let counts = async {
        Ok::<_, store::Error>((
            door.admin.store.counts().await?,
            door.admin.store.awaited().await?,
            door.admin.store.undeleted().await?,
        ))
    };
    // What the others say is told, whatever the store has to say.
    let of_store = match counts.await {
        Ok((counts, awaited, undeleted)) => json!({
            "deliveries": counts.deliveries,
            "waiting": counts.waiting,
            "quarantined": counts.quarantined,
            "entities": counts.entities,
            "awaited": awaited.into_iter().collect::<BTreeMap<_, _>>(),
            "deletions": Deletions::new(counts.undeleted, undeleted),
        }),
        Err(error) => json!({"error": error.to_string()}),
    };
    match serde_json::to_value(&status) {
        Ok(Value::Object(mut all)) => {
            all.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
            all.insert("store".to_owned(), of_store);
            success(&redact::texts(Value::Object(all)))
        }
        _ => sentence(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The status cannot be told.",
        ),
    }
}

async fn deletions(State(door): Doors) -> Response {
    match deliveries::deletions(&*door.admin.store).await {
        Ok(deletions) => success(&deletions),
        Err(refused) => failed(&refused),
    }
}

async fn list(State(door): Doors, filter: Result<Query<Filter>, QueryRejection>) -> Response {
    let filter = match filter {
        Ok(Query(filter)) => filter,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    match deliveries::list(&*door.admin.store, &filter, when::now()).await {
        Ok(deliveries) => success(&Page { deliveries }),
        Err(refused) => failed(&refused),
    }
}

async fn show(State(door): Doors, id: Result<InPath<String>, PathRejection>) -> Response {
    let id = match id {
        Ok(InPath(id)) => id,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    match deliveries::show(&*door.admin.store, &id).await {
        Ok(shown) => success(&shown),
        Err(refused) => failed(&refused),
    }
}

async fn replay(State(door): Doors, order: Result<Json<Order>, JsonRejection>) -> Response {
    carry_out(order, move |order| async move {
        let (counted, waiting) =
            deliveries::replay(&*door.admin.store, &order, when::now()).await?;
        if !counted.dry {
            tracing::info!("an administrator has {} events tried again", counted.count);
            (door.admin.replayed)(waiting);
        }
        Ok(counted)
    })
    .await
}

async fn forget(State(door): Doors, order: Result<Json<Order>, JsonRejection>) -> Response {
    carry_out(order, move |order| async move {
        let counted = deliveries::forget(&*door.admin.store, &order, when::now()).await?;
        if !counted.dry {
            tracing::info!("an administrator has {} events forgotten", counted.count);
        }
        Ok(counted)
    })
    .await
}

/// As a task of its own: what the store has done must reach the inbox, even if the caller hangs up meanwhile.
async fn carry_out<F, Fut>(order: Result<Json<Order>, JsonRejection>, done: F) -> Response
where
    F: FnOnce(Order) -> Fut,
    Fut: Future<Output = Result<wire::Counted, Refused>> + Send + 'static,
{
    let order = match order {
        Ok(Json(order)) => order,
        Err(error) => return sentence(error.status(), &error.body_text()),
    };
    match tokio::spawn(done(order)).await {
        Ok(Ok(counted)) => success(&counted),
        Ok(Err(refused)) => failed(&refused),
        Err(error) => sentence(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("It failed: {error}."),
        ),
    }
}
