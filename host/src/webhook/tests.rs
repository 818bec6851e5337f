use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use secrecy::SecretString;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

/// A door with a memory of what went through it.
struct House {
    address: String,
    accepted: Arc<Mutex<Vec<Delivery>>>,
    full: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<io::Result<()>>,
}

async fn open() -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let full = Arc::new(AtomicBool::new(false));
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn({
        let (accepted, full) = (accepted.clone(), full.clone());
        async move {
            let settings = settings::Webhook {
                secrets: vec![SecretString::from("secret")],
                path: Some("/hooks".to_owned()),
            };
            let accept = move |delivery| {
                let full = full.load(Ordering::SeqCst);
                if !full {
                    accepted.lock().unwrap().push(delivery);
                }
                std::future::ready(match full {
                    true => Err("too much is waiting"),
                    false => Ok(()),
                })
            };
            serve(listener, &settings, accept, async { drop(stopped.await) }).await
        }
    });
    House {
        address,
        accepted,
        full,
        stop,
        served,
    }
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

impl House {
    fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> reqwest::RequestBuilder {
        let body = body.into();
        reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("http://{}{path}", self.address))
            .header("x-github-event", "push")
            .header("x-github-delivery", "guid")
            .header("x-hub-signature-256", signature(&body))
            .header("content-type", "application/json")
            .body(body)
    }

    fn accepted(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }
}

async fn refusal(request: reqwest::RequestBuilder) -> (StatusCode, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_signed_delivery_is_accepted_on_each_path() {
    let house = open().await;
    for path in ["/", "/api/github/webhooks", "/hooks"] {
        let answer = house
            .post(path, r#"{"ref":"refs/heads/main"}"#)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{path}");
    }
    assert_eq!(house.accepted(), 3);
    assert_eq!(
        house.accepted.lock().unwrap()[0].payload(),
        r#"{"ref":"refs/heads/main"}"#
    );
}

#[tokio::test]
async fn a_wrong_signature_none_and_broken_json_are_each_said_in_a_sentence() {
    let house = open().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let bare = |signature: &str| {
        client
            .post(format!("http://{}/", house.address))
            .header("x-github-event", "push")
            .header("x-github-delivery", "guid")
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature.to_owned())
            .body("{}")
    };
    let (status, text) = refusal(bare(&signature(b"{} "))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("does not match the body"), "{text}");
    let unsigned = client.post(format!("http://{}/", house.address)).body("{}");
    let (status, text) = refusal(unsigned).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("X-Hub-Signature-256 is missing"), "{text}");
    let (status, text) = refusal(house.post("/", r#"{"ref":"#)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("not a JSON object"), "{text}");
    assert_eq!(house.accepted(), 0);
}

#[tokio::test]
async fn other_paths_methods_and_content_types() {
    let house = open().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("http://{}{path}", house.address);
    let health = client.get(url("/health")).send().await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    assert_eq!(health.text().await.unwrap(), r#"{"status":"ok"}"#);
    let (status, _) = refusal(client.get(url("/"))).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let (status, text) = refusal(house.post("/elsewhere", "{}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("/api/github/webhooks"), "{text}");
    let plain = client
        .post(url("/"))
        .header("x-github-event", "push")
        .header("x-github-delivery", "guid")
        .header("x-hub-signature-256", signature(b"hello"))
        .header("content-type", "text/plain")
        .body("hello");
    let (status, text) = refusal(plain).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(text.contains("application/json"), "{text}");
}

#[tokio::test]
async fn an_oversized_body_is_refused_and_its_sender_reads_why() {
    let house = open().await;
    let (status, text) = refusal(house.post("/", vec![b' '; MAX_BODY + 1])).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains("26 MiB"), "{text}");
    let mut largest = vec![b' '; MAX_BODY - 2];
    largest.extend_from_slice(b"{}");
    assert_eq!(
        house.post("/", largest).send().await.unwrap().status(),
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn a_full_house_asks_to_come_back() {
    let house = open().await;
    house.full.store(true, Ordering::SeqCst);
    let answer = house.post("/", "{}").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "30");
    let text = answer.text().await.unwrap();
    assert!(text.contains("too much is waiting"), "{text}");
    house.full.store(false, Ordering::SeqCst);
    assert_eq!(
        house.post("/", "{}").send().await.unwrap().status(),
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn a_request_that_was_begun_is_answered_before_the_end() {
    let house = open().await;
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nx-github-event: push\r\nx-github-delivery: guid\r\n\
         content-type: application/json\r\nx-hub-signature-256: {}\r\ncontent-length: 2\r\n\
         expect: 100-continue\r\n\r\n",
        signature(b"{}")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = vec![0; 25];
    stream.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"HTTP/1.1 100 Continue\r\n\r\n");
    house.stop.send(()).unwrap();
    stream.write_all(b"{}").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 202"), "{text}");
    house.served.await.unwrap().unwrap();
    assert_eq!(house.accepted.lock().unwrap().len(), 1);
}
