//! One request to GitHub's REST API and its answer: headers, redirects, retries, limits.
//!
//! Knows neither tokens' origin nor what the answers mean.

use std::time::Duration;

use anyhow::Context as _;
use backon::{ExponentialBuilder, Retryable as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK, LOCATION, USER_AGENT};
use reqwest::{Certificate, Client, Method, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::Error;
use super::limits::{Bucket, Limits, limit};
use super::reply::{Reply, header, next_link, printable};
use crate::causes::causes;

pub(super) const JSON: &str = "application/vnd.github+json";
pub(super) const RAW: &str = "application/vnd.github.raw+json";

/// GHES has no limits of its own by default: be a good guest on somebody's server.
const AT_ONCE: usize = 8;
/// A limit shorter than this is waited out; a longer one is the caller's to plan with,
/// who does not sit on a worker meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// More hops than a rename and a transfer make.
const REDIRECTS: usize = 5;
/// GitHub gives up on a request after 10 s (GHES 30 s): whoever answers later is not GitHub.
const ANSWER: Duration = Duration::from_secs(35);
const CONNECT: Duration = Duration::from_secs(10);
const TRIES: usize = 3;

pub(super) struct Rest {
    http: Client,
    base: Url,
    permits: Semaphore,
    limits: Limits,
}

pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: &'static str,
    pub(super) bucket: Bucket,
    pub(super) body: Option<&'a serde_json::Value>,
    /// Bytes of the answer to accept.
    pub(super) limit: usize,
    /// Whether a redirect may lead to this path below the API's base.
    pub(super) within: &'a Within<'a>,
}

/// Which paths below the API's base an answer may lead to.
pub(super) type Within<'a> = dyn Fn(&str) -> bool + Send + Sync + 'a;

impl Rest {
    pub(super) fn new(base: Url, extra_ca: Option<&[u8]>) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("portolan/", env!("CARGO_PKG_VERSION"))),
        );
        headers.insert(
            "X-GitHub-Api-Version",
            HeaderValue::from_static("2022-11-28"),
        );
        let mut http = Client::builder()
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            // Retried here, where limits are known.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT)
            .timeout(ANSWER);
        if let Some(pem) = extra_ca {
            let certificates =
                Certificate::from_pem_bundle(pem).context("EXTRA_CA_FILE holds no certificates")?;
            http = http.tls_certs_merge(certificates);
        }
        Ok(Self {
            http: http
                .build()
                .context("could not set up the HTTPS client for GitHub")?,
            base,
            permits: Semaphore::new(AT_ONCE),
            limits: Limits::default(),
        })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The URL of a path that begins with `/`. `None` if it would not stay what it is.
    pub(super) fn url(&self, path_and_query: &str) -> Option<Url> {
        let text = format!("{}{}", self.base, path_and_query.strip_prefix('/')?);
        let url = Url::parse(&text).ok()?;
        // Had the parser folded `..` away or found another host, it would not read the same.
        (url.as_str() == text && self.below(&url).is_some()).then_some(url)
    }

    /// The path below the API's base, with the leading slash. `None` if it is another origin or not below.
    pub(super) fn below<'u>(&self, url: &'u Url) -> Option<&'u str> {
        let same = url.scheme() == self.base.scheme()
            && url.host() == self.base.host()
            && url.port_or_known_default() == self.base.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none();
        let base = self.base.path().trim_end_matches('/');
        same.then(|| url.path().strip_prefix(base))
            .flatten()
            .filter(|path| path.starts_with('/'))
    }

    /// Asks, waits out short limits, and tries again what fails in passing. Every answer below 500 is a reply.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
        bearer: &SecretString,
    ) -> Result<Reply, Error> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(3))
            .with_max_times(TRIES - 1)
            .with_jitter();
        let mut patience = PATIENCE;
        loop {
            while let Some((wait, why)) = self.limits.parked(request.bucket) {
                patience = patience
                    .checked_sub(wait)
                    .ok_or(Error::Later { after: wait, why })?;
                sleep(wait).await;
            }
            let reply = (|| self.follow(request, bearer))
                .retry(backoff)
                .when(|error| matches!(error, Error::Transient(_) | Error::Failed(_)))
                .await?;
            let Some(limit) = limit(reply.status, &reply.headers, &reply.message()) else {
                self.limits.passed(request.bucket);
                return Ok(reply);
            };
            let why = format!("{} to {}: {}", reply.status, reply.what, reply.message());
            tracing::debug!(installation = request.bucket, "rate limit: {why}");
            self.limits.park(request.bucket, limit, why);
        }
    }

    /// Redirects by hand: a token goes to no other origin, and nowhere that the caller may not read.
    async fn follow(&self, request: &Request<'_>, bearer: &SecretString) -> Result<Reply, Error> {
        let mut url = request.url.clone();
        for _ in 0..=REDIRECTS {
            let reply = self.once(request, url, bearer).await?;
            let moved = matches!(reply.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            if !moved || request.method != Method::GET {
                return Ok(reply);
            }
            let to = header(&reply.headers, LOCATION.as_str()).unwrap_or_default();
            let astray = || Error::Astray {
                what: reply.what.clone(),
                to: printable(to),
            };
            url = reply.url.join(to).map_err(|_| astray())?;
            let path = self.below(&url).ok_or_else(astray)?;
            if !(request.within)(path) {
                return Err(astray());
            }
        }
        Err(Error::Unexpected {
            what: self.what(request),
            status: 301,
            message: format!("more than {REDIRECTS} redirects in a row"),
        })
    }

    async fn once(
        &self,
        request: &Request<'_>,
        url: Url,
        bearer: &SecretString,
    ) -> Result<Reply, Error> {
        let what = self.what(request);
        let _permit = (self.permits.acquire().await).expect("the semaphore is never closed");
        // While this one stood in line another may have been told to stop.
        if let Some((after, why)) = self.limits.parked(request.bucket) {
            return Err(Error::Later { after, why });
        }
        let failed = |error: reqwest::Error| Error::Transient(format!("{what}: {}", causes(error)));
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", bearer.expose_secret())).map_err(|_| {
                Error::Unauthorized("GitHub issued a token that is no header".to_owned())
            })?;
        authorization.set_sensitive(true);
        let mut call = (self.http.request(request.method.clone(), url.clone()))
            .header(ACCEPT, request.accept)
            .header(AUTHORIZATION, authorization);
        if let Some(body) = request.body {
            call = call.json(body);
        }
        let mut response = call.send().await.map_err(failed)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > request.limit {
                return Err(Error::TooLarge {
                    what,
                    limit: format!("{} bytes", request.limit),
                });
            }
            body.extend_from_slice(&chunk);
        }
        let reply = Reply {
            status,
            headers,
            body: body.into(),
            url,
            what,
        };
        if status.is_server_error() && limit(status, &reply.headers, "").is_none() {
            let said = format!(
                "GitHub answered {} to {}: {}",
                status.as_u16(),
                reply.what,
                reply.message()
            );
            return Err(match status.as_u16() {
                502..=504 => Error::Transient(said),
                // One request that GitHub stumbles over says nothing about the others.
                _ => Error::Failed(said),
            });
        }
        Ok(reply)
    }

    fn what(&self, request: &Request<'_>) -> String {
        let path = self.below(&request.url).unwrap_or("/");
        format!("{} {path}", request.method)
    }

    /// The next page, as GitHub links it (GitHub docs, Using pagination in the REST API: do not build these URLs).
    pub(super) fn next(&self, reply: &Reply, within: &Within<'_>) -> Result<Option<Url>, Error> {
        let Some(to) = header(&reply.headers, LINK.as_str()).and_then(next_link) else {
            return Ok(None);
        };
        let astray = || Error::Astray {
            what: reply.what.clone(),
            to: printable(to),
        };
        let url = reply.url.join(to).map_err(|_| astray())?;
        let path = self.below(&url).ok_or_else(astray)?;
        if within(path) {
            Ok(Some(url))
        } else {
            Err(astray())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_the_base_is_asked() {
        let base = Url::parse("https://ghe.acme.dev/api/v3/").expect("a URL");
        let rest = Rest::new(base, None).expect("a client");
        let below = |url: &str| {
            let url = Url::parse(url).expect("a URL");
            rest.below(&url).map(str::to_owned)
        };
        assert_eq!(
            below("https://ghe.acme.dev/api/v3/repos/a/b?x").as_deref(),
            Some("/repos/a/b")
        );
        assert_eq!(
            below("https://ghe.acme.dev:443/api/v3/app").as_deref(),
            Some("/app")
        );
        for outside in [
            "http://ghe.acme.dev/api/v3/repos/a/b",
            "https://ghe.acme.dev:8443/api/v3/repos/a/b",
            "https://ghe.acme.dev.evil.example/api/v3/repos/a/b",
            "https://me@ghe.acme.dev/api/v3/repos/a/b",
            "https://ghe.acme.dev/api/v30/repos/a/b",
            "https://ghe.acme.dev/login",
            "https://ghe.acme.dev/api/v3/../login",
        ] {
            assert_eq!(below(outside), None, "{outside}");
        }
        for crooked in [
            "/repos/../app",
            "repos",
            "/repos/%2e%2e/x",
            "/a b",
            "/x#y\\..\\z\t",
        ] {
            assert_eq!(rest.url(crooked), None, "{crooked}");
        }
        assert!(rest.url("/repos/a/b?ref=x%2Fy").is_some());
    }
}
