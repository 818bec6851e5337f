//! A few lines of HTTP for this crate's own tests: a closure answers, and what was asked is written down.
//! The whole stand-in for GitHub, which refuses what the real one refuses, is the scenarios' part.

use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::GitHub;
use crate::settings;
use crate::subject::Repository;

static KEY: LazyLock<String> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let der = pair.as_der().expect("a key can be written");
    let text = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
});

pub(crate) struct Standin {
    pub(crate) github: GitHub,
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A request as the closure sees it.
pub(crate) struct Asked {
    /// `GET /repos/acme/shop?x=y`
    pub(crate) line: String,
    /// What follows `Bearer `.
    pub(crate) bearer: String,
    pub(crate) body: String,
}

/// Status, headers, body.
pub(crate) type Reply = (u16, Vec<(&'static str, String)>, Vec<u8>);

pub(crate) fn ok(body: impl ToString) -> Reply {
    (200, Vec::new(), body.to_string().into())
}

pub(crate) fn failed(status: u16, message: &str) -> Reply {
    let body = serde_json::json!({ "message": message });
    (status, Vec::new(), body.to_string().into())
}

/// A token that lasts an hour.
pub(crate) fn minted(token: &str) -> Reply {
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let body = serde_json::json!({
        "token": token, "expires_at": end.to_string(), "permissions": {"contents": "read", "checks": "write"},
    });
    (201, Vec::new(), body.to_string().into())
}

pub(crate) fn shop() -> Repository {
    Repository {
        id: 42,
        owner: "acme".to_owned(),
        name: "shop".to_owned(),
        default_branch: Some("main".to_owned()),
        json: "{}".into(),
    }
}

/// The files of a repository on its branch `main`, as the Git endpoints serve them. A file's sha is its place here.
/// Content that begins with `-> ` makes a symbolic link.
pub(crate) fn git(repository: &str, commit: &str, files: &[(&str, &[u8])], asked: &Asked) -> Reply {
    let Some(rest) = asked
        .line
        .strip_prefix(&format!("GET /repos/{repository}/"))
    else {
        return failed(404, "Not Found");
    };
    let tree = format!("git/trees/{commit}-tree?recursive=1");
    if rest == "branches/main" {
        let json = serde_json::json!({"name": "main", "commit": {"sha": commit, "commit": {"tree": {"sha": format!("{commit}-tree")}}}});
        return ok(json);
    }
    if rest == tree {
        let sha = |place: usize| format!("{repository}-{commit}-{place}");
        let entries = files.iter().enumerate().map(|(place, (path, content))| {
            let mode = if content.starts_with(b"-> ") { "120000" } else { "100644" };
            serde_json::json!({"path": path, "mode": mode, "sha": sha(place).replace('/', "-"), "size": content.len()})
        });
        return ok(serde_json::json!({"tree": entries.collect::<Vec<_>>(), "truncated": false}));
    }
    let place = rest
        .strip_prefix("git/blobs/")
        .and_then(|sha| sha.rsplit('-').next()?.parse::<usize>().ok());
    match place {
        Some(place) => {
            let content = files[place].1;
            let content = content.strip_prefix(b"-> ").unwrap_or(content);
            (200, Vec::new(), content.to_vec())
        }
        None => failed(404, "Not Found"),
    }
}

/// Answers until the test ends; mints `t1`, `t2`, .. by itself.
pub(crate) async fn standin(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Standin {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let base = format!("http://{address}/api/v3");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, answer) = (asked.clone(), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (log, answer) = (log.clone(), answer.clone());
            tokio::spawn(async move {
                let _ = serve(stream, &log, &*answer).await;
            });
        }
    });
    let github = GitHub::new(&settings::GitHub {
        api: format!("{base}/").parse().expect("a URL"),
        app_id: "7".to_owned(),
        private_key: KEY.clone().into(),
        extra_ca: None,
    });
    Standin {
        github: github.expect("the settings are whole"),
        base,
        asked,
    }
}

impl Standin {
    /// What was asked so far, and forgets it.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(
            &mut *self
                .asked
                .lock()
                .expect("no test panics while it holds this"),
        )
    }
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &(impl Fn(&Asked) -> Reply + ?Sized),
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let header = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or(String::new(), |(_, value)| value.to_owned())
    };
    let length: usize = header("content-length").parse().unwrap_or(0);
    while bytes.len() < head + length {
        stream.read_buf(&mut bytes).await?;
    }
    let line = text.lines().next().unwrap_or_default();
    let line = line
        .trim_end_matches(" HTTP/1.1")
        .replacen("/api/v3", "", 1);
    assert!(header("user-agent").starts_with("portolan/"));
    assert_eq!(header("x-github-api-version"), "2022-11-28");
    assert!(header("accept").starts_with("application/vnd.github"));
    let asked = Asked {
        bearer: header("authorization")
            .trim_start_matches("Bearer ")
            .to_owned(),
        body: String::from_utf8_lossy(&bytes[head..]).into_owned(),
        line,
    };
    let mints = {
        let mut log = log.lock().expect("no test panics while it holds this");
        log.push(asked.line.clone());
        log.iter()
            .filter(|line| line.contains("access_tokens"))
            .count()
    };
    let mut reply = answer(&asked);
    if reply.0 == 404 && reply.1.is_empty() && asked.line.contains("access_tokens") {
        reply = minted(&format!("t{mints}"));
    }
    let (status, headers, body) = reply;
    let mut head = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
    stream.write_all(&body).await
}
