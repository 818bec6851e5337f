//! The host before npm `emulate`, a GitHub with a state of its own that nobody here wrote.

mod between;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portolan_tests::github::FakeGitHub;
use portolan_tests::host::TestHost;
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use crate::node::{self, Running, free_port};
use crate::verdict::Verdict;
use between::Between;

const INSTALLATION: u64 = 777;
const SPEC: &str =
    "identifier: shop\nblueprint: service\ntitle: Shop\nproperties:\n  readme: file://README.md\n";
/// What emulate writes into a repository that it makes.
const README: &str = "# shop\n";

pub(crate) async fn judge(verdict: &mut Verdict) -> anyhow::Result<()> {
    // Only its key and secret: the host never asks it.
    let unasked = FakeGitHub::start().await;
    let port = FakePort::start().await;
    port.blueprint(json!({
        "identifier": "service", "relations": {},
        "schema": {"properties": {"readme": {"type": "string"}}, "required": []},
    }));
    let (hook, api) = (free_port()?, free_port()?);
    let seed = node::folder()?.join("emulate-seed.json");
    std::fs::write(&seed, self::seed(&unasked, hook)?.to_string())?;
    let (listen, seed) = (api.to_string(), seed.display().to_string());
    let program = "node_modules/emulate/dist/index.js";
    let starting = tokio::task::spawn_blocking(move || {
        let arguments = [
            "--import",
            "./loopback.js",
            program,
            "start",
            "--service",
            "github",
            "--port",
            &listen,
            "--seed",
            &seed,
        ];
        Running::start(&arguments, "Config:")
    });
    let _emulate = starting.await??;
    let emulate = format!("http://127.0.0.1:{api}");
    let between = Between::start(&emulate).await?;

    let host = TestHost::between(&unasked, &port)
        .env("PORT", hook.to_string())
        .env("GITHUB_API_URL", between.url())
        // emulate has no GET /installation/repositories.
        .env("SYNC_ON_START", "false");
    let host = host.start().await;
    let known = host.wait_for_line("GitHub knows the App as").await;
    println!("    GET /app by the App's JWT: {}", sentence(&known));

    let http = reqwest::Client::builder()
        .no_proxy()
        .user_agent("conformance")
        .build()?;
    let (key, app) = (unasked.private_key_pem(), unasked.app_id());
    let expired = http
        .get(format!("{emulate}/app"))
        .bearer_auth(jwt(&key, &app, -600)?);
    let refused = expired.send().await?.status();
    verdict.require(refused == 401, || {
        format!("the judge sleeps: emulate answered {refused} to a JWT that has expired")
    });
    println!("    the judge is awake: an expired JWT was answered {refused}");

    let token = http.post(format!(
        "{emulate}/app/installations/{INSTALLATION}/access_tokens"
    ));
    let token: Value = token
        .bearer_auth(jwt(&key, &app, 300)?)
        .send()
        .await?
        .json()
        .await?;
    let token = token["token"].as_str().context("emulate gave no token")?;
    let said = host.said();
    let put = http.put(format!("{emulate}/repos/acme/shop/contents/port.yml"));
    let file = json!({"message": "Describe the shop", "content": STANDARD.encode(SPEC)});
    let put = put.bearer_auth(token).json(&file).send().await?;
    ensure!(
        put.status().is_success(),
        "emulate answered {} to a PUT of port.yml",
        put.status()
    );
    let mapped = host
        .wait_for_line_after(said, "mapped tree of acme/shop")
        .await;
    println!(
        "    a PUT of port.yml, and emulate's signed push: {}",
        sentence(&mapped)
    );

    let entity = port.wait_for_entity("service", "shop").await;
    verdict.require(
        entity["title"] == "Shop" && entity["properties"]["readme"] == README,
        || format!("emulate's port.yml became {entity}"),
    );
    host.stop().await;
    verdict.require(unasked.requests().is_empty(), || {
        "the host asked the stand-in instead of emulate".to_owned()
    });
    for (request, status, times) in between.asked() {
        println!("    {times:>3} x {request}: {status}");
        // An organization need not have a configuration, and emulate keeps no log of deliveries.
        let lacking = ["/.github-private", "/app/hook/deliveries"];
        let missing = status == 404 && lacking.iter().any(|part| request.contains(part));
        verdict.require(status < 300 || missing, || {
            format!("emulate answered {status} to {request}")
        });
    }
    for (what, why, times) in between.mended() {
        println!("    {times:>3} x mended between the host and emulate: {what}: {why}");
    }
    Ok(())
}

fn seed(github: &FakeGitHub, hook: u16) -> anyhow::Result<Value> {
    let app: u64 = github.app_id().parse()?;
    let installation = json!({
        "installation_id": INSTALLATION, "account": "acme", "repository_selection": "all",
    });
    Ok(json!({
        "tokens": {"admin_token": {"login": "mona", "scopes": ["repo"]}},
        "github": {
            "users": [{"login": "mona"}],
            "orgs": [{"login": "acme", "members": ["mona"]}],
            "repos": [{"owner": "acme", "name": "shop", "auto_init": true, "private": true}],
            "apps": [{
                "app_id": app, "slug": "portolan", "name": "Portolan",
                "private_key": github.private_key_pkcs1_pem(),
                "permissions": {"contents": "write", "metadata": "read"}, "events": ["push"],
                "webhook_url": format!("http://127.0.0.1:{hook}/"),
                "webhook_secret": github.webhook_secret(), "installations": [installation],
            }],
        },
    }))
}

/// Good for so many seconds from now.
fn jwt(key: &str, app: &str, seconds: i64) -> anyhow::Result<String> {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({"iat": now - 660, "exp": now + seconds, "iss": app});
    let key = EncodingKey::from_rsa_pem(key.as_bytes())?;
    Ok(jsonwebtoken::encode(
        &Header::new(Algorithm::RS256),
        &claims,
        &key,
    )?)
}

/// A line of the host's log without its time and spans.
fn sentence(line: &str) -> &str {
    let said = line.split_once("INFO ").map_or(line, |(_, said)| said);
    let said = said.rsplit_once("}: ").map_or(said, |(_, said)| said);
    said.split_once(" plugin=").map_or(said, |(said, _)| said)
}
