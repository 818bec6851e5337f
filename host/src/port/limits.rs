//! How long Port wants to be left alone, and the gate that holds every request back meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::Error;

/// How long a rate limit is waited out in line; beyond it the event is better put back.
const PATIENCE: Duration = Duration::from_secs(60);

/// `Retry-After` of a refusal, else the end of a used-up quota (Port docs, "Rate limits").
pub(super) fn wanted_wait(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text: &str| {
        rfc2822::parse(text)
            .ok()
            .map(|zoned| SystemTime::from(zoned.timestamp()))
    };
    // Port's clock, not ours, says how far its moments are away.
    let now = text("date").and_then(date).unwrap_or(now);
    let refused = matches!(status.as_u16(), 429 | 503);
    if let Some(after) = text("retry-after").filter(|_| refused) {
        let until = || date(after)?.duration_since(now).ok();
        return after.parse().ok().map(Duration::from_secs).or_else(until);
    }
    let used_up =
        status == StatusCode::TOO_MANY_REQUESTS || text("x-ratelimit-remaining") == Some("0");
    let reset: u64 = text("x-ratelimit-reset")
        .filter(|_| used_up)?
        .parse()
        .ok()?;
    (SystemTime::UNIX_EPOCH + Duration::from_secs(reset))
        .duration_since(now)
        .ok()
}

/// Holds every request back while Port wants to be left alone.
#[derive(Default)]
pub(super) struct Gate(Mutex<Option<Instant>>);

impl Gate {
    pub(super) fn close(&self, wait: Duration) {
        // Beyond a day it is a mistake of theirs, and an `Instant` could overflow.
        let until = Instant::now() + wait.min(Duration::from_secs(86_400));
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = (*closed).max(Some(until));
    }

    pub(super) async fn pass(&self) -> Result<(), Error> {
        loop {
            let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(after) = until.and_then(|until| until.checked_duration_since(Instant::now()))
            else {
                return Ok(());
            };
            if after > PATIENCE {
                return Err(Error::Later { after });
            }
            tokio::time::sleep(after).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(status: u16, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| {
            (
                name.parse().expect("a name"),
                HeaderValue::from_static(value),
            )
        });
        let status = StatusCode::from_u16(status).expect("a status");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        wanted_wait(status, &headers.collect(), now).map(|wait| wait.as_secs())
    }

    #[test]
    fn port_says_how_long_to_wait() {
        assert_eq!(
            wait(
                429,
                &[("retry-after", "7"), ("x-ratelimit-reset", "1000090")]
            ),
            Some(7)
        );
        assert_eq!(wait(429, &[("x-ratelimit-reset", "1000090")]), Some(90));
        assert_eq!(
            wait(
                200,
                &[
                    ("x-ratelimit-reset", "1000090"),
                    ("x-ratelimit-remaining", "0")
                ]
            ),
            Some(90)
        );
        assert_eq!(
            wait(
                200,
                &[
                    ("x-ratelimit-reset", "1000090"),
                    ("x-ratelimit-remaining", "5")
                ]
            ),
            None
        );
        assert_eq!(wait(429, &[("retry-after", "soon")]), None);
        assert_eq!(wait(429, &[("x-ratelimit-reset", "999")]), None);
    }

    #[test]
    fn ports_own_clock_counts() {
        let date = ("date", "Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(
            wait(
                503,
                &[date, ("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT")]
            ),
            Some(30)
        );
        assert_eq!(
            wait(429, &[date, ("x-ratelimit-reset", "1795341610")]),
            Some(10)
        );
    }
}
