//! How long Port wants to be left alone, and the gate that holds every request back meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::Error;

/// How long a rate limit is waited out in line; beyond it the event is better put back.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest that Port is left alone before it is asked again. More is rather a mistake on the way, such as a reset
/// in milliseconds, and would stop every write for as long.
const LONGEST: Duration = Duration::from_secs(10 * 60);

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
    let used_up =
        status == StatusCode::TOO_MANY_REQUESTS || text("x-ratelimit-remaining") == Some("0");
    let wait = if let Some(after) = text("retry-after").filter(|_| refused) {
        let until = || date(after)?.duration_since(now).ok();
        after.parse().ok().map(Duration::from_secs).or_else(until)
    } else {
        let reset = text("x-ratelimit-reset").filter(|_| used_up)?;
        let reset = Duration::from_secs(reset.parse().ok()?);
        let reset = SystemTime::UNIX_EPOCH.checked_add(reset)?;
        reset.duration_since(now).ok()
    };
    wait.map(|wait| wait.min(LONGEST))
}

/// Holds every request back while Port wants to be left alone.
#[derive(Default)]
pub(super) struct Gate(Mutex<Option<Instant>>);

impl Gate {
    /// Not for longer than [`wanted_wait`] gives.
    pub(super) fn close(&self, wait: Duration) {
        let now = Instant::now();
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = closed.is_some_and(|until| until > now + PATIENCE);
        *closed = (*closed).max(Some(now + wait));
        drop(closed);
        if wait > PATIENCE && !known {
            tracing::warn!(
                "Port wants to be left alone: nothing is written for {} s",
                wait.as_secs()
            );
        }
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
    fn nobody_can_close_the_gate_for_a_day() {
        for (name, value) in [
            ("retry-after", "86400"),
            // In milliseconds, and beyond all clocks.
            ("x-ratelimit-reset", "1000090000"),
            ("retry-after", "18446744073709551615"),
        ] {
            assert_eq!(wait(429, &[(name, value)]), Some(600), "{name}: {value}");
        }
        let never = [("x-ratelimit-reset", "18446744073709551615")];
        assert_eq!(wait(429, &never), None);
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
