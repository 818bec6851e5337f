//! An installation's token: how long it is used, and what one for mappers may do.
//!
//! GitHub docs, Generating an installation access token. Tokens are opaque: nothing here looks at one's length or form.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::Expiry;
use secrecy::SecretString;
use serde::Deserialize;

use super::super::Error;
use super::super::limits::date;
use super::super::reply::Reply;
use super::Scope;

/// A token is renewed this long before it ends.
const MARGIN: Duration = Duration::from_secs(5 * 60);

#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) minted: Instant,
    good_for: Duration,
    pub(super) permissions: Arc<BTreeMap<String, String>>,
}

impl Token {
    /// Out of GitHub's answer to a mint.
    pub(super) fn read(reply: &Reply) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Minted {
            token: String,
            expires_at: String,
            #[serde(default)]
            permissions: BTreeMap<String, String>,
        }
        let minted: Minted = reply.json()?;
        let now = date(&reply.headers).unwrap_or_else(|| Timestamp::now().as_second());
        // By GitHub's clock alone: ours may be wrong.
        let seconds = match minted.expires_at.parse::<Timestamp>() {
            Ok(end) => end.as_second() - now,
            Err(_) => 0,
        };
        Ok(Self {
            secret: minted.token.into(),
            minted: Instant::now(),
            good_for: good_for(seconds),
            permissions: Arc::new(minted.permissions),
        })
    }
}

/// Of a cache of tokens.
pub(super) struct UntilRenewal;

impl Expiry<Scope, Token> for UntilRenewal {
    fn expire_after_create(&self, _: &Scope, token: &Token, _: Instant) -> Option<Duration> {
        Some(token.good_for)
    }
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
pub(super) fn reading(granted: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
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
