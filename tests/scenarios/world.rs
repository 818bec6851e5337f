//! A running host and the repository `acme/shop`, for stories about what stands in the catalog afterwards.

use std::collections::BTreeMap;
use std::ops::Deref;

use portolan_tests::github::{Commit, Event, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::journal::Mark;
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use crate::acme::Acme;

pub(crate) struct World {
    acme: Acme,
    pub(crate) host: RunningHost,
    pub(crate) shop: Repository,
}

/// What stood in Port at a moment.
pub(crate) struct Stock {
    pub(crate) taken: Mark,
    entities: BTreeMap<String, String>,
}

/// What Port was told: entities as `blueprint/identifier`, in the order of the requests, whatever came of them.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) sent: Vec<String>,
    pub(crate) deleted: Vec<String>,
}

/// A host that was just started, as soon as it can be asked about.
async fn asked_about(host: RunningHost) -> RunningHost {
    host.wait_for_line("probes and administration are answered")
        .await;
    host
}

impl World {
    pub(crate) async fn begin() -> Self {
        Self::with(|host| host).await
    }

    pub(crate) async fn with(change: impl FnOnce(TestHost) -> TestHost) -> Self {
        let acme = Acme::new().await;
        for blueprint in blueprints() {
            acme.port.blueprint(blueprint);
        }
        let shop = acme.github.repository("acme/shop");
        let host = change(acme.host()).start().await;
        Self { acme, host, shop }
    }

    /// SIGKILL; then something happens, and the host is started again.
    pub(crate) async fn killed(self, meanwhile: impl FnOnce(&Acme)) -> Self {
        let again = self.host.again();
        self.host.kill().await;
        meanwhile(&self.acme);
        Self {
            host: asked_about(again.start().await).await,
            ..self
        }
    }

    /// SIGTERM: what is in hand is finished, and the host is started again.
    pub(crate) async fn stopped(self) -> Self {
        let again = self.host.again();
        let (status, lines) = self.host.stop().await;
        assert_eq!(status.code(), Some(0), "{lines:#?}");
        Self {
            host: asked_about(again.start().await).await,
            ..self
        }
    }

    /// SIGTERM; gives everything that was said.
    pub(crate) async fn end(self) -> Vec<String> {
        let (status, lines) = self.host.stop().await;
        assert_eq!(status.code(), Some(0), "{lines:#?}");
        lines
    }

    /// Delivers an event; gives the first line after that which contains this.
    pub(crate) async fn tell(&self, event: &Event, until: &str) -> String {
        let said = self.host.said();
        self.deliver(&self.host, event).await;
        self.host.wait_for_line_after(said, until).await
    }

    /// Writes files at the head of `acme/shop`; gives the line that says what was made of it.
    pub(crate) async fn push(&self, files: &[(&str, &str)]) -> String {
        self.push_to(&self.shop, files).await
    }

    pub(crate) async fn push_to(&self, to: &Repository, files: &[(&str, &str)]) -> String {
        self.pushed(to, &[to.push(files, "Say it")]).await
    }

    /// Deletes files at the head of `acme/shop`.
    pub(crate) async fn delete(&self, paths: &[&str]) -> String {
        let commit = self.shop.delete_files(paths, "Tidy up");
        self.pushed(&self.shop, &[commit]).await
    }

    /// Tells of one push of these commits, and waits until it was mapped.
    pub(crate) async fn pushed(&self, to: &Repository, commits: &[Commit]) -> String {
        let mapped = format!("mapped tree of {}", to.full_name());
        self.tell(&push_of(to, commits), &mapped).await
    }

    pub(crate) fn mark(&self) -> Mark {
        self.port.mark()
    }

    pub(crate) fn told(&self, since: Mark) -> Told {
        Told::by(&self.port, since)
    }

    /// Identifiers of a blueprint's entities.
    pub(crate) fn identifiers(&self, blueprint: &str) -> Vec<String> {
        let entities = self.port.entities(blueprint);
        let identifier = |entity: &Value| entity["identifier"].as_str().map(str::to_owned);
        entities.iter().filter_map(identifier).collect()
    }

    pub(crate) fn services(&self) -> Vec<String> {
        self.identifiers("service")
    }

    pub(crate) fn stock(&self) -> Stock {
        let stock = Stock {
            taken: self.mark(),
            entities: standing(&self.port),
        };
        assert!(
            !stock.entities.is_empty(),
            "nothing stands that could be lost"
        );
        stock
    }
}

impl Stock {
    /// Nothing of it was deleted since, not even to be made anew, and Port was asked to delete nothing.
    pub(crate) fn is_whole(&self, port: &FakePort) {
        let deleted = Told::by(port, self.taken).deleted;
        assert!(deleted.is_empty(), "Port was asked to delete {deleted:?}");
        let stands = standing(port);
        for (entity, created) in &self.entities {
            assert_eq!(stands.get(entity), Some(created), "{entity}");
        }
    }
}

/// Every entity, and when it was created.
fn standing(port: &FakePort) -> BTreeMap<String, String> {
    let mut standing = BTreeMap::new();
    for blueprint in [
        "service",
        "system",
        "component",
        "deployment",
        "issue",
        "marked",
        "githubPullRequest",
    ] {
        for entity in port.entities(blueprint) {
            let created = text(&entity["createdAt"]);
            standing.insert(name(blueprint, &entity["identifier"]), created);
        }
    }
    standing
}

impl Deref for World {
    type Target = Acme;

    fn deref(&self) -> &Acme {
        &self.acme
    }
}

impl Told {
    pub(crate) fn by(port: &FakePort, since: Mark) -> Self {
        let mut told = Self::default();
        for request in port.requests_since(since) {
            let below = request.path.strip_prefix("/v1/blueprints/");
            let parts: Vec<&str> = below.unwrap_or_default().split('/').collect();
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let listed = body["entities"].as_array().into_iter().flatten();
            match (request.method.as_str(), parts.as_slice()) {
                ("POST", [blueprint, "entities", "bulk"]) => {
                    let names = listed.map(|entity| name(blueprint, &entity["identifier"]));
                    told.sent.extend(names);
                }
                ("POST", [blueprint, "entities"]) => {
                    told.sent.push(name(blueprint, &body["identifier"]));
                }
                ("PUT" | "PATCH", [blueprint, "entities", identifier]) => {
                    told.sent.push(format!("{blueprint}/{identifier}"));
                }
                ("POST", [blueprint, "bulk", "entities", "delete"]) => {
                    told.deleted.extend(listed.map(|id| name(blueprint, id)));
                }
                ("DELETE", [blueprint, "entities", identifier]) => {
                    told.deleted.push(format!("{blueprint}/{identifier}"));
                }
                ("DELETE", _) => told.deleted.push(request.path),
                _ => {}
            }
        }
        told
    }
}

/// One push of several commits as GitHub tells of it.
pub(crate) fn push_of(to: &Repository, commits: &[Commit]) -> Event {
    let last = commits.last().expect("a push has a commit");
    let mut event = to.pushed(last);
    let mut each = Vec::new();
    for commit in commits {
        let alone = to.pushed(commit).payload;
        each.push(alone["commits"][0].clone());
    }
    event.payload["commits"] = json!(each);
    event.payload["before"] = to.pushed(&commits[0]).payload["before"].clone();
    event
}

/// A `port.yml` that declares these services.
pub(crate) fn services(names: &[&str]) -> String {
    all("service", names)
}

pub(crate) fn all(blueprint: &str, names: &[&str]) -> String {
    let documents: Vec<_> = names
        .iter()
        .map(|name| format!("identifier: {name}\nblueprint: {blueprint}\n"))
        .collect();
    documents.join("---\n")
}

fn name(blueprint: &str, identifier: &Value) -> String {
    format!("{blueprint}/{}", text(identifier))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Beside the fixtures': one whose entities do not tell the commit they come from, one that needs its service,
/// and those of the guests that map issues.
fn blueprints() -> [Value; 4] {
    let text = json!({"type": "string"});
    let blueprint = |identifier: &str, properties: Value, relations: Value| {
        let schema = json!({"properties": properties, "required": []});
        json!({"identifier": identifier, "schema": schema, "relations": relations})
    };
    let service = json!({"service": {"target": "service", "required": true, "many": false}});
    [
        blueprint("component", json!({"tier": text}), json!({})),
        blueprint("deployment", json!({}), service),
        blueprint("issue", json!({"state": text}), json!({})),
        blueprint("marked", json!({"madeBy": text, "note": text}), json!({})),
    ]
}
