//! A `port.yml` arrives in the catalog: in every form that Port documents, from every place where it may lie.

mod configuration;
mod mistakes;
mod writing;

use portolan_tests::github::{FakeGitHub, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

/// A host with `gitops` between the stand-ins; `acme/shop` is within its installation.
struct World {
    github: FakeGitHub,
    port: FakePort,
    host: RunningHost,
    shop: Repository,
}

impl World {
    async fn start() -> Self {
        Self::with(|host| host).await
    }

    async fn with(change: impl FnOnce(TestHost) -> TestHost) -> Self {
        let (github, port) = (FakeGitHub::start().await, FakePort::start().await);
        for blueprint in blueprints() {
            port.blueprint(blueprint);
        }
        let shop = github.repository("acme/shop");
        let host = TestHost::between(&github, &port).env("SYNC_ON_START", "false");
        let host = change(host).start().await;
        Self {
            github,
            port,
            host,
            shop,
        }
    }

    /// Pushes to the default branch of `acme/shop`; gives what the host said until it was done.
    async fn push(&self, files: &[(&str, &str)]) -> Vec<String> {
        self.push_to(&self.shop, files, "mapped tree").await
    }

    async fn push_to(&self, to: &Repository, files: &[(&str, &str)], until: &str) -> Vec<String> {
        let said = self.host.said();
        let event = to.pushed(&to.push(files, "Describe it"));
        let (status, body) = self.github.deliver(&self.host.url(), &event).await;
        assert_eq!(status, 202, "{body}");
        self.host.wait_for_line_after(said, until).await;
        self.host.lines().split_off(said)
    }

    fn identifiers(&self, blueprint: &str) -> Vec<String> {
        let entities = self.port.entities(blueprint);
        let text = |entity: &Value| entity["identifier"].as_str().map(str::to_owned);
        entities.iter().filter_map(text).collect()
    }

    fn service(&self, identifier: &str) -> Value {
        let service = self.port.entity("service", identifier);
        service.unwrap_or_else(|| panic!("{identifier} is not in Port"))
    }
}

fn blueprints() -> [Value; 3] {
    let bare = |identifier: &str| {
        let schema = json!({"properties": {}, "required": []});
        json!({"identifier": identifier, "schema": schema, "relations": {}})
    };
    let service = json!({
        "identifier": "service",
        "schema": {"properties": {
            "tier": {"type": "string"}, "replicas": {"type": "number"}, "url": {"type": "string", "format": "url"},
            "readme": {"type": "string", "format": "markdown"}, "public": {"type": "boolean"},
            "tags": {"type": "array"}, "limits": {"type": "object"}, "gitopsMetadata": {"type": "object"},
        }, "required": []},
        "relations": {
            "system": {"target": "system", "required": false, "many": false},
            "domains": {"target": "domain", "required": false, "many": true},
        },
    });
    [bare("system"), bare("domain"), service]
}

/// The one line that names this place.
fn only_line<'a>(lines: &'a [String], part: &str) -> &'a str {
    let mut found = lines.iter().filter(|line| line.contains(part));
    let line = found.next();
    let line = line.unwrap_or_else(|| panic!("nothing about {part:?} in:\n{}", lines.join("\n")));
    assert_eq!(found.next(), None, "{part:?} is named twice");
    line
}

#[tokio::test]
async fn a_push_to_the_default_branch_writes_what_its_port_yml_declares() {
    let world = World::start().await;

    let said = world
        .push(&[(
            "port.yml",
            "identifier: checkout\ntitle: Checkout\nblueprint: service\nteam: payments\nicon: Microservice\n\
             properties:\n  tier: Critical\n  replicas: 4\n  tags: [a, b]\n  limits: {cpu: 2}\n\
             relations:\n  system: core\n  domains: [web, money]\n",
        )])
        .await;

    let checkout = world.service("checkout");
    assert_eq!(
        (&checkout["title"], &checkout["icon"], &checkout["team"]),
        (
            &json!("Checkout"),
            &json!("Microservice"),
            &json!(["payments"])
        )
    );
    let properties = &checkout["properties"];
    assert_eq!(properties["tier"], "Critical");
    assert_eq!(properties["replicas"], 4);
    assert_eq!(properties["tags"], json!(["a", "b"]));
    assert_eq!(properties["limits"], json!({"cpu": 2}));
    assert_eq!(
        checkout["relations"],
        json!({"system": "core", "domains": ["web", "money"]})
    );
    assert_eq!(
        world.identifiers("domain"),
        ["money", "web"],
        "bare targets were made"
    );
    only_line(&said, "mapped tree of acme/shop: 1 upserted, 1 of them new");
}

#[tokio::test]
async fn what_port_yml_declared_is_known_by_its_datasource() {
    let world = World::start().await;
    world
        .push(&[("port.yml", "identifier: checkout\nblueprint: service\n")])
        .await;

    let stored = world
        .port
        .stored("service", "checkout")
        .expect("it arrived");
    let installation = world.github.organization("acme").installation_id();
    assert_eq!(
        stored.datasource,
        format!("port/github/v1.0.0/{installation}/gitops")
    );
}

#[tokio::test]
async fn one_file_declares_one_entity_or_many() {
    let world = World::start().await;
    for (written, identifiers) in [
        (
            "---\nidentifier: marked\nblueprint: service\n",
            vec!["marked"],
        ),
        (
            "- identifier: first\n  blueprint: service\n- identifier: second\n  blueprint: service\n",
            vec!["first", "second"],
        ),
        (
            "identifier: one\nblueprint: service\n---\nidentifier: two\nblueprint: service\n---\n\
             - {identifier: three, blueprint: service}\n",
            vec!["one", "two", "three"],
        ),
        (
            "[{\"identifier\": \"json\", \"blueprint\": \"service\", \"properties\": {\"replicas\": 1}}]",
            vec!["json"],
        ),
    ] {
        let said = world.push(&[("port.yml", written)]).await;
        for identifier in &identifiers {
            world.service(identifier);
        }
        only_line(
            &said,
            &format!(": {0} upserted, {0} of them new", identifiers.len()),
        );
    }
}

#[tokio::test]
async fn every_part_of_a_monorepo_has_its_own_port_yml_and_its_own_files() {
    let world = World::start().await;
    let part = |name: &str, readme: &str| {
        format!("identifier: {name}\nblueprint: service\nproperties:\n  readme: {readme}\n")
    };
    world
        .push(&[
            ("README.md", "# All\n"),
            ("port.yml", &part("all", "file://README.md")),
            (
                "services/cart/port.yml",
                &part("cart", "file://./README.md"),
            ),
            ("services/cart/README.md", "# Cart\n"),
            (
                "services/pay/port.yml",
                &part("pay", "file://../cart/README.md"),
            ),
            ("services/mail/port.yml", &part("mail", "file://README.md")),
            ("services/other/entities.yml", &part("unread", "x")),
        ])
        .await;

    for (identifier, readme) in [
        ("all", "# All\n"),
        ("cart", "# Cart\n"),
        ("pay", "# Cart\n"),
        ("mail", "# All\n"),
    ] {
        let service = world.service(identifier);
        assert_eq!(service["properties"]["readme"], readme, "{identifier}");
    }
    assert_eq!(world.identifiers("service").len(), 4);
}

#[tokio::test]
async fn a_push_to_another_branch_writes_nothing() {
    let world = World::start().await;
    world.shop.push(&[("README.md", "# Shop\n")], "Begin");
    let elsewhere = world.shop.push_to(
        "idea",
        &[("port.yml", "identifier: idea\nblueprint: service\n")],
        "Try it out",
    );
    let asked = world.github.mark();
    let event = world.shop.pushed(&elsewhere);
    let (status, _) = world.github.deliver(&world.host.url(), &event).await;
    assert_eq!(status, 202);

    world
        .push(&[("port.yml", "identifier: shop\nblueprint: service\n")])
        .await;

    assert_eq!(world.identifiers("service"), ["shop"]);
    let heads = world.github.requests_since(asked);
    let heads = heads
        .iter()
        .filter(|request| request.path.contains("/branches/"));
    assert!(heads.clone().all(|request| request.path.ends_with("/main")));
    let (_, said) = world.host.stop().await;
    only_line(&said, "mapped tree of acme/shop");
}

/// The shapes of the examples on the page "GitOps" of Port's documentation, and of its example repository.
#[tokio::test]
async fn the_examples_of_ports_documentation_become_their_entities() {
    let world = World::start().await;
    let blueprint = |identifier: &str, relations: Value| {
        let properties = json!({
            "myStringProp": {"type": "string"}, "myNumberProp": {"type": "number"},
            "myUrlProp": {"type": "string", "format": "url"}, "myNullProp": {"type": "string"},
        });
        let schema = json!({"properties": properties, "required": []});
        world
            .port
            .blueprint(json!({"identifier": identifier, "schema": schema, "relations": relations}));
    };
    blueprint("thing", json!({}));
    let single = json!({"target": "thing", "required": false, "many": false});
    let many = json!({"target": "thing", "required": false, "many": true});
    let relations = json!({"mySingleRelation": single, "myManyRelation": many});
    blueprint("myFirstBlueprint", relations.clone());
    blueprint("mySecondBlueprint", relations);

    world
        .push(&[(
            "port.yml",
            "- identifier: entity1\n  title: Entity 1\n  blueprint: myFirstBlueprint\n  properties:\n    \
             myStringProp: some text\n    myNumberProp: 5\n    myUrlProp: https://example.com\n  relations:\n    \
             mySingleRelation: target\n    myManyRelation:\n      - target1\n      - target2\n\
             - apiVersion: v0.1\n  identifier: entity2\n  title: Entity 2\n  blueprint: mySecondBlueprint\n  team: []\n  icon: Service\n  \
             properties:\n    myStringProp: other text # with a remark\n    myNullProp: null\n  relations: {mySingleRelation: null}\n",
        )])
        .await;

    let first = world
        .port
        .entity("myFirstBlueprint", "entity1")
        .expect("the first");
    assert_eq!(
        first["properties"],
        json!({"myStringProp": "some text", "myNumberProp": 5, "myUrlProp": "https://example.com"})
    );
    assert_eq!(
        first["relations"],
        json!({"mySingleRelation": "target", "myManyRelation": ["target1", "target2"]})
    );
    let second = world
        .port
        .entity("mySecondBlueprint", "entity2")
        .expect("the second");
    assert_eq!(second["properties"], json!({"myStringProp": "other text"}));
    assert_eq!(
        (&second["title"], &second["icon"]),
        (&json!("Entity 2"), &json!("Service"))
    );
}
