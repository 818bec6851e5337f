//! Who the host is to GitHub: the App by its JWT, an installation by its token; which is renewed when, and for whom.
//!
//! How a JWT is made is [`jwt`]'s part, what a token is good for [`token`]'s.

mod jwt;
mod token;

use std::time::Duration;

use moka::future::Cache;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use self::jwt::{Signer, is_unknown};
use self::token::{Token, UntilRenewal, reading};
use super::Error;
use super::endpoint::ACCESS_TOKENS;
use super::reply::Reply;
use super::rest::{JSON, Request, Rest};
use crate::settings;
use crate::subject::NO_INSTALLATION;

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
    signer: Signer,
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

impl Scope {
    pub(super) fn installation(self) -> u64 {
        match self {
            Self::Whole { installation } | Self::Reading { installation, .. } => installation,
        }
    }
}

impl App {
    pub(super) fn new(settings: &settings::GitHub) -> anyhow::Result<Self> {
        Ok(Self {
            signer: Signer::new(settings)?,
            tokens: Cache::builder()
                .max_capacity(TOKENS)
                .expire_after(UntilRenewal)
                .build(),
            fresh: FRESH,
        })
    }

    /// Asks as the App. A JWT refused for our clock's sake is made again by GitHub's clock, once.
    pub(super) async fn send(&self, rest: &Rest, request: &Request<'_>) -> Result<Reply, Error> {
        let (jwt, offset) = self.signer.jwt()?;
        let mut reply = rest.send(request, &jwt).await?;
        if is_unknown(&reply) {
            return Err(self.signer.refused(&reply));
        }
        if reply.status == 401 && self.signer.mend_clock(&reply, offset) {
            reply = rest.send(request, &self.signer.jwt()?.0).await?;
        }
        match reply.status == 401 {
            true => Err(self.signer.refused(&reply)),
            false => Ok(reply),
        }
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
        Token::read(&reply.success(None)?)
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
