//! What a mapper may ask: everything of its own event, and nothing else, however it words it.

use portolan_tests::github::{FakeGitHub, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use portolan_tests::stranger::Stranger;
use serde_json::{Value, json};

/// Questions in an issue of `acme/shop`, and what the refusal must say.
const HOSTILE: [(&str, &str); 51] = [
    // Other repositories and organizations
    ("api /repos/acme/vault", "the event's own repository"),
    (
        "api /repos/acme/vault/contents/keys.pem",
        "the event's own repository",
    ),
    (
        "api /repos/acme/shop-2/topics",
        "the event's own repository",
    ),
    ("api /repos/evil/shop", "the event's own repository"),
    ("api /repositories/1", "the event's own repository"),
    ("api /orgs/acme/members", "the event's own repository"),
    (
        "api /installation/repositories",
        "the event's own repository",
    ),
    ("api /app", "the event's own repository"),
    ("api /app/installations", "the event's own repository"),
    ("api /user", "the event's own repository"),
    ("api /graphql", "the event's own repository"),
    (
        "api /search/code?q=org:acme+password",
        "the event's own repository",
    ),
    ("api /", "the event's own repository"),
    ("api /api/v3/repos/acme/shop", "the event's own repository"),
    // Ways up and around
    ("api /repos/acme/shop/../vault", "`.` or `..`"),
    ("api /repos/acme/shop/contents/../../vault", "`.` or `..`"),
    ("api /repos/acme/shop/%2e%2e/vault", "`.` or `..`"),
    ("api /repos/acme/shop/%2E%2E%2Fvault", "encoded"),
    ("api /repos/acme/shop/..%2fvault", "encoded"),
    ("api /repos/acme/shop/%252e%252e/vault", "encoded"),
    ("api /repos/acme/shop\\..\\vault", "backslash"),
    ("api /repos/acme/shop/%5c..%5cvault", "encoded"),
    ("api /repos/acme%2fvault", "encoded"),
    ("api /repos/acme/shop#/../vault", "fragment"),
    ("api /repos//acme/shop", "`//`"),
    ("api repos/acme/shop", "begin with one `/`"),
    // Other hosts
    ("api //evil.example/repos/acme/shop", "`//`"),
    ("api /\\evil.example/repos/acme/shop", "backslash"),
    (
        "api https://evil.example/repos/acme/shop",
        "begin with one `/`",
    ),
    ("api @evil.example/repos/acme/shop", "begin with one `/`"),
    (
        "api /repos/acme/shop/topics\r\nHost: evil.example",
        "percent-encoded",
    ),
    (
        "api /repos/acme/shop/topics?a=%0d%0aHost:%20evil.example",
        "control characters",
    ),
    (
        "api /repos/acme/shop/\u{ff0e}\u{ff0e}/vault",
        "percent-encoded",
    ),
    // Secrets
    (
        "api /repos/acme/shop/actions/secrets",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/actions/secrets/public-key",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/Actions/Secrets",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/actions/s%65crets",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/environments/prod/secrets",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/dependabot/secrets",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/secret-scanning/alerts",
        "secrets are kept from mappers",
    ),
    (
        "api /repos/acme/shop/actions/variables",
        "variables are kept from mappers",
    ),
    (
        "api /repos/acme/shop/hooks",
        "webhooks' settings are kept from mappers",
    ),
    ("api /repos/acme/shop/keys", "keys are kept from mappers"),
    (
        "api /repos/acme/shop/actions/runs/1/logs",
        "logs are kept from mappers",
    ),
    (
        "api /repos/acme/shop/actions/artifacts",
        "artifacts are kept from mappers",
    ),
    (
        "api /repos/acme/shop/zipball/main",
        "archives are kept from mappers",
    ),
    // Files
    ("file ../../etc/passwd", "leaves its folder"),
    ("file /etc/passwd", "begins with `/`"),
    ("files ../**", "leaves its folder"),
    ("files {a,../vault}/**", "leaves its folder"),
    ("files ..\\**", "backslash"),
];

#[tokio::test]
async fn what_lies_outside_is_refused_in_words_and_never_asked() {
    let world = World::begin().await;
    // What the host itself asks at its start, and the token, are asked for before the mark.
    world.host.wait_for_line("GitHub knows the App as").await;
    world.answer("api /repos/acme/shop/languages").await;
    let mark = world.github.mark();

    for (question, words) in HOSTILE {
        let (is, text) = world.answer(question).await;
        assert_eq!(is, "refused", "{question:?}: {text}");
        assert!(text.contains(words), "{question:?}: {text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }

    let asked = world.github.requests_since(mark);
    let asked: Vec<_> = asked.iter().map(|request| &request.path).collect();
    assert!(asked.is_empty(), "GitHub was asked: {asked:?}");
    let lines = world.host.lines();
    let incomplete = lines.iter().filter(|line| line.contains(", incomplete"));
    assert_eq!(incomplete.count(), HOSTILE.len());
}

#[tokio::test]
async fn a_redirect_leads_nowhere_else() {
    let world = World::begin().await;
    let stranger = Stranger::start().await;
    let vault = world.github.repository("acme/vault");
    vault.push(&[("keys.pem", "secret")], "Keep keys");
    let (api, id) = (world.github.api_url(), vault.id());
    for (from, to) in [
        ("a", format!("{}repos/acme/shop/labels", stranger.url())),
        ("b", format!("{api}repositories/{id}")),
        ("c", format!("{api}repos/acme/vault")),
        ("d", format!("{api}repos/acme/shop/../vault")),
        ("e", format!("{api}repos/acme/shop/actions/secrets")),
        (
            "f",
            format!("//{}", stranger.url().trim_start_matches("http://")),
        ),
        ("g", "http://169.254.169.254/latest/meta-data".to_owned()),
    ] {
        let path = format!("/repos/acme/shop/labels/{from}");
        world.github.redirect(&path, 302, to.clone());
        let (is, text) = world.answer(&format!("api {path}")).await;
        assert_eq!(is, "refused", "{to}: {text}");
    }

    assert!(stranger.requests().is_empty());
    let asked = world.github.requests();
    let strays = asked.iter().filter(|request| {
        let path = &request.path;
        path.contains("vault") || path.contains("secrets") || path.contains(&id.to_string())
    });
    assert_eq!(strays.count(), 0);
}

#[tokio::test]
async fn what_belongs_to_the_event_is_answered() {
    let world = World::begin().await;
    world.shop.set_languages(&[("Rust", 4_711)]);
    world.shop.push(
        &[
            ("README.md", "# Shop"),
            ("modules/a/main.tf", "a"),
            ("modules/b/main.tf", "b"),
            ("modules/b/main.tfvars", "c"),
        ],
        "Begin",
    );
    let labels: Vec<_> = (0..250)
        .map(|nth| json!({ "name": format!("label-{nth}") }))
        .collect();
    world.github.serve("/repos/acme/shop/labels", json!(labels));

    let languages = world.json("api /repos/acme/shop/languages").await;
    assert_eq!(languages, json!({ "Rust": 4_711 }));
    // By another spelling and by its number it is the same repository.
    let number = format!("api /repositories/{}/languages", world.shop.id());
    assert_eq!(world.json(&number).await, languages);
    assert_eq!(
        world.json("api /repos/Acme/Shop/languages").await,
        languages
    );

    let all = world.json("api /repos/acme/shop/labels").await;
    assert_eq!(all, json!(labels));
    let page = world
        .json("api /repos/acme/shop/labels?per_page=100&page=3")
        .await;
    assert_eq!(page.as_array().map(Vec::len), Some(50));

    let missing = ("missing".to_owned(), String::new());
    assert_eq!(
        world.answer("api /repos/acme/shop/issues/4711").await,
        missing
    );
    assert_eq!(world.answer("file docs/README.md").await, missing);
    assert_eq!(world.answer("blueprint nothing").await, missing);

    let (is, text) = world.answer("file README.md").await;
    assert_eq!((&*is, &*text), ("text", "# Shop"));
    let (is, text) = world.answer("files modules/**/*.tf").await;
    assert_eq!(
        (&*is, &*text),
        ("files", "modules/a/main.tf modules/b/main.tf")
    );
    let blueprint = world.json("blueprint answer").await;
    assert_eq!(blueprint["identifier"], "answer");
}

#[tokio::test]
async fn the_token_that_asks_reaches_one_repository_and_only_reads() {
    let world = World::begin().await;
    let mark = world.github.mark();
    world.answer("api /repos/acme/shop/languages").await;

    let made: Vec<Value> = (world.github.requests_since(mark).iter())
        .filter(|request| request.path.ends_with("/access_tokens"))
        .map(|request| serde_json::from_slice(&request.body).unwrap_or_default())
        .collect();
    let narrow: Vec<_> = (made.iter())
        .filter(|asked| asked["repository_ids"] == json!([world.shop.id()]))
        .collect();
    assert!(!narrow.is_empty(), "no token of one repository: {made:?}");
    for asked in narrow {
        let permissions = asked["permissions"].as_object().expect("they are named");
        assert!(!permissions.is_empty());
        assert!(permissions.values().all(|level| level == "read"), "{asked}");
        assert!(
            !permissions.keys().any(|name| name.contains("secret")),
            "{asked}"
        );
    }
}

/// `asking` alone, and an issue for each question.
struct World {
    github: FakeGitHub,
    port: FakePort,
    host: RunningHost,
    shop: Repository,
}

impl World {
    async fn begin() -> Self {
        let github = FakeGitHub::start().await;
        let port = FakePort::start().await;
        let text = json!({ "type": "string" });
        port.blueprint(json!({
            "identifier": "answer", "title": "Answer", "relations": {},
            "schema": { "properties": { "is": text, "text": text }, "required": [] },
        }));
        let shop = github.repository("acme/shop");
        let host = TestHost::between(&github, &port)
            .bundled(&[])
            .plugin("asking")
            .env("SYNC_ON_START", "false")
            .start()
            .await;
        Self {
            github,
            port,
            host,
            shop,
        }
    }

    /// What became of the question, and the text of the answer.
    async fn answer(&self, question: &str) -> (String, String) {
        let number = self.shop.open_issue(question);
        let event = self.shop.issue_event("opened", number);
        let (status, text) = self.github.deliver(&self.host.url(), &event).await;
        assert_eq!(status, 202, "{text}");
        let id = event.payload["issue"]["id"].to_string();
        let entity = self.port.wait_for_entity("answer", &id).await;
        let text = |name: &str| {
            entity["properties"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        (text("is"), text("text"))
    }

    async fn json(&self, question: &str) -> Value {
        let (is, text) = self.answer(question).await;
        assert_eq!(is, "json", "{question}: {text}");
        serde_json::from_str(&text).expect("the host answers JSON")
    }
}
