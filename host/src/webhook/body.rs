//! Reading a body within its bounds.

use std::fmt::Display;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::timeout;

use super::MAX_BODY;
use super::answer::Refused;
use super::budget::Share;

/// For a whole body. GitHub itself gives up after 10 s (30 s on GitHub Enterprise Server).
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// How long, and how much, a refused sender may go on sending before the connection is cut.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_DISCARDED: usize = 2 * MAX_BODY;

/// The body as it came, accounted for while it comes.
pub(super) async fn read<B>(
    body: &mut B,
    share: &mut Share<'_>,
    within: Duration,
) -> Result<Bytes, Refused>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Refused::TooLarge);
    }
    let withdrawn = share.withdrawn();
    tokio::select! {
        read = timeout(within, collect(body, share)) => read.unwrap_or(Err(Refused::TooSlow)),
        () = withdrawn => Err(Refused::NoMemory),
    }
}

async fn collect<B>(body: &mut B, share: &mut Share<'_>) -> Result<Bytes, Refused>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    // The usual body comes in one to three pieces; a single one is not copied.
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refused::BrokenOff(error.to_string()))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        length += piece.len();
        if length > MAX_BODY {
            return Err(Refused::TooLarge);
        }
        if !share.grow(piece.len()) {
            return Err(Refused::NoMemory);
        }
        if length == piece.len() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            // Not all that a header announces, but as much as has come, doubled: whoever wants memory has to send.
            let rest = usize::try_from(body.size_hint().lower()).unwrap_or(0);
            all.reserve(length + rest.min(length));
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

pub(super) async fn discard<B>(mut body: B)
where
    B: Body<Data = Bytes> + Unpin,
{
    let all = async {
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
            if length > MAX_DISCARDED {
                break;
            }
        }
    };
    // Cut off is what a sender gets that takes longer.
    let _ = timeout(DISCARD_TIMEOUT, all).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::super::budget::Budget;
    use super::*;

    /// Pieces, the last one first, and whether there is an end to them.
    struct Pieces(Vec<&'static str>, bool);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.0.pop() {
                Some(piece) => Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece))))),
                None if self.1 => Poll::Ready(None),
                None => Poll::Pending,
            }
        }
    }

    async fn read_within(ms: u64, budget: usize, mut pieces: Pieces) -> Result<Bytes, Refused> {
        let budget = Budget::new(budget);
        read(&mut pieces, &mut budget.share(), Duration::from_millis(ms)).await
    }

    #[tokio::test]
    async fn pieces_become_one_body() {
        for (pieces, body) in [
            (vec![], ""),
            (vec!["{}"], "{}"),
            (vec!["c", "b", "", "a"], "abc"),
        ] {
            assert_eq!(
                read_within(1000, 10, Pieces(pieces, true)).await.unwrap(),
                body
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_is_too_slow() {
        let read = read_within(20, 10, Pieces(vec!["{"], false)).await;
        assert!(matches!(read, Err(Refused::TooSlow)), "{read:?}");
    }

    #[tokio::test]
    async fn a_body_beyond_the_budget_is_refused() {
        let read = read_within(1000, 3, Pieces(vec!["ab", "cd"], true)).await;
        assert!(matches!(read, Err(Refused::NoMemory)), "{read:?}");
    }
}
