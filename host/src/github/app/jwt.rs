//! The App's JWT, made by GitHub's clock once ours turns out to be wrong.
//!
//! GitHub docs, Generating a JSON Web Token (JWT) for a GitHub App.

use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Context as _;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::super::Error;
use super::super::limits::date;
use super::super::reply::Reply;
use crate::settings;

/// Seconds before now that a JWT begins, and after now that it ends: ten minutes in all is GitHub's maximum,
/// and this way a clock that is a minute off does no harm in either direction.
const JWT: (i64, i64) = (60, 540);
/// A clock further off than this is the likely cause of a refused JWT.
const SKEW: i64 = 30;

/// What JWTs are signed with.
pub(super) struct Signer {
    id: String,
    key: EncodingKey,
    /// GitHub's clock minus ours, in seconds.
    offset: AtomicI64,
}

impl Signer {
    pub(super) fn new(settings: &settings::GitHub) -> anyhow::Result<Self> {
        let pem = settings.private_key.expose_secret();
        Ok(Self {
            id: settings.app_id.clone(),
            key: EncodingKey::from_rsa_pem(pem.as_bytes())
                .context("PRIVATE_KEY is no RSA private key in PEM form")?,
            offset: AtomicI64::new(0),
        })
    }

    /// A JWT, and the offset it was made with.
    pub(super) fn jwt(&self) -> Result<(SecretString, i64), Error> {
        #[derive(Serialize)]
        struct Claims<'a> {
            iat: i64,
            exp: i64,
            iss: &'a str,
        }
        let offset = self.offset.load(Ordering::Relaxed);
        let now = Timestamp::now().as_second() + offset;
        let claims = Claims {
            iat: now - JWT.0,
            exp: now + JWT.1,
            iss: &self.id,
        };
        match encode(&Header::new(Algorithm::RS256), &claims, &self.key) {
            Ok(jwt) => Ok((jwt.into(), offset)),
            Err(error) => Err(Error::Unauthorized(format!(
                "PRIVATE_KEY cannot sign: {error}"
            ))),
        }
    }

    /// Takes GitHub's clock for ours if a reply to a JWT made with `offset` shows that clock to be off.
    /// `false`: it was as good as can be.
    pub(super) fn mend_clock(&self, reply: &Reply, offset: i64) -> bool {
        let right = date(&reply.headers).map(|now| now - Timestamp::now().as_second());
        let Some(right) = right.filter(|right| (right - offset).abs() > SKEW) else {
            return false;
        };
        // Of many whose JWTs were refused at once, the first says so.
        let before = self.offset.swap(right, Ordering::Relaxed);
        if (right - before).abs() > SKEW {
            tracing::warn!(
                offset = right,
                "this machine's clock is {right} s off GitHub's; its JWTs are made by GitHub's clock now. Mend the clock (NTP)"
            );
        }
        true
    }

    /// GitHub does not take our JWT, and why that may be.
    pub(super) fn refused(&self, reply: &Reply) -> Error {
        Error::Unauthorized(format!(
            "{}. Check that APP_ID ({}) and PRIVATE_KEY belong together, and that GHE_HOST is the host the App is registered at",
            reply.message(),
            self.id,
        ))
    }
}

/// GitHub's 404 for a JWT of an App that it does not know: about our credentials, not about what was asked for.
pub(super) fn is_unknown(reply: &Reply) -> bool {
    reply.status == 404 && reply.message().contains("Integration")
}
