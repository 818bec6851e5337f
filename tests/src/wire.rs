//! A small HTTP server on a real socket: takes a whole request, asks one function, sends the answer.
//!
//! Below every stand-in. It keeps the journal and plays the faults that a scenario asked for; it knows nothing
//! of GitHub or Port. Connections are dropped as a crashing peer drops them, which a framework would not let us.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::fault::{Effect, Faults};
use crate::journal::{Journal, Recorded};
use crate::recording;
use crate::tls::Authority;

/// One request, whole.
pub(crate) struct Call {
    pub(crate) method: String,
    /// As sent: still percent-encoded, without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization").strip_prefix("Bearer ")
    }

    /// A parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('=').or(Some((pair, ""))))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| decode(value))
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.parameter(name).as_deref() == Some("true")
    }

    /// The path's parts, each decoded on its own: an encoded slash stays inside its part.
    pub(crate) fn segments(&self) -> Vec<String> {
        segments(&self.path)
    }
}

pub(crate) fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').map(decode).collect()
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// What the stand-in answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// A scenario asked for it: it says nothing about the stand-in.
    pub(crate) on_demand: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(
            status,
            "application/json; charset=utf-8",
            body.to_string().into(),
        )
    }

    pub(crate) fn bytes(status: u16, content_type: &str, body: Bytes) -> Self {
        let headers = vec![("content-type".into(), content_type.into())];
        Self {
            status,
            headers,
            body,
            on_demand: false,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            on_demand: false,
        }
    }

    pub(crate) fn on_demand(mut self) -> Self {
        self.on_demand = true;
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }
}

/// Where on the loopback a stand-in is found.
pub struct Place {
    name: String,
    tls: Option<TlsAcceptor>,
}

impl Place {
    /// By its address, in the clear.
    pub fn plain() -> Self {
        Self {
            name: Ipv4Addr::LOCALHOST.to_string(),
            tls: None,
        }
    }

    /// By this name, with a certificate that this authority signed.
    pub fn secured(authority: &Authority, name: &str) -> Self {
        Self {
            name: name.into(),
            tls: Some(authority.acceptor(name)),
        }
    }
}

/// A listening stand-in; dropping it closes the socket and every connection.
pub(crate) struct Server {
    /// Whom it stands for.
    pub(crate) name: &'static str,
    /// Scheme, name and port.
    pub(crate) origin: String,
    pub(crate) journal: Arc<Journal>,
    pub(crate) faults: Arc<Faults>,
    down: Arc<Down>,
    accepting: AbortHandle,
}

impl Server {
    pub(crate) async fn start<F>(
        name: &'static str,
        place: Place,
        answer: F,
    ) -> std::io::Result<Self>
    where
        F: Fn(&Call) -> Answer + Send + Sync + 'static,
    {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any).await?;
        let port = listener.local_addr()?.port();
        let scheme = place.tls.as_ref().map_or("http", |_| "https");
        let origin = format!("{scheme}://{}:{port}", place.name);
        let peer = Arc::new(Peer {
            name,
            tls: place.tls,
            answer: Box::new(answer),
            journal: Arc::default(),
            faults: Arc::default(),
            down: Arc::default(),
        });
        let (journal, faults) = (peer.journal.clone(), peer.faults.clone());
        let down = peer.down.clone();
        let accepting = tokio::spawn(accept(listener, peer)).abort_handle();
        Ok(Self {
            name,
            origin,
            journal,
            faults,
            down,
            accepting,
        })
    }

    /// While down, every connection is closed without an answer.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.now.store(down, Ordering::SeqCst);
    }

    pub(crate) fn turned_away(&self) -> usize {
        self.down.turned_away.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Peer {
    name: &'static str,
    tls: Option<TlsAcceptor>,
    answer: Box<dyn Fn(&Call) -> Answer + Send + Sync>,
    journal: Arc<Journal>,
    faults: Arc<Faults>,
    down: Arc<Down>,
}

/// Whether nobody is there, and how many came in vain.
#[derive(Default)]
struct Down {
    now: AtomicBool,
    turned_away: AtomicUsize,
}

impl Down {
    fn turns_away(&self) -> bool {
        let down = self.now.load(Ordering::SeqCst);
        self.turned_away
            .fetch_add(usize::from(down), Ordering::Relaxed);
        down
    }
}

async fn accept(listener: TcpListener, peer: Arc<Peer>) {
    // Connections live in the set, so that aborting this task ends them too.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        if peer.down.turns_away() {
            continue;
        }
        let peer = peer.clone();
        connections.spawn(async move { converse(stream, peer).await });
    }
}

async fn converse(stream: TcpStream, peer: Arc<Peer>) {
    // Small answers must not wait for the other side's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    match &peer.tls {
        None => serve(stream, &peer).await,
        // Who does not trust us hangs up here.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, &peer).await;
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, peer: &Peer) {
    let service = service_fn(|request| reply(request, peer));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An error here makes hyper close the connection without an answer.
async fn reply(
    request: Request<Incoming>,
    peer: &Peer,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?;
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    let mut answer = None;
    if peer.down.turns_away() {
        return Err(std::io::ErrorKind::ConnectionReset.into());
    }
    match peer.faults.take(&call.method, &call.path) {
        None => {}
        Some(Effect::Answer(status, headers, body)) => {
            answer = Some(Answer {
                status,
                headers,
                body,
                on_demand: true,
            });
        }
        Some(Effect::Slow(pause)) => tokio::time::sleep(pause).await,
        Some(Effect::Drop) => {
            peer.journal.add(recorded(&call, 0));
            recording::keep(peer.name, &call, None);
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        Some(Effect::LoseAnswer) => {
            let _ = (peer.answer)(&call);
            peer.journal.add(recorded(&call, 0));
            recording::keep(peer.name, &call, None);
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
    }
    let answer = answer.unwrap_or_else(|| (peer.answer)(&call));
    recording::keep(peer.name, &call, Some(&answer));
    peer.journal.add(recorded(&call, answer.status));
    Ok(response(answer))
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Full::new(answer.body))
        .expect("a scenario asks for headers and a status that HTTP knows")
}

fn recorded(call: &Call, status: u16) -> Recorded {
    Recorded {
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        status,
        authorized: call.headers.contains_key("authorization"),
        user_agent: call.header("user-agent").to_owned(),
        body: call.body.clone(),
    }
}
