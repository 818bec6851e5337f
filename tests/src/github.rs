//! A stand-in for GitHub Enterprise: a small world of organizations and repositories, its REST API and its webhooks.
//!
//! Refuses what the real one refuses (GitHub docs, "Authenticating as a GitHub App", "Best practices for using
//! the REST API"): wrong keys, stale tokens, missing permissions, repositories out of reach, careless headers.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::quota::Quota;
use crate::standin::StandIn;
use crate::wire::Place;

mod delivery;
mod events;
mod git;
mod git_routes;
mod identity;
mod key;
mod log;
mod organization;
mod recorded;
mod repository;
mod repository_routes;
mod routes;
mod shapes;
#[cfg(test)]
mod tests;
mod work;
mod world;

pub use delivery::{Event, Signed, sign};
pub use git::Commit;
pub use organization::Organization;
pub use repository::Repository;

use world::World;

/// The path under which a GitHub Enterprise Server serves its REST API.
const BASE: &str = "/api/v3";

/// A running stand-in for GitHub. Dropping it closes its socket; paths are told below the API's base: `/repos/acme/shop`.
pub struct FakeGitHub {
    stand_in: StandIn,
    world: Shared,
    http: reqwest::Client,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        // A failed expectation in a test's thread must not hide its message behind a poisoned lock.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl FakeGitHub {
    pub async fn start() -> Self {
        Self::start_at(Place::plain()).await
    }

    pub async fn start_at(place: Place) -> Self {
        let world = Shared(Arc::new(Mutex::new(World::new())));
        let answering = world.clone();
        let answer = move |call: &_| routes::answer(&mut answering.lock(), call);
        let stand_in = StandIn::start("GitHub", place, BASE, answer).await;
        world.lock().web = stand_in.origin().to_owned();
        // Deliveries go to the loopback, whatever proxy the environment names.
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            stand_in,
            world,
            http: http.expect("a client without special wishes"),
        }
    }

    /// What `GITHUB_API_URL` is set to: ends in `/api/v3/`.
    pub fn api_url(&self) -> String {
        format!("{}{BASE}/", self.origin())
    }

    /// What `GHE_HOST` is set to: name and port.
    pub fn host(&self) -> String {
        let (_, host) = self.origin().split_once("://").unwrap_or_default();
        host.to_owned()
    }

    pub fn app_id(&self) -> String {
        self.world.lock().app.id.to_string()
    }

    /// PKCS#8, one per process.
    pub fn private_key_pem(&self) -> String {
        key::pkcs8_pem()
    }

    /// The same key as GitHub hands it out: PKCS#1.
    pub fn private_key_pkcs1_pem(&self) -> String {
        key::pkcs1_pem()
    }

    pub fn webhook_secret(&self) -> &'static str {
        delivery::SECRET
    }

    /// The organization, created and installed on if it did not exist.
    pub fn organization(&self, login: &str) -> Organization {
        self.world.lock().organization(login);
        Organization::new(self.world.clone(), login)
    }

    /// `owner/name`: the repository, created empty within the installation if it did not exist.
    pub fn repository(&self, full_name: &str) -> Repository {
        let (owner, name) = full_name
            .split_once('/')
            .expect("a repository is named \"owner/name\"");
        let id = self.world.lock().repository(owner, name);
        Repository::new(self.world.clone(), id)
    }

    /// What the app itself was registered with; installations made afterwards get the same.
    pub fn app_permissions(&self, permissions: &[(&str, &str)]) {
        self.world.lock().app.permissions = world::permissions(permissions);
    }

    pub fn app_events(&self, events: &[&str]) {
        self.world.lock().app.events = events.iter().map(ToString::to_string).collect();
    }

    /// Answers any GET of this path below the API's base with this; metadata permission is enough.
    pub fn serve(&self, path: &str, json: Value) {
        self.world.lock().canned.insert(path.into(), json);
    }

    /// Sends whoever asks for this path below the API's base elsewhere.
    pub fn redirect(&self, path: &str, status: u16, to: impl Into<String>) {
        let mut world = self.world.lock();
        world.redirects.insert(path.into(), (status, to.into()));
    }

    /// GitHub's clock runs ahead by so many seconds, or behind if negative.
    pub fn clock_skew(&self, seconds: i64) {
        self.world.lock().skew = jiff::SignedDuration::from_secs(seconds);
    }

    /// For tokens made from now on; an hour unless said otherwise.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.world.lock().token_lifetime = lifetime.try_into().expect("a life shorter than aeons");
    }

    /// Tokens made from now on answer 401 at their first so many uses, as a replica that lags does.
    pub fn refuse_fresh_tokens(&self, uses: u32) {
        self.world.lock().fresh_refusals = uses;
    }

    /// All tokens in use answer 401 from now on.
    pub fn revoke_tokens(&self) {
        self.world.lock().tokens.clear();
    }

    /// Recursive trees with more entries come truncated.
    pub fn truncate_trees_after(&self, entries: usize) {
        self.world.lock().truncate_after = entries;
    }

    /// From now on every answer to a token tells this limit, and 403 beyond it.
    pub fn limit(&self, quota: Quota) {
        self.world.lock().quota = Some(quota);
    }

    /// Signs an event as GitHub does, to be posted as it is or spoiled first.
    pub fn sign(&self, event: &Event) -> Signed {
        Signed::new(event, self.world.lock().app.id)
    }

    /// Signs and posts an event; gives the status and the text answered.
    pub async fn deliver(&self, host_url: &str, event: &Event) -> (u16, String) {
        self.post(host_url, &self.sign(event)).await
    }

    /// Posts a delivery, also a second time with the same GUID, as a redelivery does.
    pub async fn post(&self, host_url: &str, signed: &Signed) -> (u16, String) {
        let began = Instant::now();
        let (status, text) = signed.post(&self.http, host_url).await;
        let answer = (status > 0).then(|| (status, text.clone()));
        let mut world = self.world.lock();
        world.sent(signed, host_url, began.elapsed(), answer);
        (status, text)
    }

    /// Somebody else posts this, who may have caught or spoiled it: GitHub's log of deliveries does not know.
    pub async fn forge(&self, host_url: &str, signed: &Signed) -> (u16, String) {
        signed.post(&self.http, host_url).await
    }

    /// GitHub tries to deliver an event and reaches nobody; its log of deliveries says so.
    pub fn lose(&self, event: &Event) -> Signed {
        let signed = self.sign(event);
        self.lose_again(&signed);
        signed
    }

    /// The same for a delivery that is signed already.
    pub fn lose_again(&self, signed: &Signed) {
        let mut world = self.world.lock();
        world.sent(signed, "http://127.0.0.1:1/", Duration::ZERO, None);
    }

    /// The log of deliveries remembers so many, the newest; 5,000 unless said otherwise.
    pub fn keep_deliveries(&self, count: usize) {
        self.world.lock().log.keeps = count;
    }
}

/// What it has in common with the others.
impl Deref for FakeGitHub {
    type Target = StandIn;

    fn deref(&self) -> &StandIn {
        &self.stand_in
    }
}
