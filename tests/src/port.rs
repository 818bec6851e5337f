//! A stand-in for Port's API: holds blueprints and entities under Port's rules and answers as Port does.
//!
//! Rules and codes follow Port's API reference: what is merged, what null clears, what a relation needs,
//! and which mistake is 404, 409, 413, 422 or 429.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::journal::{self, PATIENCE};
use crate::quota::Quota;
use crate::standin::StandIn;
use crate::wire::Place;

mod blueprint;
mod bulk;
mod catalog;
mod credentials;
mod removal;
mod routes;
mod search;
#[cfg(test)]
mod tests;

pub use catalog::Stored;

use catalog::Catalog;
use credentials::Credentials;

/// A running stand-in for Port. Dropping it closes its socket.
pub struct FakePort {
    stand_in: StandIn,
    state: Arc<State>,
}

struct State {
    catalog: Mutex<Catalog>,
    credentials: Mutex<Credentials>,
    quota: Mutex<Option<Quota>>,
    writes: watch::Sender<()>,
}

impl FakePort {
    pub async fn start() -> Self {
        Self::start_at(Place::plain()).await
    }

    pub async fn start_at(place: Place) -> Self {
        let state = Arc::new(State {
            catalog: Mutex::default(),
            credentials: Mutex::default(),
            quota: Mutex::default(),
            writes: watch::channel(()).0,
        });
        let answering = state.clone();
        let answer = move |call: &_| routes::answer(&answering, call);
        let stand_in = StandIn::start("Port", place, "", answer).await;
        Self { stand_in, state }
    }

    /// What `PORT_URL` is set to: without `/v1`.
    pub fn url(&self) -> String {
        self.origin().to_owned()
    }

    pub fn client_id(&self) -> &'static str {
        credentials::CLIENT_ID
    }

    pub fn client_secret(&self) -> &'static str {
        credentials::CLIENT_SECRET
    }

    /// Adds a blueprint as Port's API takes it, or replaces it.
    pub fn blueprint(&self, blueprint: Value) {
        self.state.catalog().define(blueprint);
        self.state.writes.send_replace(());
    }

    pub fn remove_blueprint(&self, identifier: &str) {
        self.state.catalog().undefine(identifier);
    }

    /// An entity as `GET` would give it.
    pub fn entity(&self, blueprint: &str, identifier: &str) -> Option<Value> {
        self.stored(blueprint, identifier)
            .map(|stored| stored.json(blueprint, identifier))
    }

    /// An entity with what the stand-in knows beyond Port's answer: writes, datasource, digest.
    pub fn stored(&self, blueprint: &str, identifier: &str) -> Option<Stored> {
        self.state.catalog().find(blueprint, identifier).cloned()
    }

    /// All entities of a blueprint, by identifier.
    pub fn entities(&self, blueprint: &str) -> Vec<Value> {
        let catalog = self.state.catalog();
        catalog
            .of(blueprint)
            .map(|(identifier, stored)| stored.json(blueprint, identifier))
            .collect()
    }

    /// Puts an entity there as somebody else would have, past all rules.
    pub fn plant(&self, blueprint: &str, entity: &Value, datasource: &str) {
        self.state.catalog().plant(blueprint, entity, datasource);
        self.state.writes.send_replace(());
    }

    /// Takes an entity away as somebody else would, past all rules.
    pub fn remove_entity(&self, blueprint: &str, identifier: &str) {
        let mut catalog = self.state.catalog();
        let entities = catalog.entities_mut().get_mut(blueprint);
        entities.and_then(|entities| entities.remove(identifier));
    }

    /// How often entities were written, refused writes not counted.
    pub fn writes(&self) -> u64 {
        self.state.catalog().writes()
    }

    /// SHA-256 over everything an entity consists of; `None` where there is none.
    pub fn digest(&self, blueprint: &str, identifier: &str) -> Option<String> {
        self.stored(blueprint, identifier)
            .map(|stored| stored.digest(blueprint, identifier))
    }

    /// The token in use answers 401 from now on; the next one asked for is new.
    pub fn expire_token(&self) {
        self.state.credentials().expire();
    }

    pub fn token_lifetime(&self, lifetime: Duration) {
        self.state.credentials().lifetime = lifetime;
    }

    /// From now on the credentials are refused, as if revoked in Port.
    pub fn refuse_credentials(&self) {
        self.state.credentials().refuse();
    }

    /// From now on every answer tells this limit, and 429 beyond it.
    pub fn limit(&self, quota: Quota) {
        *self.state.quota() = Some(quota);
    }

    /// Waits until this is so, looking again after every write; panics with what was asked meanwhile if it never is.
    pub async fn wait_for(&self, what: &str, so: impl Fn(&Self) -> bool) {
        self.wait_for_within(PATIENCE, what, so).await;
    }

    pub async fn wait_for_within(
        &self,
        patience: Duration,
        what: &str,
        so: impl Fn(&Self) -> bool,
    ) {
        if !self.comes_to(patience, so).await {
            panic!(
                "waited {patience:?} in vain for {what}; Port was asked last:{}",
                self.journal().tail()
            );
        }
    }

    /// Whether it is ever so, looking again after every write.
    pub async fn comes_to(&self, patience: Duration, so: impl Fn(&Self) -> bool) -> bool {
        let seen = journal::wait(self.state.writes.subscribe(), patience, || {
            so(self).then_some(())
        });
        seen.await.is_some()
    }

    pub async fn wait_for_entity(&self, blueprint: &str, identifier: &str) -> Value {
        let what = format!("the {blueprint} \"{identifier}\"");
        self.wait_for(&what, |port| port.entity(blueprint, identifier).is_some())
            .await;
        self.entity(blueprint, identifier)
            .expect("just seen, and deletions need a request")
    }
}

/// What it has in common with the others.
impl Deref for FakePort {
    type Target = StandIn;

    fn deref(&self) -> &StandIn {
        &self.stand_in
    }
}

impl State {
    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog
            .lock()
            .expect("nothing panics while it is held")
    }

    fn credentials(&self) -> MutexGuard<'_, Credentials> {
        self.credentials
            .lock()
            .expect("nothing panics while it is held")
    }

    fn quota(&self) -> MutexGuard<'_, Option<Quota>> {
        self.quota.lock().expect("nothing panics while it is held")
    }
}
