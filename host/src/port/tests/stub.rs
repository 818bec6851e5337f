//! A Port that answers by script, and entities to send it.

use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::entity::{Entity, Unchecked, UncheckedIdentifier};
use crate::port::Port;
use crate::settings;

/// One request as the stub saw it.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) head: String,
    pub(super) body: Value,
}

impl Seen {
    pub(super) fn identifiers(&self) -> Vec<String> {
        let entities = self.body["entities"].as_array().into_iter().flatten();
        entities
            .filter_map(|entity| Some(entity["identifier"].as_str()?.to_owned()))
            .collect()
    }

    pub(super) fn is_bulk(&self) -> bool {
        self.line.contains("/entities/bulk?")
    }
}

/// Status, further headers, body.
pub(super) type Scripted = (u16, &'static str, Value);
pub(super) type Log = Arc<Mutex<Vec<Seen>>>;

/// A Port that hands out the tokens `t1`, `t2`, ... and leaves the rest to `script`, told how many requests of the
/// same kind came before.
pub(super) async fn port(
    script: impl Fn(&Seen, usize) -> Scripted + Send + Sync + 'static,
) -> (Port, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let api = format!("http://{}/", listener.local_addr().expect("bound"));
    let (log, script) = (Log::default(), Arc::new(script));
    let seen = log.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, seen.clone(), script.clone()));
        }
    });
    (Port::new(&at(&api)).expect("a client"), log)
}

/// The settings of a Port whose base URL is this, with the credentials that the stub takes.
pub(in crate::port) fn at(api: &str) -> settings::Port {
    settings::Port {
        api: api.parse().expect("a URL"),
        client_id: "id".to_owned(),
        client_secret: SecretString::from("hush"),
        allowed: settings::AllowedBlueprints::default(),
        extra_ca: None,
    }
}

async fn answer<F: Fn(&Seen, usize) -> Scripted>(
    stream: TcpStream,
    log: Log,
    script: Arc<F>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            (stream.read_line(&mut head).await.ok()? > 0).then_some(())?;
        }
        let head = head
            .to_lowercase()
            .replace("post /", "POST /")
            .replace("patch /", "PATCH /")
            .replace("delete /", "DELETE /");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let seen = Seen {
            line: head.lines().next()?.to_owned(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            head,
        };
        let before = {
            let mut log = log.lock().expect("not poisoned");
            let kind = |seen: &Seen| seen.line.split('?').next().map(str::to_owned);
            let before = log
                .iter()
                .filter(|other| kind(other) == kind(&seen))
                .count();
            log.push(seen.clone());
            before
        };
        let (status, headers, body) = match seen.line.contains("/auth/access_token") {
            true if seen.body["clientSecret"] == "hush" => (
                200,
                "",
                json!({"ok": true, "accessToken": format!("t{}", before + 1), "expiresIn": 10800}),
            ),
            true => (
                401,
                "",
                json!({"ok": false, "error": "unauthorized", "message": "wrong secret"}),
            ),
            false => script(&seen, before),
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

fn unchecked(identifier: &str) -> Unchecked {
    Unchecked {
        blueprint: "service".into(),
        identifier: UncheckedIdentifier::Exact(identifier.into()),
        previous_identifier: None,
        title: None,
        icon: None,
        team: None,
        properties: "{}".into(),
        relations: "{}".into(),
        place: None,
    }
}

fn checked(unchecked: Unchecked) -> Entity {
    Entity::check(unchecked).expect("a good entity").0
}

pub(in crate::port) fn entity(identifier: &str, relations: &str) -> Entity {
    checked(Unchecked {
        relations: relations.into(),
        ..unchecked(identifier)
    })
}

pub(super) fn with_properties(identifier: &str, properties: &str) -> Entity {
    checked(Unchecked {
        properties: properties.into(),
        ..unchecked(identifier)
    })
}

pub(super) fn renamed(identifier: &str, previous: &str) -> Entity {
    checked(Unchecked {
        previous_identifier: Some(previous.into()),
        ..unchecked(identifier)
    })
}
