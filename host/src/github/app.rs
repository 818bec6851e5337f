//! Who the host is to GitHub: the App's JWT and the installations' tokens.
//!
//! GitHub docs, Generating a JSON Web Token (JWT) for a GitHub App, and
//! Generating an installation access token. Tokens are opaque: nothing here looks at one's length or form.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use moka::Expiry;
use moka::future::Cache;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Error;
use super::endpoint::ACCESS_TOKENS;
use super::limits::date;
use super::reply::Reply;
use super::rest::{JSON, Request, Rest};
use crate::settings;
use crate::subject::NO_INSTALLATION;

/// Seconds before now that a JWT begins, and after now that it ends: ten minutes in all is GitHub's maximum,
/// and this way a clock that is a minute off does no harm in either direction.
const JWT: (i64, i64) = (60, 540);
/// A clock further off than this is the likely cause of a refused JWT.
const SKEW: i64 = 30;
/// A token is renewed this long before it ends.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// A replica may not know a token yet that was minted just before: Octokit's figure.
const FRESH: Duration = Duration::from_secs(5);
const FRESH_WAITS: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// Tokens kept: one for each installation, and one for each repository whose mappers ask.
const TOKENS: u64 = 15_000;
const ANSWER: usize = 8 << 20;

pub(super) struct App {
    id: String,
    key: EncodingKey,
    /// GitHub's clock minus ours, in seconds.
    offset: AtomicI64,
    tokens: Cache<Scope, Token>,
    /// How long a token counts as fresh. Tests, which cannot wait, shorten it.
    pub(super) fresh: Duration,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All that the installation was granted.
    Whole { installation: u64 },
    /// Reading alone, of one repository or (`None`) of what belongs to the organization.
    Reading {
        installation: u64,
        repository: Option<u64>,
    },
}

#[derive(Clone)]
struct Token {
    secret: SecretString,
    minted: Instant,
    good_for: Duration,
    permissions: Arc<BTreeMap<String, String>>,
}

struct UntilRenewal;

impl Expiry<Scope, Token> for UntilRenewal {
    fn expire_after_create(&self, _: &Scope, token: &Token, _: Instant) -> Option<Duration> {
        Some(token.good_for)
    }
}

impl Scope {
    pub(super) fn installation(self) -> u64 {
        match self {
            Self::Whole { installation } | Self::Reading { installation, .. } => installation,
        }
    }
}

impl App {
    pub(super) fn new(settings: &settings::GitHub) -> anyhow::Result<Self> {
        let pem = settings.private_key.expose_secret();
        Ok(Self {
            id: settings.app_id.clone(),
            key: EncodingKey::from_rsa_pem(pem.as_bytes())
                .context("PRIVATE_KEY is no RSA private key in PEM form")?,
            offset: AtomicI64::new(0),
            tokens: Cache::builder()
                .max_capacity(TOKENS)
                .expire_after(UntilRenewal)
                .build(),
            fresh: FRESH,
        })
    }

    /// Asks as the App. A JWT refused for our clock's sake is made again by GitHub's clock, once.
    pub(super) async fn send(&self, rest: &Rest, request: &Request<'_>) -> Result<Reply, Error> {
        let reply = rest.send(request, &self.jwt()?).await?;
        if is_unknown(&reply) {
            return Err(self.refused(&reply));
        }
        if reply.status != 401 {
            return Ok(reply);
        }
        let offset = date(&reply.headers).map(|now| now - Timestamp::now().as_second());
        if let Some(offset) = offset
            && (offset - self.offset.load(Ordering::Relaxed)).abs() > SKEW
        {
            self.offset.store(offset, Ordering::Relaxed);
            tracing::warn!(
                offset,
                "this machine's clock is {offset} s off GitHub's; its JWTs are made by GitHub's clock now. Mend the clock (NTP)"
            );
            let reply = rest.send(request, &self.jwt()?).await?;
            if reply.status != 401 {
                return Ok(reply);
            }
            return Err(self.refused(&reply));
        }
        Err(self.refused(&reply))
    }

    /// Asks as an installation, with a token good for `scope`.
    pub(super) async fn send_as(
        &self,
        rest: &Rest,
        scope: Scope,
        request: &Request<'_>,
    ) -> Result<Reply, Error> {
        let mut waits = FRESH_WAITS.into_iter();
        let mut renewed = false;
        loop {
            let token = self.token(rest, scope).await?;
            let reply = rest.send(request, &token.secret).await?;
            if reply.status == 403 && reply.message().contains("suspended") {
                self.drop_token(scope, &token).await;
                return Err(Error::Suspended {
                    installation: scope.installation(),
                });
            }
            if reply.status != 401 {
                return Ok(reply);
            }
            if token.minted.elapsed() < self.fresh
                && let Some(wait) = waits.next()
            {
                sleep(wait).await;
                continue;
            }
            self.drop_token(scope, &token).await;
            if renewed {
                return match scope {
                    Scope::Whole { .. } => reply.success(None),
                    // Minting worked twice: it is this path that takes no installation's token.
                    Scope::Reading { .. } => Err(reply.unexpected()),
                };
            }
            renewed = true;
        }
    }

    fn jwt(&self) -> Result<SecretString, Error> {
        #[derive(Serialize)]
        struct Claims<'a> {
            iat: i64,
            exp: i64,
            iss: &'a str,
        }
        let now = Timestamp::now().as_second() + self.offset.load(Ordering::Relaxed);
        let claims = Claims {
            iat: now - JWT.0,
            exp: now + JWT.1,
            iss: &self.id,
        };
        match encode(&Header::new(Algorithm::RS256), &claims, &self.key) {
            Ok(jwt) => Ok(jwt.into()),
            Err(error) => Err(Error::Unauthorized(format!(
                "PRIVATE_KEY cannot sign: {error}"
            ))),
        }
    }

    fn refused(&self, reply: &Reply) -> Error {
        Error::Unauthorized(format!(
            "{}. Check that APP_ID ({}) and PRIVATE_KEY belong together, and that GHE_HOST is the host the App is registered at",
            reply.message(),
            self.id,
        ))
    }

    /// One mint at a time for a scope, however many ask.
    async fn token(&self, rest: &Rest, scope: Scope) -> Result<Token, Error> {
        let minting = async {
            match scope {
                _ if scope.installation() == NO_INSTALLATION => Err(Error::NotInstalled),
                Scope::Whole { installation } => self.mint(rest, installation, json!({})).await,
                Scope::Reading {
                    installation,
                    repository,
                } => {
                    let whole = Box::pin(self.token(rest, Scope::Whole { installation })).await?;
                    let mut narrowed = json!({ "permissions": reading(&whole.permissions) });
                    if let Some(repository) = repository {
                        narrowed["repository_ids"] = json!([repository]);
                    }
                    self.mint(rest, installation, narrowed).await
                }
            }
        };
        let token = self.tokens.try_get_with(scope, minting).await;
        token.map_err(|error| Error::clone(&error))
    }

    async fn mint(&self, rest: &Rest, installation: u64, body: Value) -> Result<Token, Error> {
        #[derive(Deserialize)]
        struct Minted {
            token: String,
            expires_at: String,
            #[serde(default)]
            permissions: BTreeMap<String, String>,
        }
        let path = ACCESS_TOKENS.fill(&[&installation.to_string()]);
        let request = Request {
            method: Method::POST,
            url: rest.url(&path).expect("a number is a plain segment"),
            accept: JSON,
            bucket: None,
            body: Some(&body),
            limit: ANSWER,
            within: &|_| false,
        };
        let reply = self.send(rest, &request).await?;
        let message = reply.message();
        match reply.status.as_u16() {
            403 if message.contains("suspended") => return Err(Error::Suspended { installation }),
            404 => return Err(Error::Gone { installation }),
            _ => {}
        }
        let reply = reply.success(None)?;
        let minted: Minted = reply.json()?;
        let now = date(&reply.headers).unwrap_or_else(|| Timestamp::now().as_second());
        // By GitHub's clock alone: ours may be wrong.
        let seconds = match minted.expires_at.parse::<Timestamp>() {
            Ok(end) => end.as_second() - now,
            Err(_) => 0,
        };
        Ok(Token {
            secret: minted.token.into(),
            minted: Instant::now(),
            good_for: good_for(seconds),
            permissions: Arc::new(minted.permissions),
        })
    }

    /// Forgets an installation's tokens: what it was granted has changed.
    pub(super) async fn forget(&self, installation: u64) {
        let scopes: Vec<_> = self.tokens.iter().map(|(scope, _)| *scope).collect();
        for scope in scopes {
            if scope.installation() == installation {
                self.tokens.invalidate(&scope).await;
            }
        }
    }

    /// Forgets a refused token, unless another task has replaced it already.
    async fn drop_token(&self, scope: Scope, refused: &Token) {
        if let Some(kept) = self.tokens.get(&scope).await
            && kept.minted == refused.minted
        {
            self.tokens.invalidate(&scope).await;
        }
    }
}

/// GitHub's 404 for a JWT of an App that it does not know: about our credentials, not about what was asked for.
fn is_unknown(reply: &Reply) -> bool {
    reply.status == 404 && reply.message().contains("Integration")
}

/// How long a token that lives for `seconds` is used.
fn good_for(seconds: i64) -> Duration {
    let lifetime = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    if lifetime > 2 * MARGIN {
        lifetime - MARGIN
    } else {
        lifetime / 2
    }
}

/// What was granted, narrowed to reading: this is what mappers' questions are asked with.
/// What the fence keeps from them is not in the token either.
fn reading(granted: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let kept_back = |name: &str| {
        // `workflows` can only be written.
        name == "workflows"
            || name.contains("secret")
            || name.contains("variable")
            || name.contains("hook")
            || name.contains("codespaces")
    };
    granted
        .keys()
        .filter(|name| !kept_back(name))
        .map(|name| (name.as_str(), "read"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_five_minutes_before_it_ends() {
        assert_eq!(good_for(3600), Duration::from_secs(3300));
        assert_eq!(good_for(60), Duration::from_secs(30));
        assert_eq!(good_for(-5), Duration::ZERO);
    }

    #[test]
    fn mappers_ask_with_a_token_that_only_reads() {
        let granted = [
            ("checks", "write"),
            ("contents", "read"),
            ("workflows", "write"),
            ("secrets", "write"),
            ("secret_scanning_alerts", "read"),
            ("actions_variables", "read"),
            ("repository_hooks", "read"),
        ];
        let granted = granted.map(|(name, level)| (name.to_owned(), level.to_owned()));
        assert_eq!(
            reading(&BTreeMap::from(granted)),
            BTreeMap::from([("checks", "read"), ("contents", "read")])
        );
    }
}
