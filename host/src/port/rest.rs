//! One request to Port and its answer: the client, retries, rate limits.
//!
//! Knows statuses and headers; what stands in a body is its callers' business.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Certificate, Client, Method, StatusCode, Url, redirect};

use super::limits::{Gate, wanted_wait};
use super::token::Token;
use super::{Error, Source, Suffix};
use crate::causes::causes;
use crate::settings;

/// As Port's own integrations wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Far above any answer to twenty entities or one blueprint.
const ANSWER_LIMIT: usize = 16 << 20;

/// What must be escaped in one segment of a path: all but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(super) struct Rest {
    http: Client,
    base: Url,
    token: Token,
    gate: Gate,
}

pub(super) struct Request {
    pub(super) method: Method,
    /// Below the base, already escaped, with its query.
    pub(super) path: String,
    /// JSON, or empty.
    pub(super) body: Bytes,
    pub(super) source: Option<Source>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// Port's `x-trace-id`, by which its support finds the request.
    pub(super) trace: Option<String>,
}

/// A name as one segment of a path: `/` inside it becomes `%2F`.
pub(super) fn segment(name: &str) -> impl std::fmt::Display {
    utf8_percent_encode(name, SEGMENT)
}

/// Five tries in all: about 0.4, 0.9, 1.8 and 3.6 s apart.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(300))
        .with_max_times(4)
        .with_jitter()
        .build()
}

impl Rest {
    pub(super) fn new(settings: &settings::Port) -> anyhow::Result<Self> {
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // A redirect would carry the token to an address that nobody configured.
            .redirect(redirect::Policy::none());
        if let Some(pem) = &settings.extra_ca {
            let more = Certificate::from_pem_bundle(pem).unwrap_or_default();
            anyhow::ensure!(
                !more.is_empty(),
                "EXTRA_CA_FILE holds no certificate in PEM form"
            );
            builder = builder.tls_certs_merge(more);
        }
        let mut base = settings.api.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self {
            http: builder.build()?,
            base,
            token: Token::new(settings.client_id.clone(), settings.client_secret.clone()),
            gate: Gate::default(),
        })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) async fn authenticate(&self) -> Result<(), Error> {
        self.token.get(self, None).await.map(drop)
    }

    /// Any status but those that were retried in vain. A refused token is renewed once.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let bearer = self.token.get(self, None).await?;
        let answer = self.exchange(request, Some(&bearer)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let renewed = self.token.get(self, Some(&bearer)).await?;
        let answer = self.exchange(request, Some(&renewed)).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(Error::Unauthorized(format!(
                "Port refuses the token it has just given us ({}): look in Port whether the credentials of \
                 PORT_CLIENT_ID were revoked",
                answer.words().1
            )));
        }
        Ok(answer)
    }

    pub(super) async fn exchange(
        &self,
        request: &Request,
        bearer: Option<&HeaderValue>,
    ) -> Result<Answer, Error> {
        let mut pauses = pauses();
        loop {
            self.gate.pass().await?;
            let (trouble, wait) = match self.once(request, bearer).await {
                Ok((answer, wait)) => {
                    if let Some(wait) = wait {
                        self.gate.close(wait);
                    }
                    // 500 is not among them: it is more often one bad entity than a bad moment.
                    if !matches!(answer.status.as_u16(), 408 | 429 | 502 | 503 | 504) {
                        return Ok(answer);
                    }
                    let (code, message) = answer.words();
                    (
                        format!("Port answers {} {code}: {message}", answer.status.as_u16()),
                        wait,
                    )
                }
                Err(error) => (self.unreachable(error), None),
            };
            tracing::debug!(path = request.path, "{trouble}");
            match (pauses.next(), wait) {
                // The gate keeps the wait that Port asked for, unless that is hardly one.
                (Some(pause), wait) if wait.is_none_or(|wait| wait < pause) => {
                    tokio::time::sleep(pause).await
                }
                (Some(_), _) => {}
                (None, Some(after)) => return Err(Error::Later { after }),
                (None, None) => return Err(Error::Transient(trouble)),
            }
        }
    }

    /// The answer, and how long Port wants to be left alone.
    async fn once(
        &self,
        request: &Request,
        bearer: Option<&HeaderValue>,
    ) -> Result<(Answer, Option<Duration>), reqwest::Error> {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .header(USER_AGENT, agent(request.source));
        if let Some(bearer) = bearer {
            builder = builder.header(AUTHORIZATION, bearer);
        }
        if !request.body.is_empty() {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(request.body.clone());
        }
        let mut response = builder.send().await?;
        let status = response.status();
        let wait = wanted_wait(status, response.headers(), SystemTime::now());
        let text = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let trace = text("x-trace-id").map(super::error::quoted);
        if status.is_redirection() {
            let to = format!(
                r#"{{"error":"redirect","message":"it redirects{}"}}"#,
                match text(LOCATION.as_str()) {
                    Some(to) => format!(" to {}", to.replace(['"', '\\'], "")),
                    None => String::new(),
                }
            );
            return Ok((
                Answer {
                    status,
                    body: to.into(),
                    trace,
                },
                wait,
            ));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok((
            Answer {
                status,
                body: body.freeze(),
                trace,
            },
            wait,
        ))
    }

    fn unreachable(&self, error: reqwest::Error) -> String {
        format!(
            "cannot reach Port at {}: {}. Check PORT_URL (or PORT_API_URL), the network and EXTRA_CA_FILE",
            self.base,
            causes(error)
        )
    }
}

impl Answer {
    /// `error` and `message` of Port's error body, the trace with it.
    pub(super) fn words(&self) -> (String, String) {
        #[derive(serde::Deserialize)]
        struct Body {
            error: String,
            message: Option<String>,
        }
        let body: Option<Body> = serde_json::from_slice(&self.body).ok();
        let (code, message) = body.map_or_else(Default::default, |body| {
            (body.error, body.message.unwrap_or_default())
        });
        (super::error::quoted(&code), self.traced(&message))
    }

    /// Port's words about one entity of this answer.
    pub(super) fn traced(&self, message: &str) -> String {
        let message = match super::error::quoted(message) {
            empty if empty.is_empty() => "no reason given".to_owned(),
            message => message,
        };
        match &self.trace {
            Some(trace) => format!("{message} (trace {trace})"),
            None => message,
        }
    }
}

/// By which Port tells whose an entity is (its `$datasource`): what its own GitHub App sent.
fn agent(source: Option<Source>) -> String {
    match source {
        Some(Source {
            installation,
            suffix,
        }) => {
            let suffix = match suffix {
                Suffix::Gitops => "gitops",
                Suffix::Exporter => "exporter",
            };
            format!("port/github/v1.0.0/{installation}/{suffix}")
        }
        None => concat!("portolan/", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tests::at;

    #[test]
    fn names_are_escaped_as_one_segment() {
        assert_eq!(segment("acme/a b+c").to_string(), "acme%2Fa%20b%2Bc");
    }

    #[test]
    fn the_agent_is_what_ports_own_app_sent() {
        let source = Source {
            installation: 42,
            suffix: Suffix::Gitops,
        };
        assert_eq!(agent(Some(source)), "port/github/v1.0.0/42/gitops");
    }

    #[tokio::test]
    async fn an_unreachable_port_says_what_to_check() {
        // Nothing listens on the first port.
        let rest = Rest::new(&at("http://127.0.0.1:1")).expect("a client");
        let request = Request {
            method: Method::GET,
            path: "v1/x".to_owned(),
            body: Bytes::new(),
            source: None,
        };
        let error = rest
            .once(&request, None)
            .await
            .err()
            .expect("nobody is there");
        let told = rest.unreachable(error);
        assert!(
            told.starts_with("cannot reach Port at http://127.0.0.1:1/: "),
            "{told}"
        );
        assert!(
            told.contains("refused") && told.contains("PORT_URL"),
            "{told}"
        );
    }
}
