//! The stand-in for GitHub, as a client sees it.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::FakeGitHub;
use crate::stranger::Stranger;

struct Client {
    github: FakeGitHub,
    http: reqwest::Client,
}

impl Client {
    async fn new() -> Self {
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder()
            .user_agent("portolan/test")
            .redirect(redirects);
        Self {
            github: FakeGitHub::start().await,
            http: http.build().expect("a client"),
        }
    }

    fn jwt(&self, iat: i64, exp: i64) -> String {
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({"iat": now + iat, "exp": now + exp, "iss": self.github.app_id()});
        let key = EncodingKey::from_rsa_pem(self.github.private_key_pkcs1_pem().as_bytes());
        jsonwebtoken::encode(
            &Header::new(Algorithm::RS256),
            &claims,
            &key.expect("a key"),
        )
        .expect("a JWT")
    }

    fn request(&self, method: Method, path: &str, bearer: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.github.api_url()));
        let request = request.header("accept", "application/vnd.github+json");
        request
            .header("x-github-api-version", "2022-11-28")
            .bearer_auth(bearer)
    }

    async fn get(&self, path: &str, bearer: &str) -> (u16, Value) {
        let answer = self
            .request(Method::GET, path, bearer)
            .send()
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    async fn mint(&self, login: &str, body: Value) -> (u16, Value) {
        let id = self.github.organization(login).installation_id();
        let path = format!("app/installations/{id}/access_tokens");
        let request = self.request(Method::POST, &path, &self.jwt(-60, 540));
        let answer = request.json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn token(&self, login: &str, body: Value) -> String {
        let (status, answer) = self.mint(login, body).await;
        assert_eq!(status, 201, "{answer}");
        answer["token"].as_str().expect("a token").to_owned()
    }
}

#[tokio::test]
async fn the_app_proves_itself_with_a_jwt_in_its_time() {
    let client = Client::new().await;
    let (status, app) = client.get("app", &client.jwt(-60, 540)).await;
    assert_eq!((status, &app["slug"]), (200, &json!("portolan")));
    for (iat, exp) in [(30, 540), (-60, -1), (-60, 700)] {
        assert_eq!(client.get("app", &client.jwt(iat, exp)).await.0, 401);
    }
    let mut forged = client.jwt(-60, 540);
    let end = forged.len() - 10;
    forged.replace_range(end..end + 4, "AAAA");
    let (status, answer) = client.get("app", &forged).await;
    assert_eq!(
        (status, &answer["message"]),
        (401, &json!("A JSON web token could not be decoded"))
    );
    client.github.clock_skew(900);
    assert_eq!(client.get("app", &client.jwt(-60, 540)).await.0, 401);
}

#[tokio::test]
async fn a_token_reaches_only_what_it_was_made_for() {
    let client = Client::new().await;
    client
        .github
        .repository("acme/shop")
        .push(&[("a/b.txt", "hello")], "Begin");
    client
        .github
        .repository("acme/other")
        .push(&[("c", "")], "Begin");
    let whole = client.token("acme", json!({})).await;
    let (_, listed) = client
        .get("installation/repositories?per_page=100", &whole)
        .await;
    assert_eq!(listed["total_count"], 2);

    let narrow = json!({"repositories": ["shop"], "permissions": {"contents": "read"}});
    let narrow = client.token("acme", narrow).await;
    assert_eq!(
        client
            .get("repos/acme/shop/git/trees/main?recursive=1", &narrow)
            .await
            .0,
        200
    );
    assert_eq!(client.get("repos/acme/other", &narrow).await.0, 404);
    let (status, answer) = client.get("repos/acme/shop/pulls", &narrow).await;
    assert_eq!(
        (status, &answer["message"]),
        (403, &json!("Resource not accessible by integration"))
    );
    assert_eq!(
        client
            .mint("acme", json!({"permissions": {"contents": "write"}}))
            .await
            .0,
        422
    );
    assert_eq!(
        client
            .mint("acme", json!({"repositories": ["nope"]}))
            .await
            .0,
        422
    );
}

#[tokio::test]
async fn tokens_end_lag_and_are_suspended() {
    let client = Client::new().await;
    client.github.repository("acme/shop");
    client.github.token_lifetime(std::time::Duration::ZERO);
    let token = client.token("acme", json!({})).await;
    assert_eq!(client.get("repos/acme/shop", &token).await.0, 401);

    client
        .github
        .token_lifetime(std::time::Duration::from_secs(3600));
    client.github.refuse_fresh_tokens(1);
    let token = client.token("acme", json!({})).await;
    assert_eq!(client.get("repos/acme/shop", &token).await.0, 401);
    assert_eq!(client.get("repos/acme/shop", &token).await.0, 200);

    client.github.organization("acme").suspend();
    assert_eq!(client.get("repos/acme/shop", &token).await.0, 403);
    assert_eq!(client.mint("acme", json!({})).await.0, 403);
}

#[tokio::test]
async fn git_is_as_git_would_have_it() {
    let client = Client::new().await;
    let shop = client.github.repository("acme/shop");
    let token = client.token("acme", json!({})).await;
    assert_eq!(
        client.get("repos/acme/shop/git/trees/main", &token).await.0,
        409
    );
    shop.push(
        &[("hello.txt", "hello world\n"), ("docs/a.md", "A")],
        "Begin",
    );
    let second = shop.push(&[("docs/a.md", "B")], "Change");
    let (_, tree) = client
        .get(
            &format!("repos/acme/shop/git/trees/{}?recursive=1", second.sha),
            &token,
        )
        .await;
    // The well-known name of "hello world\n".
    let hello = "3b18e512dba79e4c8300dd08aeb37f8e728b8dad";
    let files = tree["tree"].as_array().expect("a list");
    assert!(
        files
            .iter()
            .any(|entry| entry["path"] == "hello.txt" && entry["sha"] == hello)
    );
    assert_eq!(files.len(), 3);
    let blob = client.request(
        Method::GET,
        &format!("repos/acme/shop/git/blobs/{hello}"),
        &token,
    );
    let blob = blob
        .header("accept", "application/vnd.github.raw+json")
        .send()
        .await;
    // A second header: the first one counts, so this is JSON.
    assert!(
        blob.expect("an answer")
            .text()
            .await
            .expect("text")
            .starts_with('{')
    );
    let (_, history) = client
        .get("repos/acme/shop/commits?path=hello.txt&per_page=1", &token)
        .await;
    assert_eq!(history[0]["commit"]["message"], "Begin");
    client.github.truncate_trees_after(1);
    let (_, tree) = client
        .get("repos/acme/shop/git/trees/main?recursive=1", &token)
        .await;
    assert_eq!(
        (&tree["truncated"], tree["tree"].as_array().map(Vec::len)),
        (&json!(true), Some(1))
    );
    assert_eq!(
        client.get("repos/acme/shop/contents/docs", &token).await.1[0]["name"],
        "a.md"
    );
}

#[tokio::test]
async fn old_names_pages_and_redirects_lead_on() {
    let client = Client::new().await;
    let shop = client.github.repository("acme/shop");
    client.github.repository("acme/web");
    let token = client.token("acme", json!({})).await;
    shop.rename("store");
    let moved = client
        .request(Method::GET, "repos/acme/shop/topics?x=1", &token)
        .send()
        .await;
    let moved = moved.expect("an answer");
    let to = moved.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    assert_eq!(
        to,
        format!(
            "{}repositories/{}/topics?x=1",
            client.github.api_url(),
            shop.id()
        )
    );
    let page = client
        .request(Method::GET, "installation/repositories?per_page=1", &token)
        .send()
        .await;
    let link = page.expect("an answer").headers()["link"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(link.contains("per_page=1&page=2>; rel=\"next\""), "{link}");

    let stranger = Stranger::start().await;
    client
        .github
        .redirect("/repos/acme/web/topics", 302, stranger.url());
    assert_eq!(client.get("repos/acme/web/topics", &token).await.0, 302);
    assert!(stranger.requests().is_empty());
}

#[tokio::test]
async fn careless_requests_are_refused_and_remembered() {
    let client = Client::new().await;
    let plain = reqwest::Client::new();
    let answer = plain
        .get(format!("{}app", client.github.api_url()))
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), 403);
    assert_eq!(client.get("app/installations", "ghs_nonsense").await.0, 401);
    let mark = client.github.mark();
    client.get("nothing/here", &client.jwt(-60, 540)).await;
    let asked = client.github.requests_since(mark);
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/nothing/here"));
}

#[tokio::test]
async fn payloads_are_as_large_as_the_real_ones_and_rightly_signed() {
    let github = FakeGitHub::start().await;
    let shop = github.repository("acme/shop");
    shop.push(&[("port.yml", "identifier: shop")], "Describe the shop");
    let commit = shop.push_to("feature", &[("a", "b")], "Work");
    let number = shop.open_pull_request("Add a", "feature");
    let signed = github.sign(&shop.pull_request_event("opened", number));
    assert!(
        (10_000..30_000).contains(&signed.body.len()),
        "{}",
        signed.body.len()
    );
    let push = shop.pushed(&commit);
    assert_eq!(push.payload["ref"], "refs/heads/feature");
    assert!(push.payload["repository"]["pushed_at"].is_u64());
    // GitHub's own test vector.
    assert_eq!(
        super::sign(github.webhook_secret(), b"Hello, World!"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    );
}

#[tokio::test]
async fn recorded_payloads_name_repositories_that_exist() {
    let client = Client::new().await;
    for name in ["issues", "pull_request", "push", "workflow_run"] {
        let events = client.github.recorded(name);
        assert!(events.len() >= 5);
        for event in events {
            let repository = &event.payload["repository"];
            let owner = repository["owner"]["login"].as_str().expect("text");
            let token = client
                .token(owner, json!({"repository_ids": [repository["id"]]}))
                .await;
            let path = format!("repositories/{}", repository["id"]);
            assert_eq!(client.get(&path, &token).await.1["id"], repository["id"]);
        }
    }
}

#[tokio::test]
async fn what_was_sent_and_what_was_lost_is_in_the_log_page_by_page() {
    let client = Client::new().await;
    let shop = client.github.repository("acme/shop");
    let stranger = Stranger::start().await;
    let first = client.github.sign(&shop.star());
    let (status, _) = client.github.post(&stranger.url(), &first).await;
    let lost = client.github.lose(&shop.event("edited", json!({})));
    client.github.lose_again(&first);

    let jwt = client.jwt(-60, 540);
    let request = client.request(Method::GET, "app/hook/deliveries?per_page=2", &jwt);
    let answer = request.send().await.expect("an answer");
    let link = answer.headers()["link"].to_str().expect("text").to_owned();
    let newest: Value = answer.json().await.expect("JSON");
    let next = link
        .strip_prefix(&format!("<{}", client.github.api_url()))
        .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        .expect("a link to the next page");
    let (_, oldest) = client.get(next, &jwt).await;

    assert_eq!(newest[0]["guid"], json!(first.guid));
    assert_eq!(newest[0]["redelivery"], true);
    assert_eq!(newest[1]["guid"], json!(lost.guid));
    let told = ["event", "action", "status", "status_code", "repository_id"];
    assert_eq!(
        told.map(|key| newest[1][key].clone()),
        [
            json!("repository"),
            json!("edited"),
            json!("failed to connect"),
            json!(502),
            json!(shop.id())
        ]
    );
    assert_eq!(oldest.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&oldest[0]["redelivery"], &oldest[0]["status_code"]),
        (&json!(false), &json!(status))
    );
    let path = format!("app/hook/deliveries/{}", newest[1]["id"]);
    let (_, whole) = client.get(&path, &jwt).await;
    let payload = serde_json::from_slice::<Value>(&lost.body).expect("JSON");
    assert_eq!(whole["request"]["payload"], payload);
    assert_eq!(client.get("app/hook/deliveries/1", &jwt).await.0, 404);
    let token = client.token("acme", json!({})).await;
    assert_eq!(client.get("app/hook/deliveries", &token).await.0, 401);

    client.github.keep_deliveries(1);
    client.github.lose_again(&lost);
    let (_, rest) = client.get("app/hook/deliveries", &jwt).await;
    assert_eq!(rest.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_deleted_issue_is_gone_and_its_number_is_not_given_again() {
    let client = Client::new().await;
    let shop = client.github.repository("acme/shop");
    let number = shop.open_issue("It does not work");
    let token = client.token("acme", json!({})).await;
    let path = format!("repositories/{}/issues/{number}", shop.id());
    assert_eq!(client.get(&path, &token).await.0, 200);
    shop.delete_issue(number);
    assert_eq!(client.get(&path, &token).await.0, 410);
    assert_eq!(shop.open_issue("Nor does it now"), number + 1);
}
