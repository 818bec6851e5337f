//! What became of the deliveries that were sent, counted while they are.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::line::Answer;
use crate::report::Report;

/// For a host that is well to do the next thing.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Tally {
    /// Deliveries of which a 2xx was read.
    pub(crate) acknowledged: Counter,
    /// Those that were sent again after that.
    pub(crate) repeated: Counter,
    /// 503: GitHub shows it as failed.
    pub(crate) refused: Counter,
    /// 503 that does not say when to come again.
    abrupt: Counter,
    /// No status was read.
    pub(crate) unanswered: Counter,
    /// Any other status: there is none that the host may give.
    odd: Counter,
}

/// A number that grows, and can be waited for.
#[derive(Default)]
pub(crate) struct Counter(watch::Sender<usize>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    pub(crate) fn now(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until it is so many.
    pub(crate) async fn reaches(&self, count: usize) -> anyhow::Result<()> {
        let mut seen = self.0.subscribe();
        let reached = timeout(PATIENCE, seen.wait_for(|now| *now >= count)).await;
        reached.with_context(|| {
            let now = self.now();
            format!("waited {PATIENCE:?} in vain for {count} answers of a kind: there were {now}")
        })??;
        Ok(())
    }

    pub(crate) async fn grows_by(&self, more: usize) -> anyhow::Result<()> {
        self.reaches(self.now() + more).await
    }
}

impl Tally {
    /// An answer that is no acknowledgement.
    pub(crate) fn declined(&self, answer: &Answer) {
        if answer.status != 503 {
            return self.odd.add();
        }
        self.refused.add();
        if answer.retry_after.is_none() {
            self.abrupt.add();
        }
    }

    pub(crate) fn tell(&self, report: &mut Report) {
        for (what, counter) in [
            ("deliveries acknowledged", &self.acknowledged),
            ("sent again after that", &self.repeated),
            ("refused with 503", &self.refused),
            ("sent without an answer", &self.unanswered),
        ] {
            report.count(what, counter.now());
        }
        for (how, counter) in [
            ("neither 2xx nor 503", &self.odd),
            ("503 without Retry-After", &self.abrupt),
        ] {
            let count = counter.now();
            if count > 0 {
                report.violation(format!("{count} deliveries were answered {how}"));
            }
        }
    }
}
