//! Payloads out of GitHub's log: a few at a time, given in order.

use std::collections::VecDeque;

use tokio_util::task::AbortOnDropHandle;

use super::sieve::Lost;
use crate::delivery::Delivery;
use crate::github::{Error, GitHub};

/// Half of what the client asks at once: live events need GitHub too.
const AT_ONCE: usize = 4;

type Fetched = Result<Option<Delivery>, Error>;

pub(super) struct Ahead {
    github: GitHub,
    lost: std::vec::IntoIter<Lost>,
    under_way: VecDeque<(Lost, AbortOnDropHandle<Fetched>)>,
}

impl Ahead {
    pub(super) fn of(github: &GitHub, lost: Vec<Lost>) -> Self {
        Self {
            github: github.clone(),
            lost: lost.into_iter(),
            under_way: VecDeque::new(),
        }
    }

    pub(super) async fn next(&mut self) -> Option<(Lost, Fetched)> {
        while self.under_way.len() < AT_ONCE
            && let Some(lost) = self.lost.next()
        {
            let (github, attempt) = (self.github.clone(), lost.attempt);
            let fetching = tokio::spawn(async move { github.delivery(attempt).await });
            let fetching = AbortOnDropHandle::new(fetching);
            self.under_way.push_back((lost, fetching));
        }
        let (lost, fetching) = self.under_way.pop_front()?;
        let fetched = fetching.await.unwrap_or_else(|panicked| {
            Err(Error::Failed(format!("a bug of Portolan's: {panicked}")))
        });
        Some((lost, fetched))
    }
}
