//! The stand-in for Port, as a client sees it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::FakePort;
use crate::fault::Fault;

struct Client {
    port: FakePort,
    http: reqwest::Client,
    token: String,
}

impl Client {
    async fn new() -> Self {
        let port = FakePort::start().await;
        port.blueprint(json!({"identifier": "team", "schema": {"properties": {}}}));
        port.blueprint(json!({
            "identifier": "service",
            "schema": {"properties": {
                "tier": {"type": "string", "enum": ["gold", "silver"]},
                "replicas": {"type": "number"},
                "url": {"type": "string", "format": "url"},
                "tags": {"type": "array", "items": {"type": "string"}},
            }, "required": []},
            "relations": {
                "owner": {"target": "team", "required": false, "many": false},
                "friends": {"target": "team", "required": false, "many": true},
            },
        }));
        let http = reqwest::Client::builder().user_agent("port/github/v1.0.0/1/exporter");
        let http = http.build().expect("a client");
        let mut client = Self {
            port,
            http,
            token: String::new(),
        };
        client.token = client.fetch_token().await;
        client
    }

    async fn fetch_token(&self) -> String {
        let body =
            json!({"clientId": self.port.client_id(), "clientSecret": self.port.client_secret()});
        let (status, answer) = self.post("auth/access_token", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer["accessToken"].as_str().expect("a token").to_owned()
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}/v1/{path}", self.port.url()));
        let answer = request.bearer_auth(&self.token).json(body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.expect("a JSON body"))
    }

    async fn upsert(&self, query: &str, entity: Value) -> (StatusCode, Value) {
        self.post(
            &format!("blueprints/service/entities?upsert=true&{query}"),
            &entity,
        )
        .await
    }
}

#[tokio::test]
async fn merge_keeps_what_is_not_given_and_null_clears() {
    let client = Client::new().await;
    let first = json!({"identifier": "shop", "title": "Shop", "properties": {"tier": "gold", "replicas": 3}});
    assert_eq!(client.upsert("", first).await.0, 201);
    let second =
        json!({"identifier": "shop", "properties": {"replicas": null, "url": "https://shop"}});
    client.upsert("merge=true", second).await;
    let shop = client.port.entity("service", "shop").expect("the shop");
    assert_eq!(
        shop["properties"],
        json!({"tier": "gold", "url": "https://shop"})
    );
    assert_eq!(shop["title"], "Shop");

    client
        .upsert(
            "",
            json!({"identifier": "shop", "properties": {"tier": "silver"}}),
        )
        .await;
    let shop = client.port.stored("service", "shop").expect("the shop");
    assert_eq!(Value::from(shop.properties), json!({"tier": "silver"}));
    assert_eq!((shop.title, shop.writes), (None, 3));
    assert_eq!(shop.datasource, "port/github/v1.0.0/1/exporter");
}

#[tokio::test]
async fn a_bulk_tells_who_failed_and_why() {
    let client = Client::new().await;
    let body = json!({"entities": [
        {"identifier": "cart"},
        {"identifier": "web", "properties": {"tier": "bronze"}},
        {"identifier": "a b"},
        {"identifier": "cart"},
        {"identifier": "pay", "relations": {"owner": "nobody"}},
        {"identifier": "pay2", "relations": {"nothing": "nobody"}},
        {"identifier": "url", "properties": {"url": "no url"}},
        {"identifier": "new", "properties": {"unheard": 1}},
    ]});
    let (status, answer) = client
        .post("blueprints/service/entities/bulk?upsert=true", &body)
        .await;
    assert_eq!(status, 207);
    assert_eq!(
        answer["entities"],
        json!([{"identifier": "cart", "index": 0, "created": true}])
    );
    let statuses: Vec<_> = answer["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| (error["index"].as_u64(), error["statusCode"].as_u64()))
        .collect();
    let expected = [
        (1, 422),
        (2, 422),
        (3, 409),
        (4, 404),
        (5, 422),
        (6, 422),
        (7, 422),
    ];
    assert_eq!(
        statuses,
        expected.map(|(index, status)| (Some(index), Some(status)))
    );
    assert_eq!(client.port.writes(), 1);
}

#[tokio::test]
async fn a_relation_needs_its_target_unless_bare_ones_are_wanted() {
    let client = Client::new().await;
    let entity =
        json!({"identifier": "shop", "relations": {"owner": "payments", "friends": ["web"]}});
    let (status, answer) = client.upsert("", entity.clone()).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (404, &json!("not_found"))
    );
    let (status, _) = client
        .upsert("create_missing_related_entities=true", entity)
        .await;
    assert_eq!(status, 201);
    assert_eq!(client.port.entities("team").len(), 2);
}

#[tokio::test]
async fn an_expired_token_is_refused_and_the_next_one_works() {
    let mut client = Client::new().await;
    assert_eq!(
        client.fetch_token().await,
        client.token,
        "one active token at a time"
    );
    client.port.expire_token();
    assert_eq!(
        client.upsert("", json!({"identifier": "shop"})).await.0,
        401
    );
    client.token = client.fetch_token().await;
    assert_eq!(
        client.upsert("", json!({"identifier": "shop"})).await.0,
        201
    );
    let existing = client
        .post(
            "blueprints/service/entities",
            &json!({"identifier": "shop"}),
        )
        .await;
    assert_eq!(existing.0, 409);
    client.port.refuse_credentials();
    let body =
        json!({"clientId": client.port.client_id(), "clientSecret": client.port.client_secret()});
    assert_eq!(client.post("auth/access_token", &body).await.0, 401);
}

#[tokio::test]
async fn sizes_blueprints_and_faults_are_answered_as_port_does() {
    let client = Client::new().await;
    let huge = json!({"identifier": "shop", "title": "x".repeat(1024 * 1024)});
    assert_eq!(client.upsert("", huge).await.0, 413);
    let shop = json!({"identifier": "shop"});
    assert_eq!(
        client
            .post("blueprints/nope/entities?upsert=true", &shop)
            .await
            .0,
        404
    );
    let many: Vec<_> = (0..21)
        .map(|n| json!({"identifier": n.to_string()}))
        .collect();
    let many = json!({"entities": many});
    assert_eq!(
        client
            .post("blueprints/service/entities/bulk", &many)
            .await
            .0,
        422
    );

    client
        .port
        .fail(Fault::status(429).header("retry-after", 1).on("/entities"));
    assert_eq!(client.upsert("", shop.clone()).await.0, 429);
    client.port.fail(Fault::lost_answer().on("/entities"));
    let request = client.http.post(format!(
        "{}/v1/blueprints/service/entities",
        client.port.url()
    ));
    let lost = request.bearer_auth(&client.token).json(&shop).send().await;
    assert!(lost.is_err());
    client.port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn what_others_depend_on_goes_only_with_them_or_lets_go() {
    let client = Client::new().await;
    let entity = json!({"identifier": "shop", "relations": {"friends": ["web", "ops"]}});
    client
        .upsert("create_missing_related_entities=true", entity)
        .await;
    let delete = |query: &str| {
        let path = format!(
            "{}/v1/blueprints/team/entities/web?{query}",
            client.port.url()
        );
        client.http.delete(path).bearer_auth(&client.token).send()
    };
    assert_eq!(
        delete("delete_dependents=false")
            .await
            .expect("an answer")
            .status(),
        200
    );
    let shop = client.port.entity("service", "shop").expect("the shop");
    assert_eq!(shop["relations"], json!({"friends": ["ops"]}));
    let gone = client
        .post(
            "blueprints/team/bulk/entities/delete?delete_dependents=true",
            &json!({"entities": ["ops"]}),
        )
        .await;
    assert_eq!(gone.0, 200);
    assert!(client.port.entity("service", "shop").is_none());
}

#[tokio::test]
async fn own_entities_are_found_by_their_datasource() {
    let client = Client::new().await;
    client.upsert("", json!({"identifier": "ours"})).await;
    client
        .port
        .plant("service", &json!({"identifier": "theirs"}), "somebody");
    let query = json!({"combinator": "and", "rules": [
        {"property": "$datasource", "operator": "contains", "value": "port/github"},
        {"property": "$blueprint", "operator": "=", "value": "service"},
    ]});
    let (_, answer) = client.post("entities/search", &query).await;
    assert_eq!(answer["entities"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["entities"][0]["identifier"], "ours");
}

#[tokio::test]
async fn a_limit_is_told_and_enforced() {
    let client = Client::new().await;
    let hour = std::time::Duration::from_secs(3600);
    client.port.limit(crate::quota::Quota::of(1, hour));
    let path = format!("{}/v1/blueprints/service", client.port.url());
    let get = || client.http.get(&path).bearer_auth(&client.token).send();
    let first = get().await.expect("an answer");
    assert_eq!(
        (
            first.status().as_u16(),
            &first.headers()["x-ratelimit-remaining"]
        ),
        (200, &"0".parse().expect("a value"))
    );
    let second = get().await.expect("an answer");
    assert_eq!(second.status(), 429);
    assert!(second.headers().contains_key("x-ratelimit-reset"));
}

#[tokio::test]
async fn a_patch_renames_and_relations_follow() {
    let client = Client::new().await;
    let entity = json!({"identifier": "shop", "relations": {"owner": "payments"}});
    client
        .upsert("create_missing_related_entities=true", entity)
        .await;
    let path = format!("{}/v1/blueprints/team/entities/payments", client.port.url());
    let request = client.http.patch(path).bearer_auth(&client.token);
    let answer = request
        .json(&json!({"identifier": "money", "title": "Money"}))
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let shop = client.port.entity("service", "shop").expect("the shop");
    assert_eq!(shop["relations"]["owner"], "money");
    assert_eq!(
        client.port.entity("team", "money").expect("the team")["title"],
        "Money"
    );
}

#[tokio::test]
async fn equal_entities_have_equal_digests() {
    let client = Client::new().await;
    client
        .upsert(
            "",
            json!({"identifier": "shop", "properties": {"tier": "gold"}}),
        )
        .await;
    let first = client.port.digest("service", "shop");
    client
        .upsert(
            "",
            json!({"properties": {"tier": "gold"}, "identifier": "shop"}),
        )
        .await;
    assert_eq!(client.port.digest("service", "shop"), first);
    client.upsert("", json!({"identifier": "shop"})).await;
    assert_ne!(client.port.digest("service", "shop"), first);
}
