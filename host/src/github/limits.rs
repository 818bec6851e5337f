//! GitHub's rate limits: what a refusal means, and which installation must wait until when.
//!
//! The order of the rules is that of GitHub docs, Best practices for using the REST API
//! ("Handle rate limit errors appropriately"). GHES has the limits off by default and then sends none of the headers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// What GitHub asks for after a secondary limit that names no time; doubled with each one in a row.
const SECONDARY: Duration = Duration::from_secs(60);
/// However often it happened, ask again after this: limits are counted by the hour at most.
const LONGEST: Duration = Duration::from_secs(3600);

/// The installations that must wait. A limit is an installation's, so one cannot hold up another's events.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<Bucket, Parked>>);

/// An installation, or the App itself.
pub(super) type Bucket = Option<u64>;

struct Parked {
    until: Instant,
    why: String,
    /// Secondary limits in a row.
    strikes: u32,
}

/// What GitHub's refusal asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Limit {
    /// To wait this long.
    Wait(Duration),
    /// To slow down; no time was named.
    Secondary,
}

impl Limits {
    /// How long this bucket must still wait, and why.
    pub(super) fn parked(&self, bucket: Bucket) -> Option<(Duration, String)> {
        let buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parked = buckets.get(&bucket)?;
        let wait = parked.until.checked_duration_since(Instant::now())?;
        (!wait.is_zero()).then(|| (wait, parked.why.clone()))
    }

    pub(super) fn park(&self, bucket: Bucket, limit: Limit, why: String) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (before, strikes) = match buckets.get(&bucket) {
            Some(parked) => (parked.until, parked.strikes),
            None => (now, 0),
        };
        let (wait, strikes) = match limit {
            Limit::Wait(wait) => (wait, strikes),
            // Requests that were under way together are refused together: that is one strike.
            Limit::Secondary => {
                let strikes = match before > now {
                    true => strikes.max(1),
                    false => strikes + 1,
                };
                (SECONDARY * 2u32.pow((strikes - 1).min(6)), strikes)
            }
        };
        let until = now + wait.clamp(Duration::from_secs(1), LONGEST);
        if until < before {
            return;
        }
        let parked = Parked {
            until,
            why,
            strikes,
        };
        buckets.insert(bucket, parked);
    }

    /// A request went through.
    pub(super) fn passed(&self, bucket: Bucket) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parked) = buckets.get(&bucket)
            && parked.until <= Instant::now()
        {
            buckets.remove(&bucket);
        }
    }
}

/// Reads a refusal. `None`: it is not about limits.
pub(super) fn limit(status: StatusCode, headers: &HeaderMap, message: &str) -> Option<Limit> {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return seconds(headers, RETRY_AFTER.as_str()).map(Limit::Wait);
    }
    if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    if let Some(wait) = seconds(headers, RETRY_AFTER.as_str()) {
        return Some(Limit::Wait(wait));
    }
    if seconds(headers, "x-ratelimit-remaining") == Some(Duration::ZERO)
        && let Some(reset) = seconds(headers, "x-ratelimit-reset")
    {
        // GitHub's own clock tells how far off its reset is; ours may be wrong.
        let now = date(headers).unwrap_or_else(|| jiff::Timestamp::now().as_second());
        let now = Duration::from_secs(u64::try_from(now).unwrap_or(0));
        return Some(Limit::Wait(
            reset.saturating_sub(now) + Duration::from_secs(1),
        ));
    }
    let message = message.to_ascii_lowercase();
    let secondary = [
        "secondary rate limit",
        "abuse detection",
        "rate limit exceeded",
    ];
    (status == StatusCode::TOO_MANY_REQUESTS || secondary.iter().any(|text| message.contains(text)))
        .then_some(Limit::Secondary)
}

/// The `Date` header in Unix seconds.
pub(super) fn date(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_second())
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(Duration::from_secs(text.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let value = value.parse().expect("a header value");
                (reqwest::header::HeaderName::from_static(name), value)
            })
            .collect()
    }

    #[test]
    fn a_refusal_is_read_in_githubs_order() {
        const NOON: &str = "Sun, 22 Nov 2026 12:00:00 GMT";
        // Half a minute past noon.
        const RESET: &str = "1795348830";
        let wait = |s| Some(Limit::Wait(Duration::from_secs(s)));
        #[rustfmt::skip]
        type Row = (u16, &'static [(&'static str, &'static str)], &'static str, Option<Limit>);
        let table: &[Row] = &[
            (
                403,
                &[
                    ("retry-after", "7"),
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", RESET),
                ],
                "",
                wait(7),
            ),
            (429, &[("retry-after", "0")], "", wait(0)),
            (
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", RESET),
                    ("date", NOON),
                ],
                "API rate limit exceeded",
                wait(31),
            ),
            (
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1"),
                    ("date", NOON),
                ],
                "",
                wait(1),
            ),
            (
                403,
                &[("x-ratelimit-remaining", "4000")],
                "You have exceeded a secondary rate limit.",
                Some(Limit::Secondary),
            ),
            (
                403,
                &[],
                "You have triggered an abuse detection mechanism",
                Some(Limit::Secondary),
            ),
            (429, &[], "", Some(Limit::Secondary)),
            (
                403,
                &[("x-ratelimit-remaining", "4000")],
                "Resource not accessible by integration",
                None,
            ),
            (403, &[], "This installation has been suspended", None),
            (
                503,
                &[("retry-after", "120")],
                "GitHub is down for maintenance",
                wait(120),
            ),
            (503, &[], "", None),
            (404, &[("retry-after", "7")], "", None),
            (200, &[("x-ratelimit-remaining", "0")], "", None),
        ];
        for (status, pairs, message, expected) in table {
            let status = StatusCode::from_u16(*status).expect("a status");
            let found = limit(status, &headers(pairs), message);
            assert_eq!(&found, expected, "{status} {pairs:?} {message}");
        }
    }

    #[test]
    fn one_installation_waits_and_the_other_does_not() {
        let limits = Limits::default();
        // Eight requests under way are refused at once.
        for _ in 0..8 {
            limits.park(Some(1), Limit::Secondary, "slow down".to_owned());
        }
        let (wait, why) = limits.parked(Some(1)).expect("parked");
        assert!(wait > SECONDARY / 2 && wait <= SECONDARY, "{wait:?}");
        assert_eq!(why, "slow down");
        assert!(limits.parked(Some(2)).is_none());
        assert!(limits.parked(None).is_none());
    }

    #[test]
    fn a_longer_wait_is_never_shortened() {
        let limits = Limits::default();
        let long = Duration::from_secs(600);
        limits.park(None, Limit::Wait(long), "the hour is used up".to_owned());
        limits.park(None, Limit::Wait(Duration::ZERO), "slow down".to_owned());
        limits.park(None, Limit::Secondary, "slow down".to_owned());
        let (wait, why) = limits.parked(None).expect("parked");
        assert!(wait > long / 2);
        assert_eq!(why, "the hour is used up");
    }
}
