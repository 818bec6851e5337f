//! Asking GitHub until it answers, for what nothing else would ask again.

use std::future::Future;
use std::time::Duration;

use tracing::warn;

use crate::github::Error;

/// Waits between tries of what GitHub did not give. The last one repeats.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
];

/// Tries of a request that GitHub answers, but fails at.
const TRIES: usize = 8;

/// Asks again as long as it is GitHub that cannot answer.
pub async fn patiently<T, F>(what: &str, ask: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let (mut tries, mut faults) = (0, 0);
    loop {
        let failed = match ask().await {
            Ok(found) => return Ok(found),
            Err(failed) => failed,
        };
        faults += usize::from(!failed.is_outage());
        if !failed.is_transient() || faults == TRIES {
            return Err(failed);
        }
        let step = RETRY_AFTER[tries.min(RETRY_AFTER.len() - 1)];
        tries += 1;
        let wait = failed.after().unwrap_or_default().max(step);
        warn!(
            "{what} could not be listed, next try in {} s: {failed}",
            wait.as_secs()
        );
        tokio::time::sleep(wait).await;
    }
}
