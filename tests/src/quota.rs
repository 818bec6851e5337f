//! A rate limit that runs out, told in headers as GitHub and Port tell it.

use jiff::{SignedDuration, Timestamp};

/// So many requests until `reset`, when the window begins anew.
#[derive(Debug, Clone)]
pub struct Quota {
    limit: u64,
    used: u64,
    window: SignedDuration,
    reset: Timestamp,
}

impl Quota {
    pub fn of(limit: u64, window: std::time::Duration) -> Self {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::from_hours(1));
        Self {
            limit,
            used: 0,
            window,
            reset: Timestamp::now() + window,
        }
    }

    /// Counts one request; false when there was none left.
    pub(crate) fn spend(&mut self) -> bool {
        let now = Timestamp::now();
        if now >= self.reset {
            self.used = 0;
            self.reset = now + self.window;
        }
        let left = self.used < self.limit;
        self.used = (self.used + 1).min(self.limit);
        left
    }

    pub(crate) fn headers(&self) -> [(&'static str, String); 4] {
        // Rounded up: who waits until then must find the window open.
        let reset = self.reset.as_second() + 1;
        [
            ("x-ratelimit-limit", self.limit.to_string()),
            (
                "x-ratelimit-remaining",
                (self.limit - self.used).to_string(),
            ),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
        ]
    }
}
