//! An organization in a scenario's hands.

use serde_json::{Value, json};

use super::delivery::Event;
use super::world::{self, World};
use super::{Shared, events};

/// An organization on the stand-in; cheap to clone.
#[derive(Clone)]
pub struct Organization {
    world: Shared,
    login: String,
}

impl Organization {
    pub(super) fn new(world: Shared, login: &str) -> Self {
        Self {
            world,
            login: login.into(),
        }
    }

    pub fn login(&self) -> &str {
        &self.login
    }

    pub fn installation_id(&self) -> u64 {
        self.change(|account| account.installation)
    }

    /// What this installation grants, instead of all that the app asks for.
    pub fn grant(&self, permissions: &[(&str, &str)]) {
        self.change(|account| account.permissions = world::permissions(permissions));
    }

    pub fn without_permission(&self, name: &str) {
        self.change(|account| account.permissions.remove(name));
    }

    pub fn suspend(&self) -> Event {
        self.change(|account| account.suspended = true);
        self.event("suspend")
    }

    pub fn unsuspend(&self) -> Event {
        self.change(|account| account.suspended = false);
        self.event("unsuspend")
    }

    /// The app is installed: `installation` `created` names all repositories within reach.
    pub fn install(&self) -> Event {
        self.change(|account| account.installed = true);
        self.event("created")
    }

    pub fn uninstall(&self) -> Event {
        let event = self.event("deleted");
        self.change(|account| account.installed = false);
        event
    }

    /// The app never was installed here.
    pub fn not_installed(&self) {
        self.change(|account| account.installed = false);
    }

    pub fn add_team(&self, slug: &str, name: &str) {
        let mut world = self.world.lock();
        let (id, api) = (world.next_id(), world.api());
        let account = world.organization(&self.login);
        let url = format!("{api}/organizations/{}/team/{id}", account.id);
        account.teams.push(json!({
            "id": id, "node_id": format!("T_{id}"), "slug": slug, "name": name,
            "description": null, "privacy": "closed", "notification_setting": "notifications_enabled",
            "permission": "pull", "url": url, "html_url": format!("{api}/orgs/{}/teams/{slug}", self.login),
            "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
            "parent": null,
        }));
    }

    /// Repositories came within reach of the installation: `installation_repositories` `added`.
    pub fn repositories_added(&self, names: &[&str]) -> Event {
        self.repositories_event("added", names)
    }

    pub fn repositories_removed(&self, names: &[&str]) -> Event {
        self.repositories_event("removed", names)
    }

    /// Any event of this organization, with what every payload carries filled in.
    pub fn custom_event(&self, name: &str, payload: Value) -> Event {
        let world = self.world.lock();
        events::completed(&world, &self.login, None, name, payload)
    }

    fn repositories_event(&self, action: &str, names: &[&str]) -> Event {
        let mut world = self.world.lock();
        for name in names {
            let id = world.repository(&self.login, name);
            world.repo_mut(id).installed = action == "added";
        }
        events::installation_repositories(&world, &self.login, action, names)
    }

    fn event(&self, action: &str) -> Event {
        let world: &World = &self.world.lock();
        events::installation(world, &self.login, action)
    }

    fn change<T>(&self, change: impl FnOnce(&mut world::Account) -> T) -> T {
        change(self.world.lock().organization(&self.login))
    }
}
